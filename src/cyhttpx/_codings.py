"""Content codings as machines: coded bytes in, bounded pieces of plain bytes out.

A machine has two verbs: `steps(data)` yields what the next coded bytes give, each piece at most `MAX_STEP` long, and
`finish()` raises `DecodingError` when the input ended too early. `_decoders` puts httpx's decoder classes around them;
nothing else uses this module. Here are br and zstd; gzip and deflate are in `_inflate`. The libraries behind them are
imported when the first body needs them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from ._exceptions import DecodingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["INPUT_WINDOW", "MAX_STEP", "BrotliStream", "Coding", "ZstdFrames", "cut", "installed_library"]

# The most plain bytes that are in memory for one step of a stream, whatever the input promises to become.
MAX_STEP: Final = 1024 * 1024

# The libraries hand back the input they have not used as a copy (`unconsumed_tail`, `unused_data`), so a large input
# goes in by windows: the copies are then bounded per step, and the whole is linear in the input.
INPUT_WINDOW: Final = 64 * 1024


# For the codings that are not in the standard library of every Python we run on: any of these will do, the first that
# is installed is taken.
CODING_LIBRARIES: Final = {"br": ("brotli", "brotlicffi"), "zstd": ("compression.zstd", "zstandard", "backports.zstd")}


class Coding(Protocol):
    """One content coding at work on one body."""

    def steps(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next coded bytes become, in bounded pieces; raise DecodingError where they are corrupt."""

    def finish(self) -> None:
        """Raise DecodingError if the coded bytes ended too early."""


def is_installed(name: str) -> bool:
    """Return whether a module could be imported, without importing it (nor importlib.util, which costs 6 ms cold)."""
    import sys

    if name in sys.modules:
        return sys.modules[name] is not None
    path: Any = None
    done = ""
    for part in name.split("."):
        done = f"{done}.{part}" if done else part
        specs = (finder.find_spec(done, path) for finder in sys.meta_path)
        spec = next(filter(None, specs), None)
        if spec is None:
            return False
        path = spec.submodule_search_locations
    return True


def installed_library(coding: str) -> str | None:
    """Return the library that serves "br" or "zstd", None if there is none."""
    return next((name for name in CODING_LIBRARIES[coding] if is_installed(name)), None)


def _load_library(coding: str) -> Any:
    from importlib import import_module

    name = installed_library(coding)
    if name is None:
        extra = {"br": "brotli"}.get(coding, coding)
        raise ImportError(
            f"Decoding {coding!r} needs one of the packages {', '.join(CODING_LIBRARIES[coding])}: "
            f"install cyhttpx with `pip install cyhttpx[{extra}]`."
        )
    return import_module(name)


def cut(data: bytes) -> Iterator[bytes]:
    """Yield `data` in pieces of at most MAX_STEP bytes, nothing if it is empty."""
    if 0 < len(data) <= MAX_STEP:
        yield data
        return
    for position in range(0, len(data), MAX_STEP):
        yield data[position : position + MAX_STEP]


class BrotliStream:
    """br (RFC 7932), by brotli or brotlicffi. Bytes after the end of the stream are an error for both libraries."""

    # brotli may give up to twice what it is asked for; it is then cut to size.
    _LIMIT = MAX_STEP // 2

    __slots__ = ("_decompressor", "_error", "_is_bounded", "_is_fed")

    def __init__(self) -> None:
        library = _load_library("br")
        self._error: type[Exception] = library.error
        self._decompressor: Any = library.Decompressor()
        # Releases before 1.2 can't stop before their input is used up: the one coding, and the one case, where a bomb
        # costs memory.
        self._is_bounded = hasattr(self._decompressor, "can_accept_more_data")
        self._is_fed = False

    def steps(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next coded bytes become."""
        for position in range(0, len(data), INPUT_WINDOW):
            self._is_fed = True
            piece = self._process(data[position : position + INPUT_WINDOW])
            yield from cut(piece)
            # brotli says that it can accept more when its input is used up, though output may wait: full pieces tell.
            while self._is_bounded and (len(piece) >= self._LIMIT or not self._decompressor.can_accept_more_data()):
                piece = self._process(b"")
                yield from cut(piece)

    def finish(self) -> None:
        """Raise DecodingError if the stream is incomplete."""
        if self._is_fed and not self._decompressor.is_finished():
            raise DecodingError("The brotli data is incomplete.")

    def _process(self, data: bytes) -> bytes:
        try:
            if self._is_bounded:
                return bytes(self._decompressor.process(data, output_buffer_limit=self._LIMIT))
            return bytes(self._decompressor.process(data))
        except self._error as error:
            raise DecodingError(str(error)) from error


class ZstdFrames:
    """zstd (RFC 8878): a sequence of frames, skippable ones among them; anything else between frames is an error.

    The libraries decode all that they are given. So the frames' structure is followed here, and they get at most so
    many blocks at a time as fit into MAX_STEP: a block becomes 128 KiB at most (RFC 8878 §3.1.1.2.4), though it may be
    4 bytes long.
    """

    _MAX_BLOCK = 128 * 1024
    _MAX_WINDOW_LOG = 23  # RFC 9659 §3: no window above 8 MB in HTTP
    _MAGIC_NUMBER = 0xFD2FB528
    _SKIPPABLE = 0x184D2A50  # and the 15 numbers after it

    _MAGIC, _DESCRIPTOR, _HEADER, _BLOCK_HEADER, _BLOCK, _CHECKSUM, _SKIP_SIZE, _SKIP = range(8)

    __slots__ = (
        "_block_bound",
        "_bound",
        "_error",
        "_frame",
        "_has_checksum",
        "_head",
        "_is_last",
        "_left",
        "_new",
        "_stage",
    )

    def __init__(self) -> None:
        library = _load_library("zstd")
        self._error: type[Exception] = library.ZstdError
        self._new = _zstd_factory(library, self._MAX_WINDOW_LOG)
        self._frame: Any = None
        self._stage, self._left = self._MAGIC, 4  # what is being read, and how many bytes of it are to come
        self._head = b""  # the bytes of the stage so far, where they mean something here
        self._has_checksum = self._is_last = False
        self._block_bound = 0  # what this block becomes, at most
        self._bound = 0  # what the blocks become that the library has not been given yet

    def steps(self, data: bytes) -> Iterator[bytes]:
        """Yield what the next coded bytes become."""
        position = start = 0  # start: the first byte that the library has not been given
        while position < len(data):
            end = min(len(data), position + self._left)
            if self._stage not in (self._BLOCK, self._SKIP):
                self._head += data[position:end]
            self._left -= end - position
            position = end
            if self._left:
                break
            is_new = self._frame is None
            self._advance()
            if self._frame is None:
                continue
            if is_new:
                start = position
            is_over = self._stage == self._MAGIC
            if is_over or self._bound > MAX_STEP - self._MAX_BLOCK:
                yield from self._decode(data[start:position])
                start = position
            if is_over:
                self._end_frame()
        if self._frame is not None and start < len(data):
            yield from self._decode(data[start:])

    def finish(self) -> None:
        """Raise DecodingError if a frame is incomplete."""
        if self._stage != self._MAGIC or self._head:
            raise DecodingError("Zstandard data is incomplete")

    def _decode(self, data: bytes) -> Iterator[bytes]:
        self._bound = 0
        try:
            piece = self._frame.decompress(data)
        except self._error as error:
            raise DecodingError(str(error)) from error
        return cut(piece)

    def _end_frame(self) -> None:
        if not self._frame.eof:
            raise DecodingError("The end of a Zstandard frame is missing.")
        self._frame = None

    def _advance(self) -> None:
        stage, head, self._head = self._stage, self._head, b""
        if stage == self._MAGIC:
            self._begin_frame(head)
        elif stage == self._DESCRIPTOR:
            self._enter(self._HEADER, self._read_descriptor(head[0]))
        elif stage == self._HEADER:
            self._enter(self._BLOCK_HEADER, 3)
        elif stage == self._BLOCK_HEADER:
            self._read_block_header(int.from_bytes(head, "little"))
        elif stage == self._BLOCK:
            self._end_block()
        elif stage == self._SKIP_SIZE:
            self._enter(self._SKIP, int.from_bytes(head, "little"))
        if self._left == 0:  # the checksum or what was to be skipped is over, or there is nothing to skip
            self._enter(self._MAGIC, 4)

    def _enter(self, stage: int, size: int) -> None:
        self._stage, self._left = stage, size

    def _begin_frame(self, head: bytes) -> None:
        magic = int.from_bytes(head, "little")
        if magic == self._MAGIC_NUMBER:
            self._frame = self._new()
            self._frame.decompress(head)
            self._enter(self._DESCRIPTOR, 1)
        elif magic & ~0xF == self._SKIPPABLE:
            self._enter(self._SKIP_SIZE, 4)
        else:
            raise DecodingError("Zstandard data has an unknown frame descriptor")

    def _read_descriptor(self, descriptor: int) -> int:
        self._has_checksum = bool(descriptor & 0x04)
        is_single_segment = bool(descriptor & 0x20)
        content_size = (int(is_single_segment), 2, 4, 8)[descriptor >> 6]
        return (not is_single_segment) + (0, 1, 2, 4)[descriptor & 3] + content_size

    def _read_block_header(self, header: int) -> None:
        kind, size = header >> 1 & 3, header >> 3
        if kind == 3 or size > self._MAX_BLOCK:
            raise DecodingError("Zstandard data is corrupt: no block is like this")
        self._is_last = bool(header & 1)
        self._block_bound = self._MAX_BLOCK if kind == 2 else size
        self._enter(self._BLOCK, 1 if kind == 1 else size)
        if not self._left:
            self._end_block()

    def _end_block(self) -> None:
        self._bound += self._block_bound
        if not self._is_last:
            self._enter(self._BLOCK_HEADER, 3)
        elif self._has_checksum:
            self._enter(self._CHECKSUM, 4)
        else:
            self._enter(self._MAGIC, 4)


def _zstd_factory(library: Any, window_log: int) -> Callable[[], Any]:
    if library.__name__ == "zstandard":
        new: Callable[[], Any] = library.ZstdDecompressor(max_window_size=1 << window_log).decompressobj
        return new
    options = {library.DecompressionParameter.window_log_max: window_log}
    return lambda: library.ZstdDecompressor(options=options)
