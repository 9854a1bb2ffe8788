"""A reactor on the running loop, the peer at the other end of its socket, and an owner that only takes notes.

The peer is stepped by hand, and a test that asks whether something has *not* happened lets the loop turn first: so
nothing here waits for a clock.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from typing import TYPE_CHECKING, Any, Final

from cyhttpx._wire import GOAL_WHOLE

from .peers import Plain, Secure, shake

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

GET_HEAD: Final = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"


async def turns(count: int = 8) -> None:
    """Let the loop look at its sockets, and run what that calls."""
    for _ in range(count):
        await asyncio.sleep(0)


class Owner:
    """What a pool is to a reactor."""

    def __init__(self) -> None:
        self.lost: list[Any] = []
        self.watched: list[tuple[Any, float]] = []
        self.forgotten: list[tuple[Any, float]] = []

    def connection_lost(self, reactor: Any) -> None:
        self.lost.append(reactor)

    def watch(self, reactor: Any, at: float) -> tuple[Any, float]:
        self.watched.append((reactor, at))
        return self.watched[-1]

    def forget(self, alarm: tuple[Any, float]) -> None:
        self.forgotten.append(alarm)

    @property
    def times(self) -> list[float]:
        return [at for _, at in self.watched]


class Wire:
    """A reactor and its peer. `raw` is the peer's socket, `peer` what it speaks over it."""

    def __init__(self, engine: Any, ours: socket.socket, raw: socket.socket, tls: Any, carrier: type[Plain]) -> None:
        self.engine = engine
        self.raw = raw
        self.peer: Any = carrier(raw)
        if tls is None:
            stream = engine.SocketStream(ours)
        else:
            stream = engine.SocketStream(ours, tls[0], "localhost")
            self.peer = Secure(self.peer, tls[1])
            shake(stream, self.peer)
        self.owner = Owner()
        self.http1 = engine.HTTP1Connection()
        self.reactor = engine.Reactor(asyncio.get_running_loop(), stream, self.http1, self.owner)

    def headers(self, *pairs: tuple[str, str]) -> Any:
        return self.engine.Headers([("Host", "h"), *pairs])

    def get(self, method: bytes = b"GET", *, whole: bool = False) -> None:
        """Begin a request without a body."""
        self.reactor.begin(method, b"/", self.headers(), b"", whole)

    def post(self, *, length: int | None = None) -> None:
        """Begin a request whose body follows."""
        framing = ("Transfer-Encoding", "chunked") if length is None else ("Content-Length", str(length))
        self.reactor.begin(b"POST", b"/", self.headers(framing))

    def send(self, data: bytes) -> None:
        """Send from the peer's end."""
        self.peer.send(data)

    def received(self) -> bytes:
        """All that has come to the peer by now."""
        data = b""
        while piece := self.peer.recv():
            data += piece
        return data

    def close(self) -> None:
        """Close the peer's end in good order: with bytes unread it would be a reset. Idempotent."""
        if self.raw.fileno() >= 0:
            self.received()
            self.raw.close()

    def say_goodbye(self) -> None:
        """Send TLS's close_notify and leave the socket open."""
        self.received()
        self.peer.say_goodbye()

    def reset(self) -> None:
        """Break the connection. The socket must be a TCP one."""
        self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.raw.close()

    async def reach(self, goal: int = GOAL_WHOLE) -> None:
        """Wait for a goal without a timeout, and raise what went wrong."""
        waiter = self.reactor.wait(goal, None)
        assert await waiter is None
        self.reactor.check()

    async def exchange(self, answer: bytes, *, whole: bool = True) -> bytes:
        """Ask, answer, and return the body. The exchange isn't finished."""
        self.get(whole=whole)
        self.send(answer)
        await self.reach()
        body: bytes = self.reactor.take_body()
        return body


@contextlib.contextmanager
def wired(
    engine: Any,
    *,
    tcp: bool = False,
    tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None,
    carrier: type[Plain] = Plain,
) -> Iterator[Wire]:
    """A connection. `tls`: the client's context and the server's. `carrier`: what the peer's bytes go through."""
    if tcp:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            ours = socket.create_connection(listener.getsockname())
            theirs, _ = listener.accept()
    else:
        ours, theirs = socket.socketpair()
    wire = Wire(engine, ours, theirs, tls, carrier)
    try:
        yield wire
    finally:
        wire.reactor.close()
        theirs.close()


def respond(body: bytes = b"", status: int = 200, *fields: bytes, length: int | None = None) -> bytes:
    """A response with a Content-Length: the body's, or another."""
    lines = [b"HTTP/1.1 %d R" % status, *fields, b"Content-Length: %d" % (len(body) if length is None else length)]
    return b"\r\n".join([*lines, b"", body])


def chunked(*pieces: bytes) -> bytes:
    """A chunked response."""
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in (*pieces, b""))


UNTIL_CLOSE: Final = b"HTTP/1.1 200 OK\r\n\r\n"
