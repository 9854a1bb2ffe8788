"""A server that plays scripts, byte for byte: what it waits for, what it sends in which pieces, how it ends.

    with ScriptedServer([Expect(), Send(b"HTTP/1.1 204 N\\r\\n", b"\\r\\n"), Close()]) as server:
        client.get(server.url)
    assert server.received[0].startswith(b"GET / ")

It runs on an event loop of its own in a thread of its own, so that it serves blocking clients and any loop's. Its first
connection plays the first script, and so on. What goes wrong in a script is raised where the server is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Coroutine, Sequence

PATIENCE = 30.0


@dataclass(frozen=True)
class Expect:
    """Wait for a request: up to these bytes, and for so many more (its body)."""

    until: bytes = b"\r\n\r\n"
    more: int = 0


class Send:
    """Send these pieces, each by itself: a reader that is quick enough sees them apart."""

    def __init__(self, *pieces: bytes) -> None:
        self.pieces = pieces


class Close:
    """Close in good order, over TLS with close_notify."""


class HalfClose:
    """Send no more, and still read."""


class Cut:
    """End the connection below TLS: no close_notify. Without TLS the same as `Close`."""


class Reset:
    """Break the connection: the peer gets a reset."""


class Hang:
    """Do nothing until the peer closes. So ends every script that has no other end."""


Step = Expect | Send | Close | HalfClose | Cut | Reset | Hang


class LoopThread:
    """An event loop in a thread. Several servers, one after the other, may share one."""

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="scripted servers", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the loop doesn't end"
        self._loop.close()

    def run(self, coroutine: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine there, and wait for its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)


class ScriptedServer:
    """Plays one script for each connection.

    `tls`: a server's context. `thread`: where it runs, if not in a thread of its own.
    `received`: for each connection, in order of their beginning, all that came. A connection for which there is no
    script is an error.
    """

    def __init__(
        self, *scripts: Sequence[Step], tls: ssl.SSLContext | None = None, thread: LoopThread | None = None
    ) -> None:
        self._scripts = scripts
        self._tls = tls
        self._given_thread = thread
        self.received: list[bytearray] = []
        self._errors: list[Exception] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._sockets: list[socket.socket] = []

    @property
    def connections(self) -> int:
        """How many connections were made."""
        return len(self.received)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        return "127.0.0.1", self._port

    @property
    def url(self) -> str:
        """Where it is, with a slash behind."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}/"

    def __enter__(self) -> Self:
        self._thread = self._given_thread or LoopThread().__enter__()
        self._thread.run(self._open())
        return self

    def __exit__(self, *error: object) -> None:
        self._thread.run(self._close())
        if self._given_thread is None:
            self._thread.__exit__()
        if self._errors and error[0] is None:
            raise ExceptionGroup("scripts failed", self._errors)

    async def _open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.setblocking(False)
        self._port: int = self._listener.getsockname()[1]
        # By a callback: a task that waits for `sock_accept` loses, when cancelled, the socket it was just given.
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    async def _close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._listener)
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for sock in self._sockets:
            # A task that was cancelled before it began has closed nothing.
            sock.close()
        # Transports close in the turn after.
        await asyncio.sleep(0)

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return
        self._sockets.append(sock)
        self.received.append(bytearray())
        self._tasks.add(asyncio.create_task(self._serve(sock, len(self.received) - 1)))

    async def _serve(self, sock: socket.socket, number: int) -> None:
        received = self.received[number]
        writer = None
        try:
            if number >= len(self._scripts):
                raise AssertionError(f"no script for connection {number + 1}")
            reader, writer = await self._connect(sock)
            for step in [*self._scripts[number], Hang()]:
                await self._play(step, reader, writer, received)
        except (OSError, asyncio.IncompleteReadError) as error:
            # The client may go when it has seen enough, or not like a certificate; the test says whether it may.
            received += getattr(error, "partial", b"")
        except Exception as error:
            self._errors.append(error)
        finally:
            if writer is not None:
                writer.close()
                with contextlib.suppress(Exception):
                    await writer.wait_closed()

    async def _connect(self, sock: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(loop=loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport, _ = await loop.connect_accepted_socket(lambda: protocol, sock, ssl=self._tls)
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)

    async def _play(
        self, step: Step, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, received: bytearray
    ) -> None:
        match step:
            case Expect(until, more):
                async with asyncio.timeout(PATIENCE):
                    received += await reader.readuntil(until)
                    received += await reader.readexactly(more)
            case Send():
                for piece in step.pieces:
                    writer.write(piece)
                    await writer.drain()
                    # A turn of the loop each: the pieces are not joined before they are written.
                    await asyncio.sleep(0)
            case HalfClose():
                writer.write_eof()
            case Close():
                writer.close()
                await writer.wait_closed()
            case Cut() | Reset():
                await self._break(writer, isinstance(step, Reset))
            case Hang():
                while data := await reader.read(65536):
                    received += data

    async def _break(self, writer: asyncio.StreamWriter, reset: bool) -> None:
        sock: Any = writer.get_extra_info("socket")
        if reset:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            sock.shutdown(socket.SHUT_WR)
        writer.transport.abort()
        with contextlib.suppress(Exception):
            await writer.wait_closed()
