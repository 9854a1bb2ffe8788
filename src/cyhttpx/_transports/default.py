"""The transport over sockets: a pool for each event loop, and the settings that its connections share."""

from __future__ import annotations

import os
from _thread import allocate_lock
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakSet

from .._config import DEFAULT_LIMITS
from .._engine import PoolState, originals
from .._exceptions import UnsupportedProtocol
from .._exchange import BodyStream, Exchange
from .._models import Response
from .._pool import Pool
from .base import AsyncBaseTransport

if TYPE_CHECKING:
    from collections.abc import Iterable
    from ssl import SSLContext

    from .._config import Limits
    from .._drivers.target import Target
    from .._drivers.tls import TLSSettings
    from .._models import Request
    from .._types import CertTypes, ProxyTypes

__all__ = ["AsyncHTTPTransport"]

_DEFAULT_PORTS = {"http": 80, "https": 443}

# Every transport there is: after a fork the child lets go of what the parent has open (two processes on one connection mix their
# responses up).
_transports: WeakSet[AsyncHTTPTransport] = WeakSet()


def _abandon_all() -> None:
    for transport in list(_transports):
        transport._abandon()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_abandon_all)


def _unknown_loop() -> Any:
    return None


# asyncio.get_running_loop from the first request on: importing asyncio is what `import cyhttpx` shouldn't pay for.
_running_loop = _unknown_loop


def _timeouts_of(request: Request) -> tuple[float | None, float | None, float | None, float | None]:
    """Read the timeouts of a request: connect, read, write, pool."""
    timeout = request.extensions.get("timeout")
    if not timeout:
        return (None, None, None, None)
    return (timeout.get("connect"), timeout.get("read"), timeout.get("write"), timeout.get("pool"))


class AsyncHTTPTransport(AsyncBaseTransport):
    """A pool of connections (https://www.python-httpx.org/advanced/transports/#http-transport).

    Args:
        verify: True (certifi's store), False, a path, or an `ssl.SSLContext`.
        cert: a client certificate: a path, or (certificate, key[, password]).
        trust_env: whether SSL_CERT_FILE and SSL_CERT_DIR count.
        http1, http2: the protocols offered. HTTP/2 comes with a later version.
        limits: of connections; see `cyhttpx.Limits`.
        proxy: comes with a later version.
        uds: a unix socket's path to connect to, whatever the URL says.
        local_address: an address to connect from.
        retries: times that a failed connect is tried again.
        socket_options: arguments of `setsockopt` for each socket.

    Raises OSError and ssl.SSLError for files that can't be read or aren't certificates, NotImplementedError for what comes later.
    """

    def __init__(
        self,
        verify: SSLContext | str | bool = True,
        cert: CertTypes | None = None,
        trust_env: bool = True,
        http1: bool = True,
        http2: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        proxy: ProxyTypes | None = None,
        uds: str | None = None,
        local_address: str | None = None,
        retries: int = 0,
        socket_options: Iterable[tuple[Any, ...]] | None = None,
    ) -> None:
        for name, is_asked in (
            ("http2", http2),
            ("proxy", proxy is not None),
            ("retries", retries),
            ("http1", not http1),
        ):
            if is_asked:
                raise NotImplementedError(f"AsyncHTTPTransport({name}=...) is not supported by this version of cyhttpx")
        self._limits = limits
        # Read now: what is no Limits is told where it was given.
        self._new_state()
        self._tls_arguments = (verify, cert, trust_env)
        self._tls: TLSSettings | None = None
        self._uds = uds
        self._local_address = local_address
        self._socket_options = tuple(socket_options or ())
        self._pool: Pool | None = None
        # One for each loop, and the one used last; a client may be used from several threads, each with a loop of its own.
        self._pools: dict[Any, Pool] = {}
        self._lock = allocate_lock()
        self._is_closed = False
        _transports.add(self)
        if isinstance(verify, str) or cert is not None:
            # Files: what is wrong with them is told here, where they were named.
            from .._drivers import tls

            tls.made(self._tls_settings())

    async def handle_async_request(self, request: Request) -> Response:
        """Send one request and return its response.

        Raises UnsupportedProtocol, and what a `cyhttpx.TransportError` can be.
        """
        pool = self._pool
        if pool is None or pool.loop is not _running_loop():
            pool = self._pool_here()
        url = request.url
        key: Any = url._origin_key
        if key[0] not in _DEFAULT_PORTS:
            raise _unsupported(request)
        whole = request._wants_whole
        extensions = request._extensions
        if extensions is None:
            timeout = request._timeout
            timeouts = (timeout.connect, timeout.read, timeout.write, timeout.pool)
            target = url._target
        else:
            timeouts = _timeouts_of(request)
            target = extensions.get("target", url._target)
            if isinstance(target, str):
                target = target.encode("ascii")
            if "sni_hostname" in extensions:
                key = (*key, extensions["sni_hostname"])
        exchange = Exchange(
            pool,
            key,
            request.method.encode("ascii", "replace"),
            target,
            request.headers,
            request.stream,
            whole,
            timeouts,
            not request._is_replay,
        )
        connection = await exchange.run()
        http1 = connection.http1
        response = Response._received(http1, connection.network_stream)
        if whole:
            response._take_whole(http1.take_body(), http1.has_content_encoding)
            pool.give_back(connection)
        else:
            response.stream = BodyStream(connection, pool, timeouts[1], response.extensions)
        return response

    async def __aenter__(self) -> Self:
        self._is_closed = False
        return self

    async def aclose(self) -> None:
        """Close every connection. Requests under way end with a NetworkError."""
        with self._lock:
            self._is_closed = True
            pools = list(self._pools.values())
            self._pools.clear()
            self._pool = None
        here = _running_loop()
        for pool in pools:
            if pool.loop is here or not pool.loop.is_running():
                pool.close()
            else:
                # Another thread's: its loop's books are not ours to change.
                pool.loop.call_soon_threadsafe(pool.close)

    def _abandon(self) -> None:
        pools = list(self._pools.values())
        self._pools = {}
        self._pool = None
        for pool in pools:
            pool.abandon()

    def _pool_here(self) -> Pool:
        """Return the pool of the running loop; those of loops that are gone are closed."""
        global _running_loop
        from .._drivers import current_driver
        from .._drivers.asyncio_ import running_loop

        _running_loop = running_loop
        loop = running_loop()
        with self._lock:
            if self._is_closed:
                raise RuntimeError("Cannot send a request, as the transport has been closed.")
            pool = self._pools.get(loop)
            if pool is None:
                for gone in [known for known in self._pools if known.is_closed()]:
                    self._pools.pop(gone).close()
                pool = self._pools[loop] = Pool(current_driver(), self._new_state(), self._target_of)
            self._pool = pool
        return pool

    def _new_state(self) -> PoolState:
        limits = self._limits
        return PoolState(
            limits.max_connections,
            limits.max_keepalive_connections,
            limits.keepalive_expiry,
            limits.max_connections_per_host,
        )

    def _tls_settings(self) -> TLSSettings:
        if self._tls is None:
            from .._drivers.tls import TLSSettings

            self._tls = TLSSettings(*self._tls_arguments)
        return self._tls

    def _target_of(self, key: Any) -> Target:
        from .._drivers.target import Target

        scheme, host, port = key[:3]
        return Target(
            host,
            port,
            self._tls_settings() if scheme == "https" else None,
            key[3] if len(key) > 3 else host,
            self._uds,
            self._local_address,
            self._socket_options,
        )


originals(AsyncHTTPTransport, ("handle_async_request",))


def _unsupported(request: Request) -> UnsupportedProtocol:
    scheme = request.url.scheme
    if not scheme:
        return UnsupportedProtocol("Request URL is missing an 'http://' or 'https://' protocol.")
    return UnsupportedProtocol(f"Request URL has an unsupported protocol '{scheme}://'.")
