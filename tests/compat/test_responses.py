"""`Response` as httpx makes it: constructors, headers, status, charsets, text, JSON, links, cookies, errors."""

from __future__ import annotations

import datetime
import io
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .both import Parts, agenerate, assert_same, async_stream, generate, plain, sync_stream

if TYPE_CHECKING:
    from collections.abc import Callable

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
    lambda library: {"text": ""},
    lambda library: {"text": "text ü"},
    lambda library: {"html": "<p>ü"},
    lambda library: {"json": {"a": [1, 2.5, None, "ü"]}},
    lambda library: {"json": []},
    lambda library: {"json": float("inf")},
    lambda library: {"json": {1}},
    lambda library: {"content": b"c", "text": "t", "html": "h", "json": 1},
    lambda library: {"text": "t", "html": "h", "json": 1},
    lambda library: {"stream": library.ByteStream(b"stream")},
    lambda library: {"stream": sync_stream(library, b"a", b"b")},
    lambda library: {"stream": async_stream(library, b"a", b"b")},
    lambda library: {"stream": library.ByteStream(b"stream"), "content": b"content"},
]
HEADERS: list[Any] = [
    None,
    {},
    {"Content-Length": "3"},
    {"content-length": "x", "X-A": "1"},
    {"Transfer-Encoding": "chunked"},
    {"Content-Type": "text/x-own"},
    {"content-type": "application/json; charset=latin-1"},
    [("Set-Cookie", "a=b"), ("set-cookie", "c=d; Path=/x"), ("Link", "<x>; rel=next")],
    [(b"X-Bytes", b"\xff")],
    {"X-Text": "ü"},
    {"Content-Encoding": "identity"},
    {"Content-Encoding": "unheard-of"},
    {"Location": "/elsewhere"},
    5,
]


@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("body", BODIES)
def test_headers_and_body(headers: Any, body: Callable[[Any], dict[str, Any]]) -> None:
    assert_same(lambda library: library.Response(200, headers=headers, **body(library)))
    assert_same(
        lambda library: library.Response(
            404, headers=headers, request=library.Request("POST", "http://h/p", content=b"x"), **body(library)
        )
    )


STATUSES = [-1, 0, 99, 100, 101, 103, 199, 200, 204, 206, 226, 299, 300, *range(301, 309), 399, 400, 401, 404, 418, 422, 429, 451, 499,
            500, 503, 511, 599, 600, 700, 999, 1000]  # fmt: skip


@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize(
    "headers", [{}, {"Location": ""}, [("location", "/a"), ("location", "/b")], {"Location": "http://ü/"}]
)
def test_status(status: int, headers: Any) -> None:
    def answered(library: Any) -> Any:
        return library.Response(status, headers=headers, request=library.Request("GET", "http://u:p@h/p?q#f"))

    assert_same(lambda library: library.Response(status, headers=headers))
    assert_same(answered)
    assert_same(lambda library: answered(library).raise_for_status())
    assert_same(lambda library: library.Response(status, headers=headers).raise_for_status())
    assert_same(lambda library: plain(repr(answered(library))))


def test_raise_for_status_gives_what_the_error_is_about() -> None:
    def raised(library: Any) -> Any:
        response = library.Response(500, request=library.Request("GET", "http://h"))
        try:
            response.raise_for_status()
        except library.HTTPStatusError as error:
            return [error.response is response, error.request is response.request]
        return "not raised"

    assert_same(raised)


@pytest.mark.parametrize("status", ["200", None, 200.5, True])
def test_odd_kinds_of_status(status: Any) -> None:
    assert_same(lambda library: library.Response(status).status_code)
    assert_same(lambda library: library.Response(status, request=library.Request("GET", "http://h")).raise_for_status())


EXTENSIONS: list[Any] = [
    None,
    {},
    {"http_version": b"HTTP/2", "reason_phrase": b"Fine"},
    {"http_version": b"HTTP/1.0", "reason_phrase": b""},
    {"http_version": b"\xff1", "reason_phrase": b"G\xfct"},
    {"network_stream": "a stream", "other": [1]},
    {"http_version": "HTTP/2"},
    {"reason_phrase": "text"},
    [("a", 1)],
    5,
]


@pytest.mark.parametrize("extensions", EXTENSIONS)
@pytest.mark.parametrize("status", [200, 404, 799])
def test_extensions(status: int, extensions: Any) -> None:
    assert_same(lambda library: library.Response(status, extensions=extensions))
    assert_same(lambda library: library.Response(status, extensions=extensions).http_version)
    assert_same(lambda library: library.Response(status, extensions=extensions).reason_phrase)
    assert_same(lambda library: plain(repr(library.Response(status, extensions=extensions))))


def test_history_is_a_copy() -> None:
    def change(library: Any) -> Any:
        request = library.Request("GET", "http://h")
        given = [library.Response(302, request=request)]
        response = library.Response(200, history=given)
        given.append(library.Response(303, request=request))
        first = list(response.history)
        response.history = given
        return [first, response.history]

    assert_same(change)
    assert_same(lambda library: library.Response(200, history=5))


# Charsets

CONTENT_TYPES: list[Any] = [
    None, "", "text/plain", "text/plain;", "text/plain; charset", "text/plain; charset=", "text/plain; charset=utf-8",
    "text/plain; charset=UTF-8", 'text/plain; charset="utf-8"', "text/plain; charset='utf-8'", "text/plain;charset=iso-8859-1",
    "text/plain; Charset=ISO-8859-1", "text/plain; charset=utf-8; boundary=x",
    "text/plain; charset=unheard-of",
    "text/plain; charset=utf-8;", "text/plain; charset = utf-8", "text/plain; charset =utf-8", "text/plain; charset= utf-8",
    "text/plain; charset=utf-8 ", "text/plain; charset=utf 8", "text/plain; charset=utf-8 x", "text/plain charset=utf-8",
    "text/plain, charset=utf-8", "charset=utf-8", "; charset=utf-8", ";charset=utf-8;charset=latin-1",
    "text/plain; charset=utf-8; charset=ascii", "text/plain; charset=utf-8, text/html; charset=latin-1",
    "text/plain; charset=utf-8 (comment)", "text/plain; (comment) charset=utf-8", "text/plain; charset=(comment)utf-8",
    'text/plain; charset="a\\"b"', 'text/plain; charset="utf-8', 'text/plain; x="charset=ascii"; charset=utf-8',
    "text/plain; x=';charset=ascii'; charset=utf-8", "text/plain; charset*=utf-8''latin-1", "text/plain; charset*0=utf; charset*1=-8",
    "text/plain; charset*=iso-8859-1'en'utf%2D8", "text/plain; charset=\xfc", "text/plain; charset=_",
    "text/plain; charset=-", "text/plain; charset=8", "text/plain; xcharset=utf-8", "text/plain; charsetx=utf-8", "text/plain; a;charset=x",
    "text/plain; charset=utf-8\r\n x", "text/plain; charset=" + "x" * 300, "text/plain;;charset=utf-8", "TEXT/HTML; CHARSET=Windows-1252",
    "text/html; charset=x-sjis", "text/html; charset=shift_jis", "text/html; charset=cp1252", "text/html; charset=latin1",
    "text/html; charset=utf8", "text/html; charset=u8", "text/html; charset=utf_8_sig", "text/html; charset=None",
    "text/html; charset=%75tf-8", "text/html; charset=ut\tf-8", "text/html;\tcharset=utf-8",
    "text/html\t;charset=utf-8", "text/html; charset\t=utf-8", "text/html; =utf-8", "text/html; charset==utf-8",
    "text/html; charset=utf=8", "text/html; charset=\"\"", "text/html; charset=\"utf-8\"x", "text/html; charset=utf-16-le",
]  # fmt: skip
BYTES = b"\xe9t\xe9 \xc3\xa9 \xff\xfe\x00A <\x82\xa0>"


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
def test_charset(content_type: Any) -> None:
    headers = {} if content_type is None else {"Content-Type": content_type.encode("latin-1")}
    for default in (
        "utf-8",
        "latin-1",
        "unheard-of",
        "",
        lambda content: "utf-16-be" if content else "ascii",
        lambda content: None,
    ):
        for content in (BYTES, b""):

            def decoded(library: Any, default: Any = default, content: bytes = content) -> Any:
                response = library.Response(
                    200, headers=list(headers.items()), content=content, default_encoding=default
                )
                try:
                    text = response.text
                except LookupError as error:
                    # What cannot decode text: same class; the text is the interpreter's.
                    text = type(error).__name__
                return [response.charset_encoding, response.encoding, text]

            assert_same(decoded)


token = st.text(st.sampled_from("abuf-8 \t;=\"'\\()*%1é"), max_size=8)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.one_of(token, st.sampled_from(["charset", "charset=", ";", "; ", "=", "utf-8", '"utf-8"', "text/html"])),
        max_size=8,
    )
)
def test_any_charset(parts: list[str]) -> None:
    headers = [(b"Content-Type", "".join(parts).encode("latin-1"))]
    assert_same(lambda library: library.Response(200, headers=headers).charset_encoding)


def test_encoding_can_be_set_before_text() -> None:
    def early(library: Any) -> Any:
        response = library.Response(200, content=b"\xe9", headers={"Content-Type": "text/plain; charset=utf-8"})
        response.encoding = "latin-1"
        return [response.encoding, response.text, response.charset_encoding]

    def late(library: Any) -> Any:
        response = library.Response(200, content=b"\xe9")
        before = response.text
        response.encoding = "latin-1"
        return [before, response.text]

    def unknown(library: Any) -> Any:
        response = library.Response(200, content=b"\xe9")
        response.encoding = "unheard-of"
        return [response.encoding, response.text]

    for question in (early, late, unknown):
        assert_same(question)


def test_encoding_of_what_has_not_been_read() -> None:
    for default in ("latin-1", lambda content: "latin-1"):

        def unread(library: Any, default: Any = default) -> Any:
            response = library.Response(200, content=generate(b"\xe9"), default_encoding=default)
            return [response.encoding, response.read(), response.encoding, response.text]

        assert_same(unread)


@settings(max_examples=100, deadline=None)
@given(
    st.binary(max_size=30),
    st.sampled_from(["utf-8", "utf-16-le", "ascii", "latin-1", "utf-7", "shift_jis", "gb18030", "utf_8_sig"]),
)
def test_any_text(content: bytes, charset: str) -> None:
    assert_same(
        lambda library: library.Response(200, content=content, headers={"Content-Type": f"x/y; charset={charset}"}).text
    )


# JSON

JSONS = [
    b"{}", b"[1, 2.5, null, true]", b'"text"', b'{"a": "\xc3\xa9"}', b'{"a": "\xe9"}', b"\xef\xbb\xbf{}", '{"ü": 1}'.encode("utf-16"),
    '{"ü": 1}'.encode("utf-16-le"), "[1]".encode("utf-32"), "1".encode("utf-16-be"), b"", b" ", b"{", b"{}x", b"nul", b"NaN", b"Infinity",
    b'"\\ud800"', b'"\xed\xa0\x80"', b"\x00", b"1\x00", b"01", b"[1,]", b"9" * 30, b"1e999", b'{"a":1,"a":2}', b'"\x01"',
]  # fmt: skip


@pytest.mark.parametrize("content", JSONS)
def test_json(content: bytes) -> None:
    assert_same(lambda library: library.Response(200, content=content).json())
    # The charset has no say: JSON is UTF-8, 16 or 32 (RFC 8259 §8.1).
    headers = {"Content-Type": "application/json; charset=latin-1"}
    assert_same(lambda library: library.Response(200, content=content, headers=headers).json())


@pytest.mark.parametrize("keywords", [{"parse_float": str}, {"object_hook": len}, {"strict": False}, {"unheard_of": 1}])
def test_json_keywords(keywords: Any) -> None:
    assert_same(lambda library: library.Response(200, content=b'{"a": 1.50, "b": "\t"}').json(**keywords))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=12))
def test_any_json(content: bytes) -> None:
    assert_same(lambda library: library.Response(200, content=content).json())


def test_json_of_a_stream() -> None:
    assert_same(lambda library: library.Response(200, content=generate(b"{}")).json())


# Links and cookies

LINKS = [
    "", " ", "<a>", "<a>; rel=next", '<a>; rel="next", <b>; rel=last; title="x"', "<a>;rel=next,<b>", "<a>; rel",
    "a; rel=x", "<a, b>; rel=x", "<a>; rel=next; rel=prev", "<a>; REL=x", "<a>; rel=x, <b>; rel=x", "<a> ; rel = x ",
]  # fmt: skip


@pytest.mark.parametrize("value", LINKS)
def test_links(value: str) -> None:
    assert_same(lambda library: library.Response(200, headers={"Link": value}).links)
    if value.strip():
        assert_same(lambda library: library.Response(200, headers=[("link", value), ("Link", "<z>; rel=z")]).links)


SET_COOKIES: list[list[str]] = [
    [], ["a=b"], ["a=b", "c=d"], ["a=b; Path=/p"], ["a=b; Domain=h.example"], ["a=b; Domain=.example"], ["a=b; Domain=other"],
    ["a=b; Max-Age=0"], ["a=b; Max-Age=100; Secure; HttpOnly"], ["a"], ["=b"], ["a="], ["a=b=c"], ['a="b c"'], ["a=b, c=d"],
    ["a=b; Expires=Wed, 01 Jan 2031 00:00:00 GMT"], ["a=b; Expires=Wed, 01 Jan 2020 00:00:00 GMT"], ["a=b", "a=c"], ["a=\xe9"], [""],
]  # fmt: skip


@pytest.mark.parametrize("values", SET_COOKIES)
@pytest.mark.parametrize("url", ["http://h.example/p/q", "https://www.h.example", "http://127.0.0.1/"])
def test_cookies(values: list[str], url: str) -> None:
    def stored(library: Any) -> Any:
        headers = [(b"Set-Cookie", value.encode("latin-1")) for value in values]
        cookies = library.Response(200, headers=headers, request=library.Request("GET", url)).cookies
        return [
            dict(cookies),
            repr(cookies),
            [(it.name, it.value, it.domain, it.path, it.secure, it.expires) for it in cookies.jar],
        ]

    if any("Max-Age=100" in value for value in values):
        # The moment of expiry depends on the clock.
        assert_same(lambda library: stored(library)[:2])
    else:
        assert_same(stored)


def test_cookies_are_the_same_object() -> None:
    def twice(library: Any) -> Any:
        response = library.Response(200, headers={"Set-Cookie": "a=b"}, request=library.Request("GET", "http://h"))
        return response.cookies is response.cookies

    assert_same(twice)
    assert_same(lambda library: library.Response(200, headers={"Set-Cookie": "a=b"}).cookies)


# The rest


def test_request_and_url() -> None:
    def change(library: Any) -> Any:
        response = library.Response(200)
        response.request = library.Request("GET", "http://h/x")
        response.status_code = 204
        response.headers["X-A"] = "b"
        response.next_request = library.Request("GET", "http://h/next")
        response.default_encoding = "latin-1"
        response.mine = 1
        return [response, response.mine]

    assert_same(change)


def test_elapsed() -> None:
    def set_by_hand(library: Any) -> Any:
        response = library.Response(200)
        response.elapsed = datetime.timedelta(days=1, seconds=2, microseconds=345678)
        return response.elapsed

    assert_same(set_by_hand)
    assert_same(lambda library: library.Response(200).elapsed)
    assert_same(lambda library: library.Response(200, content=generate(b"x")).elapsed)


def test_repr_of_a_subclass() -> None:
    assert_same(lambda library: repr(type("Mine", (library.Response,), {})(200)))
