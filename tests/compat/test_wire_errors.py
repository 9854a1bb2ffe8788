"""What goes wrong on the wire: the classes of httpx's errors, each with its request, and the texts that are said of the user's own doing."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import cyhttpx

from .both import agenerate
from .wire import OK, client_of, listening

if TYPE_CHECKING:
    from collections.abc import Callable

# An answer after which the server closes.
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\n"
CHUNKED = CLOSING + b"Transfer-Encoding: chunked\r\n\r\n"

# Also the texts are the same: programs look for these.
KNOWN_TEXTS = {
    "body cut short": CLOSING + b"Content-Length: 5\r\n\r\nab",
    "chunk cut short": CHUNKED + b"5\r\nab",
    "no last chunk": CHUNKED + b"2\r\nab\r\n",
}
ANSWERS = {
    **KNOWN_TEXTS,
    "head cut short": CLOSING,
    "status of four digits": b"HTTP/1.1 2000 OK\r\n\r\n",
    "status below 100": b"HTTP/1.1 099 Odd\r\n\r\n",
    "not HTTP": b"garbage\r\n\r\n",
    "space in a name": CLOSING + b"X A: 1\r\n\r\n",
    "no colon": CLOSING + b"XA\r\n\r\n",
    "NUL in a value": CLOSING + b"X: a\x00b\r\n\r\n",
    "length is no number": CLOSING + b"Content-Length: x\r\n\r\n",
    "two lengths": CLOSING + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "size is no number": CHUNKED + b"xx\r\n",
    "fold at the start": b"HTTP/1.1 200 OK\r\n X: a\r\n\r\n",
    "101 unasked": b"HTTP/1.1 101 Switching\r\n\r\n",
}


async def failure(library: Any, call: Callable[[Any], Any]) -> tuple[Any, ...]:
    async with client_of(library, timeout=20) as client:
        try:
            await call(client)
        except Exception as error:
            request = getattr(error, "_request", None)
            return type(error).__name__, str(error), None if request is None else (request.method, request.url.path)
    return ("no error",)


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("how", ["first", "later", "stream"])
async def test_answers(name: str, how: str) -> None:
    found = []
    for library in (cyhttpx, httpx):
        # With a connection there already, the usual request goes by a shorter way.
        async with listening([*([OK] if how == "later" else []), ANSWERS[name]]) as listener:

            async def call(client: Any, url: str = listener.url) -> None:
                if how == "stream":
                    async with client.stream("GET", url + "/p") as response:
                        await response.aread()
                    return
                if how == "later":
                    await client.get(url)
                await client.get(url + "/p")

            found.append(await failure(library, call))
    ours, theirs = found
    assert ours[0] == theirs[0] == "RemoteProtocolError"
    assert ours[2] == theirs[2] == ("GET", "/p")
    if name in KNOWN_TEXTS:
        assert ours == theirs
    # The row `error-texts`: others say what came.
    assert ours[1]


async def test_no_answer() -> None:
    async with listening() as listener:
        found = []
        for library in (cyhttpx, httpx):
            listener.close_at = len(listener.seen) + 1
            found.append(await failure(library, lambda client: client.get(listener.url)))
    assert (
        found[0] == found[1] == ("RemoteProtocolError", "Server disconnected without sending a response.", ("GET", "/"))
    )


async def test_nobody_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/p"
        ours, theirs = [await failure(library, lambda client: client.get(url)) for library in (cyhttpx, httpx)]
    assert (ours[0], ours[2]) == (theirs[0], theirs[2]) == ("ConnectError", ("GET", "/p"))


@pytest.mark.parametrize("url", ["ftp://h/", "/x", "http:///x", "", "h:80", "mailto:x"])
async def test_schemes(url: str) -> None:
    ours, theirs = [await failure(library, lambda client: client.get(url)) for library in (cyhttpx, httpx)]
    assert ours == theirs
    assert ours[0] == "UnsupportedProtocol"


REQUESTS: list[Callable[[], dict[str, Any]]] = [
    lambda: {"headers": {"X Y": "1"}},
    lambda: {"headers": {"": "1"}},
    lambda: {"headers": {"X": "a\r\nb"}},
    lambda: {"headers": {"X": "a\n"}},
    lambda: {"headers": {"X": " a "}},
    lambda: {"headers": {"X": "\0"}},
    lambda: {"headers": [("Host", "a"), ("Host", "b")]},
    lambda: {"content": agenerate(b"abc"), "headers": {"Content-Length": "2"}},
    lambda: {"content": agenerate(b"a"), "headers": {"Content-Length": "2"}},
    lambda: {"content": b"abc", "headers": {"Content-Length": "x"}},
    lambda: {"content": b"abc", "headers": {"Content-Length": "5"}},
    lambda: {"content": b"abc", "headers": {"Transfer-Encoding": "gzip"}},
]


@pytest.mark.parametrize("make", REQUESTS)
async def test_requests_that_cannot_be_sent(make: Callable[[], dict[str, Any]]) -> None:
    async with listening([OK]) as listener:
        ours, theirs = [
            await failure(library, lambda client: client.post(listener.url, **make())) for library in (cyhttpx, httpx)
        ]
        # Nothing of them was sent as a request, and a client that has sent others refuses them, too.
        assert listener.seen == []

        async def after_another(client: Any) -> None:
            await client.post(listener.url)
            await client.post(listener.url, **make())

        again = await failure(cyhttpx, after_another)
    assert ours == again
    assert ours[:2] == theirs[:2]
    assert (ours[0], ours[2]) == ("LocalProtocolError", ("POST", "/"))


@pytest.mark.parametrize("method", ["A B", "", "a\r\nb"])
async def test_methods_that_cannot_be_sent(method: str) -> None:
    async with listening() as listener:
        ours, theirs = [
            await failure(library, lambda client: client.request(method, listener.url)) for library in (cyhttpx, httpx)
        ]
        assert listener.seen == []
    assert ours[0] == theirs[0] == "LocalProtocolError"
    assert ours[1].startswith(theirs[1])


@pytest.mark.parametrize("target", [b"/a b", b"/\r\n", b""])
async def test_targets_that_cannot_be_sent(target: bytes) -> None:
    async with listening() as listener:
        ours, theirs = [
            await failure(library, lambda client: client.get(listener.url, extensions={"target": target}))
            for library in (cyhttpx, httpx)
        ]
        assert listener.seen == []
    assert ours[0] == theirs[0] == "LocalProtocolError"
    assert ours[1].startswith(theirs[1])


async def test_timeouts() -> None:
    async with listening() as listener:
        listener.answers = [b""]
        ours, theirs = [
            await failure(library, lambda client: client.get(listener.url, timeout=0.02))
            for library in (cyhttpx, httpx)
        ]
    assert (ours[0], ours[2]) == (theirs[0], theirs[2]) == ("ReadTimeout", ("GET", "/"))
