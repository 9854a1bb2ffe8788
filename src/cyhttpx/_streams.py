"""Bodies as byte streams: of bytes, of iterables, of files.

What lives here: where a body's bytes come from, and whether they come again. What doesn't: headers, and which arguments
become which stream (`_content`).
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from types import AsyncGeneratorType, GeneratorType
from typing import TYPE_CHECKING, Any, Final

from ._exceptions import StreamClosed, StreamConsumed
from ._types import AsyncByteStream, SyncByteStream

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AsyncIteratorByteStream", "ByteStream", "IteratorByteStream", "UnattachedStream"]

# How much of a file is read at a time.
READ_SIZE: Final = 64 * 1024


class ByteStream(AsyncByteStream, SyncByteStream):
    """A body that is there as a whole, for both kinds of client."""

    is_replayable = True

    def __init__(self, stream: bytes) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield self._stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._stream


class IteratorByteStream(SyncByteStream):
    """A body from an iterable of bytes, or from a file, read in blocks of 64 KiB from where it stands.

    A second pass gives the same bytes again, or raises StreamConsumed: for a generator at once, for any other iterator
    when it turns out to be used up, for a file that cannot be rewound.
    """

    def __init__(self, stream: Iterable[bytes]) -> None:
        self._stream = stream
        self._is_stream_consumed = False
        self._read: Callable[[int], bytes] | None = getattr(stream, "read", None)
        self._start = None if self._read is None else tell(stream)

    @property
    def is_replayable(self) -> bool:
        """Whether a second pass is sure to give the same bytes."""
        if self._read is not None:
            return self._start is not None
        return not isinstance(self._stream, Iterator)

    def __iter__(self) -> Iterator[bytes]:
        is_again, self._is_stream_consumed = self._is_stream_consumed, True
        if self._read is not None:
            if is_again:
                self._rewind()
            yield from read_blocks(self._read)
            return
        if is_again and isinstance(self._stream, GeneratorType):
            raise StreamConsumed()
        is_empty = True
        for part in self._stream:
            is_empty = False
            yield part
        if is_again and is_empty and isinstance(self._stream, Iterator):
            raise StreamConsumed()

    def _rewind(self) -> None:
        if self._start is None:
            raise StreamConsumed()
        file: Any = self._stream
        file.seek(self._start)


class AsyncIteratorByteStream(AsyncByteStream):
    """A body from an asynchronous iterable of bytes, or from an asynchronous file, read in blocks of 64 KiB.

    An asynchronous file has `aread`, or `read` as a coroutine function. A second pass is as for `IteratorByteStream`.
    """

    def __init__(self, stream: AsyncIterable[bytes]) -> None:
        self._stream = stream
        self._is_stream_consumed = False
        self._read = async_reader(stream)
        self._start: int | None = None

    @property
    def is_replayable(self) -> bool:
        """Whether a second pass is sure to give the same bytes."""
        return self._read is None and not isinstance(self._stream, AsyncIterator)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        is_again, self._is_stream_consumed = self._is_stream_consumed, True
        if self._read is not None:
            await self._seek(is_again)
            while block := await self._read(READ_SIZE):
                yield block
            return
        if is_again and isinstance(self._stream, AsyncGeneratorType):
            raise StreamConsumed()
        is_empty = True
        async for part in self._stream:
            is_empty = False
            yield part
        if is_again and is_empty and isinstance(self._stream, AsyncIterator):
            raise StreamConsumed()

    async def _seek(self, is_again: bool) -> None:
        file: Any = self._stream
        try:
            if self._start is not None:
                await file.seek(self._start)
            elif not is_again:
                self._start = await file.tell()
        except (AttributeError, TypeError, OSError):  # there are no such methods, or they do not work
            self._start = None
        if is_again and self._start is None:
            raise StreamConsumed()


class UnattachedStream(AsyncByteStream, SyncByteStream):
    """The stream of a request or response that was pickled without having been read: reading it raises StreamClosed."""

    is_replayable = False

    def __iter__(self) -> Iterator[bytes]:
        raise StreamClosed()
        yield b""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        raise StreamClosed()
        yield b""


def read_blocks(read: Callable[[int], bytes | None]) -> Iterator[bytes]:
    """Yield what `read` gives until it gives nothing; raise BlockingIOError where it has nothing *yet*."""
    while True:
        block = read(READ_SIZE)
        if block is None:
            raise BlockingIOError("A file in non-blocking mode that has nothing to read yet cannot be sent.")
        if not block:
            return
        yield block


def tell(file: Any) -> int | None:
    """Return where a file stands if it can be brought back there."""
    try:
        position: int = file.tell()
        file.seek(position)
    except (AttributeError, OSError):  # io.UnsupportedOperation is an OSError
        return None
    return position


def async_reader(stream: Any) -> Callable[[int], Any] | None:
    """Return the method that reads an asynchronous file; None where the object is none."""
    read: Callable[[int], Any] | None = getattr(stream, "aread", None)
    if read is not None:
        return read
    read = getattr(stream, "read", None)
    if read is None or isinstance(stream, io.IOBase):
        return None
    from inspect import iscoroutinefunction

    return read if iscoroutinefunction(read) else None
