"""The transport of tests: a function answers in place of a server (https://www.python-httpx.org/advanced/transports/#mock-transports)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._models import Response
from .base import AsyncBaseTransport, BaseTransport

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .._models import Request

__all__ = ["MockTransport"]


class MockTransport(AsyncBaseTransport, BaseTransport):
    """A transport that asks `handler` for the response to each request, whose body it has read before.

    handler: a function, or for AsyncClient also a coroutine function, from the request to the response.
    """

    def __init__(self, handler: Callable[[Request], Response] | Callable[[Request], Awaitable[Response]]) -> None:
        self.handler = handler

    def handle_request(self, request: Request) -> Response:
        """Return the handler's response; TypeError where that has to be awaited."""
        request.read()
        response = self.handler(request)
        if isinstance(response, Response):
            return response
        close = getattr(response, "close", None)
        if close is not None:
            # A coroutine that nobody will run any more: without this it warns, later and elsewhere.
            close()
        raise TypeError("Cannot use an async handler in a sync Client")

    async def handle_async_request(self, request: Request) -> Response:
        """Return the handler's response, waiting for it where it is to be awaited."""
        await request.aread()
        response = self.handler(request)
        return response if isinstance(response, Response) else await response
