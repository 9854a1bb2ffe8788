"""multipart/form-data (RFC 7578) as WHATWG HTML shapes it and httpx sends it: fields, files, and the stream of both."""

from __future__ import annotations

import io
import os
import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ._exceptions import StreamConsumed
from ._streams import AsyncIteratorByteStream, IteratorByteStream, async_reader, read_blocks, tell
from ._types import AsyncByteStream, SyncByteStream
from ._utils import peek_filelike_length, primitive_value_to_str

if TYPE_CHECKING:
    from ._types import FileContent, FileTypes, RequestData, RequestFiles

__all__ = ["DataField", "FileField", "MultipartStream", "get_multipart_boundary_from_content_type"]

# WHATWG HTML, "Multipart form data": LF, CR and the double quote are percent-encoded. httpx also encodes the other
# control characters, except ESC, and doubles backslashes.
_ESCAPES = {code: f"%{code:02X}" for code in range(0x20) if code != 0x1B} | {ord('"'): "%22", ord("\\"): "\\\\"}

# Left to re's cache: most programs send no form with files, so nothing is compiled on import.
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_CONTROLS = r"[\x00-\x08\x0a-\x1f\x7f]"


def _parameter(name: str, value: str) -> bytes:
    return f'{name}="{value.translate(_ESCAPES)}"'.encode()


def get_multipart_boundary_from_content_type(content_type: bytes | None) -> bytes | None:
    """Return the boundary that a Content-Type names; None if it names none, or is not multipart/form-data."""
    if content_type is None or content_type[:19].lower() != b"multipart/form-data":
        return None
    for quoted, plain in re.findall(rb';[ \t]*boundary=(?:"([^"]*)"|([^;]*))', content_type, re.IGNORECASE):
        return bytes(quoted or plain.strip().strip(b'"'))
    return None


class DataField:
    """A field of the form.

    value: text, bytes, a number, a boolean (`true`, `false`) or None (empty); TypeError for anything else.
    """

    is_async = False
    is_replayable = True

    def __init__(self, name: str, value: str | bytes | float | None) -> None:
        if not isinstance(name, str):
            raise TypeError(f"Invalid type for name. Expected str, got {type(name)}: {name!r}")
        if value is not None and not isinstance(value, (str, bytes, int, float)):
            raise TypeError(f"Invalid type for value. Expected primitive type, got {type(value)}: {value!r}")
        self.name = name
        self.value: str | bytes = value if isinstance(value, bytes) else primitive_value_to_str(value)
        self._data = self.value if isinstance(self.value, bytes) else self.value.encode("utf-8")
        self._head = b"Content-Disposition: form-data; " + _parameter("name", name) + b"\r\n\r\n"

    def get_length(self) -> int:
        """Return the length of the part, in bytes, without its boundary."""
        return len(self._head) + len(self._data)

    def render_headers(self) -> bytes:
        """Return the part's headers, and the empty line after them."""
        return self._head

    def render_data(self) -> Iterator[bytes]:
        """Yield the part's content."""
        yield self._data

    async def arender_data(self) -> AsyncIterator[bytes]:
        """Yield the part's content."""
        yield self._data


class FileField:
    """A file of the form.

    value: the content, or a tuple of file name (None: none), content, content type (by default guessed from the name)
    and further headers of the part. The content is bytes, text, a binary file, an iterable of bytes, an asynchronous
    file or an asynchronous iterable. A file that can seek is sent from its start, an asynchronous one from where it
    stands. Raises TypeError for other types and for files in text mode, ValueError for headers that cannot be sent.
    """

    def __init__(self, name: str, value: FileTypes) -> None:
        if not isinstance(name, str):
            raise TypeError(f"Invalid type for name. Expected str, got {type(name)}: {name!r}")
        file: Any
        filename: str | None
        content_type: str | None = None
        headers: Mapping[str, str] = {}
        if not isinstance(value, tuple):
            filename, file = _name_of(value), value
        elif len(value) == 2:
            filename, file = value
        elif len(value) == 3:
            filename, file, content_type = value
        else:
            filename, file, content_type, headers = value
        self.name = name
        self.filename = filename
        self.file: FileContent = file
        self.headers = _part_headers(filename, content_type, headers)
        self._head = _render_head(name, filename, self.headers)
        self._content = _content_of(file)

    @property
    def is_async(self) -> bool:
        """Whether only an asynchronous client can send it."""
        return isinstance(self._content, AsyncByteStream)

    @property
    def is_replayable(self) -> bool:
        """Whether a second pass is sure to give the same bytes."""
        return isinstance(self._content, bytes) or self._content.is_replayable

    def get_length(self) -> int | None:
        """Return the length of the part, in bytes, without its boundary; None where it can't be told."""
        if isinstance(self._content, bytes):
            return len(self._head) + len(self._content)
        length = self._content.get_length() if isinstance(self._content, _File) else None
        return None if length is None else len(self._head) + length

    def render_headers(self) -> bytes:
        """Return the part's headers, and the empty line after them."""
        return self._head

    def render_data(self) -> Iterator[bytes]:
        """Yield the part's content; RuntimeError if that is asynchronous."""
        if isinstance(self._content, bytes):
            yield self._content
        elif isinstance(self._content, AsyncByteStream):
            raise RuntimeError("Attempted to read an asynchronous file of a multipart form synchronously.")
        else:
            yield from self._content

    async def arender_data(self) -> AsyncIterator[bytes]:
        """Yield the part's content."""
        if isinstance(self._content, AsyncByteStream):
            async for block in self._content:
                yield block
        else:
            for block in self.render_data():
                yield block


class _File(SyncByteStream):
    # As IteratorByteStream, but always from the start of the file, as httpx does for forms.
    def __init__(self, file: Any) -> None:
        self._file = file
        self._is_read = False

    @property
    def is_replayable(self) -> bool:
        return tell(self._file) is not None

    def get_length(self) -> int | None:
        # What cannot seek, like a pipe, has a size of 0 for fstat(2), which means nothing.
        if hasattr(self._file, "tell") and tell(self._file) is None:
            return None
        return peek_filelike_length(self._file)

    def __iter__(self) -> Iterator[bytes]:
        is_again, self._is_read = self._is_read, True
        try:
            self._file.seek(0)
        except (AttributeError, OSError):  # io.UnsupportedOperation is an OSError
            if is_again:
                raise StreamConsumed() from None
        yield from read_blocks(self._file.read)


def _content_of(file: Any) -> bytes | _File | IteratorByteStream | AsyncIteratorByteStream:
    if isinstance(file, str):
        return file.encode("utf-8")
    if isinstance(file, (bytes, bytearray, memoryview)):
        return bytes(file)
    if isinstance(file, io.StringIO):
        raise TypeError("Multipart file uploads require 'io.BytesIO', not 'io.StringIO'.")
    if isinstance(file, io.TextIOBase):
        raise TypeError("Multipart file uploads must be opened in binary mode, not text mode.")
    if isinstance(file, AsyncIterable) or async_reader(file) is not None:
        return AsyncIteratorByteStream(file)
    if hasattr(file, "read"):
        return _File(file)
    # Sequences and dicts are iterable too, but somebody has mistaken them for something else.
    if isinstance(file, Iterable) and not isinstance(file, (list, tuple, dict, set)):
        return IteratorByteStream(file)
    raise TypeError(f"Invalid type for a multipart file. Expected bytes, str or a binary file, got {type(file)}")


def _name_of(file: Any) -> str:
    from pathlib import Path

    return Path(str(getattr(file, "name", "upload"))).name


def _part_headers(filename: str | None, content_type: str | None, headers: Mapping[str, str]) -> dict[str, str]:
    if filename is not None and not isinstance(filename, str):
        raise TypeError(f"Invalid type for a file name. Expected str, got {type(filename)}: {filename!r}")
    if content_type is None and filename:
        from mimetypes import guess_type

        content_type = guess_type(filename)[0] or "application/octet-stream"
    found = dict(headers)
    for name, value in found.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise TypeError(f"Invalid type for a multipart header. Expected str: {name!r}: {value!r}")
    if content_type is not None and not any("content-type" in name.lower() for name in found):
        if not isinstance(content_type, str):
            raise TypeError(f"Invalid type for a content type. Expected str, got {type(content_type)}")
        found["Content-Type"] = content_type
    for name, value in found.items():
        # A line end in either would end the header, or all headers, and let a value write the rest of the form.
        if not re.fullmatch(_TOKEN, name):
            raise ValueError(f"Invalid name of a multipart header: {name!r}")
        if re.search(_CONTROLS, value):
            raise ValueError(f"Invalid value of the multipart header {name}: {value!r}")
    return found


def _render_head(name: str, filename: str | None, headers: Mapping[str, str]) -> bytes:
    lines = [b"Content-Disposition: form-data; " + _parameter("name", name)]
    if filename:
        lines[0] += b"; " + _parameter("filename", filename)
    lines += [f"{key}: {value}".encode() for key, value in headers.items()]
    return b"\r\n".join([*lines, b"", b""])


class MultipartStream(SyncByteStream, AsyncByteStream):
    """The body of a form with files.

    data: the fields; a list or tuple as value makes a field of each item. files: by name, or pairs of name and file,
    see `FileField`. boundary: random by default; ValueError if it cannot be one.
    """

    def __init__(self, data: RequestData, files: RequestFiles, boundary: bytes | None = None) -> None:
        if boundary is None:
            boundary = os.urandom(16).hex().encode("ascii")
        elif re.search(_CONTROLS, boundary.decode("latin-1")):
            raise ValueError(f"Invalid multipart boundary: {boundary!r}")
        self.boundary = boundary
        self.content_type = f"multipart/form-data; boundary={boundary.decode('ascii')}"
        self.fields: list[DataField | FileField] = []
        for name, value in data.items():
            values = value if isinstance(value, (tuple, list)) else (value,)
            self.fields += [DataField(name, item) for item in values]
        for name, file in files.items() if isinstance(files, Mapping) else files:
            self.fields.append(FileField(name, file))

    @property
    def is_replayable(self) -> bool:
        """Whether a second pass is sure to give the same bytes."""
        return all(field.is_replayable for field in self.fields)

    def get_content_length(self) -> int | None:
        """Return the length of the body, in bytes; None where it can't be told."""
        around = len(self.boundary) + 6  # two hyphens, the boundary and CRLF before the part, CRLF after it
        total = around  # the last boundary has two hyphens after it, and no part
        for field in self.fields:
            length = field.get_length()
            if length is None:
                return None
            total += around + length
        return total

    def get_headers(self) -> dict[str, str]:
        """Return the headers that describe the body."""
        length = self.get_content_length()
        if length is None:
            return {"Transfer-Encoding": "chunked", "Content-Type": self.content_type}
        return {"Content-Length": str(length), "Content-Type": self.content_type}

    def __iter__(self) -> Iterator[bytes]:
        if any(field.is_async for field in self.fields):
            raise RuntimeError("Attempted to send an asynchronous file with a sync Client instance.")
        held = _Held()
        for field in self.fields:
            held.add(self._begin(field))
            for block in field.render_data():
                held.add(block)
                if held.is_full:
                    yield from held.take()
            held.add(b"\r\n")
        held.add(self._end())
        yield from held.take()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        held = _Held()
        for field in self.fields:
            held.add(self._begin(field))
            async for block in field.arender_data():
                held.add(block)
                if held.is_full:
                    for piece in held.take():
                        yield piece
            held.add(b"\r\n")
        held.add(self._end())
        for piece in held.take():
            yield piece

    def _begin(self, field: DataField | FileField) -> bytes:
        return b"--" + self.boundary + b"\r\n" + field.render_headers()

    def _end(self) -> bytes:
        return b"--" + self.boundary + b"--\r\n"


class _Held:
    # Boundaries, headers and small contents go out together, in blocks of about this size; larger ones are not copied.
    _SIZE = 64 * 1024

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    @property
    def is_full(self) -> bool:
        return self._size >= self._SIZE

    def add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)

    def take(self) -> list[bytes]:
        pieces, self._pieces, self._size = self._pieces, [], 0
        if len(pieces[-1]) < self._SIZE:
            return [b"".join(pieces)]
        return [b"".join(pieces[:-1]), pieces[-1]] if len(pieces) > 1 else pieces
