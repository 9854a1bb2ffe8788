"""Response: what came back, its status, headers and body.

A response in a client's hands has either its whole body in memory or a stream with the connection behind it. How it is
read from there is `_reading`'s.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._content import ByteStream, UnattachedStream, encode_response
from ._cookies import Cookies
from ._decoders import TextDecoder
from ._engine import Headers
from ._exceptions import HTTPStatusError, RequestError, ResponseNotRead
from ._reading import Reading, is_text_encoding, parse_charset
from ._status_codes import codes
from ._utils import parse_header_links

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Mapping

    from ._engine import HTTP1Connection
    from ._request import Request
    from ._types import AsyncByteStream, HeaderTypes, ResponseContent, ResponseExtensions, SyncByteStream
    from ._urls import URL

__all__ = ["Response"]

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_KINDS = {1: "Informational response", 3: "Redirect response", 4: "Client error", 5: "Server error"}
_MDN = "https://developer.mozilla.org/en-US/docs/Web/HTTP/Status"

# The stream of a response whose body came with it.
_SPENT = ByteStream(b"")

_json_scan: Callable[[str, int], tuple[Any, int]] | None = None


def _load_json_scan() -> Callable[[str, int], tuple[Any, int]]:
    global _json_scan
    from json import JSONDecoder

    _json_scan = JSONDecoder().scan_once  # type: ignore[attr-defined]
    return _json_scan


class Response(Reading):
    """An HTTP response (https://www.python-httpx.org/api/#response).

    Args:
        status_code: the status.
        headers: fields.
        content, text, html, json: the body, of which one is given; Content-Length and Content-Type are added.
        stream: the body as a stream; no header is added for it.
        request: what it answers.
        extensions: of the transport: "http_version", "reason_phrase", "network_stream", "trailing_headers".
        history: the responses that redirected or challenged before it.
        default_encoding: of text without a charset: a name, or a function from the body to a name.
    """

    # As in `Reading`: what most responses leave as it is. A response that came whole has no stream to speak of.
    stream: SyncByteStream | AsyncByteStream = _SPENT
    next_request: Request | None = None
    default_encoding: str | Callable[[bytes], str] = "utf-8"
    _json_loads: Callable[..., Any] | None = None
    # Noticed while the head was parsed; None: not looked yet.
    _has_set_cookie: bool | None = None

    def __init__(
        self,
        status_code: int,
        *,
        headers: HeaderTypes | None = None,
        content: ResponseContent | None = None,
        text: str | None = None,
        html: str | None = None,
        json: Any = None,
        stream: SyncByteStream | AsyncByteStream | None = None,
        request: Request | None = None,
        extensions: ResponseExtensions | None = None,
        history: list[Response] | None = None,
        default_encoding: str | Callable[[bytes], str] = "utf-8",
    ) -> None:
        self.status_code = status_code
        self.headers = Headers(headers)
        self._request = request
        self.next_request = None
        self.extensions = {} if extensions is None else dict(extensions)
        self.history = [] if history is None else list(history)
        self.is_closed = False
        self.is_stream_consumed = False
        self.default_encoding = default_encoding
        if stream is not None:
            self.stream = stream
        else:
            body_headers, self.stream = encode_response(content, text, html, json)
            self._prepare(body_headers)
            if isinstance(self.stream, ByteStream):
                self.read()
        self._num_bytes_downloaded = 0

    @classmethod
    def _received(cls, http1: HTTP1Connection, network_stream: Any) -> Response:
        """Make a response from a head that has come; its body is to follow by `_take_whole` or `stream`."""
        response = cls.__new__(cls)
        response.status_code = http1.status_code
        response.headers = http1.headers
        response._has_set_cookie = http1.has_set_cookie
        response._http_version = http1.http_version
        response._reason = http1.reason_phrase
        response._network_stream = network_stream
        if http1.trailers:
            response._trailers = http1.trailers
        return response

    def _take_whole(self, body: bytes, is_coded: bool) -> None:
        """Take the whole body as it came. A coded one is decoded when someone looks: a redirect's never is."""
        self._num_bytes_downloaded = len(body)
        self.is_closed = self.is_stream_consumed = True
        if is_coded:
            self._coded = body
        else:
            self._content = body

    def _prepare(self, default_headers: Mapping[str, str]) -> None:
        for name, value in default_headers.items():
            if name == "Transfer-Encoding" and "content-length" in self.headers:
                continue
            self.headers.setdefault(name, value)

    # About the exchange.

    @property
    def elapsed(self) -> datetime.timedelta:
        """Time from sending the request to the end of the body; RuntimeError before that."""
        from datetime import timedelta

        if self._seconds is None:
            raise RuntimeError("'.elapsed' may only be accessed after the response has been read or closed.")
        return timedelta(seconds=self._seconds)

    @elapsed.setter
    def elapsed(self, elapsed: datetime.timedelta) -> None:
        self._seconds = elapsed.total_seconds()

    @property
    def request(self) -> Request:
        """The request that this answers; RuntimeError where none has been set."""
        request: Request | None = self._request
        if request is None:
            raise RuntimeError("The request instance has not been set on this response.")
        return request

    @request.setter
    def request(self, request: Request) -> None:
        self._request = request

    @property
    def http_version(self) -> str:
        """ "HTTP/1.0", "HTTP/1.1" or "HTTP/2"."""
        version: bytes = self.extensions.get("http_version", b"HTTP/1.1")
        return version.decode("ascii", errors="ignore")

    @property
    def reason_phrase(self) -> str:
        """The reason of the status line, or the registered one where there was no status line."""
        reason: bytes | None = self.extensions.get("reason_phrase")
        return codes.get_reason_phrase(self.status_code) if reason is None else reason.decode("ascii", errors="ignore")

    @property
    def url(self) -> URL:
        """The URL of the request."""
        return self.request.url

    @property
    def num_bytes_downloaded(self) -> int:
        """Bytes of the body that came so far, before decoding."""
        return self._num_bytes_downloaded

    @property
    def cookies(self) -> Cookies:
        """The cookies that this response sets; RuntimeError where no request has been set."""
        if not hasattr(self, "_cookies"):
            if self._request is None:
                # What may be set depends on the URL. It is missed even where nothing is set, as in httpx.
                _ = self.request
            cookies = Cookies()
            cookies.extract_cookies(self)
            self._cookies = cookies
        return self._cookies

    def _sets_cookies(self) -> bool:
        if self._has_set_cookie is None:
            self._has_set_cookie = "set-cookie" in self.headers
        return self._has_set_cookie

    @property
    def links(self) -> dict[str | None, dict[str, str]]:
        """The Link field (RFC 8288), by `rel`, else by URL."""
        header = self.headers.get("link")
        if header is None:
            return {}
        return {link.get("rel") or link.get("url"): link for link in parse_header_links(header)}

    # About the status.

    @property
    def is_informational(self) -> bool:
        """Whether the status is 1xx."""
        return 100 <= self.status_code <= 199

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status_code <= 299

    @property
    def is_redirect(self) -> bool:
        """Whether the status is 3xx; `has_redirect_location` says whether there is somewhere to go."""
        return 300 <= self.status_code <= 399

    @property
    def is_client_error(self) -> bool:
        """Whether the status is 4xx."""
        return 400 <= self.status_code <= 499

    @property
    def is_server_error(self) -> bool:
        """Whether the status is 5xx."""
        return 500 <= self.status_code <= 599

    @property
    def is_error(self) -> bool:
        """Whether the status is 4xx or 5xx."""
        return 400 <= self.status_code <= 599

    @property
    def has_redirect_location(self) -> bool:
        """Whether this is a redirect (301, 302, 303, 307, 308) with a Location."""
        return self.status_code in _REDIRECTS and "Location" in self.headers

    def raise_for_status(self) -> Response:
        """Return self if the status is 2xx.

        Raises HTTPStatusError for any other, RuntimeError where no request has been set.
        """
        request = self._request
        if request is None:
            raise RuntimeError(
                "Cannot call `raise_for_status` as the request instance has not been set on this response."
            )
        if self.is_success:
            return self
        kind = _KINDS.get(self.status_code // 100, "Invalid status code")
        lines = [f"{kind} '{self.status_code} {self.reason_phrase}' for url '{self.url}'"]
        if self.has_redirect_location:
            lines.append(f"Redirect location: '{self.headers['location']}'")
        lines.append(f"For more information check: {_MDN}/{self.status_code}")
        raise HTTPStatusError("\n".join(lines), request=request, response=self)

    # The body in memory.

    @property
    def content(self) -> bytes:
        """The decoded body; ResponseNotRead if it hasn't been read, DecodingError if it can't be decoded."""
        if self._content is not None:
            return self._content
        if self._coded is None:
            raise ResponseNotRead()
        return self._decode_whole()

    def _decode_whole(self) -> bytes:
        assert self._coded is not None
        try:
            self._content = self._get_content_decoder().decode_whole(self._coded)
        except RequestError as error:
            self._own(error)
            raise
        self._coded = None
        return self._content

    @property
    def text(self) -> str:
        """The body as text, in `encoding`; what can't be decoded becomes U+FFFD."""
        if not hasattr(self, "_text"):
            content = self.content
            if not content:
                self._text = ""
            elif self.encoding == "utf-8":
                self._text = content.decode("utf-8", errors="replace")
            else:
                decoder = TextDecoder(encoding=self.encoding or "utf-8")
                self._text = decoder.decode(content) + decoder.flush()
        return self._text

    def json(self, **kwargs: Any) -> Any:
        """Return the body parsed as JSON. `kwargs`: of `json.loads`.

        Raises json.JSONDecodeError (a ValueError), UnicodeDecodeError.
        """
        if not kwargs and self._json_loads is None:
            # What json.loads does with compact UTF-8, without its two searches for white space and a detour for bytes. Whatever
            # is left over or wrong is for json.loads to see.
            try:
                text = self.content.decode("utf-8")
                value, end = (_json_scan or _load_json_scan())(text, 0)
                if end == len(text):
                    return value
            except (StopIteration, ValueError):
                pass
        from json import loads

        return (self._json_loads or loads)(self.content, **kwargs)

    @property
    def encoding(self) -> str | None:
        """The encoding of `text`: as set; else Content-Type's charset; else `default_encoding`.

        Setting it after `text` was looked at raises ValueError.
        """
        if not hasattr(self, "_encoding"):
            encoding = self.charset_encoding
            if encoding is None or not is_text_encoding(encoding):
                if isinstance(self.default_encoding, str):
                    encoding = self.default_encoding
                elif self._content is not None or self._coded is not None:
                    encoding = self.default_encoding(self.content)
                else:
                    encoding = None
            self._encoding = encoding or "utf-8"
        return self._encoding

    @encoding.setter
    def encoding(self, encoding: str) -> None:
        if hasattr(self, "_text"):
            raise ValueError("Setting encoding after `text` has been accessed is not allowed.")
        self._encoding = encoding

    @property
    def charset_encoding(self) -> str | None:
        """The charset of Content-Type, in lower case; None where it names none."""
        content_type = self.headers.get("Content-Type")
        return None if content_type is None else parse_charset(content_type)

    def __repr__(self) -> str:
        return f"<Response [{self.status_code} {self.reason_phrase}]>"

    def __getstate__(self) -> dict[str, Any]:
        # Extensions and streams hold what belongs to this process.
        left_out = {*self._FIELDS, "extensions", "stream", "is_closed", "_decoder", "_started", "_json_loads"}
        left_out |= {"_history", "_extensions", "_http_version", "_reason", "_network_stream", "_trailers"}
        state = {name: getattr(self, name) for name in self._FIELDS}
        state.update((name, value) for name, value in self.__dict__.items() if name not in left_out)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, value in state.items():
            setattr(self, name, value)
        self.is_closed = True
        self.extensions = {}
        self.stream = UnattachedStream()
