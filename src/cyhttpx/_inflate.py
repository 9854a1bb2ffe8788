"""gzip and deflate as machines (`_codings` says what that is), on the fastest zlib library that is installed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

from ._codings import INPUT_WINDOW, MAX_STEP
from ._exceptions import DecodingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["DeflateStream", "GzipMembers", "inflate_backend"]

# How much a gzip member is given first if another one ended before it in the same input: it may be tiny, and so may be
# the 100,000 after it.
_SMALL_WINDOW: Final = 512


class Inflate(Protocol):
    """What the zlib libraries' decompression objects have in common."""

    eof: bool
    unused_data: bytes
    unconsumed_tail: bytes

    def decompress(self, data: bytes, max_length: int = 0, /) -> bytes: ...


class InflateBackend(NamedTuple):
    """A zlib library: its name, its decompression object, the exceptions it raises."""

    name: str
    new: Callable[[int], Inflate]
    errors: tuple[type[Exception], ...]


# Fastest first: 951 KB of JSON take isal 0.70 ms, zlib-ng 1.05 ms, zlib 2.6 ms.
INFLATE_LIBRARIES: Final = ("isal.isal_zlib", "zlib_ng.zlib_ng", "zlib")

_backend: InflateBackend | None = None


def load_inflate(name: str) -> InflateBackend:
    """Import one library of INFLATE_LIBRARIES; ImportError where it is not installed."""
    import zlib
    from importlib import import_module

    module = import_module(name)
    return InflateBackend(name, module.decompressobj, (zlib.error, module.error))


def inflate_backend() -> InflateBackend:
    """Return the fastest zlib library that is installed, found at the first call."""
    global _backend
    if _backend is None:
        for name in INFLATE_LIBRARIES:
            try:
                _backend = load_inflate(name)
            except ImportError:
                continue
            break
        else:
            raise ImportError("Python's own zlib module is missing: gzip and deflate bodies cannot be decoded.")
    return _backend


def _inflate(stream: Inflate, data: bytes, errors: tuple[type[Exception], ...]) -> Iterator[bytes]:
    while True:
        try:
            piece = stream.decompress(data, MAX_STEP)
        except errors as error:
            raise DecodingError(str(error)) from error
        if piece:
            yield piece
        data = stream.unconsumed_tail
        # A full piece may leave more in the library's own window even though all input is used.
        if stream.eof or (not data and len(piece) < MAX_STEP):
            return


_GZIP_MAGIC: Final = b"\x1f\x8b"
_FHCRC, _FEXTRA, _FNAME, _FCOMMENT, _RESERVED = 0x02, 0x04, 0x08, 0x10, 0xE0

# What the library is given in place of the header that was read here.
_BARE_HEADER: Final = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"


def _corrupt(reason: str) -> DecodingError:
    # zlib's own words, so that the text is the same whoever finds the fault.
    return DecodingError(f"Error -3 while decompressing data: {reason}")


class GzipHeader:
    """Reads the header of one gzip member (RFC 1952 §2.3) and keeps none of it.

    It is read here so that every library accepts and refuses the same: they differ on reserved flags, and on optional
    fields that come in pieces. Those are passed over as they come, so a file name without an end costs no memory.
    """

    _FIXED, _EXTRA_SIZE, _EXTRA, _TEXT, _CHECKSUM = range(5)

    __slots__ = ("_checksum", "_extra_left", "_head", "_stages", "foreign")

    def __init__(self) -> None:
        self.foreign = False  # the bytes do not begin a gzip member
        self._head = b""
        self._stages = [self._FIXED]  # what is to come, the next one last
        self._checksum: int | None = None
        self._extra_left = 0

    @property
    def done(self) -> bool:
        """Whether the header is complete."""
        return not self._stages

    def feed(self, data: bytes, position: int) -> int:
        """Read on from `position`, return where reading stopped; raise DecodingError where the header is corrupt."""
        while self._stages and position < len(data) and not self.foreign:
            stage = self._stages[-1]
            end = self._pass(stage, data, position)
            if self._checksum is not None and stage in (self._EXTRA_SIZE, self._EXTRA, self._TEXT):
                import zlib

                self._checksum = zlib.crc32(data[position:end], self._checksum)
            position = end
        return position

    def _pass(self, stage: int, data: bytes, position: int) -> int:
        if stage == self._TEXT:
            end = data.find(b"\0", position) + 1
            if end:
                self._stages.pop()
            return end or len(data)
        if stage == self._EXTRA:
            end = min(len(data), position + self._extra_left)
            self._extra_left -= end - position
            if not self._extra_left:
                self._stages.pop()
            return end
        size = 10 if stage == self._FIXED else 2
        end = min(len(data), position + size - len(self._head))
        self._head += data[position:end]
        if stage == self._FIXED and not self._check_fixed(self._head):
            return position
        if len(self._head) == size:
            head, self._head = self._head, b""
            self._stages.pop()
            self._take(stage, head)
        return end

    def _check_fixed(self, head: bytes) -> bool:
        self.foreign = not _GZIP_MAGIC.startswith(head[:2])
        if not self.foreign and head[2:3] not in (b"", b"\x08"):
            raise _corrupt("unknown compression method")
        return not self.foreign

    def _take(self, stage: int, head: bytes) -> None:
        if stage == self._FIXED:
            flags = head[3]
            if flags & _RESERVED:
                raise _corrupt("unknown header flags set")
            order = (_FHCRC, self._CHECKSUM), (_FCOMMENT, self._TEXT), (_FNAME, self._TEXT)
            self._stages = [stage for flag, stage in order if flags & flag]
            if flags & _FEXTRA:
                self._stages += (self._EXTRA, self._EXTRA_SIZE)
            if flags & _FHCRC:
                import zlib

                self._checksum = zlib.crc32(head)
        elif stage == self._EXTRA_SIZE:
            self._extra_left = int.from_bytes(head, "little")
        elif self._checksum is not None and int.from_bytes(head, "little") != self._checksum & 0xFFFF:
            raise _corrupt("header crc mismatch")


class GzipMembers:
    """gzip (RFC 1952): a sequence of members, each with its own checksum.

    What follows the last member: zero bytes are padding, as for every gzip tool. Bytes that do not begin a member are
    ignored with all that comes after them: gzip(1) warns and exits as for success there, and browsers read on silently.
    Once the two magic bytes are seen it is a member, and has to be a whole one; a lone first magic byte at the end
    counts as one cut short.
    """

    __slots__ = ("_backend", "_header", "_is_over", "_member", "_members")

    def __init__(self) -> None:
        self._backend = inflate_backend()
        self._header: GzipHeader | None = None
        self._member: Inflate | None = None
        self._members = 0
        self._is_over = False

    def steps(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next coded bytes become."""
        position, window = 0, INPUT_WINDOW
        while position < len(data) and not self._is_over:
            member = self._member
            if member is None:
                position = self._begin_member(data, position)
                continue
            piece = data[position : position + window]
            position += len(piece)
            yield from _inflate(member, piece, self._backend.errors)
            if member.eof:
                position -= len(member.unused_data)
                window = _SMALL_WINDOW
                self._member = None
                self._members += 1
            else:
                window = min(2 * window, INPUT_WINDOW)

    def first(self, data: bytes, max_size: int) -> tuple[bytes, bytes]:
        """Decode the first member of a whole body in one call; return its content and what is left for `steps`.

        max_size: 0, or where the content is cut off.
        """
        if not data.startswith(b"\x1f\x8b\x08\x00"):
            return b"", data
        member = self._member = self._backend.new(31)
        try:
            content = member.decompress(data, max_size)
        except self._backend.errors as error:
            raise DecodingError(str(error)) from error
        if member.eof:
            self._member = None
            self._members = 1
        return content, member.unused_data

    def finish(self) -> None:
        """Raise DecodingError if a member is incomplete."""
        if self._member is not None or (self._header is not None and not self._is_over):
            raise DecodingError("The gzip data is incomplete.")

    def _begin_member(self, data: bytes, position: int) -> int:
        header = self._header
        if header is None:
            if self._members:
                position = _skip_zeros(data, position)
                if position == len(data):
                    return position
            header = self._header = GzipHeader()
        position = header.feed(data, position)
        if header.foreign:
            if not self._members:
                raise _corrupt("incorrect header check")
            self._is_over = True
        elif header.done:
            self._header = None
            self._member = self._backend.new(31)
            self._member.decompress(_BARE_HEADER)
        return position


def _skip_zeros(data: bytes, position: int) -> int:
    size = 64
    while position < len(data):
        window = data[position : position + size]
        zeros = len(window) - len(window.lstrip(b"\0"))
        position += zeros
        if zeros < len(window):
            break
        size = min(2 * size, INPUT_WINDOW)
    return position


class DeflateStream:
    """deflate: the zlib format (RFC 1950), as RFC 9110 §8.4.1.2 wants it, or bare deflate data (RFC 1951).

    Two bytes tell them apart: what is a zlib header (RFC 1950 §2.2) would be, as deflate data, a stored block with
    padding bits set, which no encoder writes. What follows the end of the stream is ignored, as httpx and browsers do.
    """

    __slots__ = ("_backend", "_head", "_is_over", "_stream")

    def __init__(self) -> None:
        self._backend = inflate_backend()
        self._head = b""
        self._stream: Inflate | None = None
        self._is_over = False

    def steps(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next coded bytes become."""
        if self._stream is None:
            self._head = data = self._head + data
            if len(data) < 2:
                return
            self._stream = self._backend.new(15 if _is_zlib_header(data[0], data[1]) else -15)
        for position in range(0, len(data), INPUT_WINDOW):
            if self._is_over:
                return
            yield from _inflate(self._stream, data[position : position + INPUT_WINDOW], self._backend.errors)
            self._is_over = self._stream.eof

    def finish(self) -> None:
        """Raise DecodingError if the stream is incomplete."""
        if self._head and not self._is_over:
            raise DecodingError("The deflate data is incomplete.")


def _is_zlib_header(cmf: int, flg: int) -> bool:
    # FDICT, a preset dictionary, is never used in HTTP.
    return cmf & 0x0F == 8 and cmf >> 4 <= 7 and (cmf * 256 + flg) % 31 == 0 and not flg & 0x20
