"""An asyncio (or uvloop) connection in pure Python. The twin of `cyhttpx/_c/reactor.pyx`: same verbs, same errors.

The core owns the socket; the loop only says when it is ready. The callback reads, parses, and wakes the exchange's one
waiter once, when what it waits for is there. Nothing here awaits.

Rule 1: an error of the exchange is kept and raised to its waiter, never to the loop.
Rule 2: a response that is complete, or whose head is in while the request is still being written, goes before a write
error: servers answer early and close (RFC 9112 §9.5).
"""

from __future__ import annotations

from collections import deque
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from .. import _wire
from .._exceptions import ReadError, ReadTimeout, WriteError, WriteTimeout
from .._wire import GOAL_BODY, GOAL_HEAD, GOAL_NONE, GOAL_WHOLE, GOAL_WRITABLE, HIGH_WATER, READ_SIZE
from .pool import PoolEntry

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, Future

    from .headers import Headers
    from .http1 import HTTP1Connection
    from .stream import SocketStream

__all__ = ["Reactor"]

CONTRACT = _wire.CONTRACT

# Reads per readiness, so that one fast connection doesn't starve the others.
READS: Final = 4
# Reads that a consumer of a stream may do by itself between two turns of the loop.
DIRECT_READS: Final = 8
# Bodies up to this size leave in the same send as their head; larger ones aren't worth the copy.
JOINED_SIZE: Final = 65536


class Reactor(PoolEntry):
    """A connection on an event loop that can watch descriptors.

    Args:
        loop: the running event loop; only `add_reader`, `add_writer`, their opposites and `create_future` are used.
        stream: a connected `SocketStream`, its handshake done.
        http1: a fresh `HTTP1Connection`.
        owner: has `connection_lost(reactor)`, for an idle connection that got bytes, end of file or an error, and
            `watch(reactor, at)`: call `deadline_passed(now)` when the monotonic clock shows `at` (seconds); what it
            returns is given to `forget` when that isn't wanted any more.
    """

    def __init__(self, loop: AbstractEventLoop, stream: SocketStream, http1: HTTP1Connection, owner: Any) -> None:
        self.stream = stream
        self.http1 = http1
        self.network_stream: Any = None
        # Between begin and the end of the exchange.
        self.in_exchange = False
        self.exchanges = 0
        self._loop = loop
        self._owner = owner
        # Who waits, for what, and until when (monotonic clock; 0: for ever).
        self._waiter: Future[None] | None = None
        self._goal = GOAL_NONE
        self._timeout: float | None = None
        self._deadline = 0.0
        # When the owner's watch will look at us next; 0: it won't.
        self._watched_at = 0.0
        self._alarm: Any = None
        self._wants_whole = False
        # What the loop watches for.
        self._is_reading = False
        self._is_writing = False
        self._direct_reads = 0
        self._has_received = False
        self._saw_eof = False
        # Request bytes that the socket didn't take yet; of the first part, that many are gone.
        self._outbox: deque[bytes] = deque()
        self._outbox_at = 0
        # Bytes ever taken (shows progress), and of these, before this exchange.
        self._sent = 0
        self._sent_before = 0
        self._write_error: WriteError | None = None
        # What ends the exchange.
        self._error: Exception | None = None
        self._watch_reading()

    # Verbs of an exchange.

    def begin(
        self, method: bytes, target: bytes, headers: Headers, body: bytes | None = None, whole: bool = False
    ) -> None:
        """Start an exchange; what the socket takes at once is sent at once. `whole`: the caller will wait for
        GOAL_WHOLE.

        Raises:
            LocalProtocolError: the request can't be sent as it is.
        """
        is_joined = body is None or len(body) <= JOINED_SIZE
        pieces = [self.http1.send_request(method, target, headers, body if is_joined else None)]
        if not is_joined:
            assert body is not None
            # Framed before anything is sent: a body that doesn't fit its Content-Length is refused whole.
            pieces += self.http1.send_data(body)
            pieces.append(self.http1.end_request())
        self.in_exchange = True
        self._wants_whole = whole
        self._has_received = False
        self._sent_before = self._sent
        self.exchanges += 1
        self._transmit(pieces)

    def write(self, data: bytes) -> bool:
        """Send a piece of the request body. False: wait for GOAL_WRITABLE before the next.

        Raises:
            LocalProtocolError: the body is longer than its Content-Length.
        """
        if not isinstance(data, bytes):
            # Anything else with a length would be framed, and then not be sent.
            raise TypeError(f"a piece of a request body must be bytes, not {type(data).__name__}")
        return self._transmit(self.http1.send_data(data))

    def end(self) -> bool:
        """End the request body. False: wait for GOAL_WRITABLE.

        Raises:
            LocalProtocolError: the body is shorter than its Content-Length.
        """
        return self._transmit([self.http1.end_request()])

    def is_reached(self, goal: int) -> bool:
        """Whether the exchange has come as far as `goal`, or failed."""
        http1 = self.http1
        if self._error is not None:
            return True
        if goal == GOAL_HEAD:
            return http1.has_head
        if goal == GOAL_BODY:
            return http1.buffered > 0 or http1.is_complete
        if goal == GOAL_WHOLE:
            return http1.is_complete
        # GOAL_WRITABLE: also when there is no more sense in writing.
        return not self._outbox or http1.has_head or self._write_error is not None

    def wait(self, goal: int, timeout: float | None) -> Future[None]:
        """Return a future that is done when `goal` is reached, or can't be any more. Next: `check`.

        `timeout` (seconds or None) starts again with every byte that goes or comes. The future never holds an
        exception: one that nobody fetched, because its task was cancelled in the same moment, would be reported as
        lost.
        """
        waiter = self._loop.create_future()
        self._waiter = waiter
        self._goal = goal
        self._direct_reads = DIRECT_READS
        if self.is_closed and not self.is_reached(goal):
            # Closed while nobody waited: by its owner, at the end of a client.
            self._error = ReadError("the connection was closed")
        if self.is_reached(goal):
            self._wake()
            return waiter
        if not self._is_reading:
            self._watch_reading()
        self._arm(timeout)
        return waiter

    def check(self) -> None:
        """Raise what went wrong: ReadTimeout, WriteTimeout, ReadError, WriteError, RemoteProtocolError; or return
        None.
        """
        if self._error is None and self.is_closed and not self.is_reached(self._goal):
            # Closed between the waking of a task and its turn: what it was woken for, an error or not, is gone.
            self._error = ReadError("the connection was closed")
        if self._error is not None:
            raise self._error

    def take_body(self) -> bytes:
        """Take the decoded body bytes that are there, b"" if none. A fast peer's are received here, without a turn of
        the loop.
        """
        taken = self.http1.take_body()
        if taken or self._direct_reads == 0 or self.http1.is_complete or self._error is not None:
            return taken
        self._direct_reads -= 1
        self._receive()
        return self.http1.take_body()

    def finish(self) -> bool:
        """End the exchange. True: the connection may serve again (give it to the pool); False: it is closed now."""
        self.in_exchange = False
        self._waiter = None
        self._deadline = 0.0
        is_broken = self.is_closed or self._error is not None or self._write_error is not None
        if self.http1.can_reuse and not self._outbox and not is_broken:
            if not self._is_reading:
                self._watch_reading()
            return True
        self.close()
        return False

    def is_quiet(self) -> bool:
        """Look whether the idle connection is as it was left; if not, it is closed and its owner told.

        Bytes that came behind the last response would be taken for the next one: whoever is about to send asks here
        first.
        """
        if not self.stream._is_quiet():
            self._receive_idle()
        return not self.is_closed

    def close(self) -> None:
        """Close the connection; a waiter gets a ReadError. Idempotent."""
        if self.is_closed:
            return
        self._unwatch_reading()
        self._unwatch_writing()
        self._deadline = 0.0
        self._outbox.clear()
        self.stream.close()
        if self._alarm is not None:
            self._owner.forget(self._alarm)
            self._alarm = None
        # Errors hold tracebacks, tracebacks frames, frames this: what is over must not be kept by a cycle.
        self._error = self._write_error = self._owner = self.network_stream = None
        self.in_exchange = False
        if self._waiter is not None:
            self._fail(ReadError("the connection was closed"))

    def detach(self) -> None:
        """Leave the stream to someone else (an upgraded connection): the loop isn't asked about it any more."""
        self._unwatch_reading()
        self._unwatch_writing()

    def abandon(self) -> None:
        """Close the descriptor and nothing else: after a fork the peer and the loop's books are still the parent's."""
        self._is_reading = self._is_writing = False
        self.stream.abandon()
        self._owner = None

    @property
    def is_closed(self) -> bool:
        """Whether the connection is closed."""
        return self.stream.fileno() < 0

    @property
    def is_sending(self) -> bool:
        """Whether request bytes wait for the socket."""
        return bool(self._outbox)

    @property
    def should_stop_sending(self) -> bool:
        """Whether there is no more sense in sending the request's body: it was answered, or the connection is
        broken.
        """
        return self.http1.has_head or self._write_error is not None or self._error is not None

    @property
    def has_written(self) -> bool:
        """Whether a byte of this exchange's request may have reached the peer."""
        return self._sent != self._sent_before

    @property
    def is_unanswered(self) -> bool:
        """Whether not one byte of the response has come: what a replay asks."""
        return not self._has_received

    # Sending.

    def _transmit(self, pieces: list[bytes]) -> bool:
        """Send, or queue what the socket doesn't take. True: all of it is gone."""
        if self._write_error is not None:
            return True
        if sum(map(len, pieces)) <= JOINED_SIZE:
            pieces = [b"".join(pieces)]
        was_empty = not self._outbox
        self._outbox.extend(piece for piece in pieces if piece)
        return self._drain() if was_empty and self._outbox else not self._outbox

    def _drain(self) -> bool:
        try:
            if not self._push():
                self._watch_writing()
                return False
        except WriteError as error:
            # Kept: the peer may have answered before it closed. Reading will tell.
            self._write_error = error
            self._outbox.clear()
            self._outbox_at = 0
        return True

    def _push(self) -> bool:
        """Hand the outbox to the stream, and what that holds to the socket. True: all is gone."""
        outbox = self._outbox
        while outbox:
            data = outbox[0]
            sent = self.stream.send(memoryview(data)[self._outbox_at :])
            if sent == 0:
                return False
            self._sent += sent
            self._outbox_at += sent
            if self._outbox_at == len(data):
                self._outbox_at = 0
                outbox.popleft()
        return not self.stream.wants_write or self.stream.flush()

    def on_writable(self) -> None:
        """The loop's callback."""
        if self.is_closed:
            return
        if self._write_error is not None or not (self._outbox or self.stream.wants_write):
            # Not taken away when the outbox empties: a body's next piece comes before the loop asks again, and each
            # change of what it watches is a system call.
            self._unwatch_writing()
            return
        before = self._sent
        self._drain()
        if self._waiter is None:
            return
        if self.is_reached(self._goal):
            self._wake()
        elif self._sent != before and self._timeout is not None:
            self._deadline = monotonic() + self._timeout

    # Receiving.

    def on_readable(self) -> None:
        """The loop's callback."""
        if self.is_closed:
            return
        if not self.in_exchange:
            self._receive_idle()
            return
        self._receive()
        if self._waiter is not None:
            if self.is_reached(self._goal):
                self._wake()
            elif self._timeout is not None:
                self._deadline = monotonic() + self._timeout
        if self._is_reading and self._is_sated():
            self._unwatch_reading()

    def _is_sated(self) -> bool:
        """Whether more bytes are of no use now. Level-triggered: a socket at its end, or one that nobody empties, would
        call for ever.
        """
        if self._saw_eof or self._error is not None:
            return True
        if self.http1.is_complete:
            return not self.http1.can_reuse
        return self.http1.buffered >= HIGH_WATER and not self._wants_whole

    def _receive(self) -> None:
        """Receive and parse until the goal is reached, the socket is empty, or it is the others' turn."""
        try:
            for _ in range(READS):
                if self._receive_once() or self.http1.is_complete:
                    break
                if not self._wants_whole and self.http1.buffered:
                    # A stream: what one read brought is handed on.
                    break
            # What TLS has taken from the socket, the loop can't know of: it would be left lying until more came.
            while not self._saw_eof and (held := self.stream._recv_held(READ_SIZE)) is not None:
                self._take_in(held)
            if self.stream.wants_write:
                self._drain()
        except Exception as error:
            # Also a fault in a callback of the caller's: it is the exchange's error, not the loop's.
            self._error = error

    def _receive_once(self) -> bool:
        """Receive once. True: there is nothing more to receive now."""
        data = self.stream.recv(READ_SIZE)
        if data is None:
            return True
        self._take_in(data)
        # A read that came back short has emptied the socket; asking again would only cost a call. TLS reads a record
        # at a time.
        return not data or (len(data) < READ_SIZE and not self.stream._is_tls)

    def _take_in(self, data: bytes) -> None:
        if data:
            self._has_received = True
            self.http1.receive(data)
            return
        self._saw_eof = True
        if self._write_error is not None and not self.http1.has_head:
            # No answer came: that writing failed says more than that reading ended.
            raise self._write_error
        self.http1.receive_eof(self.stream.clean_eof)

    def _receive_idle(self) -> None:
        """Something came that belongs to no exchange. TLS housekeeping is none of the client's business, all else ends
        the connection.
        """
        try:
            if self.stream.recv(READ_SIZE) is None:
                if self.stream.wants_write:
                    self._drain()
                return
        except ReadError:
            pass
        owner = self._owner
        self.close()
        if owner is not None:
            owner.connection_lost(self)

    # Waiting.

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        self._deadline = 0.0
        # A closed loop can't be told any more, and nobody waits on it: its coroutines are being thrown away.
        if waiter is not None and not waiter.done() and not self._loop.is_closed():
            waiter.set_result(None)

    def _fail(self, error: Exception) -> None:
        if self._error is None:
            self._error = error
        self._wake()

    def _arm(self, timeout: float | None) -> None:
        """Start the clock. The watch's heap holds a connection once; deadlines that move on cost no more than an
        assignment.
        """
        self._timeout = timeout
        if timeout is None:
            self._deadline = 0.0
            return
        self._deadline = monotonic() + timeout
        if self._watched_at == 0 or self._watched_at > self._deadline:
            self._watch_deadline()

    def _watch_deadline(self) -> None:
        if self._alarm is not None:
            self._owner.forget(self._alarm)
        self._watched_at = self._deadline
        self._alarm = self._owner.watch(self, self._deadline)

    def deadline_passed(self, now: float) -> None:
        """The watch's call: time out if the deadline is past, else ask to be called again."""
        self._watched_at = 0.0
        self._alarm = None
        if self._waiter is None or self._deadline == 0:
            return
        if now < self._deadline:
            self._watch_deadline()
            return
        self._fail(WriteTimeout("") if self._goal == GOAL_WRITABLE else ReadTimeout(""))

    def _watch_reading(self) -> None:
        self._is_reading = True
        self._loop.add_reader(self.stream.fileno(), self.on_readable)

    def _unwatch_reading(self) -> None:
        if self._is_reading:
            self._is_reading = False
            if not self._loop.is_closed():
                self._loop.remove_reader(self.stream.fileno())

    def _watch_writing(self) -> None:
        if not self._is_writing:
            self._is_writing = True
            self._loop.add_writer(self.stream.fileno(), self.on_writable)

    def _unwatch_writing(self) -> None:
        if self._is_writing:
            self._is_writing = False
            if not self._loop.is_closed():
                self._loop.remove_writer(self.stream.fileno())
