"""The twin of the compiled short way through the client: here there is none, every request takes the layered one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from .._response import Response

__all__ = ["embark", "originals"]


def originals(cls: type, names: tuple[str, ...]) -> None:
    """Remember a class's own methods: while they are what a call would reach, the short way may stand for them."""


def embark(
    client: Any,
    method: str,
    url: Any,
    content: Any,
    data: Any,
    files: Any,
    json: Any,
    params: Any,
    headers: Any,
    cookies: Any,
    auth: Any,
    follow_redirects: Any,
    timeout: Any,
    extensions: Any,
) -> Awaitable[Response] | None:
    """Return an awaitable of the response where the short way is open, None where the request must go through the layers."""
    return None
