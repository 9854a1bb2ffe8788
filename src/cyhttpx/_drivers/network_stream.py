"""What `response.extensions["network_stream"]` gives (https://www.python-httpx.org/advanced/extensions/#network_stream).

Facts about the connection; and, after a 101 or a CONNECT, the connection itself: the bytes of the other protocol.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from .._exceptions import ReadTimeout, WriteTimeout

if TYPE_CHECKING:
    from .._engine import Reactor
    from .asyncio_ import AsyncioDriver

__all__ = ["NetworkStream"]


class NetworkStream:
    """The connection under a response, seen from outside. `read` and `write` are for upgraded connections only."""

    __slots__ = ("_connection", "_driver", "_first")

    def __init__(self, connection: Reactor, driver: AsyncioDriver) -> None:
        self._connection = connection
        self._driver = driver
        # What came behind the response's head, and hasn't been read.
        self._first: bytes | None = None

    def get_extra_info(self, info: str) -> Any:
        """Return "ssl_object", "socket", "client_addr" or "server_addr"; None for anything else."""
        return self._connection.stream.get_extra_info(info)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Return what comes next, b"" at the end. Raises ReadTimeout, ReadError; RuntimeError on a connection that isn't upgraded."""
        self._take_over()
        if self._first:
            piece, self._first = self._first[:max_bytes], self._first[max_bytes:]
            return piece
        stream = self._connection.stream
        try:
            async with asyncio.timeout(timeout):
                while (data := stream.recv(max_bytes)) is None:
                    await self._driver.ready(stream.fileno(), for_writing=stream.wants_write)
        except TimeoutError as error:
            raise ReadTimeout("") from error
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send all of `buffer`. Raises WriteTimeout, WriteError; RuntimeError on a connection that isn't upgraded."""
        self._take_over()
        stream = self._connection.stream
        left = memoryview(buffer)
        try:
            async with asyncio.timeout(timeout):
                while left:
                    left = left[stream.send(left) :]
                    if left or not stream.flush():
                        await self._driver.ready(stream.fileno(), for_writing=True)
                while not stream.flush():
                    await self._driver.ready(stream.fileno(), for_writing=True)
        except TimeoutError as error:
            raise WriteTimeout("") from error

    async def aclose(self) -> None:
        """Close the connection."""
        self._connection.close()

    def _take_over(self) -> None:
        """From here on the bytes are the caller's, not HTTP's."""
        if self._first is None:
            if not self._connection.http1.is_upgraded:
                raise RuntimeError("The connection is not upgraded: its bytes are HTTP's.")
            self._connection.detach()
            self._first = self._connection.http1.take_leftover()
