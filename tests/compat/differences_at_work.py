"""The intended differences that show when a client sends: redirects, authentication, the log, the wire. See `differences`."""

from __future__ import annotations

import gc
import importlib
import logging
import os
import warnings
from functools import partial
from typing import TYPE_CHECKING, Any, Generic
from unittest import mock

from .both import Script, generate, sync_stream
from .rows import afailing, failing, row
from .wire import client_of, listening

if TYPE_CHECKING:
    from collections.abc import Callable

# Clients


def played(library: Any, answers: list[Any], call: Callable[[Any], Any], **of_client: Any) -> Any:
    async def play() -> Any:
        script = Script(library, answers, **of_client)
        return await call(script)

    return play()


@row("location-without-a-path", "RemoteProtocolError")
def _(library: Any) -> Any:
    return played(
        library,
        [(302, {"Location": "mailto:x"}, b"")],
        lambda script: afailing(script.client.get("http://h/", follow_redirects=True)),
    )


@row("redirected-secrets", [[b"Host", b"Proxy-Authorization"], [b"Host"]])
def _(library: Any) -> Any:
    async def call(script: Script) -> Any:
        request = script.library.Request("GET", "http://h/", headers={"Proxy-Authorization": "secret"})
        await script.client.send(request, follow_redirects=True)
        return [[name for name, _ in seen[2]] for seen in script.seen]

    return played(library, [(302, {"Location": "http://other/"}, b""), (200, {}, b"")], call)


@row("redirected-query", ["QUERY", "QUERY"])
def _(library: Any) -> Any:
    async def call(script: Script) -> Any:
        await script.client.request("QUERY", "http://h/", content=b"q", follow_redirects=True)
        return [seen[0] for seen in script.seen]

    return played(library, [(302, {"Location": "/next"}, b""), (200, {}, b"")], call)


@row("masked-log", 'HTTP Request: GET http://user:[secure]@h/ "HTTP/1.1 200 OK"')
def _(library: Any) -> Any:
    lines: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    async def call(script: Script) -> Any:
        logger, handler = logging.getLogger("httpx"), Keep()
        level = logger.level
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
        try:
            await script.client.get("http://user:password@h/")
        finally:
            logger.removeHandler(handler)
            logger.setLevel(level)
        return lines[0]

    return played(library, [(200, {}, b"")], call)


@row("sync-response", "RuntimeError")
def _(library: Any) -> Any:
    async def call() -> Any:
        transport = library.MockTransport(lambda request: library.Response(200, stream=sync_stream(library, b"a")))
        async with library.AsyncClient(transport=transport) as client:
            return await afailing(client.get("http://h/"))

    return call()


@row("request-of-invalid-url", "http://h/")
def _(library: Any) -> Any:
    async def call(script: Script) -> Any:
        try:
            await script.client.get("http://h/")
        except library.InvalidURL as error:
            return str(getattr(error, "request", library.Request("GET", "http://none")).url)

    return played(library, [lambda library: library.InvalidURL("x")], call)


@row("digest-challenges", [True, True, False])
def _(library: Any) -> Any:
    async def answers(challenge: str) -> bool:
        async def call(script: Script) -> Any:
            await afailing(script.client.get("http://h/", auth=library.DigestAuth("u", "p")))
            return len(script.seen) == 2

        return bool(await played(library, [(401, {"WWW-Authenticate": challenge}, b""), (200, {}, b"")], call))

    async def all_of_them() -> Any:
        return [
            await answers('Basic realm="b", Digest realm="d", nonce="n"'),
            await answers('Digest REALM="d", Nonce="n"'),
            await answers('Digest realm="d", nonce="n", algorithm=UNKNOWN'),
        ]

    return all_of_them()


@row("digest-of-another-origin", 2)
def _(library: Any) -> Any:
    async def call(script: Script) -> Any:
        auth = library.DigestAuth("u", "p")
        await script.client.get("http://h/", auth=auth, follow_redirects=True)
        return len(script.seen)

    challenge = (401, {"WWW-Authenticate": 'Digest realm="d", nonce="n"'}, b"")
    return played(library, [(302, {"Location": "http://other/"}, b""), challenge, (200, {}, b"")], call)


@row("cookies-of-urls-with-userinfo", "a=1")
def _(library: Any) -> Any:
    async def call(script: Script) -> Any:
        await script.client.get("http://user:password@h.example/")
        await script.client.get("http://h.example/")
        return dict(script.seen[1][2]).get(b"Cookie", b"none").decode()

    return played(library, [(200, {"Set-Cookie": "a=1; Domain=h.example"}, b"")], call)


@row("no-proxy", [True, True])
def _(library: Any) -> Any:
    def is_direct(value: str, url: str) -> bool:
        with mock.patch.dict(os.environ, {"NO_PROXY": value, "HTTP_PROXY": "http://p"}, clear=True):
            utils = importlib.import_module(f"{library.__name__}._utils")
            patterns = {utils.URLPattern(key): proxy for key, proxy in utils.get_environment_proxies().items()}
        return next(patterns[pattern] for pattern in sorted(patterns) if pattern.matches(library.URL(url))) is None

    return [is_direct("10.0.0.0/8", "http://10.1.2.3/"), is_direct("[bad]:x,good.example", "http://good.example/")]


# On the wire


def on_the_wire(library: Any, call: Callable[[Any, str], Any], answers: list[bytes] | None = None) -> Any:
    """What comes of a call, and the requests that were seen."""

    async def ask() -> Any:
        async with listening(answers) as listener, client_of(library) as client:
            result = await call(client, listener.url)
            return [result, len(listener.seen), *listener.seen]

    return ask()


@row("both-lengths", [False, True])
def _(library: Any) -> Any:
    async def ask() -> Any:
        headers = {"Transfer-Encoding": "chunked", "Content-Length": "3"}
        _, _, seen = await on_the_wire(library, lambda client, url: client.post(url, content=b"abc", headers=headers))
        return [b"Content-Length" in seen, seen.endswith(b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")]

    return ask()


@row("control-characters-in-headers", ["LocalProtocolError", 0])
def _(library: Any) -> Any:
    return on_the_wire(library, lambda client, url: afailing(client.get(url, headers={"X-A": "a\x01b"})))


@row("lost-connections", [200, 2])
def _(library: Any) -> Any:
    # A server that closes where the next request comes.
    async def call(client: Any, url: str) -> Any:
        await client.get(url)
        try:
            return (await client.get(url)).status_code
        except library.TransportError as error:
            return type(error)

    async def ask() -> Any:
        async with (
            listening([b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"]) as listener,
            client_of(library) as client,
        ):
            listener.close_at = 2
            return [await call(client, listener.url), listener.connections]

    return ask()


@row("bytes-of-responses", [200, 200, "RemoteProtocolError"])
def _(library: Any) -> Any:
    async def ask() -> Any:
        found = []
        for answer in (
            b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-A: a\x01b\r\n\r\n",
        ):

            async def call(client: Any, url: str) -> Any:
                try:
                    return (await client.get(url)).status_code
                except library.TransportError as error:
                    return type(error)

            found.append((await on_the_wire(library, call, [answer]))[0])
        return found

    return ask()


@row("redirect-bodies", [200, "DecodingError"])
def _(library: Any) -> Any:
    answers = [
        b"HTTP/1.1 302 Found\r\nLocation: /next\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nbad",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    ]

    async def call(client: Any, url: str) -> Any:
        try:
            response = await client.get(url, follow_redirects=True)
        except library.DecodingError:
            return "DecodingError"
        return [response.status_code, failing(lambda: response.history[0].content)]

    async def ask() -> Any:
        return (await on_the_wire(library, call, answers))[0]

    return ask()


@row("trailers", [[(b"X-Sum", b"1")]])
def _(library: Any) -> Any:
    answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n"

    async def call(client: Any, url: str) -> Any:
        return (await client.get(url)).extensions.get("trailing_headers")

    async def ask() -> Any:
        return [(await on_the_wire(library, call, [answer]))[0]]

    return ask()


@row("error-texts", ["RemoteProtocolError", "illegal status line: 'garbage' (not an HTTP/1 response)"])
def _(library: Any) -> Any:
    async def call(client: Any, url: str) -> Any:
        try:
            return (await client.get(url)).status_code
        except library.TransportError as error:
            return [type(error), str(error)]

    async def ask() -> Any:
        return (await on_the_wire(library, call, [b"garbage\r\n\r\n"]))[0]

    return ask()


@row("unread-responses", ["ResourceWarning"])
def _(library: Any) -> Any:
    async def ask() -> Any:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            async with listening() as listener, client_of(library) as client:
                response = await client.send(client.build_request("GET", listener.url), stream=True)
                del response
                gc.collect()
        return [item.category.__name__ for item in caught if "streamed response" in str(item.message)]

    return ask()


@row("methods-not-ascii", "LocalProtocolError")
def _(library: Any) -> Any:
    async def ask() -> Any:
        return (await on_the_wire(library, lambda client, url: afailing(client.request("GÉT", url))))[0]

    return ask()


# Beside the calls


@row("mutable-mappings", False)
def _(library: Any) -> Any:
    return Generic in library.Cookies.__mro__


@row("fixed-attributes", ["AttributeError"] * 4)
def _(library: Any) -> Any:
    values = [library.URL("http://h"), library.Cookies(), library.Timeout(1), library.Limits()]
    return [failing(partial(setattr, value, "mine", 1)) for value in values]


@row("private-state", [None])
def _(library: Any) -> Any:
    return [getattr(library.Response(200, content=generate(b"x")), "_content", "missing")]


@row("more-names", True)
def _(library: Any) -> Any:
    return hasattr(library, "TotalTimeout") and "query" in dir(library.AsyncClient)
