"""The exception classes, and nothing that decides when they are raised.

The tree (httpx 0.28's, and two of ours, marked with a star):

    Exception
    ├── HTTPError
    │   ├── RequestError
    │   │   ├── TransportError
    │   │   │   ├── TimeoutException
    │   │   │   │   ├── ConnectTimeout
    │   │   │   │   ├── ReadTimeout
    │   │   │   │   ├── WriteTimeout
    │   │   │   │   ├── PoolTimeout
    │   │   │   │   └── TotalTimeout *
    │   │   │   ├── NetworkError
    │   │   │   │   ├── ConnectError
    │   │   │   │   ├── ReadError
    │   │   │   │   ├── WriteError
    │   │   │   │   └── CloseError
    │   │   │   ├── ProtocolError
    │   │   │   │   ├── LocalProtocolError
    │   │   │   │   └── RemoteProtocolError
    │   │   │   ├── ProxyError
    │   │   │   ├── UnsupportedProtocol
    │   │   │   └── ResponseTooLarge *
    │   │   ├── DecodingError
    │   │   └── TooManyRedirects
    │   └── HTTPStatusError
    ├── InvalidURL
    ├── CookieConflict
    └── RuntimeError
        └── StreamError
            ├── StreamConsumed
            ├── StreamClosed
            ├── ResponseNotRead
            └── RequestNotRead

Every one of them survives pickle and copy: worker processes hand them back to their parent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import TracebackType

    from ._models import Request, Response

__all__ = [
    "CloseError",
    "ConnectError",
    "ConnectTimeout",
    "CookieConflict",
    "DecodingError",
    "HTTPError",
    "HTTPStatusError",
    "InvalidURL",
    "LocalProtocolError",
    "NetworkError",
    "PoolTimeout",
    "ProtocolError",
    "ProxyError",
    "ReadError",
    "ReadTimeout",
    "RemoteProtocolError",
    "RequestError",
    "RequestNotRead",
    "ResponseNotRead",
    "ResponseTooLarge",
    "StreamClosed",
    "StreamConsumed",
    "StreamError",
    "TimeoutException",
    "TooManyRedirects",
    "TotalTimeout",
    "TransportError",
    "UnsupportedProtocol",
    "WriteError",
    "WriteTimeout",
]


def _rebuild(cls: type[Exception], args: tuple[Any, ...]) -> Exception:
    # BaseException keeps the arguments of __new__ as .args, so no __init__ is needed. The inherited __reduce__
    # would call the class with .args, which fails where the signature has required keywords or takes no message at all.
    return cls.__new__(cls, *args)


def _reduce(self: Exception) -> tuple[Any, ...]:
    return _rebuild, (type(self), self.args), self.__dict__.copy()


class HTTPError(Exception):
    """What may go wrong with a request: base of `RequestError` and `HTTPStatusError`."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self._request: Request | None = None

    __reduce__ = _reduce

    @property
    def request(self) -> Request:
        """The request that failed; RuntimeError where none has been attached."""
        if self._request is None:
            raise RuntimeError("The .request property has not been set.")
        return self._request

    @request.setter
    def request(self, request: Request) -> None:
        self._request = request


class RequestError(HTTPError):
    """No usable response came back for a request."""

    def __init__(self, message: str, *, request: Request | None = None) -> None:
        # Whoever raises deep inside a transport has no Request at hand; `request_context` attaches it further up.
        super().__init__(message)
        self._request = request


class TransportError(RequestError):
    """The transport failed: connecting, sending, receiving, or speaking the protocol."""


class TimeoutException(TransportError):
    """A time limit of `Timeout` was passed."""


class ConnectTimeout(TimeoutException):
    """Connecting took longer than `Timeout.connect`."""


class ReadTimeout(TimeoutException):
    """No bytes arrived within `Timeout.read`."""


class WriteTimeout(TimeoutException):
    """No bytes could be sent within `Timeout.write`."""


class PoolTimeout(TimeoutException):
    """No connection of the pool became free within `Timeout.pool`."""


class TotalTimeout(TimeoutException):
    """The whole exchange took longer than `Timeout.total` (not in httpx)."""


class NetworkError(TransportError):
    """The network failed."""


class ConnectError(NetworkError):
    """A connection could not be made."""


class ReadError(NetworkError):
    """Receiving failed."""


class WriteError(NetworkError):
    """Sending failed."""


class CloseError(NetworkError):
    """Closing failed."""


class ProtocolError(TransportError):
    """One side broke the rules of HTTP."""


class LocalProtocolError(ProtocolError):
    """What the user asked to send is not valid HTTP; nothing of it was sent."""


class RemoteProtocolError(ProtocolError):
    """What the server sent is not valid HTTP."""


class ProxyError(TransportError):
    """The proxy refused, or could not be understood."""


class UnsupportedProtocol(TransportError):
    """The URL's scheme is missing, or is one that no transport serves."""


class ResponseTooLarge(TransportError):
    """A response body passed the limit that was set for it (not in httpx); the message names the limit, in bytes."""


class DecodingError(RequestError):
    """The body does not match its Content-Encoding."""


class TooManyRedirects(RequestError):
    """More redirects than `max_redirects`."""


class HTTPStatusError(HTTPError):
    """A response of another status than 2xx, raised by `Response.raise_for_status()`."""

    def __init__(self, message: str, *, request: Request, response: Response) -> None:
        super().__init__(message)
        self.request = request
        self.response = response


class InvalidURL(Exception):
    """A URL, or a component of one, that cannot be parsed."""

    def __init__(self, message: str) -> None:
        super().__init__(message)

    __reduce__ = _reduce


class CookieConflict(Exception):
    """A cookie was looked up by a name that several cookies have."""

    def __init__(self, message: str) -> None:
        super().__init__(message)

    __reduce__ = _reduce


class StreamError(RuntimeError):
    """A stream was used in a way that cannot work: a mistake in the calling code."""

    def __init__(self, message: str) -> None:
        super().__init__(message)

    __reduce__ = _reduce


class StreamConsumed(StreamError):
    """A stream that can be read once was read again."""

    def __init__(self) -> None:
        super().__init__(
            "Attempted to read or stream some content, but the content has already been streamed. "
            "A generator given as request content cannot be sent again for a redirect or for authentication, "
            "and a response can be streamed only once."
        )


class StreamClosed(StreamError):
    """A stream was read after it was closed."""

    def __init__(self) -> None:
        super().__init__("Attempted to read or stream content, but the stream has been closed.")


class ResponseNotRead(StreamError):
    """The content of a streamed response was wanted before `read()` or `aread()`."""

    def __init__(self) -> None:
        super().__init__("Attempted to access streaming response content, without having called `read()`.")


class RequestNotRead(StreamError):
    """The content of a streamed request was wanted before `read()` or `aread()`."""

    def __init__(self) -> None:
        super().__init__("Attempted to access streaming request content, without having called `read()`.")


class request_context:
    """Attach the request to every RequestError that leaves the block.

    request: what to attach; None attaches nothing.
    """

    # A class, not a generator under contextlib: it is entered for every request and every chunk.
    __slots__ = ("_request",)

    def __init__(self, request: Request | None = None) -> None:
        self._request = request

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, exception: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._request is not None and isinstance(exception, RequestError):
            exception.request = self._request
