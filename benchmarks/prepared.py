"""Our own server of the benchmarks, a child process: prepared bytes, where nginx cannot send them or is not there.

`python -m benchmarks.prepared`; it writes its port to stdout and ends when its stdin does (see `cyhttpx._load.server`).
"""

from __future__ import annotations

import gzip
import random
from typing import TYPE_CHECKING, Final

from benchmarks import sizes
from cyhttpx._load.server import PAYLOAD, Head, ServerProtocol, demo_response, run_child

if TYPE_CHECKING:
    import asyncio

# The JSON that both servers send.
SMALL: Final = PAYLOAD

_PIECE: Final = bytes(256 * 1024)


def json_text(size: int) -> bytes:
    """Return JSON-like text of a size, the same in every run, which gzip shrinks about as much as it does real text."""
    source = random.Random(20)
    words = ["".join(source.choices("etaoinshrdlu", k=source.randint(3, 9))) for _ in range(400)]
    rows: list[str] = []
    length = 0
    while length < size:
        row = f'{{"id": {source.randint(1, 10**9)}, "name": "{source.choice(words)} {source.choice(words)}"}},\n'
        rows.append(row)
        length += len(row)
    return "".join(rows).encode()[:size]


def gzipped() -> bytes:
    """Return 1 MiB of JSON-like text as gzip."""
    return gzip.compress(json_text(sizes.MEBIBYTE), 6, mtime=0)


def _answer(body: bytes, *fields: bytes) -> bytes:
    head = [b"HTTP/1.1 200 OK", b"Content-Type: application/json", b"Content-Length: %d" % len(body), *fields]
    return b"\r\n".join([*head, b"", body])


def tiny_chunks() -> bytes:
    """Return a whole response of 1 MiB in chunks of 64 bytes."""
    chunk = b"%x\r\n%b\r\n" % (sizes.TINY_CHUNK, bytes(sizes.TINY_CHUNK))
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + chunk * sizes.TINY_CHUNKS + b"0\r\n\r\n"


PREPARED: Final = {
    b"/64k": _answer(bytes(sizes.FILE)),
    b"/gzip": _answer(gzipped(), b"Content-Encoding: gzip"),
    b"/chunks": tiny_chunks(),
}


class PreparedProtocol(ServerProtocol):
    """Answers by path."""

    left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        # It listens on all addresses to be reached on all of 127.0.0.0/8, and serves nobody else.
        if self.transport is not None and not transport.get_extra_info("peername")[0].startswith("127."):
            self.transport.abort()

    def respond(self, head: Head) -> bytes:
        path = head.target.partition(b"?")[0]
        if path == b"/1g":
            self.left = sizes.STREAM
            assert self.transport is not None
            self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % sizes.STREAM)
            self.is_paused = False
            self._pump()
            return b""
        return PREPARED.get(path) or demo_response(head)

    def pause_writing(self) -> None:
        self.is_paused = True
        if not self.left:
            super().pause_writing()

    def resume_writing(self) -> None:
        self.is_paused = False
        if self.left:
            self._pump()
        else:
            super().resume_writing()

    def _pump(self) -> None:
        while self.left and not self.is_paused and self.transport is not None:
            piece = _PIECE if self.left >= len(_PIECE) else _PIECE[: self.left]
            self.left -= len(piece)
            self.transport.write(piece)


if __name__ == "__main__":
    run_child(PreparedProtocol, "0.0.0.0")
