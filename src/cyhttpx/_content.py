"""Request and response content: from the arguments `content data files json text html` to headers and a byte stream.

The multipart format is in `_multipart`. The order of the headers returned here is their order on the wire.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from ._streams import (
    AsyncIteratorByteStream,
    ByteStream,
    IteratorByteStream,
    UnattachedStream,
    async_reader,
    tell,
)
from ._utils import peek_filelike_length, primitive_value_to_str

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._multipart import MultipartStream
    from ._types import AsyncByteStream, RequestContent, RequestData, RequestFiles, ResponseContent, SyncByteStream

__all__ = [
    "AsyncIteratorByteStream",
    "ByteStream",
    "IteratorByteStream",
    "UnattachedStream",
    "encode_content",
    "encode_html",
    "encode_json",
    "encode_multipart_data",
    "encode_request",
    "encode_response",
    "encode_text",
    "encode_urlencoded_data",
]


def _length_left(stream: Any) -> int | None:
    """Return how many bytes reading the file to its end will give; None where it can't be told."""
    length = peek_filelike_length(stream)
    if length is None or not hasattr(stream, "tell"):
        return length
    position = tell(stream)
    # What cannot seek, like a pipe, has a size of 0 for fstat(2), which means nothing.
    return None if position is None else max(0, length - position)


def encode_content(
    content: str | bytes | Iterable[bytes] | AsyncIterable[bytes],
) -> tuple[dict[str, str], ByteStream | IteratorByteStream | AsyncIteratorByteStream]:
    """Return headers and stream of raw content.

    content: text (sent as UTF-8), bytes, an iterable or asynchronous iterable of bytes, a binary or asynchronous file;
    TypeError for anything else. Content-Length is set where it is known, otherwise the body is sent in chunks.
    """
    if isinstance(content, str):
        content = content.encode("utf-8")
    elif isinstance(content, (bytearray, memoryview)):
        content = bytes(content)
    if isinstance(content, bytes):
        return {"Content-Length": str(len(content))} if content else {}, ByteStream(content)
    if isinstance(content, io.TextIOBase):
        raise TypeError("A file given as content must be opened in binary mode, not text mode.")
    if isinstance(content, AsyncIterable) or async_reader(content) is not None:
        stream: Any = content
        return {"Transfer-Encoding": "chunked"}, AsyncIteratorByteStream(stream)
    if (isinstance(content, Iterable) or hasattr(content, "read")) and not isinstance(content, dict):
        length = _length_left(content)
        headers = {"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": str(length)}
        return headers, IteratorByteStream(content)
    raise TypeError(f"Unexpected type for 'content', {type(content)!r}")


def encode_urlencoded_data(data: RequestData) -> tuple[dict[str, str], ByteStream]:
    """Return headers and stream of a form, as application/x-www-form-urlencoded."""
    from urllib.parse import urlencode

    pairs: list[tuple[str, str]] = []
    for key, value in data.items():
        values = value if isinstance(value, (list, tuple)) else (value,)
        pairs += [(key, primitive_value_to_str(item)) for item in values]
    return _whole(urlencode(pairs).encode("ascii"), "application/x-www-form-urlencoded")


def encode_multipart_data(
    data: RequestData, files: RequestFiles, boundary: bytes | None
) -> tuple[dict[str, str], MultipartStream]:
    """Return headers and stream of a form with files, as multipart/form-data."""
    from ._multipart import MultipartStream

    stream = MultipartStream(data=data, files=files, boundary=boundary)
    return stream.get_headers(), stream


def encode_text(text: str) -> tuple[dict[str, str], ByteStream]:
    """Return headers and stream of plain text."""
    return _whole(text.encode("utf-8"), "text/plain; charset=utf-8")


def encode_html(html: str) -> tuple[dict[str, str], ByteStream]:
    """Return headers and stream of HTML."""
    return _whole(html.encode("utf-8"), "text/html; charset=utf-8")


_json_encode: Callable[[Any], str] | None = None


def encode_json(json: Any, json_dumps: Callable[[Any], str | bytes] | None = None) -> tuple[dict[str, str], ByteStream]:
    """Return headers and stream of JSON.

    json_dumps: returns text or UTF-8 bytes; by default the standard library's encoder, without spaces, as UTF-8.
    ValueError for NaN and infinities, TypeError for what has no JSON form (from the standard library's encoder).
    """
    global _json_encode
    if json_dumps is None:
        if _json_encode is None:
            from json import JSONEncoder

            _json_encode = JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode
        json_dumps = _json_encode
    body = json_dumps(json)
    if isinstance(body, str):
        body = body.encode("utf-8")
    elif not isinstance(body, bytes):
        raise TypeError(f"Expected str or bytes from 'json_dumps', got {type(body)!r}")
    return _whole(body, "application/json")


def _whole(body: bytes, content_type: str) -> tuple[dict[str, str], ByteStream]:
    return {"Content-Length": str(len(body)), "Content-Type": content_type}, ByteStream(body)


def encode_request(
    content: RequestContent | None = None,
    data: RequestData | None = None,
    files: RequestFiles | None = None,
    json: Any | None = None,
    boundary: bytes | None = None,
    *,
    json_dumps: Callable[[Any], str | bytes] | None = None,
) -> tuple[dict[str, str], SyncByteStream | AsyncByteStream]:
    """Return headers and stream of a request's body; of the arguments that are given, the first of these counts.

    content: see `encode_content`. files: with `data`, as multipart/form-data. data: a form. json: see `encode_json`.
    boundary: of the multipart form; random by default.
    """
    if data is not None and not isinstance(data, Mapping):
        from warnings import warn

        warn("Use 'content=<...>' to upload raw bytes/text content.", DeprecationWarning, stacklevel=2)
        return encode_content(data)
    if content is not None:
        return encode_content(content)
    if files:
        return encode_multipart_data(data or {}, files, boundary)
    if data:
        return encode_urlencoded_data(data)
    if json is not None:
        return encode_json(json, json_dumps)
    return {}, ByteStream(b"")


def encode_response(
    content: ResponseContent | None = None,
    text: str | None = None,
    html: str | None = None,
    json: Any | None = None,
) -> tuple[dict[str, str], SyncByteStream | AsyncByteStream]:
    """Return headers and stream of a response's body; of the arguments that are given, the first one counts."""
    if content is not None:
        return encode_content(content)
    if text is not None:
        return encode_text(text)
    if html is not None:
        return encode_html(html)
    if json is not None:
        return encode_json(json)
    return {}, ByteStream(b"")
