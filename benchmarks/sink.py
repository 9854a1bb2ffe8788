"""The server that uploads go to, a child process: it reads bodies to their end and answers with their size.

`python -m benchmarks.sink`. It must neither lag, or a client is measured by how often it has to wait, nor sleep while
a body comes: waking it is work of the one who sends. (One and the same client spent 33 to 230 ms on 256 MiB beside a
server that slept, and 42 to 145 ms beside one that does not; the rest is the kernel's, and why the least of many
uploads is taken.)
"""

from __future__ import annotations

import asyncio
from typing import Final, cast

from cyhttpx._load.server import parse_head, run_child

BUFFER_SIZE: Final = 1024 * 1024


class SinkProtocol(asyncio.BufferedProtocol):
    """One connection; requests come one after the other, never pipelined."""

    def __init__(self) -> None:
        self.buffer = memoryview(bytearray(BUFFER_SIZE))
        # Bytes of a head or a chunk line that came in part, at the start of the buffer.
        self.kept = 0
        self.in_body = self.is_chunked = False
        # Of the body, or of the current chunk and its CRLF.
        self.left = 0
        self.received = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        return self.buffer[self.kept :]

    def buffer_updated(self, count: int) -> None:
        end = self.kept + count
        start = 0
        self.kept = 0
        while start < end:
            taken = self._take(start, end)
            if not taken:
                self.buffer[: end - start] = bytes(self.buffer[start:end])
                self.kept = end - start
                return
            start += taken

    def _take(self, start: int, end: int) -> int:
        """Go on at `start` and return how many bytes were used; 0 where a line is not whole yet."""
        if not self.in_body:
            return self._take_head(start, end)
        if self.left:
            taken = min(self.left, end - start)
            self.left -= taken
            if not self.left and not self.is_chunked:
                self._answer()
            return taken
        return self._take_chunk_line(start, end)

    def _take_head(self, start: int, end: int) -> int:
        text = bytes(self.buffer[start:end])
        size = text.find(b"\r\n\r\n") + 4
        if size < 4:
            return 0
        head = parse_head(text[:size])
        if head.refusal:
            self.transport.abort()
        self.in_body, self.is_chunked = True, head.is_chunked
        self.left = self.received = head.length
        self._stay_awake()
        if not head.is_chunked and not head.length:
            self._answer()
        return size

    def _take_chunk_line(self, start: int, end: int) -> int:
        line, newline, _ = bytes(self.buffer[start : min(end, start + 64)]).partition(b"\r\n")
        if not newline:
            return 0
        size = int(line, 16)
        if size:
            self.received += size
            self.left = size + 2
            return len(line) + 2
        if end - start < len(line) + 4:
            return 0
        self._answer()
        return len(line) + 4

    def _stay_awake(self) -> None:
        # A loop that has a call pending asks for events and does not wait for them.
        if self.in_body and not self.transport.is_closing():
            asyncio.get_running_loop().call_soon(self._stay_awake)

    def _answer(self) -> None:
        self.in_body = False
        body = b"%d" % self.received
        self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


if __name__ == "__main__":
    run_child(SinkProtocol)
