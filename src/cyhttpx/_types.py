"""The types of public signatures, and the two base classes of byte streams. No behaviour but theirs."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Union

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

    from ._auth import Auth
    from ._config import Proxy, Timeout
    from ._cookies import Cookies
    from ._engine import Headers
    from ._models import Request
    from ._urls import URL, QueryParams

__all__ = ["AsyncByteStream", "SyncByteStream"]

PrimitiveData = str | int | float | bool | None

URLTypes = Union["URL", str]

QueryParamTypes = Union[
    "QueryParams",
    Mapping[str, PrimitiveData | Sequence[PrimitiveData]],
    list[tuple[str, PrimitiveData]],
    tuple[tuple[str, PrimitiveData], ...],
    str,
    bytes,
]

HeaderTypes = Union[
    "Headers",
    Mapping[str, str],
    Mapping[bytes, bytes],
    Sequence[tuple[str, str]],
    Sequence[tuple[bytes, bytes]],
]

CookieTypes = Union["Cookies", "CookieJar", dict[str, str], list[tuple[str, str]]]

TimeoutTypes = Union[float, tuple[float | None, float | None, float | None, float | None], "Timeout", None]
ProxyTypes = Union["URL", str, "Proxy"]
CertTypes = str | tuple[str, str] | tuple[str, str, str]

AuthTypes = Union[tuple[str | bytes, str | bytes], Callable[["Request"], "Request"], "Auth"]

RequestContent = str | bytes | Iterable[bytes] | AsyncIterable[bytes]
ResponseContent = str | bytes | Iterable[bytes] | AsyncIterable[bytes]
RequestExtensions = Mapping[str, Any]
ResponseExtensions = Mapping[str, Any]

RequestData = Mapping[str, Any]

FileContent = IO[bytes] | bytes | str
# A file, or (file name, file), (file name, file, content type), (file name, file, content type, headers).
FileTypes = (
    FileContent
    | tuple[str | None, FileContent]
    | tuple[str | None, FileContent, str | None]
    | tuple[str | None, FileContent, str | None, Mapping[str, str]]
)
RequestFiles = Mapping[str, FileTypes] | Sequence[tuple[str, FileTypes]]


class SyncByteStream:
    """A body as blocks of bytes: override `__iter__`, and `close` where it holds something."""

    def __iter__(self) -> Iterator[bytes]:
        raise NotImplementedError("The '__iter__' method must be implemented.")
        yield b""  # makes this a generator, so that the error comes when it is read, as in httpx

    def close(self) -> None:
        """Release what the stream holds; called once after the exchange, whether or not the body was read."""


class AsyncByteStream:
    """A body as blocks of bytes, asynchronously: override `__aiter__`, and `aclose` where it holds something."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        raise NotImplementedError("The '__aiter__' method must be implemented.")
        yield b""

    async def aclose(self) -> None:
        """Release what the stream holds; called once after the exchange, whether or not the body was read."""
