"""httpx's decoders: from the bytes of a body to plain bytes, and from those to chunks, text and lines.

The codings themselves are in `_codings`; which of them a response needs is found out in `_models`.
"""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Any, AnyStr, Generic

from ._codings import BrotliStream, ZstdFrames, cut, installed_library
from ._exceptions import DecodingError, ResponseTooLarge
from ._inflate import DeflateStream, GzipMembers

if TYPE_CHECKING:
    import codecs
    from collections.abc import Iterable, Iterator, Sequence

    from ._codings import Coding

    SUPPORTED_DECODERS: dict[str, type[ContentDecoder]]

__all__ = [
    "SUPPORTED_DECODERS",
    "BrotliDecoder",
    "ByteChunker",
    "ContentDecoder",
    "DeflateDecoder",
    "GZipDecoder",
    "IdentityDecoder",
    "LineDecoder",
    "MultiDecoder",
    "TextChunker",
    "TextDecoder",
    "ZStandardDecoder",
    "accept_encoding",
    "make_decoder",
]

MAX_CODINGS = 5


class ContentDecoder:
    """Decodes the bytes of one body: `decode` what comes, then `flush`. Override both."""

    def decode(self, data: bytes) -> bytes:
        """Decode the next bytes of the body; raise DecodingError where they are corrupt."""
        raise NotImplementedError

    def flush(self) -> bytes:
        """Return what is left at the end of the body; raise DecodingError if the body ended too early."""
        raise NotImplementedError

    def decode_steps(self, data: bytes) -> Iterator[bytes]:
        """Decode as `decode` does, in pieces of at most 1 MiB, each made when it is asked for.

        The iterator has to be used up before the next bytes are given.
        """
        return cut(self.decode(data))

    def decode_whole(self, data: bytes, max_size: int | None = None) -> bytes:
        """Decode a body that is there as a whole, with a decoder that has not been used.

        max_size: the most bytes to return, without limit by default; beyond it, ResponseTooLarge is raised before more
        is decoded.
        """
        return self._join(self.decode_steps(data), max_size)

    def _join(self, steps: Iterable[bytes], max_size: int | None) -> bytes:
        pieces, size = [], 0
        for piece in steps:
            size += len(piece)
            if max_size is not None and size > max_size:
                raise ResponseTooLarge(f"The decoded response body is larger than {max_size} bytes.")
            pieces.append(piece)
        # Joining a single piece copies nothing.
        tail = self.flush()
        return b"".join([*pieces, tail] if tail else pieces)


class IdentityDecoder(ContentDecoder):
    """Hands the bytes on."""

    def decode(self, data: bytes) -> bytes:
        """Return `data`."""
        return data

    def flush(self) -> bytes:
        """Return nothing."""
        return b""


class _CodingDecoder(ContentDecoder):
    _coding: Coding

    def decode(self, data: bytes) -> bytes:
        """Decode the next bytes of the body."""
        return b"".join(self._coding.steps(data))

    def decode_steps(self, data: bytes) -> Iterator[bytes]:
        """Decode the next bytes of the body in pieces of at most 1 MiB."""
        return self._coding.steps(data)

    def flush(self) -> bytes:
        """Return nothing; raise DecodingError if the body ended too early."""
        self._coding.finish()
        return b""


class DeflateDecoder(_CodingDecoder):
    """Decodes `deflate`, with and without the zlib header."""

    def __init__(self) -> None:
        self._coding = DeflateStream()


class GZipDecoder(_CodingDecoder):
    """Decodes `gzip`, all members of it."""

    def __init__(self) -> None:
        self._coding: GzipMembers = GzipMembers()

    def decode_whole(self, data: bytes, max_size: int | None = None) -> bytes:
        """Decode a body that is there as a whole."""
        content, rest = self._coding.first(data, 0 if max_size is None else max_size + 1)
        return self._join(chain((content,), self._coding.steps(rest)), max_size)


class BrotliDecoder(_CodingDecoder):
    """Decodes `br`; ImportError where neither brotli nor brotlicffi is installed."""

    def __init__(self) -> None:
        self._coding = BrotliStream()


class ZStandardDecoder(_CodingDecoder):
    """Decodes `zstd`, all frames of it; ImportError where no library for it is installed."""

    def __init__(self) -> None:
        self._coding = ZstdFrames()


class MultiDecoder(ContentDecoder):
    """Undoes several codings.

    children: their decoders in the order in which the codings were applied, at most five (a body gains nothing from
    more, a bomb does).
    """

    def __init__(self, children: Sequence[ContentDecoder]) -> None:
        _check_count(len(children))
        self.children = list(reversed(children))

    def decode(self, data: bytes) -> bytes:
        """Decode the next bytes of the body."""
        for child in self.children:
            data = child.decode(data)
        return data

    def decode_steps(self, data: bytes) -> Iterator[bytes]:
        """Decode the next bytes of the body in pieces of at most 1 MiB; no coding runs ahead of the one above it."""
        pieces: Iterator[bytes] = iter((data,))
        for child in self.children:
            pieces = _through(child, pieces)
        return pieces

    def flush(self) -> bytes:
        """Return what is left; raise DecodingError if the body ended too early for any of the codings."""
        data = b""
        for child in self.children:
            data = child.decode(data) + child.flush()
        return data


def _through(decoder: ContentDecoder, pieces: Iterator[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield from decoder.decode_steps(piece)


def __getattr__(name: str) -> Any:
    # The look for installed libraries costs as much as reading three directories: it waits for the first client or
    # response.
    if name == "SUPPORTED_DECODERS":
        decoders: dict[str, type[ContentDecoder]] = {
            "identity": IdentityDecoder,
            "gzip": GZipDecoder,
            "deflate": DeflateDecoder,
        }
        if installed_library("br"):
            decoders["br"] = BrotliDecoder
        if installed_library("zstd"):
            decoders["zstd"] = ZStandardDecoder
        return globals().setdefault(name, decoders)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _supported() -> dict[str, type[ContentDecoder]]:
    found: dict[str, type[ContentDecoder]] | None = globals().get("SUPPORTED_DECODERS")
    return __getattr__("SUPPORTED_DECODERS") if found is None else found


def accept_encoding() -> str:
    """Return the value of `Accept-Encoding` that names all codings there are libraries for, in httpx's order."""
    return ", ".join(coding for coding in _supported() if coding != "identity")


def make_decoder(codings: Iterable[str]) -> ContentDecoder:
    """Return the decoder for the values of `Content-Encoding`, each a name or a list of them.

    They name the codings in the order in which they were applied. A coding that is not known, and those that were
    applied before it, are left as they are. Raises DecodingError for more than five.
    """
    supported = _supported()
    kinds: list[type[ContentDecoder]] = []
    for name in reversed([name.strip().lower() for value in codings for name in value.split(",")]):
        if name in ("", "identity"):
            continue
        kind = supported.get("gzip" if name == "x-gzip" else name)  # RFC 9110 §8.4.1.3
        if kind is None:
            break
        kinds.append(kind)
    if len(kinds) == 1:
        return kinds[0]()
    _check_count(len(kinds))
    return MultiDecoder([kind() for kind in reversed(kinds)]) if kinds else IdentityDecoder()


def _check_count(count: int) -> None:
    if count > MAX_CODINGS:
        raise DecodingError(f"The body has {count} content codings; no more than {MAX_CODINGS} are decoded.")


class _Chunker(Generic[AnyStr]):
    # Chunks are cut from what has gathered once it is enough for one; what remains is shorter than a chunk, so nothing
    # is copied twice.
    def __init__(self, empty: AnyStr, size: int | None) -> None:
        if size is not None and size < 1:
            raise ValueError(f"chunk_size must be at least 1, not {size}.")
        self._empty: AnyStr = empty
        self._size = size
        self._parts: list[AnyStr] = []
        self._held = 0

    def decode(self, content: AnyStr) -> list[AnyStr]:
        """Return the chunks that are complete now, each of the size that was asked for."""
        size = self._size
        if size is None:
            return [content] if content else []
        self._parts.append(content)
        self._held += len(content)
        if self._held < size:
            return []
        whole = self._empty.join(self._parts)
        self._held %= size
        end = len(whole) - self._held
        self._parts = [whole[end:]]
        return [whole[start : start + size] for start in range(0, end, size)]

    def flush(self) -> list[AnyStr]:
        """Return the last chunk if there is one; it is shorter than the others."""
        rest = self._empty.join(self._parts)
        self._parts, self._held = [], 0
        return [rest] if rest else []


class ByteChunker(_Chunker[bytes]):
    """Cuts bytes into chunks.

    chunk_size: in bytes; None: as they come, but for empty ones.
    """

    def __init__(self, chunk_size: int | None = None) -> None:
        super().__init__(b"", chunk_size)


class TextChunker(_Chunker[str]):
    """Cuts text into chunks.

    chunk_size: in characters; None: as they come, but for empty ones.
    """

    def __init__(self, chunk_size: int | None = None) -> None:
        super().__init__("", chunk_size)


class TextDecoder:
    """Decodes bytes to text, what cannot be decoded to U+FFFD.

    encoding: the name of a Python codec; LookupError where there is none, or none that can decode any bytes to text.
    """

    # These raise for some bytes whatever the error handler is.
    _UNFIT = ("idna", "punycode", "undefined")
    # And so do these without a byte order mark; then it is little-endian, as WHATWG's "utf-16" is.
    _NEEDS_MARK = ("utf-16", "utf-32")

    def __init__(self, encoding: str = "utf-8") -> None:
        import codecs

        info = codecs.lookup(encoding)
        if not info._is_text_encoding or info.name in self._UNFIT:
            raise LookupError(f"{encoding!r} is not an encoding that any bytes can be decoded from.")
        self._name = info.name
        self._decoder: codecs.IncrementalDecoder = codecs.getincrementaldecoder(encoding)(errors="replace")

    def decode(self, data: bytes) -> str:
        """Return the text that is complete with these bytes."""
        return self._decode(data, False)

    def flush(self) -> str:
        """Return what an incomplete character at the end becomes."""
        return self._decode(b"", True)

    def _decode(self, data: bytes, is_last: bool) -> str:
        try:
            return self._decoder.decode(data, is_last)
        except UnicodeError:
            if self._name not in self._NEEDS_MARK:
                raise
        import codecs

        held, _ = self._decoder.getstate()
        self._decoder = codecs.getincrementaldecoder(f"{self._name}-le")(errors="replace")
        return self._decoder.decode(held + data, is_last)


class LineDecoder:
    """Cuts text into lines where `str.splitlines()` does, without their ends."""

    _ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"

    def __init__(self) -> None:
        self._parts: list[str] = []  # of the line that is not complete
        self._has_cr = False  # a CR at the end waits: an LF may belong to it

    def decode(self, text: str) -> list[str]:
        """Return the lines that are complete now."""
        if self._has_cr:
            text = "\r" + text
        self._has_cr = text.endswith("\r")
        if self._has_cr:
            text = text[:-1]
        if not text:
            return []
        lines = text.splitlines()
        is_open = text[-1] not in self._ENDS
        if self._parts and not (is_open and len(lines) == 1):
            lines[0] = "".join([*self._parts, lines[0]])
            self._parts.clear()
        if is_open:
            self._parts.append(lines.pop())
        return lines

    def flush(self) -> list[str]:
        """Return the last line if there is one."""
        lines = ["".join(self._parts)] if self._parts or self._has_cr else []
        self._parts, self._has_cr = [], False
        return lines
