"""Content: the same headers and bytes as httpx for the same arguments, and what goes beyond it."""

from __future__ import annotations

import asyncio
import io
import json
import os
import tempfile
import threading
import warnings
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from httpx import _content as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from cyhttpx import _content
from cyhttpx._content import (
    AsyncIteratorByteStream,
    ByteStream,
    IteratorByteStream,
    UnattachedStream,
    encode_content,
    encode_json,
    encode_request,
    encode_response,
)
from cyhttpx._exceptions import StreamClosed, StreamConsumed
from cyhttpx._types import AsyncByteStream, SyncByteStream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

few = settings(max_examples=100, deadline=None)


async def gather(stream: Any) -> list[bytes]:
    return [part async for part in stream]


def read(stream: Any) -> bytes:
    """All of a stream; both ways where it can be read both ways."""
    if not isinstance(stream, (SyncByteStream, httpx.SyncByteStream)):
        return b"".join(asyncio.run(gather(stream)))
    content = b"".join(stream)
    if isinstance(stream, (AsyncByteStream, httpx.AsyncByteStream)):
        assert b"".join(asyncio.run(gather(stream))) == content
    return content


def outcome(encode: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Headers in their order and the body, or the error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            headers, stream = encode(*args, **kwargs)
            result: Any = (list(headers.items()), read(stream), type(stream).__name__)
        except Exception as error:
            result = (type(error).__name__, str(error))
    return result, [(item.category, str(item.message)) for item in caught]


async def asynchronous(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


class Parts:
    """An iterable that can be gone over again."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.parts)


# The same as httpx

CONTENT: list[Callable[[], Any]] = [
    lambda: b"",
    lambda: b"bytes",
    lambda: "",
    lambda: "text, n\xf6n-ASCII \u20ac",
    list,
    lambda: [b"a", b"", b"bc"],
    lambda: (b"a",),
    lambda: (part for part in (b"a", b"b")),
    lambda: Parts(b"x", b"y"),
    lambda: map(bytes, [b"a"]),
    lambda: asynchronous(),
    lambda: asynchronous(b"a", b"b"),
    lambda: io.BytesIO(b"file"),
    lambda: io.BytesIO(b"x" * 200_000),
    lambda: {"a": 1},
    dict,
    lambda: 5,
    lambda: object(),
]


@pytest.mark.parametrize("make", CONTENT)
def test_content_as_httpx(make: Callable[[], Any]) -> None:
    expected = outcome(oracle.encode_content, make())
    assert outcome(encode_content, make()) == expected
    assert outcome(encode_request, content=make()) == outcome(oracle.encode_request, content=make())
    assert outcome(encode_response, content=make()) == outcome(oracle.encode_response, content=make())


REQUESTS: list[dict[str, Any]] = [
    {},
    {"content": b"", "data": {"a": "b"}, "json": 1},
    {"data": {}},
    {"data": {}, "json": {}},
    {"data": {"a": "b"}, "json": {"c": "d"}},
    {"data": {"a": ["1", 2, None, True, False, 2.5, b"x"], "b": ("x y", "&=+%\xe9\u20ac"), "c": {"x": 1}, "": ""}},
    {"data": {"a": []}},
    {"data": {1: 2}},
    {"data": b"bytes"},
    {"data": "text"},
    {"data": [b"a", b"b"]},
    {"data": 5},
    {"files": {}},
    {"files": [], "data": {"a": "b"}},
    {"files": {"f": b"x"}, "boundary": b"B"},
    {"files": {"f": b"x"}, "data": {"a": "b"}, "json": 1, "boundary": b"B"},
    {"json": None},
    {"json": 0},
    {"json": False},
    {"json": ""},
    {"json": {}},
    {"json": float("nan")},
    {"json": [float("inf")]},
    {"json": {"f": -0.0, "big": 2**70, "e": 1e300, "s": '"\\/\n\x00\x7f\u2028\U0001f600', "l": [[], {}, ()]}},
    {"json": {1: 2, None: 3, False: 4, 2.5: 5}},
    {"json": {(1, 2): 3}},
    {"json": "\ud800"},
    {"json": object},
    {"json": b"bytes"},
    {"json": {"a"}},
]


@pytest.mark.parametrize("arguments", REQUESTS, ids=str)
def test_requests_as_httpx(arguments: dict[str, Any]) -> None:
    result = outcome(encode_request, **arguments)
    expected = outcome(oracle.encode_request, **arguments)
    assert result == expected


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"text": ""},
        {"text": "n\xf6n"},
        {"html": ""},
        {"html": "<p>\u20ac"},
        {"json": None},
        {"json": {"a": "\u20ac"}},
        {"json": float("nan")},
        {"content": b"c", "text": "t", "html": "h", "json": "j"},
        {"text": "t", "html": "h", "json": "j"},
        {"html": "h", "json": "j"},
    ],
    ids=str,
)
def test_responses_as_httpx(arguments: dict[str, Any]) -> None:
    assert outcome(encode_response, **arguments) == outcome(oracle.encode_response, **arguments)


values = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8))


@few
@given(
    st.recursive(
        values, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    )
)
def test_any_json_as_httpx(value: Any) -> None:
    assert outcome(encode_request, json=value) == outcome(oracle.encode_request, json=value)


@few
@given(
    st.dictionaries(st.text(max_size=5), st.one_of(values, st.lists(values, max_size=3), st.tuples(values)), max_size=4)
)
def test_any_form_as_httpx(data: dict[str, Any]) -> None:
    assert outcome(encode_request, data=data) == outcome(oracle.encode_request, data=data)


@few
@given(st.one_of(st.binary(max_size=50), st.text(max_size=50)))
def test_any_text_as_httpx(content: Any) -> None:
    assert outcome(encode_content, content) == outcome(oracle.encode_content, content)
    assert outcome(encode_request, data=content) == outcome(oracle.encode_request, data=content)
    for name in ("text", "html"):
        assert outcome(encode_response, **{name: str(content)}) == outcome(
            oracle.encode_response, **{name: str(content)}
        )


def test_raw_content_as_data_warns_where_the_function_is_called() -> None:
    with pytest.warns(DeprecationWarning, match="Use 'content=<...>' to upload raw bytes/text content.") as caught:
        encode_request(data=b"x")  # type: ignore[arg-type]
    assert caught[0].filename == __file__


# Streams


def test_byte_stream() -> None:
    stream = ByteStream(b"abc")
    assert isinstance(stream, SyncByteStream)
    assert isinstance(stream, AsyncByteStream)
    assert stream._stream == b"abc"
    assert list(stream) == list(stream) == asyncio.run(gather(stream)) == [b"abc"]
    assert list(ByteStream(b"")) == list(httpx.ByteStream(b"")) == [b""]
    assert stream.is_replayable


def test_an_unattached_stream_is_closed() -> None:
    stream = UnattachedStream()
    assert isinstance(stream, SyncByteStream)
    assert isinstance(stream, AsyncByteStream)
    assert not stream.is_replayable
    with pytest.raises(StreamClosed):
        list(stream)
    with pytest.raises(StreamClosed):
        asyncio.run(gather(stream))


def test_a_generator_is_read_once() -> None:
    stream = encode_content(part for part in (b"a", b"b"))[1]
    theirs = oracle.encode_content(part for part in (b"a", b"b"))[1]
    for each, error in ((stream, StreamConsumed), (theirs, httpx.StreamConsumed)):
        assert list(each) == [b"a", b"b"]
        with pytest.raises(error):
            list(each)
    assert not stream.is_replayable  # type: ignore[union-attr]


def test_an_asynchronous_generator_is_read_once() -> None:
    stream = encode_content(asynchronous(b"a"))[1]
    assert asyncio.run(gather(stream)) == [b"a"]
    with pytest.raises(StreamConsumed):
        asyncio.run(gather(stream))


def test_an_iterator_that_is_used_up_is_never_sent_as_an_empty_body() -> None:
    for make in (lambda: iter([b"a"]), lambda: map(bytes, [b"a"])):
        stream = IteratorByteStream(make())
        assert list(stream) == [b"a"]
        assert not stream.is_replayable
        with pytest.raises(StreamConsumed):
            list(stream)

    class Once:
        done = False

        def __aiter__(self) -> Once:
            return self

        async def __anext__(self) -> bytes:
            if self.done:
                raise StopAsyncIteration
            self.done = True
            return b"a"

    asynchronous_stream = AsyncIteratorByteStream(Once())
    assert asyncio.run(gather(asynchronous_stream)) == [b"a"]
    with pytest.raises(StreamConsumed):
        asyncio.run(gather(asynchronous_stream))


def test_iterables_can_be_read_again() -> None:
    class Again:
        def __aiter__(self) -> AsyncIterator[bytes]:
            return asynchronous(b"x", b"y")

    for iterable in ([b"x", b"y"], Parts(b"x", b"y")):
        stream = IteratorByteStream(iterable)
        assert stream.is_replayable
        assert list(stream) == list(stream) == [b"x", b"y"]
    again = AsyncIteratorByteStream(Again())
    assert again.is_replayable
    assert asyncio.run(gather(again)) == asyncio.run(gather(again)) == [b"x", b"y"]


# Files


def test_a_file_has_a_length_and_is_read_in_blocks(tmp_path: Path) -> None:
    content = os.urandom(150_000)
    (tmp_path / "file").write_bytes(content)
    with (tmp_path / "file").open("rb") as file:
        headers, stream = encode_content(file)
        assert headers == oracle.encode_content(file)[0] == {"Content-Length": "150000"}
        for _ in range(2):
            blocks = list(stream)  # type: ignore[arg-type]
            assert [len(block) for block in blocks] == [65_536, 65_536, 18_928]
            assert b"".join(blocks) == content


def test_a_file_is_sent_from_where_it_stands() -> None:
    for kind in (io.BytesIO, tempfile.SpooledTemporaryFile, tempfile.TemporaryFile):
        with kind() as file:
            file.write(b"0123456789")
            file.seek(4)
            headers, stream = encode_content(file)
            assert headers == {"Content-Length": "6"}
            assert stream.is_replayable  # type: ignore[union-attr]
            assert read(stream) == read(stream) == b"456789"
    finished = io.BytesIO(b"abc")
    finished.read()
    assert encode_content(finished)[0] == {"Content-Length": "0"}
    finished.seek(10)
    assert encode_content(finished)[0] == {"Content-Length": "0"}


def test_a_pipe_has_no_length_and_is_read_once() -> None:
    out, into = os.pipe()
    with open(out, "rb") as file:
        headers, stream = encode_content(file)
        assert headers == {"Transfer-Encoding": "chunked"}
        assert not stream.is_replayable  # type: ignore[union-attr]
        writer = threading.Thread(target=lambda: (os.write(into, b"x" * 100_000), os.close(into)))
        writer.start()
        assert read(stream) == b"x" * 100_000
        writer.join()
        with pytest.raises(StreamConsumed):
            read(stream)


def test_a_file_that_has_nothing_yet_is_not_cut_short() -> None:
    out, into = os.pipe()
    os.set_blocking(out, False)
    with open(out, "rb", buffering=0) as file, open(into, "wb", buffering=0) as end:
        end.write(b"x")
        parts = iter(encode_content(file)[1])  # type: ignore[arg-type]
        assert next(parts) == b"x"
        with pytest.raises(BlockingIOError):
            next(parts)


def test_whatever_reads_is_a_file() -> None:
    class Reader:
        def __init__(self) -> None:
            self.asked: list[int] = []

        def read(self, size: int) -> bytes:
            self.asked.append(size)
            return b"x" if len(self.asked) < 3 else b""

    reader = Reader()
    headers, stream = encode_content(reader)  # type: ignore[arg-type]
    assert headers == {"Transfer-Encoding": "chunked"}
    assert read(stream) == b"xx"
    assert reader.asked == [65_536] * 3
    with pytest.raises(StreamConsumed):
        read(stream)


def test_text_files_are_refused() -> None:
    for file in (io.StringIO("text"), io.TextIOWrapper(io.BytesIO(b"text"))):
        with pytest.raises(TypeError, match="binary mode"):
            encode_content(file)  # type: ignore[arg-type]


def test_other_kinds_of_bytes() -> None:
    for content in (bytearray(b"abc"), memoryview(b"abc"), memoryview(b"aXbXcX")[::2]):
        headers, stream = encode_content(content)  # type: ignore[arg-type]
        assert headers == {"Content-Length": "3"}
        assert read(stream) == b"abc"


# Asynchronous files


class Reads:
    def __init__(self, content: bytes) -> None:
        self.file = io.BytesIO(content)
        self.asked: list[int] = []

    async def read(self, size: int) -> bytes:
        self.asked.append(size)
        return self.file.read(size)


class Areads:
    def __init__(self, content: bytes) -> None:
        self.file = io.BytesIO(content)

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("aread is there")

    async def aread(self, size: int) -> bytes:
        return self.file.read(size)


def test_objects_with_an_asynchronous_read() -> None:
    content = os.urandom(100_000)
    reads = Reads(content)
    for each in (reads, Areads(content)):
        headers, stream = encode_content(each)  # type: ignore[arg-type]
        assert headers == {"Transfer-Encoding": "chunked"}
        assert type(stream) is AsyncIteratorByteStream
        assert not stream.is_replayable
        assert [len(part) for part in asyncio.run(gather(stream))] == [65_536, 34_464]
        with pytest.raises(StreamConsumed):
            asyncio.run(gather(stream))
    assert set(reads.asked) == {65_536}
    theirs = oracle.encode_content(Areads(content))[1]
    assert read(theirs) == content


def test_an_asynchronous_file_is_sent_from_where_it_stands(tmp_path: Path) -> None:
    content = os.urandom(100_000)
    (tmp_path / "file").write_bytes(content)

    async def act() -> None:
        async with await anyio.open_file(tmp_path / "file", "rb") as file:
            await file.seek(10)
            headers, stream = encode_content(file)
            assert headers == {"Transfer-Encoding": "chunked"}
            for _ in range(2):
                parts = await gather(stream)
                assert b"".join(parts) == content[10:]
                assert len(parts) == 2

    asyncio.run(act())


def test_an_asynchronous_iterable_with_another_read_is_iterated() -> None:
    class Odd:
        def read(self) -> None:
            raise AssertionError

        def __aiter__(self) -> AsyncIterator[bytes]:
            return asynchronous(b"a")

    assert read(encode_content(Odd())[1]) == b"a"


# JSON


def test_json_dumps() -> None:
    for dumps in (lambda value: json.dumps(value), lambda value: json.dumps(value).encode()):
        headers, stream = encode_request(json={"a": "\u20ac"}, json_dumps=dumps)
        assert list(headers.items()) == [("Content-Length", "15"), ("Content-Type", "application/json")]
        assert read(stream) == b'{"a": "\\u20ac"}'
    assert read(encode_json([1], lambda value: "\u20ac")[1]) == "\u20ac".encode()
    with pytest.raises(TypeError, match="json_dumps"):
        encode_request(json=1, json_dumps=lambda value: None)  # type: ignore[arg-type, return-value]
    with pytest.raises(ZeroDivisionError):
        encode_request(json=1, json_dumps=lambda value: 1 // 0)  # type: ignore[arg-type, return-value]


def test_json_encoder_errors_leave_it_usable() -> None:
    circle: list[Any] = []
    circle.append(circle)
    for _ in range(2):
        with pytest.raises(ValueError, match="Circular"):
            encode_json(circle)
    assert _content._json_encode is not None
    assert read(encode_json({"a": 1})[1]) == b'{"a":1}'
