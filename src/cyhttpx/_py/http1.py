"""One client connection's HTTP/1.1 in pure Python. The twin of `cyhttpx/_c/http1.pyx`: same verbs, same decisions, same
errors.

h11 holds the state of each exchange, reads bodies, and frames what is sent. It does not see the peer's heads and chunk
lines: `_guard` reads those, `_framing` decides what they mean by the table of docs/engine-contract.md, and h11 is given
a head that says just that. So where h11 and the table differ, the table wins.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import h11

from .. import _wire
from .._exceptions import LocalProtocolError, RemoteProtocolError
from ._framing import RequestFraming, ResponseFraming, serialise
from ._guard import Chunks, Section
from .headers import Headers

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["HTTP1Connection"]

CONTRACT = _wire.CONTRACT


def _limit(value: int) -> int:
    # The compiled twin keeps offsets in 32 bits.
    return max(0, min(value, 0x7FFFFFFF))


class HTTP1Connection:
    """The protocol state of one HTTP/1.1 client connection, one exchange after the other.

    Args:
        max_line: bytes of a status line or header line (64 KiB).
        max_head: bytes of a head or of a trailer section (256 KiB).
        max_headers: lines of a head or of a trailer section (1,000).
        max_chunk_line: bytes of a chunk-size line with its extensions (16 KiB).
        max_interim: 1xx responses before the final one (100).
    """

    __slots__ = (
        "_asked_upgrade",
        "_body",
        "_chunks",
        "_failure",
        "_framing",
        "_h11",
        "_head",
        "_interim_count",
        "_is_spoilt",
        "_leftover",
        "_max_interim",
        "_method",
        "content_length",
        "has_content_encoding",
        "has_head",
        "has_set_cookie",
        "headers",
        "http_version",
        "is_complete",
        "is_upgraded",
        "keep_alive_timeout",
        "on_interim",
        "reason_phrase",
        "request_ended",
        "status_code",
        "trailers",
    )

    def __init__(
        self,
        *,
        max_line: int = _wire.MAX_LINE_SIZE,
        max_head: int = _wire.MAX_HEAD_SIZE,
        max_headers: int = _wire.MAX_HEADERS,
        max_chunk_line: int = _wire.MAX_CHUNK_LINE_SIZE,
        max_interim: int = _wire.MAX_INTERIM_RESPONSES,
    ) -> None:
        lines = _limit(max_line), _limit(max_head), _limit(max_headers)
        self._head = Section(*lines, is_trailer=False)
        self._chunks = Chunks(_limit(max_chunk_line), Section(*lines, is_trailer=True))
        self._max_interim = _limit(max_interim)
        # One h11 connection serves one exchange; None: no request was sent yet.
        self._h11: h11.Connection | None = None
        self._body = bytearray()
        self._leftover = b""
        self._failure: str | None = None
        # Whether the connection can serve no further exchange, whatever the state of this one.
        self._is_spoilt = False
        self.on_interim: Callable[[int, Headers], None] | None = None
        self._begin(b"")

    def _begin(self, method: bytes) -> None:
        self._method = method
        self._asked_upgrade = False
        self._interim_count = 0
        self._framing: ResponseFraming | None = None
        self._head.reset()
        self._body.clear()
        self.request_ended = False
        self.has_head = False
        self.is_complete = False
        self.is_upgraded = False
        self.has_set_cookie = False
        self.has_content_encoding = False
        self.status_code = 0
        self.reason_phrase = b""
        self.http_version = b"HTTP/1.1"
        self.headers = Headers()
        self.trailers: list[tuple[bytes, bytes]] = []
        self.content_length = -1
        self.keep_alive_timeout = -1

    # Sending.

    def send_request(self, method: bytes, target: bytes, headers: Headers, body: bytes | None = None) -> bytes:
        """Start an exchange: the head, and the framed body when `body` is bytes. Next: `receive`; `send_data` for a
        body of None.

        Raises:
            LocalProtocolError: the request can't be sent as it is, or the connection isn't free for one.
        """
        is_free = self.can_reuse
        # Until all is checked: a request that failed halfway must not be followed by another.
        self._is_spoilt = True
        if not is_free:
            if self._h11 is not None:
                self._h11.send_failed()
            raise LocalProtocolError("the connection is not free for another request")
        framing = RequestFraming(headers)
        pieces = [serialise(method, target, headers, framing.is_chunked)]
        connection = h11.Connection(h11.CLIENT)
        connection.send(_request(method, framing))
        if body is not None:
            pieces += _framed(connection, h11.Data(data=body)) + _framed(connection, h11.EndOfMessage())
        self._begin(method)
        self._h11 = connection
        self._asked_upgrade = framing.asks_upgrade
        self._is_spoilt = False
        self.request_ended = body is not None
        return b"".join(pieces)

    def send_data(self, data: bytes) -> list[bytes]:
        """Frame a piece of the request body: what to write, in order. Next: more, or `end_request`.

        Raises:
            LocalProtocolError: the body is longer than its Content-Length, or no body is under way.
        """
        pieces = self._send(h11.Data(data=data))
        return pieces if data else []

    def end_request(self) -> bytes:
        """End the request body: the last bytes to write.

        Raises:
            LocalProtocolError: the body is shorter than its Content-Length.
        """
        pieces = self._send(h11.EndOfMessage())
        self.request_ended = True
        return b"".join(pieces)

    def _send(self, event: h11.Event) -> list[bytes]:
        try:
            if self._h11 is None or self._h11.our_state is not h11.SEND_BODY:
                raise LocalProtocolError("no request body is under way")
            return _framed(self._h11, event)
        except LocalProtocolError:
            self._is_spoilt = True
            raise

    # Receiving.

    def receive(self, data: bytes) -> None:
        """Take in what came from the peer, split anyhow. Next: look at `has_head`, `is_complete`, `take_body`.

        Raises:
            RemoteProtocolError: the peer broke the protocol; every later call raises it again.
        """
        if self._failure is not None:
            raise RemoteProtocolError(self._failure)
        try:
            self._feed(data)
        except BaseException as error:
            # Also of an interrupt: bytes are lost, so the message can't be trusted any more.
            self._fail(error)
            raise

    def receive_eof(self, clean: bool = True) -> None:
        """Take in that the peer closed; `clean=False`: a TLS stream that ended without close_notify.

        Raises:
            RemoteProtocolError: that was too early.
        """
        self._is_spoilt = True
        if self._failure is not None:
            raise RemoteProtocolError(self._failure)
        if self._h11 is None or self.is_complete:
            return
        try:
            self._end(clean)
        except BaseException as error:
            self._fail(error)
            raise

    def take_body(self) -> bytes:
        """Take all decoded body bytes that have come and weren't taken yet."""
        taken = bytes(self._body)
        self._body.clear()
        return taken

    def take_leftover(self) -> bytes:
        """Take the bytes behind the message: the first ones of a tunnel or of an upgraded connection."""
        leftover, self._leftover = self._leftover, b""
        return leftover

    def _fail(self, error: BaseException) -> None:
        # The text, not the error: its traceback leads back to this object, and the cycle would keep bodies alive.
        self._failure = str(error) if isinstance(error, RemoteProtocolError) else f"receiving broke off: {error!r}"

    def _feed(self, data: bytes) -> None:
        at = 0
        end = len(data)
        while at < end:
            if self._h11 is None or self.is_complete:
                self._leave_over(data[at:])
                return
            if self._framing is None:
                at = self._head.feed(data, at)
                if at < 0:
                    return
                self._begin_response()
            elif self._framing.is_chunked:
                at = self._feed_chunked(data, at)
            else:
                self._pump(data[at:])
                return

    def _feed_chunked(self, data: bytes, at: int) -> int:
        pieces: list[bytes] = []
        try:
            return self._chunks.feed(data, at, pieces)
        finally:
            # What one read brought goes to h11 as one chunk, however many it came in.
            chunk = b"".join(pieces)
            if chunk:
                self._pump(b"%x\r\n%b\r\n" % (len(chunk), chunk))
            if self._chunks.is_complete:
                self.trailers = self._chunks.trailers.pairs
                self._pump(b"0\r\n\r\n")

    def _begin_response(self) -> None:
        """A head is complete: skip it if it is interim, else decide what follows it."""
        head = self._head
        status = head.status_code
        if status < 200 and status != 101:
            self._skip_interim(status)
            return
        if status == 101 and not self._asked_upgrade:
            raise RemoteProtocolError("101 Switching Protocols that nobody asked for")
        self.is_upgraded = status == 101 or (self._method == b"CONNECT" and status < 300)
        has_body = not (self.is_upgraded or self._method == b"HEAD" or status in (204, 304))
        framing = ResponseFraming(head.pairs, head.is_http10, has_body)
        self.status_code = status
        self.reason_phrase = head.reason
        self.http_version = b"HTTP/1.0" if head.is_http10 else b"HTTP/1.1"
        self.headers = Headers._from_pairs(head.pairs)
        self.content_length = framing.length
        self.has_set_cookie = framing.has_set_cookie
        self.has_content_encoding = framing.has_content_encoding
        self.keep_alive_timeout = framing.keep_alive_timeout
        self.has_head = True
        self._framing = framing
        self._chunks.begin()
        head.reset()
        self._pump(_response_head(status, framing))
        if self.is_upgraded:
            self.is_complete = True

    def _skip_interim(self, status: int) -> None:
        self._interim_count += 1
        if self._interim_count > self._max_interim:
            raise RemoteProtocolError(f"more than {self._max_interim} interim responses")
        pairs = self._head.pairs
        self._head.reset()
        self._pump(b"HTTP/1.1 %d \r\n\r\n" % status)
        if self.on_interim is not None:
            self.on_interim(status, Headers._from_pairs(pairs))

    def _end(self, clean: bool) -> None:
        if self._framing is None:
            if self._head.is_empty and not self._interim_count:
                raise RemoteProtocolError("Server disconnected without sending a response.")
            raise RemoteProtocolError("peer closed connection in the middle of a response head")
        if self._framing.reads_until_close and not clean:
            raise RemoteProtocolError("peer ended TLS without close_notify: the body may be incomplete")
        self._pump(b"")

    def _pump(self, data: bytes) -> None:
        """Give h11 what it can read (`b""`: end of file), and take what it makes of it."""
        connection = self._h11
        assert connection is not None, "there is an exchange"
        try:
            connection.receive_data(data)
            while not isinstance(event := connection.next_event(), type):
                if isinstance(event, h11.Data):
                    self._body += event.data
                elif isinstance(event, h11.EndOfMessage):
                    self.is_complete = True
                    self._leave_over(connection.trailing_data[0])
                    return
        except h11.RemoteProtocolError as error:
            raise RemoteProtocolError(str(error)) from None

    def _leave_over(self, data: bytes) -> None:
        if data:
            self._leftover += data
            self._is_spoilt = True

    # Progress.

    @property
    def can_reuse(self) -> bool:
        """Whether another request may be sent: nothing sent yet, or the exchange is over on both sides and both keep
        the connection.
        """
        if self._is_spoilt or self._failure is not None:
            return False
        return self._h11 is None or (self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE)

    @property
    def failed(self) -> bool:
        """Whether the peer broke the protocol."""
        return self._failure is not None

    @property
    def buffered(self) -> int:
        """Decoded body bytes that weren't taken yet."""
        return len(self._body)


def _request(method: bytes, framing: RequestFraming) -> h11.Request:
    """What h11 must know of a request: its method, its framing, and what it asks of the connection."""
    headers = [(b"Host", b"h")]
    if framing.is_chunked:
        headers.append((b"Transfer-Encoding", b"chunked"))
    elif framing.length >= 0:
        headers.append((b"Content-Length", b"%d" % framing.length))
    if framing.asks_close:
        headers.append((b"Connection", b"close"))
    if framing.asks_upgrade:
        headers.append((b"Upgrade", b"u"))
    return h11.Request(method=method, target=b"/", headers=headers)


def _response_head(status: int, framing: ResponseFraming) -> bytes:
    """The head that says to h11 what the peer's says by the table."""
    lines = b"HTTP/1.1 %d \r\n" % status
    if framing.is_chunked:
        lines += b"Transfer-Encoding: chunked\r\n"
    elif framing.length >= 0:
        lines += b"Content-Length: %d\r\n" % framing.length
    if not framing.keeps_alive:
        lines += b"Connection: close\r\n"
    return lines + b"\r\n"


def _framed(connection: h11.Connection, event: h11.Event) -> list[bytes]:
    """A part of the request body as h11 writes it."""
    try:
        return connection.send_with_data_passthrough(event) or []
    except h11.LocalProtocolError as error:
        raise LocalProtocolError(str(error)) from None
