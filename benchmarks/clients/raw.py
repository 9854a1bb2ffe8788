"""The least a program on this event loop can do: prepared bytes out, a future woken when the answer's bytes are in.

Nothing of an answer is looked at but, once per connection, its length; so a figure beside this one is what a client
adds.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from typing import Any, cast
from urllib.parse import urlsplit

from benchmarks import sizes

from .base import UPLOAD_CHUNK, Adapter


class Connection(asyncio.Protocol):
    """One connection, one exchange at a time."""

    __slots__ = ("body_size", "received", "size", "transport", "waiter")

    def __init__(self) -> None:
        self.transport: Any = None
        self.waiter: Any = None
        # Of a whole answer, and of its body: learned from the first.
        self.size = self.body_size = 0
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(exc or ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        if len(data) == self.size:
            self.waiter.set_result(None)
        else:
            self._add(data)

    def _add(self, data: bytes) -> None:
        self.received += data
        if not self.size:
            end = self.received.find(b"\r\n\r\n")
            if end < 0:
                return
            self.body_size = content_length(self.received[:end])
            self.size = end + 4 + self.body_size
        if len(self.received) >= self.size:
            self.received = b""
            self.waiter.set_result(None)


def content_length(head: bytes) -> int:
    """Return a response's Content-Length."""
    if not head.startswith(b"HTTP/1.1 200 "):
        raise ConnectionError(f"not a 200: {head[:80]!r}")
    return int(head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0])


class Stream(asyncio.BufferedProtocol):
    """A download into one buffer that is used again and again."""

    def __init__(self, waiter: asyncio.Future[int]) -> None:
        self.waiter = waiter
        self.buffer = memoryview(bytearray(256 * 1024))
        self.left = -1
        self.size = 0

    def get_buffer(self, sizehint: int) -> memoryview:
        return self.buffer

    def buffer_updated(self, count: int) -> None:
        if self.left < 0:
            # nginx sends a response head in one piece.
            head, _, body = bytes(self.buffer[:count]).partition(b"\r\n\r\n")
            self.size = self.left = content_length(head)
            count = len(body)
        self.left -= count
        if not self.left:
            self.waiter.set_result(self.size)


class Upload(asyncio.Protocol):
    """An upload that waits when the transport says so, and the short answer to it."""

    def __init__(self, answer: asyncio.Future[bytes]) -> None:
        self.answer = answer
        self.writable: asyncio.Future[None] | None = None
        self.loop = asyncio.get_running_loop()

    def pause_writing(self) -> None:
        self.writable = self.loop.create_future()

    def resume_writing(self) -> None:
        if self.writable is not None:
            self.writable.set_result(None)
            self.writable = None

    def data_received(self, data: bytes) -> None:
        self.answer.set_result(data)


class Target:
    """One URL: where it is, what to send, and the connections to it that are free."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.is_tls = parts.scheme == "https"
        self.host, self.port = parts.hostname or "", parts.port or 80
        self.request = f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\nAccept: */*\r\n\r\n".encode()
        self.upload = f"POST {parts.path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Length: %d\r\n\r\n".encode()
        self.idle: list[Connection] = []


class RawAdapter(Adapter):
    """The loop's own transport and nothing else."""

    @classmethod
    def version(cls) -> str:
        return "the loop's transport"

    async def open(self) -> None:
        self.targets: dict[str, Target] = {}
        self.waiting: deque[asyncio.Future[Connection]] = deque()
        self.opened = 0
        self.loop = asyncio.get_running_loop()
        self.ssl_context = ssl.create_default_context(cafile=self.ca_file) if self.ca_file else None

    async def close(self) -> None:
        for target in self.targets.values():
            for connection in target.idle:
                connection.transport.close()

    async def _connect(self, target: Target, factory: Any) -> Any:
        context = self.ssl_context if target.is_tls else None
        return (await self.loop.create_connection(factory, target.host, target.port, ssl=context))[1]

    async def _connection(self, target: Target) -> Connection:
        if self.opened < self.connections:
            self.opened += 1
            return cast(Connection, await self._connect(target, Connection))
        waiter = self.loop.create_future()
        self.waiting.append(waiter)
        return cast(Connection, await waiter)

    async def get(self, url: str) -> int:
        target = self.targets.get(url)
        if target is None:
            target = self.targets[url] = Target(url)
        connection = target.idle.pop() if target.idle else await self._connection(target)
        connection.waiter = waiter = self.loop.create_future()
        connection.transport.write(target.request)
        await waiter
        if self.waiting:
            self.waiting.popleft().set_result(connection)
        else:
            target.idle.append(connection)
        return connection.body_size

    # A bare GET: prepared bytes cost the same whatever is in them.
    get_with_arguments = get
    post_json = get

    async def stream(self, url: str) -> int:
        target = Target(url)
        waiter: asyncio.Future[int] = self.loop.create_future()
        protocol = Stream(waiter)
        transport, _ = await self.loop.create_connection(lambda: protocol, target.host, target.port)
        transport.write(target.request)
        size = await waiter
        transport.close()
        return size

    async def upload(self, url: str) -> int:
        target = Target(url)
        answer: asyncio.Future[bytes] = self.loop.create_future()
        protocol = Upload(answer)
        transport, _ = await self.loop.create_connection(lambda: protocol, target.host, target.port)
        transport.write(target.upload % (sizes.UPLOAD_CHUNK * sizes.UPLOAD_CHUNKS))
        for _ in range(sizes.UPLOAD_CHUNKS):
            transport.write(UPLOAD_CHUNK)
            if protocol.writable is not None:
                await protocol.writable
        body = (await answer).partition(b"\r\n\r\n")[2]
        transport.close()
        return int(body)
