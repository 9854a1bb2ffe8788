"""Response: what came back, read or still coming.

A response in a client's hands has either its whole body in memory or a stream with the connection behind it. Reading, sync and async,
runs through the same pipelines: raw bytes, decoded bytes, text, lines.
"""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Any

from ._content import ByteStream, UnattachedStream, encode_response
from ._cookies import Cookies
from ._decoders import ByteChunker, IdentityDecoder, LineDecoder, TextChunker, TextDecoder, make_decoder
from ._engine import Headers
from ._exceptions import (
    HTTPStatusError,
    InvalidURL,
    RequestError,
    ResponseNotRead,
    StreamClosed,
    StreamConsumed,
)
from ._status_codes import codes
from ._types import AsyncByteStream, SyncByteStream
from ._utils import parse_header_links

if TYPE_CHECKING:
    import datetime
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from ._decoders import ContentDecoder
    from ._engine import HTTP1Connection
    from ._request import Request
    from ._types import HeaderTypes, ResponseContent, ResponseExtensions
    from ._urls import URL

__all__ = ["Response"]

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_KINDS = {1: "Informational response", 3: "Redirect response", 4: "Client error", 5: "Server error"}
_MDN = "https://developer.mozilla.org/en-US/docs/Web/HTTP/Status"

# The stream of a response whose body came with it.
_SPENT = ByteStream(b"")

_json_decode: Callable[[str], Any] | None = None


class Response:
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

    status_code: int
    headers: Headers
    stream: SyncByteStream | AsyncByteStream
    history: list[Response]

    # What most responses leave as it is stands on the class: one made by a transport sets ten attributes, not twenty.
    next_request: Request | None = None
    is_closed = False
    is_stream_consumed = False
    default_encoding: str | Callable[[bytes], str] = "utf-8"
    _request: Request | None = None
    _num_bytes_downloaded = 0
    # The body as it came, to be decoded when someone looks.
    _coded: bytes | None = None
    # time.perf_counter() when the request was handed to the transport, and seconds from there to the end of the body.
    _started: float | None = None
    _seconds: float | None = None
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
        self.extensions: dict[str, Any] = {} if extensions is None else dict(extensions)
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
        response.history = []
        response.extensions = {
            "http_version": http1.http_version,
            "reason_phrase": http1.reason_phrase,
            "network_stream": network_stream,
        }
        return response

    def _take_whole(self, body: bytes, is_coded: bool) -> None:
        """Take the whole body as it came. A coded one is decoded when someone looks: a redirect's never is."""
        self._num_bytes_downloaded = len(body)
        self.is_closed = self.is_stream_consumed = True
        self.stream = _SPENT
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
        if self._request is None:
            raise RuntimeError("The request instance has not been set on this response.")
        return self._request

    @request.setter
    def request(self, request: Request) -> None:
        self._request = request

    @property
    def http_version(self) -> str:
        """"HTTP/1.0", "HTTP/1.1" or "HTTP/2"."""
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
        """The cookies that this response sets."""
        if not hasattr(self, "_cookies"):
            self._cookies = Cookies()
            self._cookies.extract_cookies(self)
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
        try:
            return self._content
        except AttributeError:
            pass
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
        content = self.content
        if kwargs or self._json_loads is not None or not _is_utf8_json(content):
            from json import loads

            return (self._json_loads or loads)(content, **kwargs)
        global _json_decode
        if _json_decode is None:
            from json import JSONDecoder

            _json_decode = JSONDecoder().decode
        return _json_decode(content.decode("utf-8", "surrogatepass"))

    @property
    def encoding(self) -> str | None:
        """The encoding of `text`: as set; else Content-Type's charset; else `default_encoding`.

        Setting it after `text` was looked at raises ValueError.
        """
        if not hasattr(self, "_encoding"):
            encoding = self.charset_encoding
            if encoding is None or not _is_known_encoding(encoding):
                if isinstance(self.default_encoding, str):
                    encoding = self.default_encoding
                elif hasattr(self, "_content") or self._coded is not None:
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
        return None if content_type is None else _parse_content_type_charset(content_type)

    def _get_content_decoder(self) -> ContentDecoder:
        if not hasattr(self, "_decoder"):
            self._decoder = make_decoder(self.headers.get_list("content-encoding"))
        return self._decoder

    # The pipelines: what each piece becomes, and what is left at the end.

    def _bytes_pipeline(self, chunk_size: int | None) -> _Pipeline:
        return _Pipeline(self._get_content_decoder(), ByteChunker(chunk_size))

    def _text_pipeline(self, chunk_size: int | None) -> _Pipeline:
        return _Pipeline(TextDecoder(encoding=self.encoding or "utf-8"), TextChunker(chunk_size))

    def _pieces_of_content(self, chunk_size: int | None) -> Iterator[bytes]:
        content = self.content
        size = max(len(content) if chunk_size is None else chunk_size, 1)
        for start in range(0, len(content), size):
            yield content[start : start + size]

    def _has_content(self) -> bool:
        return self._coded is not None or hasattr(self, "_content")

    def _begin_raw(self, kind: type, message: str) -> None:
        if self.is_stream_consumed:
            raise StreamConsumed()
        if self.is_closed:
            raise StreamClosed()
        if not isinstance(self.stream, kind):
            raise RuntimeError(message)
        self.is_stream_consumed = True
        self._num_bytes_downloaded = 0

    def _end(self) -> None:
        """Note that the exchange is over."""
        self.is_closed = True
        if self._started is not None:
            from time import perf_counter

            self._seconds = perf_counter() - self._started

    def _own(self, error: RequestError | InvalidURL) -> None:
        """Say on the error which request it ended."""
        if self._request is not None:
            error.request = self._request  # type: ignore[union-attr]

    # Reading, for a client that waits in threads.

    def read(self) -> bytes:
        """Read the whole body and return it, decoded."""
        if not self._has_content():
            self._content = b"".join(self.iter_bytes())
        return self.content

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Iterate over the decoded body, in pieces of `chunk_size` bytes, or as they come."""
        if self._has_content():
            yield from self._pieces_of_content(chunk_size)
            return
        pipeline = self._bytes_pipeline(chunk_size)
        try:
            for raw in self.iter_raw():
                yield from pipeline.feed(raw)
            yield from pipeline.end()
        except RequestError as error:
            self._own(error)
            raise

    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        """Iterate over the body as text, in pieces of `chunk_size` characters, or as they come."""
        pipeline = self._text_pipeline(chunk_size)
        for piece in self.iter_bytes():
            yield from pipeline.feed(piece)
        yield from pipeline.end()

    def iter_lines(self) -> Iterator[str]:
        """Iterate over the lines of the body, without their ends."""
        decoder = LineDecoder()
        for text in self.iter_text():
            yield from decoder.decode(text)
        yield from decoder.flush()

    def iter_raw(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Iterate over the body as it comes, not decoded.

        Raises StreamConsumed the second time, StreamClosed after `close`.
        """
        self._begin_raw(SyncByteStream, "Attempted to call a sync iterator on an async stream.")
        chunker = ByteChunker(chunk_size)
        try:
            for piece in self.stream:  # type: ignore[union-attr]
                self._num_bytes_downloaded += len(piece)
                yield from chunker.decode(piece)
            yield from chunker.flush()
        except (RequestError, InvalidURL) as error:
            self._own(error)
            raise
        finally:
            self.close()

    def close(self) -> None:
        """Close the response and free its connection. Reading to the end does it too."""
        if not isinstance(self.stream, SyncByteStream):
            raise RuntimeError("Attempted to call an sync close on an async stream.")
        if not self.is_closed:
            self._end()
            self.stream.close()

    # Reading, for a client on an event loop.

    async def aread(self) -> bytes:
        """Read the whole body and return it, decoded."""
        if not self._has_content():
            self._content = b"".join([piece async for piece in self.aiter_bytes()])
        return self.content

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Iterate over the decoded body, in pieces of `chunk_size` bytes, or as they come."""
        if self._has_content():
            for piece in self._pieces_of_content(chunk_size):
                yield piece
            return
        pipeline = self._bytes_pipeline(chunk_size)
        raw_pieces = self.aiter_raw()
        try:
            async for raw in raw_pieces:
                for piece in pipeline.feed(raw):
                    yield piece
            for piece in pipeline.end():
                yield piece
        except RequestError as error:
            self._own(error)
            raise
        finally:
            await raw_pieces.aclose()  # type: ignore[attr-defined]

    async def aiter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        """Iterate over the body as text, in pieces of `chunk_size` characters, or as they come."""
        pipeline = self._text_pipeline(chunk_size)
        pieces = self.aiter_bytes()
        try:
            async for piece in pieces:
                for text in pipeline.feed(piece):
                    yield text
            for text in pipeline.end():
                yield text
        finally:
            await pieces.aclose()  # type: ignore[attr-defined]

    async def aiter_lines(self) -> AsyncIterator[str]:
        """Iterate over the lines of the body, without their ends."""
        decoder = LineDecoder()
        texts = self.aiter_text()
        try:
            async for text in texts:
                for line in decoder.decode(text):
                    yield line
            for line in decoder.flush():
                yield line
        finally:
            await texts.aclose()  # type: ignore[attr-defined]

    async def aiter_raw(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Iterate over the body as it comes, not decoded.

        Raises StreamConsumed the second time, StreamClosed after `aclose`.
        """
        self._begin_raw(AsyncByteStream, "Attempted to call an async iterator on an sync stream.")
        chunker = ByteChunker(chunk_size)
        try:
            async for piece in self.stream:  # type: ignore[union-attr]
                self._num_bytes_downloaded += len(piece)
                for part in chunker.decode(piece):
                    yield part
            for part in chunker.flush():
                yield part
        except (RequestError, InvalidURL) as error:
            self._own(error)
            raise
        finally:
            await self.aclose()

    async def aclose(self) -> None:
        """Close the response and free its connection. Reading to the end does it too."""
        if not isinstance(self.stream, AsyncByteStream):
            raise RuntimeError("Attempted to call an async close on an sync stream.")
        if not self.is_closed:
            self._end()
            await self.stream.aclose()

    def __repr__(self) -> str:
        return f"<Response [{self.status_code} {self.reason_phrase}]>"

    def __getstate__(self) -> dict[str, Any]:
        # Extensions and streams hold what belongs to this process.
        left_out = ("extensions", "stream", "is_closed", "_decoder", "_started", "_json_loads")
        return {name: value for name, value in self.__dict__.items() if name not in left_out}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self.is_closed = True
        self.extensions = {}
        self.stream = UnattachedStream()


class _Pipeline:
    """A decoder and a chunker in a row: what goes in comes out decoded, in pieces of the size asked for."""

    __slots__ = ("_chunker", "_decoder", "_steps")

    def __init__(self, decoder: Any, chunker: Any) -> None:
        self._decoder = decoder
        self._chunker = chunker
        # Bytes are decoded in bounded steps: a bomb goes through in constant memory.
        self._steps: Callable[[bytes], Any] = getattr(decoder, "decode_steps", None) or self._one_step

    def _one_step(self, data: bytes) -> tuple[Any]:
        return (self._decoder.decode(data),)

    def feed(self, data: bytes) -> Iterator[Any]:
        if type(self._decoder) is IdentityDecoder and self._chunker._size is None:
            if data:
                yield data
            return
        for step in self._steps(data):
            yield from self._chunker.decode(step)

    def end(self) -> Iterator[Any]:
        rest = self._decoder.flush()
        if rest:
            yield from self._chunker.decode(rest)
        yield from self._chunker.flush()


def _is_utf8_json(content: bytes) -> bool:
    """Whether `json.loads` would read these bytes as UTF-8: no byte order mark, no NUL among the first four (RFC 8259 §8.1)."""
    start = content[:4]
    return b"\0" not in start and not start.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"))


def _is_known_encoding(encoding: str) -> bool:
    try:
        codecs.lookup(encoding)
    except (LookupError, ValueError):
        return False
    return True


def _parse_content_type_charset(content_type: str) -> str | None:
    """Return the charset parameter of a Content-Type, in lower case."""
    parameters = content_type.lower().partition(";")[2]
    name, equals, value = parameters.strip().partition("=")
    if name == "charset" and equals and value.replace("-", "").replace("_", "").isalnum() and value.isascii():
        return value
    if "charset" not in parameters:
        return None
    # Quoting, comments, RFC 2231: the library for it is 10 ms away, and few responses need it.
    from email.message import Message

    message = Message()
    message["content-type"] = content_type
    charset: str | None = message.get_content_charset(failobj=None)
    return charset
