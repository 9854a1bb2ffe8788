"""Requests on the wire, byte by byte: those of httpx, but for the User-Agent."""

from __future__ import annotations

import gzip
import io
import pickle
import re
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import cyhttpx

from .both import agenerate, differing, generate
from .wire import client_of, listening

if TYPE_CHECKING:
    from collections.abc import Callable

    from .wire import Listener


async def sent(
    library: Any, call: Callable[[Any, str], Any], answers: list[bytes] | None, of_client: dict[str, Any]
) -> list[bytes]:
    async with listening(answers) as listener, client_of(library, **of_client) as client:
        await call(client, listener.url)
        # Once more: with a connection there already, the usual request goes by a shorter way.
        await call(client, listener.url)
        return masked(library, listener)


def masked(library: Any, listener: Listener) -> list[bytes]:
    port = listener.url.rpartition(":")[2].encode()
    agent = f"python-{library.__name__}/{library.__version__}".encode()
    return [request.replace(agent, b"default").replace(b":" + port, b":port") for request in listener.seen]


async def assert_same_bytes(
    call: Callable[[Any, str], Any], answers: list[bytes] | None = None, **of_client: Any
) -> list[bytes]:
    ours = await sent(cyhttpx, call, answers, of_client)
    theirs = await sent(httpx, call, answers, of_client)
    assert ours == theirs, f"\n{ours}\n{theirs}"
    assert ours
    return ours


TARGETS = ["", "/", "/a/b", "?q=1", "/?", "/a b?c d#e f", "/ü?ü=ü", "/%zz%41%c3", "//a//b/../c", "/a;b=c:d@e?f[]=g{}|^`", "/x?a=1&a=2#",
           "/.", "/a'b\"c<d>", "/\\a"]  # fmt: skip
METHODS = ["GET", "HEAD", "OPTIONS", "DELETE", "POST", "PUT", "PATCH", "PURGE", "m-search"]


@pytest.mark.parametrize("target", TARGETS)
async def test_targets(target: str) -> None:
    await assert_same_bytes(lambda client, url: client.get(url + target))
    await assert_same_bytes(lambda client, url: client.get(url + target, params={"x": ["1", "ü &"], "y": None}))


@pytest.mark.parametrize("method", METHODS)
async def test_methods(method: str) -> None:
    await assert_same_bytes(lambda client, url: client.request(method, url + "/p"))
    await assert_same_bytes(lambda client, url: client.request(method, url + "/p", content=b"body"))
    await assert_same_bytes(lambda client, url: client.request(method, url + "/p", content=b""))


HEADERS: list[Any] = [
    {},
    {"X-A": "1", "x-b": "2", "X_C": "", "x-d": "a\tb  c"},
    [("X-A", "1"), ("x-a", "2"), ("X-A", "3")],
    {"Accept": "text/plain", "X-Host": "example.org"},
    [("accept", "a"), ("ACCEPT", "b"), ("Connection", "close")],
    {"Content-Length": "0"},
    {"User-Agent": "mine", "Cookie": "a=b; c=d"},
    {b"X-Bytes": b"\xe9\xff"},
    {"Accept-Encoding": "identity", "Range": "bytes=0-1"},
    {"Connection": "Upgrade", "Upgrade": "x/1"},
    {"Expect": "x"},
    {"TE": "trailers"},
]


@pytest.mark.parametrize("headers", HEADERS)
async def test_headers(headers: Any) -> None:
    await assert_same_bytes(lambda client, url: client.get(url, headers=headers))
    await assert_same_bytes(lambda client, url: client.get(url), headers=headers)


async def test_host_comes_first() -> None:
    # RFC 9110 §7.2.
    fields: list[Any] = [
        {"Accept": "text/plain", "Host": "example.org"},
        [("X-A", "1"), ("hOST", "h:80"), ("x-a", "2")],
        {"Host": ""},
    ]
    for headers in fields:
        await assert_same_bytes(lambda client, url, headers=headers: client.get(url, headers=headers))
        await assert_same_bytes(lambda client, url, headers=headers: client.post(url, headers=headers, json={}))


BODIES: list[Callable[[], dict[str, Any]]] = [
    lambda: {"content": b"x" * 100_000},
    lambda: {"content": "tëxt"},
    lambda: {"content": agenerate(b"one", b"", b"two", b"x" * 70_000)},
    lambda: {"content": agenerate()},
    lambda: {"content": agenerate(b"abc"), "headers": {"Content-Length": "3"}},
    lambda: {"content": agenerate(b"a"), "headers": {"Transfer-Encoding": "chunked", "X-A": "b"}},
    lambda: {"data": {"a": ["1", 2, None, True], "ü b": "ü &=+"}},
    lambda: {"data": {}},
    lambda: {"json": {"ü": [1, 2.5, None, "é"]}},
    lambda: {"json": "x" * 70_000},
    lambda: {"json": 0, "headers": {"content-type": "application/vnd+json"}},
    lambda: {"files": {"f": b"x"}, "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
    lambda: {
        "files": [("f", ("ü.txt", io.BytesIO(b"y" * 70_000))), ("g", ("g.json", "{}", "a/b", {"X": "y"}))],
        "data": {"a": ["b", "c"]},
        "headers": {"Content-Type": "multipart/form-data; boundary=b"},
    },
]


@pytest.mark.parametrize("body", BODIES)
async def test_bodies(body: Callable[[], dict[str, Any]]) -> None:
    for method in ("POST", "DELETE"):
        await assert_same_bytes(lambda client, url, method=method: client.request(method, url + "/p", **body()))


async def test_a_multipart_boundary_is_random() -> None:
    async def call(client: Any, url: str) -> None:
        await client.post(url, files={"f": b"x"})

    ours, theirs = await sent(cyhttpx, call, None, {}), await sent(httpx, call, None, {})
    boundary = re.compile(rb"boundary=([0-9a-f]{32})\r\n")
    for our_request, their_request in zip(ours, theirs, strict=True):
        (our_mark,), (their_mark,) = boundary.findall(our_request), boundary.findall(their_request)
        assert our_request.replace(our_mark, b"b") == their_request.replace(their_mark, b"b")
    assert len({mark for request in [*ours, *theirs] for mark in boundary.findall(request)}) == 4


async def test_settings_of_the_client() -> None:
    settings: list[dict[str, Any]] = [
        {"auth": ("u", "p")}, {"cookies": {"a": "b", "c": "d e"}}, {"params": {"k": "v"}}, {"headers": [("X-A", "1"), ("X-A", "2")]},
    ]  # fmt: skip
    for of_client in settings:
        await assert_same_bytes(lambda client, url: client.get(url + "/p?q"), **of_client)
        await assert_same_bytes(lambda client, url: client.post(url + "/p?q", json={}), **of_client)


async def test_credentials_in_the_url() -> None:
    await assert_same_bytes(lambda client, url: client.get(url.replace("//", "//us%40er:pä@") + "/p"))


async def test_one_after_the_other() -> None:
    async def call(client: Any, url: str) -> None:
        for number in range(3):
            await client.get(f"{url}/{number}")
            await client.post(f"{url}/{number}", content=agenerate(b"a"))

    assert len(await assert_same_bytes(call)) == 12


async def test_redirects_cookies_and_challenges() -> None:
    answers = [
        b"HTTP/1.1 302 Found\r\nLocation: /next\r\nSet-Cookie: a=b\r\nContent-Length: 5\r\n\r\nmoved",
        b"HTTP/1.1 307 Temporary\r\nLocation: /more\r\nSet-Cookie: c=d\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 401 No\r\nContent-Length: 0\r\nWWW-Authenticate: Basic\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ]
    await assert_same_bytes(
        lambda client, url: client.post(url + "/p", content=b"body"), answers, follow_redirects=True
    )
    await assert_same_bytes(
        lambda client, url: client.put(url + "/p", json=[1], auth=("u", "p")), answers, follow_redirects=True
    )


async def test_a_target_of_the_caller() -> None:
    await assert_same_bytes(lambda client, url: client.get(url, extensions={"target": b"*"}))
    await assert_same_bytes(lambda client, url: client.get(url, extensions={"target": b"http://h/absolute"}))


async def test_a_request_made_by_hand() -> None:
    for library in (cyhttpx, httpx):
        async with listening() as listener, client_of(library) as client:
            url = listener.url
            await client.send(library.Request("GET", url + "/p"))
            await client.send(library.Request("POST", url, headers={"Host": "x"}, content=b"y"))
            stream = library.ByteStream(b"abc")
            await client.send(library.Request("PUT", url, headers={"Host": "x", "Content-Length": "3"}, stream=stream))
            seen = masked(library, listener)
        assert seen == [
            b"GET /p HTTP/1.1\r\nHost: 127.0.0.1:port\r\n\r\n",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\ny",
            b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        ]


CODED = gzip.compress(b"text " * 100, mtime=0)
RESPONSES = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-A: 1\r\nx-a: 2\r\n\r\nok",
    b"HTTP/1.1 404 Not Here\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain; charset=latin-1\r\n\r\n1\r\n\xe9\r\n0\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nuntil the end",
    b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n"
    % (len(CODED), CODED),
    b"HTTP/1.1 204 \r\nSet-Cookie: a=b\r\n\r\n",
    b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n",
    b"HTTP/1.1 299 \xdcbung\r\nContent-Length: 0\r\nX-Latin: \xe9\r\n\r\n",
    b"HTTP/1.1 103 Early\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
]


def seen_of(response: Any) -> list[Any]:
    return [
        response.status_code, response.reason_phrase, response.http_version, response.headers.raw, response.content, response.text,
        response.is_closed, response.is_stream_consumed, response.num_bytes_downloaded, response.elapsed.total_seconds() > 0,
        repr(response.cookies), repr(response), response.encoding, response.charset_encoding, response.history, response.next_request,
        response.default_encoding, sorted(set(response.extensions) - {"trailing_headers"}), [name for name, _ in response.request.headers.raw], response.request.extensions,
    ]  # fmt: skip


@pytest.mark.parametrize("answer", RESPONSES)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
async def test_responses(answer: bytes, method: str) -> None:
    if method == "HEAD" and b"103" in answer:
        return
    found = []
    for library in (cyhttpx, httpx):
        shown: list[Any] = []
        async with listening([answer]) as listener, client_of(library) as client:
            for ask in (
                client.request,
                client.request,
                lambda method, url, client=client: getattr(client, method.lower())(url),
            ):
                shown.append(seen_of(await ask(method, listener.url)))
            copied = pickle.loads(pickle.dumps(await client.request(method, listener.url)))
            shown += [
                copied.status_code,
                copied.headers.raw,
                copied.text,
                copied.elapsed.total_seconds() > 0,
                copied.extensions,
            ]
            shown += [
                str(copied.url) == listener.url,
                copied.num_bytes_downloaded,
                copied.is_closed,
                copied.is_stream_consumed,
            ]
            async with client.stream(method, listener.url) as streamed:
                shown += [[piece async for piece in streamed.aiter_raw()], streamed.num_bytes_downloaded]
        found.append(shown)
    assert found[0] == found[1], "\n".join(differing(found[0], found[1]))


async def test_generators_are_for_the_other_client() -> None:
    for library in (cyhttpx, httpx):
        async with listening() as listener, client_of(library) as client:
            with pytest.raises(RuntimeError) as caught:
                await client.post(listener.url, content=generate(b"a"))
            assert str(caught.value) == "Attempted to send an sync request with an AsyncClient instance."
            assert listener.seen == []
