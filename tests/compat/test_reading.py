"""Reading a response's body, sync and async: pieces, counts, when it is consumed and closed, and the errors of misuse."""

from __future__ import annotations

import gzip
import itertools
import zlib
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .both import agenerate, assert_same, async_stream, generate, plain, sync_stream

if TYPE_CHECKING:
    from collections.abc import Callable

PARTS: list[list[bytes]] = [
    [],
    [b""],
    [b"one"],
    [b"one ", b"", b"two\n", b"thr", b"ee\r\n", b"four"],
    [b"\xe2", b"\x82", b"\xac\xff", b"\xe2\x82"],
    [b"a\r", b"\nb\r", b"c\n\n", b"\x0b\x0cd\xc2\x85e\xe2\x80\xa8f"],
    [b"x" * 1_000, b"y" * 7_000],
]
SIZES = [None, 1, 2, 3, 5, 1000, 10_000]


def state(response: Any) -> list[Any]:
    return [response.is_closed, response.is_stream_consumed, response.num_bytes_downloaded]


def made(library: Any, parts: list[bytes], is_async: bool, headers: Any = None) -> tuple[Any, Any]:
    stream = (async_stream if is_async else sync_stream)(library, *parts)
    return library.Response(200, headers=headers, stream=stream, request=library.Request("GET", "http://h")), stream


ITERATORS = ["iter_raw", "iter_bytes", "iter_text", "iter_lines"]


@pytest.mark.parametrize("parts", PARTS)
@pytest.mark.parametrize("name", ITERATORS)
@pytest.mark.parametrize("size", SIZES)
def test_pieces(parts: list[bytes], name: str, size: int | None) -> None:
    arguments = {} if name == "iter_lines" else {"chunk_size": size}

    def in_threads(library: Any) -> Any:
        response, stream = made(library, parts, False)
        seen = [[piece, *state(response)] for piece in getattr(response, name)(**arguments)]
        return [seen, state(response), stream.closed]

    async def on_a_loop(library: Any) -> Any:
        response, stream = made(library, parts, True)
        seen = [[piece, *state(response)] async for piece in getattr(response, "a" + name)(**arguments)]
        return [seen, state(response), stream.closed]

    assert_same(in_threads)
    assert_same(on_a_loop)


@pytest.mark.parametrize("name", ["iter_raw", "iter_bytes", "iter_text"])
def test_chunk_size_by_position(name: str) -> None:
    def pieces(library: Any) -> Any:
        return list(getattr(made(library, [b"abc", b"def"], False)[0], name)(2))

    assert_same(pieces)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("content", [b"", b"abcdef"])
def test_pieces_of_what_is_in_memory(content: bytes, size: int | None) -> None:
    def in_threads(library: Any) -> Any:
        response = library.Response(200, content=content)
        return [
            list(response.iter_bytes(size)),
            list(response.iter_text(size)),
            list(response.iter_lines()),
            state(response),
        ]

    async def on_a_loop(library: Any) -> Any:
        response = library.Response(200, content=content)
        return [
            [piece async for piece in response.aiter_bytes(size)],
            [piece async for piece in response.aiter_text(size)],
            [piece async for piece in response.aiter_lines()],
            state(response),
        ]

    assert_same(in_threads)
    assert_same(on_a_loop)


# Sequences of calls

STEPS: dict[str, Callable[[Any], Any]] = {
    "read": lambda response: response.read(),
    "raw": lambda response: list(response.iter_raw()),
    "bytes": lambda response: list(response.iter_bytes()),
    "text": lambda response: list(response.iter_text()),
    "lines": lambda response: list(response.iter_lines()),
    "close": lambda response: response.close(),
    "content": lambda response: response.content,
    ".text": lambda response: response.text,
    "json": lambda response: response.json(),
}


async def gather(pieces: Any) -> list[Any]:
    return [piece async for piece in pieces]


ASYNC_STEPS: dict[str, Callable[[Any], Any]] = {
    "aread": lambda response: response.aread(),
    "araw": lambda response: gather(response.aiter_raw()),
    "abytes": lambda response: gather(response.aiter_bytes()),
    "atext": lambda response: gather(response.aiter_text()),
    "alines": lambda response: gather(response.aiter_lines()),
    "aclose": lambda response: response.aclose(),
}
SEQUENCES = list(itertools.product([*STEPS, *ASYNC_STEPS], repeat=2))


async def taken(step: str, response: Any) -> Any:
    try:
        result = STEPS[step](response) if step in STEPS else await ASYNC_STEPS[step](response)
    except Exception as error:
        # The explanation is in our own words; see `stream-consumed`.
        return type(error).__name__ if type(error).__name__ == "StreamConsumed" else plain(error)
    return plain(result)


def of_kind(library: Any, kind: str) -> Any:
    if kind in ("sync", "async"):
        return made(library, [b"1", b"2"], kind == "async")[0]
    if kind == "both":
        return library.Response(200, stream=library.ByteStream(b"12"))
    content = {"generator": generate(b"1", b"2"), "agenerator": agenerate(b"1", b"2"), "memory": b"12"}[kind]
    return library.Response(200, content=content)


@pytest.mark.parametrize("kind", ["sync", "async", "generator", "agenerator", "memory", "both"])
def test_sequences(kind: str) -> None:
    async def run(library: Any) -> Any:
        seen = {}
        for sequence in SEQUENCES:
            response = of_kind(library, kind)
            seen[" ".join(sequence)] = [[await taken(step, response), *state(response)] for step in sequence]
        return seen

    assert_same(run)


# Errors from below


class Broken(Exception):
    """Not a class of either library."""


@pytest.mark.parametrize("kind", ["RequestError", "ReadTimeout", "InvalidURL", "own"])
@pytest.mark.parametrize("name", ["iter_raw", "iter_bytes", "iter_text", "iter_lines", "read"])
def test_errors_of_the_stream(kind: str, name: str) -> None:
    def failing(library: Any) -> Any:
        error = Broken("x") if kind == "own" else getattr(library, kind)("x")

        class Stream(library.SyncByteStream):  # type: ignore[misc]
            def __iter__(self) -> Any:
                yield b"a"
                raise error

        response = library.Response(200, stream=Stream(), request=library.Request("GET", "http://h/about"))
        try:
            seen = response.read() if name == "read" else list(getattr(response, name)())
        except Exception as caught:
            about = caught.request.url if isinstance(caught, library.RequestError) else None
            return [caught is error, caught, str(about), response.is_stream_consumed]
        return seen

    assert_same(failing)


CODED = {
    "gzip": gzip.compress(b"text " * 100, mtime=0),
    "deflate": zlib.compress(b"text " * 100),
    "GZIP": gzip.compress(b"text " * 100, mtime=0),
    "identity": b"text",
    "unheard-of": b"text",
    "gzip, deflate": zlib.compress(gzip.compress(b"text " * 100, mtime=0)),
    "deflate,identity, gzip": gzip.compress(zlib.compress(b"text " * 100), mtime=0),
    "": b"text",
    ",": b"text",
}


@pytest.mark.parametrize(("coding", "coded"), CODED.items())
@pytest.mark.parametrize("size", [None, 7, 10_000])
def test_codings(coding: str, coded: bytes, size: int | None) -> None:
    parts = [coded[:10], coded[10:11], coded[11:]]
    headers = {"Content-Encoding": coding}

    def read(library: Any) -> Any:
        response, _ = made(library, parts, False, headers)
        return [response.read(), response.text, state(response), response.headers.raw]

    def joined(library: Any) -> Any:
        # How a decoder cuts its output is its own matter, unless a size is asked for.
        response, _ = made(library, parts, False, headers)
        pieces = list(response.iter_bytes(size))
        return [pieces if size else b"".join(pieces), state(response)]

    def raw(library: Any) -> Any:
        response, _ = made(library, parts, False, headers)
        return [list(response.iter_raw(size)), state(response)]

    def whole(library: Any) -> Any:
        response = library.Response(200, headers=headers, content=coded)
        return [response.content, response.headers.raw, state(response)]

    for question in (read, joined, raw, whole):
        assert_same(question)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_what_is_no_coded_body(coding: str) -> None:
    def failing(library: Any) -> Any:
        response, _ = made(library, [b"not coded at all"], False, {"Content-Encoding": coding})
        try:
            return response.read()
        except library.DecodingError as error:
            return ["DecodingError", str(error.request.url)]

    def at_once(library: Any) -> Any:
        try:
            return library.Response(200, content=b"not coded", headers={"Content-Encoding": coding}).content
        except library.DecodingError:
            return "DecodingError"

    assert_same(failing)
    assert_same(at_once)


line_parts = st.lists(st.text(alphabet="ab\r\n\x85\u2028é", max_size=5).map(str.encode), max_size=6)


@settings(max_examples=150, deadline=None)
@given(
    line_parts,
    st.sampled_from(["iter_bytes", "iter_text", "iter_lines", "iter_raw"]),
    st.sampled_from([None, 1, 2, 3, 7]),
)
def test_any_pieces(parts: list[bytes], name: str, size: int | None) -> None:
    def pieces(library: Any) -> Any:
        response, _ = made(library, parts, False)
        return [
            list(getattr(response, name)() if name == "iter_lines" else getattr(response, name)(size)),
            state(response),
        ]

    assert_same(pieces)


def test_iterating_again_over_what_has_been_read() -> None:
    def again(library: Any) -> Any:
        response, _ = made(library, [b"abc", b"def"], False)
        response.read()
        return [
            list(response.iter_bytes(2)),
            list(response.iter_text(4)),
            list(response.iter_lines()),
            response.content,
        ]

    assert_same(again)
