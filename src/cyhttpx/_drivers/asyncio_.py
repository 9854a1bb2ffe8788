"""Waiting on asyncio and on every loop that speaks its language (uvloop; anyio on asyncio).

The core owns the sockets; the loop says when they are ready. `Reactor` (the engine's) is what the loop calls back.
"""

from __future__ import annotations

import asyncio
import socket
from asyncio import get_running_loop as running_loop
from typing import TYPE_CHECKING, Any

from .._engine import HTTP1Connection, Reactor, SocketStream
from .._exceptions import ConnectError, ConnectTimeout, TotalTimeout
from . import tls
from .network_stream import NetworkStream
from .watch import Watch

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable
    from types import TracebackType

    from .target import Target

__all__ = ["AsyncioDriver", "TotalLimit", "running_loop"]


class AsyncioDriver:
    """What a pool needs of one event loop: futures, tasks, deadlines, connections.

    `loop`: the event loop it serves, and the only one.
    """

    running_loop = staticmethod(running_loop)

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.create_waiter = loop.create_future
        self._watch = Watch(loop)
        self.watch = self._watch.watch
        self.forget = self._watch.forget
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def is_alive(self) -> bool:
        """Whether the loop can still be used."""
        return not self.loop.is_closed()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine beside its caller, until `close`."""
        task = self.loop.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        """Stop what was spawned and forget all deadlines."""
        self._watch.close()
        if self.is_alive:
            for task in list(self._tasks):
                task.cancel()

    def connection(self, stream: SocketStream, owner: Any) -> Reactor:
        """Put a connection over a stream that is ready for use."""
        connection = Reactor(self.loop, stream, HTTP1Connection(), owner)
        connection.network_stream = NetworkStream(connection, self)
        return connection

    async def dial(self, target: Target, timeout: float | None) -> SocketStream:
        """Connect, TLS included, within one budget of `timeout` seconds (None: none).

        Raises ConnectTimeout, ConnectError.
        """
        try:
            async with asyncio.timeout(timeout):
                return await self._dial(target)
        except TimeoutError as error:
            raise ConnectTimeout(f"no connection to {target.host}:{target.port} within {timeout} s") from error

    async def _dial(self, target: Target) -> SocketStream:
        # A new context reads a bundle of certificates for some 10 ms: in a thread, so that the loop goes on meanwhile.
        context = None
        if target.tls is not None:
            context = tls.cached(target.tls) or await self.loop.run_in_executor(None, tls.made, target.tls)
        sock = await self._connect(target)
        try:
            stream = SocketStream(sock, context, target.server_hostname if target.is_tls else None)
            while not stream.handshake():
                await self.ready(stream.fileno(), for_writing=stream.wants_write)
        except BaseException:
            sock.close()
            raise
        return stream

    async def _connect(self, target: Target) -> socket.socket:
        error: OSError | None = None
        try:
            for family, address in await self._addresses(target):
                sock = socket.socket(family, socket.SOCK_STREAM)
                try:
                    _prepare(sock, family, target)
                    await self.loop.sock_connect(sock, address)
                except OSError as failed:
                    sock.close()
                    error = failed
                except BaseException:
                    sock.close()
                    raise
                else:
                    return sock
        except OSError as failed:
            # A name that can't be resolved, or no descriptor left.
            error = failed
        raise ConnectError(str(error)) from error

    async def _addresses(self, target: Target) -> Iterable[tuple[socket.AddressFamily, Any]]:
        if target.uds is not None:
            return [(socket.AF_UNIX, target.uds)]
        if target.literal_family is not None:
            return [(target.literal_family, (target.host, target.port))]
        try:
            found = await self.loop.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
        except UnicodeError as error:
            raise ConnectError(f"{target.host!r} can't be a host name: {error}") from error
        return [(family, address) for family, _, _, _, address in found]

    async def ready(self, descriptor: int, *, for_writing: bool) -> None:
        """Wait until the descriptor is readable, or writable where that was asked for too."""
        ready = self.loop.create_future()

        def done() -> None:
            if not ready.done():
                ready.set_result(None)

        self.loop.add_reader(descriptor, done)
        if for_writing:
            self.loop.add_writer(descriptor, done)
        try:
            await ready
        finally:
            self.loop.remove_reader(descriptor)
            if for_writing:
                self.loop.remove_writer(descriptor)


class TotalLimit:
    """A block that raises TotalTimeout when what is awaited in it takes longer than `seconds`."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, traceback)
        except TimeoutError as timed_out:
            raise TotalTimeout(f"not done within {self._seconds} s") from timed_out


def _prepare(sock: socket.socket, family: int, target: Target) -> None:
    """Set options before connecting; a bad one is the caller's OSError, told as a ConnectError."""
    sock.setblocking(False)
    if family in (socket.AF_INET, socket.AF_INET6):
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if target.local_address is not None:
            sock.bind((target.local_address, 0))
    for option in target.socket_options:
        sock.setsockopt(*option)
