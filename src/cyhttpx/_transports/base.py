"""What a transport is: one request in, one response out (https://www.python-httpx.org/advanced/transports/)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType

    from .._models import Request, Response

__all__ = ["AsyncBaseTransport", "BaseTransport"]


class BaseTransport:
    """Base class of transports for `Client`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self.close()

    def handle_request(self, request: Request) -> Response:
        """Send one request and return its response, the body unread: its stream is a `SyncByteStream`.

        Raises the exceptions of `cyhttpx.TransportError`.
        """
        raise NotImplementedError("The 'handle_request' method must be implemented.")

    def close(self) -> None:
        """Close what is open; the transport isn't used any more after it."""


class AsyncBaseTransport:
    """Base class of transports for `AsyncClient`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        await self.aclose()

    async def handle_async_request(self, request: Request) -> Response:
        """Send one request and return its response, the body unread: its stream is an `AsyncByteStream`.

        Raises the exceptions of `cyhttpx.TransportError`.
        """
        raise NotImplementedError("The 'handle_async_request' method must be implemented.")

    async def aclose(self) -> None:
        """Close what is open; the transport isn't used any more after it."""
