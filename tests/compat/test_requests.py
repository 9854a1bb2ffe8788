"""`Request` as httpx makes it: methods, URLs, headers and their order, bodies of every kind."""

from __future__ import annotations

import asyncio
import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .both import LIBRARIES, Parts, agenerate, assert_same, async_stream, generate, plain, sync_stream

if TYPE_CHECKING:
    from collections.abc import Callable

METHODS = [
    "GET",
    "get",
    "HEAD",
    "OPTIONS",
    "DELETE",
    "POST",
    "Put",
    "patch",
    "TRACE",
    "CONNECT",
    "QUERY",
    "purge",
    "ß",
    "A b",
    "",
]
URLS: list[Any] = [
    "http://h",
    "https://user:pass@EXAMPLE.org:443/a b?q=ü#f",
    "http://h:8080/x?y=1&y=2",
    "http://[::1]:80/",
    "http://[::1]:81",
    "http://ü.example/ü",
    "/relative?x",
    "",
    "//h/x",
    "mailto:someone",
    "http:///path",
    "foo+x://h:1/",
    "http://h:x/",
    "http://h\n/",
    "http://[x/",
    "http://exa mple.org/",
    None,
    5,
    b"http://h",
]
HEADERS: list[Any] = [
    None,
    {},
    [],
    {"Host": "other"},
    {"host": "other:80"},
    [("hOST", "a"), ("HOST", "b")],
    {"Content-Length": "3"},
    {"content-length": "0", "X-A": "1"},
    {"Transfer-Encoding": "chunked"},
    {"transfer-encoding": "gzip, chunked", "Content-Length": "7"},
    {"Content-Type": "text/x-own"},
    {"Content-Type": "multipart/form-data; boundary=own"},
    {"content-type": 'multipart/form-data; boundary="quo ted"'},
    [("X-Many", "1"), ("x-many", "2"), ("X-MANY", "3")],
    [(b"X-Bytes", b"\xff\x00")],
    {"X-Text": "ü"},
    {"ü": "x"},
    {"X": 5},
    {5: "x"},
    5,
]
BODIES: list[Callable[[Any], dict[str, Any]]] = [
    lambda library: {},
    lambda library: {"content": b""},
    lambda library: {"content": b"bytes"},
    lambda library: {"content": "text ü"},
    lambda library: {"content": [b"a", b"b"]},
    lambda library: {"content": Parts(b"a", b"b")},
    lambda library: {"content": generate(b"a", b"b")},
    lambda library: {"content": agenerate(b"a", b"b")},
    lambda library: {"content": io.BytesIO(b"file")},
    lambda library: {"content": {"a": 1}},
    lambda library: {"content": 5},
    lambda library: {"data": {}},
    lambda library: {"data": {"a": "b", "c": [1, None, True], "d e": "ü&="}},
    lambda library: {"data": b"bytes"},
    lambda library: {"data": "text"},
    lambda library: {"data": [b"a"]},
    lambda library: {"data": 5},
    lambda library: {"json": {"a": [1, 2.5, None, "ü"]}},
    lambda library: {"json": []},
    lambda library: {"json": 0},
    lambda library: {"json": float("nan")},
    lambda library: {"json": {1, 2}},
    lambda library: {"files": {}},
    lambda library: {"files": {"f": b"x"}},
    lambda library: {"files": {"f": ("n.txt", b"x", None, {"X": "y"})}, "data": {"a": ["b", "c"]}},
    lambda library: {"files": [("f", ("a.json", "text")), ("f", io.BytesIO(b"y"))]},
    lambda library: {"files": {"f": io.StringIO("x")}},
    lambda library: {"content": b"c", "data": {"d": "d"}, "json": 1, "files": {"f": b"x"}},
    lambda library: {"data": {"d": "d"}, "json": 1},
    lambda library: {"stream": library.ByteStream(b"stream")},
    lambda library: {"stream": sync_stream(library, b"a", b"b")},
    lambda library: {"stream": async_stream(library, b"a", b"b")},
    lambda library: {"stream": library.ByteStream(b"stream"), "content": b"content"},
]

# Of the bodies above, those that can be read in one way only, and so nothing for the other kind of client.
SYNC_ONLY = [BODIES[4], BODIES[5], BODIES[6], BODIES[8], BODIES[15], BODIES[-3]]
ASYNC_ONLY = [BODIES[7], BODIES[-2]]


@pytest.fixture(autouse=True)
def same_boundaries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.urandom", lambda size: b"\x5a" * size)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("url", URLS)
def test_method_and_url(method: str, url: Any) -> None:
    assert_same(lambda library: library.Request(method, url))
    assert_same(lambda library: library.Request(method, library.URL(url), content=b"x"))


@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("body", BODIES)
def test_headers_and_body(headers: Any, body: Callable[[Any], dict[str, Any]]) -> None:
    for method in ("GET", "POST"):
        assert_same(
            lambda library, method=method: library.Request(method, "http://h:81/p", headers=headers, **body(library))
        )


@pytest.mark.parametrize("body", BODIES)
def test_body_without_a_host(body: Callable[[Any], dict[str, Any]]) -> None:
    assert_same(lambda library: library.Request("POST", "/p", **body(library)))


@pytest.mark.parametrize("body", BODIES)
def test_reading_the_body(body: Callable[[Any], dict[str, Any]]) -> None:
    def read(library: Any) -> Any:
        request = library.Request("PUT", "http://h", **body(library))
        return [request.read(), request.read(), request.content, request, b"".join(request.stream)]

    async def aread(library: Any) -> Any:
        request = library.Request("PUT", "http://h", **body(library))
        first = await request.aread()
        return [first, await request.aread(), request.content, request, [part async for part in request.stream]]

    if body not in ASYNC_ONLY:
        assert_same(read)
    if body not in SYNC_ONLY:
        assert_same(aread)


PARAMS: list[Any] = [
    {}, [], "", b"", {"a": "1"}, {"a": [1, 2], "b": None, "c": True}, [("a", 1), ("a", 2)], (("x", "y"),), "a=1&a=2&b", b"a=%20",
    {"ü": "ü &="}, {"y": "new"}, 5, [1], {"a": {}},
]  # fmt: skip


@pytest.mark.parametrize("params", PARAMS)
@pytest.mark.parametrize("url", ["http://h/p", "http://h/p?y=1&z=ü#f", "/p?y"])
def test_params(url: str, params: Any) -> None:
    assert_same(lambda library: library.Request("GET", url, params=params))
    assert_same(lambda library: library.Request("GET", library.URL(url), params=params))


COOKIES: list[Callable[[Any], Any]] = [
    lambda library: {},
    lambda library: {"a": "b"},
    lambda library: {"a": "b c;", "d": '"q"'},
    lambda library: [("a", "1"), ("b", "2")],
    lambda library: library.Cookies({"a": "b"}),
    lambda library: library.Cookies(),
    lambda library: _jar(library),
    lambda library: "text",
    lambda library: 5,
]


def _jar(library: Any) -> Any:
    cookies = library.Cookies()
    cookies.set("here", "1", domain="h.example")
    cookies.set("below", "2", domain=".example", path="/deep")
    cookies.set("elsewhere", "3", domain="other.example")
    return cookies.jar


@pytest.mark.parametrize("cookies", COOKIES)
@pytest.mark.parametrize("headers", [None, {"Cookie": "own=1"}, {"X-A": "b"}])
def test_cookies(cookies: Callable[[Any], Any], headers: Any) -> None:
    for url in ("http://h.example/deep/x", "https://other.example"):
        assert_same(
            lambda library, url=url: library.Request(
                "POST", url, headers=headers, cookies=cookies(library), json={"a": 1}
            )
        )


@pytest.mark.parametrize("extensions", [None, {}, {"timeout": {"read": 1}}, {"trace": 1, "other": []}, [("a", 1)], 5])
def test_extensions(extensions: Any) -> None:
    assert_same(lambda library: library.Request("GET", "http://h", extensions=extensions))


def test_extensions_are_a_copy() -> None:
    def change(library: Any) -> Any:
        given = {"a": 1}
        request = library.Request("GET", "http://h", extensions=given)
        request.extensions["b"] = 2
        before = dict(request.extensions)
        request.extensions = {"c": 3}
        return [given, before, request.extensions]

    assert_same(change)


def test_attributes_can_be_set() -> None:
    def change(library: Any) -> Any:
        request = library.Request("GET", "http://h/a", content=b"x")
        request.method = "delete"
        request.url = library.URL("http://other/b")
        request.headers["X-A"] = "b"
        request.stream = library.ByteStream(b"y")
        request.mine = 1
        return [request, request.mine, b"".join(request.stream)]

    assert_same(change)


def test_headers_given_are_not_shared() -> None:
    def change(library: Any) -> Any:
        headers = library.Headers({"X-A": "1"})
        request = library.Request("POST", "http://h", headers=headers)
        request.headers["X-B"] = "2"
        return [headers.raw, request.headers.raw]

    assert_same(change)


def test_a_stream_reads_once_where_it_can_be_read_once() -> None:
    def twice(library: Any) -> Any:
        request = library.Request("POST", "http://h", content=generate(b"a"))
        return [b"".join(request.stream), b"".join(request.stream)]

    async def atwice(library: Any) -> Any:
        request = library.Request("POST", "http://h", content=agenerate(b"a"))
        return [[part async for part in request.stream] for _ in range(2)]

    for library in LIBRARIES.values():
        with pytest.raises(library.StreamConsumed):
            twice(library)
        with pytest.raises(library.StreamConsumed):
            asyncio.run(atwice(library))


names = st.text(st.sampled_from("abcXYZ-09_"), min_size=1, max_size=8) | st.sampled_from(
    ["Host", "host", "Content-Length", "content-type", "Transfer-Encoding", "Cookie", "Accept"]
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "patch"]),
    st.lists(st.tuples(names, st.text(max_size=8)), max_size=6),
    st.sampled_from(BODIES),
)
def test_any_headers(method: str, headers: Any, body: Callable[[Any], dict[str, Any]]) -> None:
    assert_same(lambda library: library.Request(method, "http://h/", headers=headers, **body(library)))


def test_repr() -> None:
    for url in ("http://u:secret@h/?a=b", "/x", "http://ü.de/ü"):
        assert_same(lambda library, url=url: plain(repr(library.Request("get", url))))

    def subclass(library: Any) -> Any:
        return repr(type("Mine", (library.Request,), {})("GET", "http://h"))

    assert_same(subclass)
