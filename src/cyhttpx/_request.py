"""Request: what a client is asked to send."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable
from typing import TYPE_CHECKING, Any

from ._content import ByteStream, UnattachedStream, encode_request
from ._cookies import Cookies
from ._engine import Headers, RequestFields
from ._exceptions import RequestNotRead
from ._multipart import get_multipart_boundary_from_content_type
from ._urls import URL

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._config import Timeout
    from ._types import (
        AsyncByteStream,
        CookieTypes,
        HeaderTypes,
        QueryParamTypes,
        RequestContent,
        RequestData,
        RequestExtensions,
        RequestFiles,
        SyncByteStream,
    )

__all__ = ["Request"]

_EMPTY = ByteStream(b"")

# A request of these says that it has no body (RFC 9110 §8.6), the others don't mention it.
_BODY_METHODS = frozenset(("POST", "PUT", "PATCH"))


class Request(RequestFields):
    """An HTTP request (https://www.python-httpx.org/api/#request).

    Args:
        method: the method; put in upper case.
        url: text or a URL.
        params: query parameters, in place of the URL's.
        headers, cookies: fields to send.
        content, data, files, json: the body; see `cyhttpx.AsyncClient.request`.
        stream: the body as it is; no header is added for it.
        extensions: for the transport: "timeout", "sni_hostname", "trace", "target".
    """

    url: URL
    stream: SyncByteStream | AsyncByteStream = _EMPTY

    # Not in httpx. `_wants_whole`: the client will read the body anyway, so the transport may wait for all of it.
    # `_timeout` stands for extensions of nothing but that timeout, which most requests have and few look at.
    # `_is_replay`: it was sent before, on a connection that turned out dead.
    _wants_whole = False
    _is_replay = False

    def __init__(
        self,
        method: str,
        url: URL | str,
        *,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        content: RequestContent | None = None,
        data: RequestData | None = None,
        files: RequestFiles | None = None,
        json: Any | None = None,
        stream: SyncByteStream | AsyncByteStream | None = None,
        extensions: RequestExtensions | None = None,
    ) -> None:
        self.method = method.upper()
        # An empty mapping of parameters takes the URL's query away, None leaves it.
        self.url = URL(url) if params is None else URL(url, params=params)
        self.headers = Headers(headers)
        self._extensions = {} if extensions is None else dict(extensions)
        if cookies:
            Cookies(cookies).set_cookie_header(self)
        if stream is None:
            self._encode_body(content, data, files, json)
        else:
            self.stream = stream

    @classmethod
    def _prepared(cls, method: str, url: URL, headers: Headers, timeout: Timeout) -> Request:
        """Make a request whose parts are already what they should be; its body is to follow by `_encode_body`."""
        request = cls.__new__(cls)
        request.method = method
        request.url = url
        request.headers = headers
        request._extensions = None
        request._timeout = timeout
        return request

    @property
    def extensions(self) -> dict[str, Any]:
        """Notes for the transport, by name (https://www.python-httpx.org/advanced/extensions/)."""
        if self._extensions is None:
            self._extensions = {"timeout": self._timeout.as_dict()}
        return self._extensions

    @extensions.setter
    def extensions(self, extensions: dict[str, Any]) -> None:
        self._extensions = extensions

    @property
    def _total_timeout(self) -> float | None:
        if self._extensions is None:
            total: float | None = self._timeout.total
            return total
        return (self._extensions.get("timeout") or {}).get("total")

    def _encode_body(
        self,
        content: RequestContent | None,
        data: RequestData | None,
        files: RequestFiles | None,
        json: Any | None,
        json_dumps: Callable[[Any], str | bytes] | None = None,
    ) -> None:
        """Make the stream, and the headers that go with it and with the URL."""
        has_host = bool(self.url._uri_reference.host)
        has_no_body = content is None and data is None and files is None and json is None
        if has_no_body and self.method not in _BODY_METHODS:
            self.stream = _EMPTY
            self._content = b""
            if has_host:
                self.headers = self.headers._with_host(self.url._host_header)
            return
        boundary = None
        if files:
            content_type = self.headers.get("content-type")
            boundary = get_multipart_boundary_from_content_type(
                None if content_type is None else content_type.encode(self.headers.encoding)
            )
        headers, self.stream = encode_request(content, data, files, json, boundary, json_dumps=json_dumps)
        for name, value in headers.items():
            # RFC 9112 §6.2: with a Content-Length of the user's the body isn't chunked.
            if name == "Transfer-Encoding" and "Content-Length" in self.headers:
                continue
            self.headers.setdefault(name, value)
        has_length = "Content-Length" in self.headers or "Transfer-Encoding" in self.headers
        if not has_length and self.method in _BODY_METHODS:
            self.headers = Headers([(b"Content-Length", b"0"), *self.headers.raw])
        if has_host:
            self.headers = self.headers._with_host(self.url._host_header)
        if type(self.stream) is ByteStream:
            self._content = self.stream._stream

    @property
    def content(self) -> bytes:
        """The body; RequestNotRead if it is a stream that `read` or `aread` hasn't read yet."""
        if self._content is None:
            raise RequestNotRead()
        return self._content

    def read(self) -> bytes:
        """Read the body into memory and return it; it can be sent again then. RuntimeError if only `aread` can."""
        content = self._content
        if content is None:
            if not isinstance(self.stream, Iterable):
                raise RuntimeError("Attempted to read the async body of a request with `read()`.")
            content = self._keep(b"".join(self.stream))
        return content

    async def aread(self) -> bytes:
        """Read the body into memory and return it; it can be sent again then. RuntimeError if only `read` can."""
        content = self._content
        if content is None:
            if not isinstance(self.stream, AsyncIterable):
                raise RuntimeError("Attempted to read the sync body of a request with `aread()`.")
            content = self._keep(b"".join([part async for part in self.stream]))
        return content

    def _keep(self, content: bytes) -> bytes:
        self._content = content
        if not isinstance(self.stream, ByteStream):
            self.stream = ByteStream(content)
        return content

    def __repr__(self) -> str:
        return f"<{type(self).__name__}({self.method!r}, {str(self.url)!r})>"

    def __getstate__(self) -> dict[str, Any]:
        # Extensions and streams hold what belongs to this process: callbacks, files, connections.
        left_out = (*self._FIELDS, "_extensions", "_timeout", "_wants_whole", "_is_replay", "stream")
        state = {name: getattr(self, name) for name in self._FIELDS}
        state.update((name, value) for name, value in self.__dict__.items() if name not in left_out)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self.extensions = {}
        self.stream = UnattachedStream()
