"""An asyncio (or uvloop) connection, compiled. The twin of `cyhttpx/_py/reactor.py`: same verbs, same errors.

The core owns the socket; the loop only says when it is ready. The callback reads, parses, and wakes the exchange's one waiter once, when
what it waits for is there. Nothing here awaits.

Rule 1: an error of the exchange is kept and raised to its waiter, never to the loop.
Rule 2: a response that is complete, or whose head is in while the request is still being written, goes before a write error: servers
answer early and close (RFC 9112 §9.5).
"""

from cpython.bytes cimport PyBytes_GET_SIZE
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc

from cyhttpx._c.headers cimport Headers
from cyhttpx._c.http1 cimport HTTP1Connection
from cyhttpx._c.pool cimport PoolEntry
from cyhttpx._c.stream cimport SocketStream

from cyhttpx import _wire
from cyhttpx._exceptions import ReadError, ReadTimeout, WriteError, WriteTimeout

CONTRACT = 1

cdef enum:
    SCRATCH_SIZE = 65536
    # A read that a head is expected in: small, so that of a large body little has to be copied out of it.
    HEAD_SIZE = 8192
    # Reads per readiness, so that one fast connection doesn't starve the others.
    READS = 4
    # Reads that a consumer of a stream may do by itself between two turns of the loop.
    DIRECT_READS = 8
    # Room behind a body of known length for what should not be there.
    SPARE_SIZE = 512
    PRIMING_SIZE = 4 * 1024 * 1024
    # Bodies up to this size leave in the same send as their head; larger ones aren't worth the copy.
    JOINED_SIZE = 65536

cdef Py_ssize_t HIGH_WATER = _wire.HIGH_WATER

cdef extern from *:
    """
    /* Where bytes are received that have to be looked at. It holds nothing between two callbacks. One a thread: OpenSSL decrypts into it
       with the GIL released, while another thread's loop may be receiving too. */
    #if defined(_MSC_VER)
    static __declspec(thread) char cyhx_scratch[65536];
    #else
    static __thread char cyhx_scratch[65536];
    #endif
    static inline char *cyhx_own_scratch(void) { return cyhx_scratch; }
    """
    char* own_scratch "cyhx_own_scratch"() noexcept


cdef bint is_primed = False

cdef int prime_allocator() except -1:
    """Let malloc keep some MiB of freed bodies for the next ones, once a process.

    glibc gives a free end of the heap of more than 128 KiB back to the kernel, and takes it from there again, page by page zeroed, for the
    next body: two page faults a GET of 64 KiB, a fifth of its CPU. It raises that limit by itself, to twice the size, when a large
    block is freed that came from mmap; so one is.
    """
    global is_primed
    if not is_primed:
        is_primed = True
        # (Not by malloc itself: a compiler knows what that pair is worth.)
        PyMem_RawFree(PyMem_RawMalloc(PRIMING_SIZE))
    return 0


cdef class Reactor(PoolEntry):
    """A connection on an event loop that can watch descriptors.

    Args:
        loop: the running event loop; only `add_reader`, `add_writer`, their opposites and `create_future` are used.
        stream: a connected `SocketStream`, its handshake done.
        http1: a fresh `HTTP1Connection`.
        owner: has `connection_lost(reactor)`, for an idle connection that got bytes, end of file or an error, and
            `watch(reactor, at)`: call `deadline_passed(now)` when the monotonic clock shows `at` (seconds); what it returns is given to
            `forget` when that isn't wanted any more.
    """

    def __init__(self, loop, SocketStream stream not None, HTTP1Connection http1 not None, owner):
        self.loop = loop
        self.create_future = loop.create_future
        self.stream = stream
        self.http1 = http1
        self.owner = owner
        self.outbox = []
        prime_allocator()
        self.watch_reading()

    # Verbs of an exchange.

    def begin(self, bytes method not None, bytes target not None, Headers headers not None, bytes body=None, bint whole=False):
        """Start an exchange; what the socket takes at once is sent at once. `whole`: the caller will wait for GOAL_WHOLE.

        Raises:
            LocalProtocolError: the request can't be sent as it is.
        """
        self.start(method, target, headers, body, whole)

    cdef int start(self, bytes method, bytes target, Headers headers, bytes body, bint whole) except -1:
        cdef bint joined = body is None or PyBytes_GET_SIZE(body) <= JOINED_SIZE
        cdef list parts = []
        self.http1.body.wants_whole = whole
        request = self.http1.start(method, target, headers, body if joined else None)
        if not joined:
            # Framed before anything is sent: a body that doesn't fit its Content-Length is refused whole.
            parts = self.http1.send_data(body)
            parts.append(self.http1.end_request())
        self.in_exchange = True
        self.wants_whole = whole
        self.sent_before = self.sent
        self.has_received = False
        self.exchanges += 1
        if joined:
            self.transmit(request)
        else:
            self.transmit_all([request, *parts])
        return 0

    def write(self, bytes data not None):
        """Send a piece of the request body. False: wait for GOAL_WRITABLE before the next.

        Raises:
            LocalProtocolError: the body is longer than its Content-Length.
        """
        return self.transmit_all(self.http1.send_data(data))

    def end(self):
        """End the request body. False: wait for GOAL_WRITABLE.

        Raises:
            LocalProtocolError: the body is shorter than its Content-Length.
        """
        return self.transmit(self.http1.end_request())

    def is_reached(self, int goal):
        """Whether the exchange has come as far as `goal`, or failed."""
        return self.reached(goal)

    cpdef object wait(self, int goal, object timeout):
        """Return a future that is done when `goal` is reached, or can't be any more. Next: `check`.

        `timeout` (seconds or None) starts again with every byte that goes or comes. The future never holds an exception: one that
        nobody fetched, because its task was cancelled in the same moment, would be reported as lost.
        """
        waiter = self.create_future()
        self.waiter = waiter
        self.goal = goal
        self.direct_reads = DIRECT_READS
        if self.stream.fd < 0 and self.error is None:
            # Closed while nobody waited: by its owner, at the end of a client.
            self.error = ReadError("the connection was closed")
        if self.reached(goal):
            self.wake()
            return waiter
        if not self.is_reading:
            self.watch_reading()
        if self.stream.holds:
            self.come_again()
        self.arm(timeout)
        return waiter

    cpdef object check(self):
        """Raise what went wrong: ReadTimeout, WriteTimeout, ReadError, WriteError, RemoteProtocolError; or return None."""
        if self.error is not None:
            raise self.error
        if self.stream.fd < 0 and not self.reached(self.goal):
            # Closed between the wake-up and its task's turn.
            raise ReadError("the connection was closed")

    def take_body(self):
        """Take the decoded body bytes that are there, b"" if none. A fast peer's are received here, without a turn of the loop."""
        cdef bytes taken = self.http1.body.take()
        if PyBytes_GET_SIZE(taken) or self.direct_reads == 0 or self.http1.is_complete or self.error is not None:
            return taken
        self.direct_reads -= 1
        self.receive()
        return self.http1.body.take()

    cpdef bint finish(self) except -1:
        """End the exchange. True: the connection may serve again (give it to the pool); False: it is closed now."""
        cdef bint is_broken = self.stream.fd < 0 or self.error is not None or self.write_error is not None
        self.in_exchange = False
        self.waiter = None
        self.deadline = 0
        if self.http1.reusable() and not self.outbox and not is_broken:
            if not self.is_reading:
                self.watch_reading()
            return True
        self.close()
        return False

    cpdef bint is_quiet(self) except -1:
        """Look whether the idle connection is as it was left; if not, it is closed and its owner told.

        Bytes that came behind the last response would be taken for the next one: whoever is about to send asks here first.
        """
        if not self.stream.is_quiet():
            self.receive_idle()
        return self.stream.fd >= 0

    def close(self):
        """Close the connection; a waiter gets a ReadError. Idempotent."""
        if self.stream.fd < 0:
            return
        self.unwatch_reading()
        self.unwatch_writing()
        self.deadline = 0
        self.outbox.clear()
        self.stream.close()
        if self.alarm is not None:
            self.owner.forget(self.alarm)
            self.alarm = None
        # Errors hold tracebacks, tracebacks frames, frames this: what is over must not be kept by a cycle.
        self.error = self.write_error = self.owner = self.network_stream = None
        self.in_exchange = False
        if self.waiter is not None:
            self.fail(ReadError("the connection was closed"))

    def detach(self):
        """Leave the stream to someone else (an upgraded connection): the loop isn't asked about it any more."""
        self.unwatch_reading()
        self.unwatch_writing()

    def abandon(self):
        """Close the descriptor and nothing else: after a fork the peer and the loop's books are still the parent's."""
        self.is_reading = self.is_writing = False
        self.stream.abandon()
        self.owner = None

    @property
    def is_closed(self):
        """Whether the connection is closed."""
        return self.stream.fd < 0

    @property
    def is_sending(self):
        """Whether request bytes wait for the socket."""
        return len(self.outbox) > 0

    @property
    def should_stop_sending(self):
        """Whether there is no more sense in sending the request's body: it was answered, or the connection is broken."""
        return self.http1.has_head or self.write_error is not None or self.error is not None

    @property
    def has_written(self):
        """Whether a byte of this exchange's request may have reached the peer."""
        return self.sent != self.sent_before

    @property
    def is_unanswered(self):
        """Whether not one byte of the response has come: what a replay asks."""
        return not self.has_received

    cdef bint reached(self, int goal):
        cdef HTTP1Connection http1 = self.http1
        if self.error is not None:
            return True
        if goal == GOAL_HEAD:
            return http1.has_head
        if goal == GOAL_BODY:
            return http1.body.size > 0 or http1.is_complete
        if goal == GOAL_WHOLE:
            return http1.is_complete
        # GOAL_WRITABLE: also when there is no more sense in writing.
        return not self.outbox or http1.has_head or self.write_error is not None

    # Sending.

    cdef bint transmit(self, bytes data) except -1:
        """Send, or queue what the socket doesn't take. True: all of it is gone."""
        if PyBytes_GET_SIZE(data) == 0 or self.write_error is not None:
            return not self.outbox
        self.outbox.append(data)
        if len(self.outbox) > 1:
            return False
        return self.drain()

    cdef bint transmit_all(self, list parts) except -1:
        """Send several parts, together where the socket can."""
        cdef bint was_empty = not self.outbox
        if self.write_error is not None:
            return True
        # An empty part, as the end of a body with a Content-Length is, would never be taken by a socket.
        self.outbox.extend([part for part in parts if part])
        return self.drain() if was_empty and self.outbox else not self.outbox

    cdef bint drain(self) except -1:
        cdef Py_ssize_t sent
        try:
            while self.outbox:
                sent = self.stream.send_parts(self.outbox, self.outbox_at)
                if sent < 0:
                    self.watch_writing()
                    return False
                self.sent += sent
                self.drop_sent(sent)
            if self.stream.waits_for_socket() and not self.stream.push():
                self.watch_writing()
                return False
        except WriteError as error:
            # Kept: the peer may have answered before it closed. Reading will tell.
            self.write_error = error
            self.outbox.clear()
            self.outbox_at = 0
        return True

    cdef int drop_sent(self, Py_ssize_t sent) except -1:
        """Take what the socket took out of the outbox."""
        cdef Py_ssize_t size
        while sent:
            size = PyBytes_GET_SIZE(<bytes>self.outbox[0]) - self.outbox_at
            if sent < size:
                self.outbox_at += sent
                return 0
            sent -= size
            self.outbox_at = 0
            del self.outbox[0]
        return 0

    def on_writable(self):
        """The loop's callback."""
        cdef Py_ssize_t before = self.sent
        if self.stream.fd < 0:
            return
        if self.write_error is not None or not (self.outbox or self.stream.waits_for_socket()):
            # Not taken away when the outbox empties: a body's next piece comes before the loop asks again, and each change of
            # what it watches is a system call.
            self.unwatch_writing()
            return
        self.drain()
        if self.waiter is None:
            return
        if self.reached(self.goal):
            self.wake()
        elif self.sent != before and self.timeout >= 0:
            self.deadline = monotonic() + self.timeout

    # Receiving.

    def on_readable(self):
        """The loop's callback."""
        self.is_coming = False
        if self.stream.fd < 0:
            return
        if not self.in_exchange:
            self.receive_idle()
            return
        self.receive()
        if self.waiter is not None:
            if self.reached(self.goal):
                self.wake()
            elif self.timeout >= 0:
                self.deadline = monotonic() + self.timeout
        if self.is_reading and self.is_sated():
            self.unwatch_reading()

    cdef bint is_sated(self):
        """Whether more bytes are of no use now. Level-triggered: a socket at its end, or one that nobody empties, would call for ever."""
        if self.stream.saw_eof or self.error is not None:
            return True
        if self.http1.is_complete:
            return not self.http1.reusable()
        return self.http1.body.size >= HIGH_WATER and not self.wants_whole

    cdef int receive(self) except -1:
        """Receive and parse until the goal is reached, the socket is empty, or it is the others' turn."""
        cdef int _read
        try:
            for _read in range(READS):
                if self.receive_once() or self.http1.is_complete:
                    break
                if not self.wants_whole and self.http1.body.size > 0:
                    # A stream: what one read brought is handed on.
                    break
            if self.stream.waits_for_socket():
                self.drain()
            if self.stream.holds and not self.is_sated():
                self.come_again()
        except Exception as error:
            # A ReadError, a RemoteProtocolError, or a fault in a callback of the caller: the exchange's error, not the loop's.
            self.error = error
        return 0

    cdef int come_again(self) except -1:
        """Have `on_readable` called at the loop's next turn: of what TLS has taken from the socket already, the loop can't know."""
        if not self.is_coming:
            self.is_coming = True
            self.loop.call_soon(self.on_readable)
        return 0

    cdef bint receive_once(self) except -1:
        """Receive once. True: there is nothing more to receive now."""
        cdef Py_ssize_t room
        cdef Py_ssize_t got
        cdef char* scratch = own_scratch()
        cdef char* place = self.http1.direct_room(&room)
        if place == NULL:
            room = SCRATCH_SIZE if self.http1.has_head else HEAD_SIZE
            got = self.stream.receive_into(scratch, room, NULL, 0)
            if got > 0:
                self.has_received = True
                self.http1.feed(scratch, got)
        else:
            got = self.stream.receive_into(place, room, scratch, SPARE_SIZE)
            if got > 0:
                self.http1.direct_received(min(got, room))
                if got > room:
                    self.http1.feed(scratch, got - room)
        if got == 0:
            self.end_of_file()
        # A read that came back short has emptied the socket; asking again would only cost a call. TLS reads a record at a time.
        return got <= 0 or (got < room and self.stream.tls is None)

    cdef int end_of_file(self) except -1:
        if self.write_error is not None and not self.http1.has_head:
            # No answer came: that writing failed says more than that reading ended.
            raise self.write_error
        self.http1.eof(self.stream.clean_eof)
        return 0

    cdef receive_idle(self):
        """Something came that belongs to no exchange. TLS housekeeping is none of the client's business, all else ends the connection."""
        cdef Py_ssize_t got
        try:
            got = self.stream.receive_into(own_scratch(), SCRATCH_SIZE, NULL, 0)
            if got < 0 and not self.stream.saw_eof:
                if self.stream.waits_for_socket():
                    self.drain()
                return
        except ReadError:
            pass
        self.lose()

    cdef void lose(self):
        owner = self.owner
        self.close()
        if owner is not None:
            owner.connection_lost(self)

    # Waiting.

    cdef void wake(self):
        waiter, self.waiter = self.waiter, None
        self.deadline = 0
        # A closed loop can't be told any more, and nobody waits on it: its coroutines are being thrown away.
        if waiter is not None and not waiter.done() and not self.loop.is_closed():
            waiter.set_result(None)

    cdef void fail(self, object error):
        if self.error is None:
            self.error = error
        self.wake()

    cdef void arm(self, object timeout):
        """Start the clock. The watch's heap holds a connection once; deadlines that move on cost no more than this subtraction."""
        if timeout is None:
            self.timeout = -1
            self.deadline = 0
            return
        self.timeout = timeout
        self.deadline = monotonic() + self.timeout
        if self.watched_at == 0 or self.watched_at > self.deadline:
            self.watch_deadline()

    cdef int watch_deadline(self) except -1:
        if self.alarm is not None:
            self.owner.forget(self.alarm)
        self.watched_at = self.deadline
        self.alarm = self.owner.watch(self, self.deadline)
        return 0

    def deadline_passed(self, double now):
        """The watch's call: time out if the deadline is past, else ask to be called again."""
        self.watched_at = 0
        self.alarm = None
        if self.waiter is None or self.deadline == 0:
            return
        if now < self.deadline:
            self.watch_deadline()
            return
        self.fail(WriteTimeout("") if self.goal == GOAL_WRITABLE else ReadTimeout(""))

    cdef void watch_reading(self):
        self.is_reading = True
        self.loop.add_reader(self.stream.fd, self.on_readable)

    cdef void unwatch_reading(self):
        if self.is_reading:
            self.is_reading = False
            if not self.loop.is_closed():
                self.loop.remove_reader(self.stream.fd)

    cdef void watch_writing(self):
        if not self.is_writing:
            self.is_writing = True
            self.loop.add_writer(self.stream.fd, self.on_writable)

    cdef void unwatch_writing(self):
        if self.is_writing:
            self.is_writing = False
            if not self.loop.is_closed():
                self.loop.remove_writer(self.stream.fd)


if CONTRACT != _wire.CONTRACT:
    raise ImportError("the compiled engine was built for another version of cyhttpx: build it again")
