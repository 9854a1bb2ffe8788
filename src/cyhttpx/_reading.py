"""How a response's body is read: as raw bytes, decoded bytes, text and lines; and how its charset is found.

Not here: what a response is otherwise (`_response`), the codings (`_decoders`, `_codings`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._decoders import ByteChunker, IdentityDecoder, LineDecoder, TextChunker, TextDecoder, make_decoder
from ._engine import ResponseFields
from ._exceptions import InvalidURL, RequestError, StreamClosed, StreamConsumed
from ._types import AsyncByteStream, SyncByteStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from ._decoders import ContentDecoder

__all__ = ["Reading", "is_text_encoding", "parse_charset"]


class Pipeline:
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


class Reading(ResponseFields):
    """The half of `Response` that reads: from its stream, or from the body that came with it.

    Sync and async run through the same pipelines: raw bytes, decoded bytes, text, lines.
    """

    stream: SyncByteStream | AsyncByteStream

    # time.perf_counter() when the request was handed to the transport.
    _started: float | None = None

    if TYPE_CHECKING:

        @property
        def content(self) -> bytes: ...

        @property
        def encoding(self) -> str | None: ...

    def _get_content_decoder(self) -> ContentDecoder:
        if not hasattr(self, "_decoder"):
            self._decoder = make_decoder(self.headers.get_list("content-encoding"))
        return self._decoder

    # The pipelines: what each piece becomes, and what is left at the end.

    def _bytes_pipeline(self, chunk_size: int | None) -> Pipeline:
        return Pipeline(self._get_content_decoder(), ByteChunker(chunk_size))

    def _text_pipeline(self, chunk_size: int | None) -> Pipeline:
        return Pipeline(TextDecoder(encoding=self.encoding or "utf-8"), TextChunker(chunk_size))

    def _pieces_of_content(self, chunk_size: int | None) -> Iterator[bytes]:
        content = self.content
        size = max(len(content) if chunk_size is None else chunk_size, 1)
        for start in range(0, len(content), size):
            yield content[start : start + size]

    def _has_content(self) -> bool:
        return self._coded is not None or self._content is not None

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


_NO_MARKS = {ord("-"): None, ord("_"): None}


def is_text_encoding(name: str) -> bool:
    """Whether Python has an encoding of this name that any bytes can be decoded from: not "rot13", not "idna"."""
    if name == "utf-8":
        return True
    try:
        TextDecoder(name)
    except (LookupError, ValueError):
        return False
    return True


def parse_charset(content_type: str) -> str | None:
    """Return the charset parameter of a Content-Type, in lower case."""
    folded = content_type.lower()
    if "charset" not in folded:
        return None
    media_type, _, parameters = folded.partition(";")
    name, _, value = parameters.strip().partition("=")
    if name == "charset" and "charset" not in media_type and value.isascii() and value.translate(_NO_MARKS).isalnum():
        return value
    # Quoting, comments, RFC 2231: the library for it is 10 ms away, and few responses need it.
    from email.message import Message

    message = Message()
    message["content-type"] = content_type
    charset: str | None = message.get_content_charset(failobj=None)
    return charset
