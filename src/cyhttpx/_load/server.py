"""A small HTTP/1.1 server for `cyhttpx load --demo`, run as a child process: `python server.py`.

It is told nothing and writes its port as one line to stdout; it lives as long as its stdin stays open, so it cannot
outlive the process that holds the other end, however that one ends. It imports nothing of the package, which keeps its
start short and the server outside of what is measured. The benchmarks answer prepared bytes by subclassing
`ServerProtocol`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Final, NamedTuple, cast

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_HEAD_SIZE: Final = 64 * 1024
MAX_CHUNK_LINE_SIZE: Final = 4 * 1024
# Bounded, because a head is the client's choice; a load run sends the same one again and again.
MAX_KNOWN_HEADS: Final = 256

PAYLOAD: Final = (
    b'{"service": "cyhttpx load --demo", "ok": true, "items": [1, 2, 3, 4, 5, 6, 7, 8], "text": "Hello from loopback"}'
)


class Head(NamedTuple):
    """What the server needs of a request head."""

    method: bytes
    target: bytes
    length: int
    is_chunked: bool
    keeps_alive: bool
    expects_continue: bool
    # Of a request that cannot be served: the status to refuse it with.
    refusal: bytes = b""


def parse_head(head: bytes) -> Head:
    """Read a request head that ends in an empty line; a malformed one comes back with a `refusal`."""
    lines = head.split(b"\r\n")
    parts = lines[0].split(b" ")
    if len(parts) != 3 or not all(parts):
        return _refuse(b"400 Bad Request")
    method, target, version = parts
    if version not in (b"HTTP/1.1", b"HTTP/1.0"):
        return _refuse(b"505 HTTP Version Not Supported")
    fields: dict[bytes, list[bytes]] = {}
    for line in lines[1:-2]:
        name, colon, value = line.partition(b":")
        if not colon or not name or name != name.strip():
            return _refuse(b"400 Bad Request")
        items = [item.strip(b" \t").lower() for item in value.split(b",")]
        fields.setdefault(name.lower(), []).extend(items)
    codings, lengths = fields.get(b"transfer-encoding", []), fields.get(b"content-length", [])
    length = _body_length(codings, lengths)
    if length < 0:
        return _refuse(b"400 Bad Request")
    options = fields.get(b"connection", [])
    keeps_alive = b"close" not in options and (version == b"HTTP/1.1" or b"keep-alive" in options)
    return Head(method, target, length, bool(codings), keeps_alive, b"100-continue" in fields.get(b"expect", []))


def _body_length(codings: list[bytes], lengths: list[bytes]) -> int:
    """Return the length a request body has by its head (0 where it is chunked), -1 where it is ambiguous."""
    # RFC 9112 §6.3: both framings, or two of one, are how requests are smuggled. There is no one here to be lenient to.
    if codings:
        return 0 if codings == [b"chunked"] and not lengths else -1
    if not lengths:
        return 0
    # At most 18 digits, so that no length can be made costly to read.
    return int(lengths[0]) if len(lengths) == 1 and lengths[0].isdigit() and len(lengths[0]) <= 18 else -1


_known_heads: dict[bytes, Head] = {}


def _refuse(status: bytes) -> Head:
    return Head(b"", b"", 0, False, False, False, status)


class ServerProtocol(asyncio.Protocol):
    """One connection of the server. Bodies are read to their end and dropped; `respond` makes the answer."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.head: Head | None = None
        # Body bytes of the current request, and those still to come of its Content-Length or of its current chunk.
        self.received = 0
        self._left = 0
        self._buffer = bytearray()
        self._step: Callable[[], bool] = self._read_head

    def respond(self, head: Head) -> bytes:
        """Return the whole response to a request whose body (`self.received` bytes) is in."""
        return demo_response(head)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        # No isinstance: uvloop's transports are none of asyncio's classes.
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the transport."""
        self.transport = None

    # A client that sends requests and reads no responses must not fill this process's memory.
    def pause_writing(self) -> None:
        """Stop reading."""
        if self.transport is not None:
            self.transport.pause_reading()

    def resume_writing(self) -> None:
        """Read again."""
        if self.transport is not None and not self.transport.is_closing():
            self.transport.resume_reading()

    def data_received(self, data: bytes) -> None:
        """Go on with the current request as far as the bytes reach."""
        self._buffer += data
        while self.transport is not None and not self.transport.is_closing() and self._step():
            pass

    def _read_head(self) -> bool:
        buffer = self._buffer
        while buffer.startswith(b"\r\n"):
            # RFC 9112 §2.2: empty lines before the request line are skipped.
            del buffer[:2]
        end = buffer.find(b"\r\n\r\n")
        if end < 0 or end > MAX_HEAD_SIZE:
            if len(buffer) > MAX_HEAD_SIZE:
                self._finish(_refuse(b"431 Request Header Fields Too Large"))
            return False
        raw = bytes(buffer[: end + 4])
        del buffer[: end + 4]
        head = _known_heads.get(raw)
        if head is None:
            if len(_known_heads) >= MAX_KNOWN_HEADS:
                _known_heads.clear()
            head = _known_heads[raw] = parse_head(raw)
        self.received = 0
        if head.refusal or not (head.length or head.is_chunked):
            return self._finish(head)
        if head.expects_continue and not buffer:
            self._write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.head = head
        self._left = head.length
        self._step = self._read_chunk_line if head.is_chunked else self._read_length
        return True

    def _skip(self) -> bool:
        count = min(self._left, len(self._buffer))
        del self._buffer[:count]
        self._left -= count
        self.received += count
        return not self._left

    def _read_length(self) -> bool:
        assert self.head is not None
        return self._skip() and self._finish(self.head)

    def _read_line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end < 0 or end > MAX_CHUNK_LINE_SIZE:
            if len(self._buffer) > MAX_CHUNK_LINE_SIZE:
                self._finish(_refuse(b"400 Bad Request"))
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _read_chunk_line(self) -> bool:
        line = self._read_line()
        if line is None:
            return False
        size = line.partition(b";")[0].rstrip(b" \t")
        # int() alone would take signs, "0x", "_" and spaces.
        if not size or len(size) > 15 or size.strip(b"0123456789abcdefABCDEF"):
            return self._finish(_refuse(b"400 Bad Request"))
        self._left = int(size, 16)
        self._step = self._read_chunk if self._left else self._read_trailers
        return True

    def _read_chunk(self) -> bool:
        if not self._skip() or len(self._buffer) < 2:
            return False
        if self._buffer[:2] != b"\r\n":
            return self._finish(_refuse(b"400 Bad Request"))
        del self._buffer[:2]
        self._step = self._read_chunk_line
        return True

    def _read_trailers(self) -> bool:
        line = self._read_line()
        if line is None:
            return False
        assert self.head is not None
        return self._finish(self.head) if not line else True

    def _finish(self, head: Head) -> bool:
        self._step = self._read_head
        self._write(_refusal_response(head.refusal) if head.refusal else self.respond(head))
        if not head.keeps_alive and self.transport is not None:
            self.transport.close()
        return head.keeps_alive

    def _write(self, data: bytes) -> None:
        if self.transport is not None:
            self.transport.write(data)


_dates: dict[int, bytes] = {}


def http_date() -> bytes:
    """Return the current time as an IMF-fixdate (RFC 9110 §5.6.7), made once per second."""
    now = int(time.time())
    date = _dates.get(now)
    if date is None:
        days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
        months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
        at = time.gmtime(now)
        text = f"{days[at.tm_wday]}, {at.tm_mday:02d} {months[at.tm_mon - 1]} {at.tm_year} "
        _dates.clear()
        date = _dates[now] = f"{text}{at.tm_hour:02d}:{at.tm_min:02d}:{at.tm_sec:02d} GMT".encode()
    return date


def demo_response(head: Head) -> bytes:
    """Return the demo's answer: 7 header lines and 112 bytes of JSON (none to HEAD)."""
    return b"".join(
        (
            b"HTTP/1.1 200 OK\r\nServer: cyhttpx-demo\r\nDate: ",
            http_date(),
            b"\r\nContent-Type: application/json\r\nContent-Length: 112\r\nConnection: ",
            b"keep-alive" if head.keeps_alive else b"close",
            b"\r\nCache-Control: no-store\r\nVary: Accept-Encoding\r\n\r\n",
            b"" if head.method == b"HEAD" else PAYLOAD,
        )
    )


def _refusal_response(status: bytes) -> bytes:
    return b"HTTP/1.1 %b\r\nDate: %b\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % (status, http_date())


async def serve(factory: Callable[[], asyncio.BaseProtocol], host: str = "127.0.0.1", port: int = 0) -> asyncio.Server:
    """Listen with a backlog that takes the thousands of connections a load run opens at once."""
    loop = asyncio.get_running_loop()
    return await loop.create_server(factory, host, port, backlog=4096)


def run_child(factory: Callable[[], asyncio.BaseProtocol], host: str = "127.0.0.1") -> None:
    """Serve until stdin ends: announce the port on stdout, and let no signal of the terminal's end the server early."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A thread and not the loop: a pipe on stdin is not readable through every system's event loop.
    threading.Thread(target=_exit_at_eof, daemon=True).start()

    async def main() -> None:
        server = await serve(factory, host)
        sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
        sys.stdout.flush()
        await server.serve_forever()

    factory_of_loops: Callable[[], asyncio.AbstractEventLoop] = asyncio.new_event_loop
    with contextlib.suppress(ImportError):
        from uvloop import new_event_loop as factory_of_loops
    with asyncio.Runner(loop_factory=factory_of_loops) as runner:
        runner.run(main())


def _exit_at_eof() -> None:
    while sys.stdin.buffer.read(4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    run_child(ServerProtocol)
