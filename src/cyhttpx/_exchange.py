"""One request and its response over a pool: take a connection, send, wait, hand on. One text for every driver.

What lives here: the order of things, and what happens when one of them goes wrong. What doesn't: bytes (the engine), whose turn it is (the pool).

A request is sent once more, on a fresh connection, when a *reused* one dies before the first byte of the response, its body can be
replayed, and either its method is idempotent (RFC 9110 §9.2.2) or not a byte of it went out: servers close idle connections, and the
race with that is nobody's fault (RFC 9112 §9.3.1).
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from ._content import ByteStream
from ._exceptions import NetworkError, RemoteProtocolError, TotalTimeout
from ._types import AsyncByteStream
from ._wire import GOAL_BODY, GOAL_HEAD, GOAL_WHOLE, GOAL_WRITABLE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Hashable

    from ._engine import Headers, Reactor
    from ._pool import Pool

__all__ = ["BodyStream", "Exchange", "may_replay"]

_IDEMPOTENT = frozenset((b"GET", b"HEAD", b"OPTIONS", b"TRACE", b"PUT", b"DELETE", b"QUERY"))


class Exchange:
    """A request on its way.

    Timeouts are seconds or None. `whole`: the response's body is wanted at once, and is there when `run` returns.
    `replays`: whether it may be sent once more; else it goes on a fresh connection at once, for it is that second time.
    """

    __slots__ = (
        "body",
        "connect",
        "headers",
        "key",
        "method",
        "pool",
        "pool_wait",
        "read",
        "replays",
        "target",
        "whole",
        "write",
    )

    def __init__(
        self,
        pool: Pool,
        key: Hashable,
        method: bytes,
        target: bytes,
        headers: Headers,
        body: Any,
        whole: bool,
        timeouts: tuple[float | None, float | None, float | None, float | None],
        replays: bool,
    ) -> None:
        self.pool = pool
        self.key = key
        self.method = method
        self.target = target
        self.headers = headers
        self.body = body
        self.whole = whole
        self.connect, self.read, self.write, self.pool_wait = timeouts
        self.replays = replays

    async def run(self) -> Reactor:
        """Send and wait for the head, or for the whole response; return the connection, still in use.

        Raises the exceptions of every stage; the connection is closed then.
        """
        pool = self.pool
        connection = pool.take(self.key) if self.replays else None
        while True:
            if connection is None:
                connection = await pool.wait(self.key, self.pool_wait, self.connect)
                if not self._is_usable(connection):
                    connection = None
                    continue
            try:
                body = self.body
                if type(body) is ByteStream:
                    connection.begin(self.method, self.target, self.headers, body._stream, self.whole)
                    if connection.is_sending:
                        await connection.wait(GOAL_WRITABLE, self.write)
                        connection.check()
                else:
                    connection.begin(self.method, self.target, self.headers, None, self.whole)
                    await self._send_body(connection)
                await connection.wait(GOAL_WHOLE if self.whole else GOAL_HEAD, self.read)
                connection.check()
                return connection
            except (NetworkError, RemoteProtocolError):
                replays = self.replays and not pool.is_closed and may_replay(connection, self.method, self.body)
                pool.drop(connection)
                if not replays:
                    raise
                connection = None
                self.replays = False
            except BaseException:
                pool.drop(connection)
                raise

    def _is_usable(self, connection: Reactor) -> bool:
        """Look at a connection that was handed over: things happen between that and our turn on the loop.

        Raises RemoteProtocolError for one that was lost before its first request: another may fare no better.
        """
        if not connection.exchanges:
            if connection.is_closed:
                raise RemoteProtocolError("Server disconnected without sending a response.")
            return True
        if self.replays:
            return connection.is_quiet()
        # The second time goes on a fresh connection: this one may be as stale as the first.
        self.pool.drop(connection)
        return False

    async def _send_body(self, connection: Reactor) -> None:
        """Send the pieces of a streamed body as they come, as fast as the peer takes them, until it has answered."""
        stream = self.body
        if connection.is_sending:
            await connection.wait(GOAL_WRITABLE, self.write)
            connection.check()
        pieces = stream.__aiter__()
        try:
            async for piece in pieces:
                if connection.should_stop_sending:
                    return
                if not connection.write(piece):
                    await connection.wait(GOAL_WRITABLE, self.write)
                    connection.check()
            if not connection.should_stop_sending and not connection.end():
                await connection.wait(GOAL_WRITABLE, self.write)
                connection.check()
        finally:
            # A generator that isn't run to its end must be ended here: its own `finally` may hold a file.
            close = getattr(pieces, "aclose", None)
            if close is not None:
                await close()


def may_replay(connection: Reactor, method: bytes, body: Any) -> bool:
    """Whether a request whose connection broke may be sent once more (see the head of this file)."""
    return (
        connection.exchanges > 1
        and connection.is_unanswered
        and type(body) is ByteStream
        and (method in _IDEMPOTENT or not connection.has_written)
    )


class BodyStream(AsyncByteStream):
    """A response's body as it comes, and the connection that it comes on.

    `read_timeout`: seconds to wait for each piece, None for ever. `extensions`: the response's, which get the trailers.
    """

    __slots__ = ("_connection", "_extensions", "_pool", "_read_timeout", "ends_at")

    def __init__(self, connection: Reactor, pool: Pool, read_timeout: float | None, extensions: dict[str, Any]) -> None:
        self._connection: Reactor | None = connection
        self._pool = pool
        self._read_timeout = read_timeout
        self._extensions = extensions
        # When the request's whole time is up (monotonic); None: never.
        self.ends_at: float | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        connection = self._connection
        if connection is None:
            return
        try:
            while True:
                piece = connection.take_body()
                if piece:
                    yield piece
                elif connection.http1.is_complete:
                    if connection.http1.trailers:
                        self._extensions["trailing_headers"] = connection.http1.trailers
                    break
                else:
                    connection.check()
                    await self._wait(connection)
        finally:
            await self.aclose()

    async def _wait(self, connection: Reactor) -> None:
        if self.ends_at is None:
            await connection.wait(GOAL_BODY, self._read_timeout)
            return
        left = max(0.0, self.ends_at - monotonic())
        timeout = left if self._read_timeout is None else min(left, self._read_timeout)
        await connection.wait(GOAL_BODY, timeout)
        if monotonic() >= self.ends_at:
            raise TotalTimeout("the body was not done within the request's total time")

    def __del__(self) -> None:
        connection = self._connection
        if connection is None:
            return
        import warnings

        warnings.warn("a streamed response was neither read to its end nor closed", ResourceWarning, 2, source=self)
        # Collected anywhere, in any thread: the connection is its loop's to close.
        pool = self._pool
        if pool.loop.is_closed():
            connection.abandon()
        else:
            pool.loop.call_soon_threadsafe(pool.drop, connection)

    async def aclose(self) -> None:
        """Give the connection back, or close it if the body has not come to its end."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self._pool.give_back(connection)
