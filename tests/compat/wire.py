"""A server that writes down what it is sent, byte by byte, and answers each request with what it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

# No TLS here, and httpx would read all authorities for each client.
_CONTEXT = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Listener:
    """`seen`: the bytes of each request, in the order they came. `close_at`: the request that gets no answer but the end."""

    def __init__(self, answers: list[bytes]) -> None:
        self.answers = answers
        self.seen: list[bytes] = []
        self.connections = 0
        self.close_at = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                request = await read_request(reader)
                self.seen.append(request)
                if len(self.seen) == self.close_at:
                    break
                answer = self.answers[min(len(self.seen), len(self.answers)) - 1]
                if request.startswith(b"HEAD "):
                    answer = answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
                writer.write(answer)
                await writer.drain()
                if b"connection: close" in request.lower() or b"connection: close" in answer.lower():
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            # The client has gone.
            pass
        finally:
            writer.close()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?im)^content-length: *([0-9]+)\r$", head)
    if re.search(rb"(?im)^transfer-encoding: *(.*, *)?chunked\r$", head):
        body = b""
        while not body.endswith(b"0\r\n\r\n"):
            line = await reader.readuntil(b"\r\n")
            body += line + await reader.readexactly(int(line, 16) + 2)
        return head + body
    return head + (await reader.readexactly(int(length[1])) if length else b"")


@contextlib.asynccontextmanager
async def listening(answers: list[bytes] | None = None) -> AsyncIterator[Listener]:
    listener = Listener(answers or [OK])
    tasks: list[asyncio.Task[None]] = []
    writers: list[asyncio.StreamWriter] = []

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        tasks.append(asyncio.ensure_future(listener.serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0, limit=2**24)
    try:
        listener.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield listener
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        await server.wait_closed()


def client_of(library: Any, **settings: Any) -> Any:
    return library.AsyncClient(verify=_CONTEXT, **settings)
