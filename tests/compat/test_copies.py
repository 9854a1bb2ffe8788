"""Pickling and copying: what comes back is what it is in httpx."""

from __future__ import annotations

import copy
import pickle
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import cyhttpx

from .both import agenerate, assert_same, async_stream, generate, outcome, plain, sync_stream

if TYPE_CHECKING:
    from collections.abc import Callable

WAYS: dict[str, Callable[[Any], Any]] = {
    **{f"pickle {number}": lambda it, number=number: pickle.loads(pickle.dumps(it, number)) for number in range(2, 6)},
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


def jar(library: Any) -> Any:
    cookies = library.Cookies()
    cookies.set("a", "1", domain="h.example", path="/p")
    cookies.set("b", "2")
    return cookies


VALUES: dict[str, Callable[[Any], Any]] = {
    "URL": lambda library: library.URL("http://u:p@EXAMPLE.org:81/a b?q=1#f"),
    "relative URL": lambda library: library.URL("/x"),
    "QueryParams": lambda library: library.QueryParams([("a", "1"), ("b", "2"), ("a", "3")]),
    "Headers": lambda library: library.Headers([("X-A", "1"), ("x-a", "2"), ("Authorization", "secret")]),
    "Headers with an encoding": lambda library: library.Headers({"X": "ü"}, encoding="latin-1"),
    "Timeout": lambda library: library.Timeout(1, read=2, pool=None),
    "Limits": lambda library: library.Limits(max_connections=3),
    "codes": lambda library: library.codes.NOT_FOUND,
    "BasicAuth": lambda library: library.BasicAuth("u", "p")._auth_header,
    "ByteStream": lambda library: library.ByteStream(b"x"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", VALUES)
def test_values(name: str, way: str) -> None:
    def copied(library: Any) -> Any:
        before = VALUES[name](library)
        after = WAYS[way](before)
        if name == "ByteStream":
            return [b"".join(after), type(after)]
        shown = [repr(after), str(after), type(after), after == before]
        return [*shown, after.raw, after.encoding] if isinstance(after, library.Headers) else shown

    assert_same(copied)


def test_copies_of_values_are_not_shared() -> None:
    def changed(library: Any) -> Any:
        headers = library.Headers({"A": "1"})
        copied = headers.copy()
        copied["B"] = "2"
        shallow = copy.deepcopy(headers)
        shallow["C"] = "3"
        return [headers.raw, copied.raw, shallow.raw]

    assert_same(changed)


REQUESTS: dict[str, Callable[[Any], Any]] = {
    "GET": lambda library: library.Request(
        "GET", "http://u:p@h/p?q", headers={"X-A": "1"}, extensions={"timeout": {"read": 1}}
    ),
    "POST": lambda library: library.Request("POST", "http://h", json={"a": 1}),
    "generator": lambda library: library.Request("POST", "http://h", content=generate(b"a")),
    "agenerator": lambda library: library.Request("POST", "http://h", content=agenerate(b"a")),
    "stream": lambda library: library.Request("PUT", "http://h", stream=sync_stream(library, b"a")),
    "bytes": lambda library: library.Request("PUT", "http://h", stream=library.ByteStream(b"a")),
    "files": lambda library: library.Request(
        "POST", "http://h", files={"f": b"x"}, headers={"Content-Type": "multipart/form-data; boundary=b"}
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize("is_read", [False, True])
def test_requests(name: str, way: str, is_read: bool) -> None:
    if is_read and name == "agenerator":
        return

    def copied(library: Any) -> Any:
        before = REQUESTS[name](library)
        if is_read:
            before.read()
        after = WAYS[way](before)
        seen = [plain(after), plain(before)]
        try:
            seen.append(after.read())
        except Exception as error:
            seen.append(error)
        return seen

    assert_same(copied)


def answered(library: Any, **arguments: Any) -> Any:
    return library.Response(
        404,
        headers=[("Content-Type", "text/plain; charset=latin-1"), ("Set-Cookie", "a=b")],
        request=library.Request("GET", "http://h/p"),
        extensions={"http_version": b"HTTP/2", "reason_phrase": b"Not there"},
        history=[library.Response(302, headers={"Location": "/p"}, request=library.Request("GET", "http://h"))],
        **arguments,
    )


RESPONSES: dict[str, Callable[[Any], Any]] = {
    "bare": lambda library: library.Response(200),
    "content": lambda library: answered(library, content=b"\xe9"),
    "generator": lambda library: answered(library, content=generate(b"\xe9")),
    "agenerator": lambda library: answered(library, content=agenerate(b"\xe9")),
    "stream": lambda library: answered(library, stream=sync_stream(library, b"\xe9")),
    "astream": lambda library: answered(library, stream=async_stream(library, b"\xe9")),
    "default": lambda library: library.Response(200, content=b"\xe9", default_encoding="utf-16-be"),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", RESPONSES)
@pytest.mark.parametrize("before_that", ["nothing", "read", "text", "close", "elapsed"])
def test_responses(name: str, way: str, before_that: str) -> None:
    def copied(library: Any) -> Any:
        import datetime

        before = RESPONSES[name](library)
        if before_that == "elapsed":
            before.elapsed = datetime.timedelta(seconds=1.5)
        elif before_that in ("read", "close"):
            getattr(before, before_that)()
        elif before_that != "nothing":
            getattr(before, before_that)
        after = WAYS[way](before)
        seen = [plain(after), plain(before)]
        for step in (after.read, after.json, after.raise_for_status):
            try:
                seen.append(plain(step()))
            except Exception as error:
                seen.append("raised" if type(error).__name__ == "StreamConsumed" else plain(error))
        return seen

    assert_same(copied)


def test_a_response_with_its_next_request() -> None:
    def copied(library: Any) -> Any:
        response = library.Response(302, request=library.Request("GET", "http://h"))
        response.next_request = library.Request("GET", "http://h/next", content=b"x")
        return pickle.loads(pickle.dumps(response))

    assert_same(copied)


@pytest.mark.parametrize("way", [way for way in WAYS if way != "copy"])
def test_cookies_can_be_pickled_here(way: str) -> None:
    # The row `pickled-cookies`.
    assert outcome(lambda library: WAYS[way](jar(library)), httpx)[0] == "raised"
    assert repr(WAYS[way](jar(cyhttpx))) == repr(jar(cyhttpx)) == repr(jar(httpx))
    response = answered(cyhttpx)
    assert dict(WAYS[way](response).cookies) == dict(response.cookies) == {"a": "b"}
    assert dict(WAYS[way](response).cookies) == {"a": "b"}


EXCEPTIONS = sorted(
    name
    for name in httpx.__all__
    if isinstance(getattr(httpx, name), type) and issubclass(getattr(httpx, name), Exception)
)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", EXCEPTIONS)
def test_exceptions(name: str, way: str) -> None:
    def copied(library: Any) -> Any:
        cls = getattr(library, name)
        request = library.Request("GET", "http://h", content=b"x")
        if name == "HTTPStatusError":
            before = cls("text", request=request, response=library.Response(500, request=request))
        elif issubclass(cls, library.RequestError):
            before = cls("text", request=request)
        else:
            before = (
                cls()
                if name in ("StreamConsumed", "StreamClosed", "ResponseNotRead", "RequestNotRead")
                else cls("text")
            )
        after = WAYS[way](before)
        return [type(after), str(after) if name != "StreamConsumed" else "", [type(it) for it in vars(after).values()]]

    ours, theirs = outcome(copied, cyhttpx), outcome(copied, httpx)
    if theirs[0] == "raised":
        # The row `pickled-errors`: they all come back here.
        assert ours[0] == name
    else:
        assert ours == theirs
