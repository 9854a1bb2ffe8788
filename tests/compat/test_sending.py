"""A client at work over a scripted transport: authentication, hooks, cookies, errors, its life, the line in the log."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from .both import LIBRARIES, agenerate, assert_same_story, async_stream, attribute, generate, sync_stream, twice

if TYPE_CHECKING:
    from collections.abc import Callable

OK = (200, {"X-Last": "1"}, b"body")

# Methods and arguments


@pytest.mark.parametrize("method", ["get", "options", "head", "delete"])
def test_methods_without_a_body(method: str) -> None:
    arguments: list[dict[str, Any]] = [
        {}, {"params": {"a": "b"}}, {"headers": {"X-A": "1"}}, {"timeout": 3}, {"extensions": {"x": 1}}, {"auth": ("u", "p")},
        {"follow_redirects": True}, {"auth": None}, {"content": b"x"}, {"json": 1}, {"unheard_of": 1},
    ]  # fmt: skip
    for more in arguments:
        assert_same_story([OK], lambda library, client, more=more: called(getattr(client, method), **more))


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_methods_with_a_body(method: str) -> None:
    arguments: list[dict[str, Any]] = [
        {}, {"content": b"x"}, {"content": "ü"}, {"data": {"a": [1, 2]}}, {"json": {"a": None}}, {"params": "a=b", "json": []},
        {"content": [b"a"]}, {"data": b"raw"}, {"data": 5}, {"json": {1}}, {"unheard_of": 1},
    ]  # fmt: skip
    for more in arguments:
        assert_same_story([OK], lambda library, client, more=more: called(getattr(client, method), **more))


async def called(method: Any, **arguments: Any) -> Any:
    try:
        return await method("http://h/p", **arguments)
    except TypeError as error:
        # Where it says which function it is about, that function is in our own file.
        return str(error).rpartition(".")[2]


def test_cookies_for_one_request_are_deprecated() -> None:
    for method in ("get", "post"):
        assert_same_story(
            [OK], lambda library, client, method=method: getattr(client, method)("http://h/", cookies={"a": "b"})
        )
    assert_same_story([OK], lambda library, client: client.request("GET", "http://h/", cookies=None))


def test_bodies_of_the_wrong_kind() -> None:
    for make in (lambda: generate(b"a"), lambda: [b"a"], lambda: iter([b"a"])):
        assert_same_story([OK], lambda library, client, make=make: client.post("http://h/", content=make()))
    assert_same_story(
        [OK],
        lambda library, client: client.send(library.Request("PUT", "http://h/", stream=sync_stream(library, b"a"))),
    )
    assert_same_story(
        [OK],
        lambda library, client: client.send(library.Request("PUT", "http://h/", stream=async_stream(library, b"a"))),
    )
    assert_same_story([OK], lambda library, client: client.post("http://h/", content=agenerate(b"a", b"b")))


def test_urls_of_the_wrong_kind() -> None:
    for url in ("http://[x/", 5, None, "http://h:x"):
        assert_same_story([OK], lambda library, client, url=url: client.get(url))


def test_send_takes_a_request_as_it_is() -> None:
    async def call(library: Any, client: Any) -> Any:
        request = library.Request("GET", "http://h/r", headers={"X-A": "1"}, extensions={"mine": 1})
        response = await client.send(request)
        return [response.request is request, request.extensions, request.headers.raw]

    assert_same_story([OK], call, headers={"X-B": "2"}, params={"a": "b"}, timeout=7)
    assert_same_story(
        [OK], lambda library, client: client.send(library.Request("GET", "http://h", extensions={"timeout": {}}))
    )


# Authentication


AUTHS: dict[str, Callable[[Any], Any]] = {
    "none": lambda library: None,
    "pair": lambda library: ("ü", "p:w"),
    "bytes": lambda library: (b"u", b"\xff"),
    "BasicAuth": lambda library: library.BasicAuth("u", "p"),
    "function": lambda library: lambda request: marked(request),
    "Auth": lambda library: library.Auth(),
    "twice": lambda library: twice(library),
    "twice, response": lambda library: twice(library, requires_response_body=True),
    "twice, request": lambda library: twice(library, requires_request_body=True),
    "text": lambda library: "text",
    "number": lambda library: 5,
    "short": lambda library: ("u",),
}


def marked(request: Any) -> Any:
    request.headers["X-Marked"] = request.method
    return request


@pytest.mark.parametrize("kind", AUTHS)
@pytest.mark.parametrize("url", ["http://h/", "http://u2:p2@h/", "http://u2@h/", "http://:p2@h/", "http://%40:%3A@h/"])
def test_auth(kind: str, url: str) -> None:
    answers = [(401, {"WWW-Authenticate": 'Basic realm="x"'}, b"no"), OK]
    make = AUTHS[kind]
    assert_same_story(answers, lambda library, client: client.post(url, content=b"body", auth=make(library)))
    assert_same_story(answers, lambda library, client: client.get(url), auth=plain_make(make))
    assert_same_story(answers, lambda library, client: client.get(url, auth=None), auth=plain_make(make))
    assert_same_story(answers, lambda library, client: client.get(url, auth=("o", "w")), auth=plain_make(make))


def plain_make(function: Callable[[Any], Any]) -> Any:
    def make(library: Any) -> Any:
        return function(library)

    return make


@pytest.mark.parametrize("flag", [{}, {"requires_request_body": True}, {"requires_response_body": True}])
def test_flows_and_streams(flag: dict[str, bool]) -> None:
    answers = [(401, {}, b"no"), OK]
    for content in (lambda: agenerate(b"a"), lambda: b"bytes"):

        async def call(library: Any, client: Any, content: Any = content) -> Any:
            try:
                return await client.post("http://h/", content=content(), auth=twice(library, **flag))
            except library.StreamConsumed:
                return "StreamConsumed"

        assert_same_story(answers, call)

    async def streamed(library: Any, client: Any) -> Any:
        async with client.stream("GET", "http://h/", auth=twice(library, **flag)) as response:
            return [response.is_closed, [it.is_closed for it in response.history], await response.aread()]

    assert_same_story(answers, streamed)


CHALLENGES = [
    'Digest realm="r", nonce="n", qop="auth", opaque="o"',
    'Digest realm="r", nonce="n"',
    'Digest realm="r", nonce="n", algorithm=SHA-256, qop="auth,auth-int"',
    'Digest realm="r", nonce="n", algorithm=MD5-SESS, qop=auth',
    'Basic realm="r"',
    'Digest realm="r"',
    'Digest realm="r", nonce="n", qop="auth-int"',
    'Digest realm="r", nonce="n", qop="other"',
    "",
]


@pytest.mark.parametrize("challenge", CHALLENGES)
def test_digest(challenge: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for library in LIBRARIES.values():
        monkeypatch.setattr(library.DigestAuth, "_get_client_nonce", lambda self, nonce_count, nonce: b"c" * 16)
    answers = [(401, [("WWW-Authenticate", challenge), ("Set-Cookie", "a=b")], b"no"), OK]

    async def call(library: Any, client: Any) -> Any:
        auth = library.DigestAuth("user", "secret")
        first = await client.get("http://h/p?q", auth=auth)
        second = await client.post("http://h/p?q", auth=auth, content=b"x")
        return [
            first.status_code,
            [it.status_code for it in first.history],
            second.status_code,
            [it.content for it in first.history],
        ]

    assert_same_story(answers, call)
    assert_same_story([answers[0]], call)


def test_netrc(tmp_path: Any) -> None:
    file = tmp_path / "netrc"
    file.write_text("machine h login u password p\nmachine other login o password\n")
    for url in ("http://h/", "http://unknown/", "http://h:81/"):
        assert_same_story([OK], lambda library, client, url=url: client.get(url, auth=library.NetRCAuth(str(file))))
    assert_same_story(
        [OK], lambda library, client: client.get("http://h/", auth=library.NetRCAuth(str(tmp_path / "missing")))
    )


def test_errors_of_a_flow() -> None:
    for place in ("before", "after"):

        async def call(library: Any, client: Any, place: str = place) -> Any:
            class Failing(library.Auth):  # type: ignore[misc]
                def auth_flow(self, request: Any) -> Any:
                    if place == "before":
                        raise ValueError("before")
                    yield request
                    raise ValueError("after")

            return await client.get("http://h/", auth=Failing())

        assert_same_story([OK], call)


def test_a_flow_of_coroutines() -> None:
    async def call(library: Any, client: Any) -> Any:
        class Waiting(library.Auth):  # type: ignore[misc]
            def sync_auth_flow(self, request: Any) -> Any:
                raise RuntimeError("not for this client")

            async def async_auth_flow(self, request: Any) -> Any:
                await asyncio.sleep(0)
                request.headers["X-Token"] = "1"
                response = yield request
                if response.status_code == 401:
                    await response.aread()
                    request.headers["X-Token"] = "2"
                    yield request

        return await client.get("http://h/", auth=Waiting())

    assert_same_story([(401, {}, b"no"), OK], call)


# Hooks


def hooked(library: Any, seen: list[Any]) -> Any:
    async def on_request(request: Any) -> None:
        seen.append(["request", request.method, str(request.url), request.headers.get("X-Hook")])
        request.headers["X-Hook"] = str(len(seen))

    async def on_response(response: Any) -> None:
        seen.append(["response", response.status_code, response.is_closed, response.is_stream_consumed, attribute(response, "content"),
                     response.default_encoding, len(response.history), response.next_request is None])  # fmt: skip

    return {"request": [on_request, on_request], "response": [on_response]}


@pytest.mark.parametrize("follow", [True, False])
@pytest.mark.parametrize("auth", [None, "twice"])
def test_hooks(follow: bool, auth: Any) -> None:
    answers = [(302, {"Location": "/next"}, b"moved"), (401, {}, b"no"), OK]

    async def call(library: Any, client: Any) -> Any:
        seen: list[Any] = []
        client.event_hooks = hooked(library, seen)
        response = await client.get("http://h/", follow_redirects=follow, auth=twice(library) if auth else None)
        return [seen, response.content, response.request.headers["X-Hook"]]

    assert_same_story(answers, call)


def test_hooks_may_read_and_raise() -> None:
    async def reading(library: Any, client: Any) -> Any:
        async def read(response: Any) -> None:
            await response.aread()
            response.headers["X-Read"] = response.text
            response.raise_for_status()

        client.event_hooks = {"response": [read]}
        return await client.get("http://h/")

    assert_same_story([(404, {}, b"nothing")], reading)
    assert_same_story([OK], reading)

    async def failing(library: Any, client: Any) -> Any:
        return await client.get("http://h/")

    async def fail(it: Any) -> None:
        raise KeyError("hook")

    for kind in ("request", "response"):
        assert_same_story([OK], failing, event_hooks={kind: [fail]})


def test_hooks_must_be_coroutine_functions() -> None:
    for kind in ("request", "response"):
        hooks = {kind: [lambda it: None]}
        assert_same_story([OK], lambda library, client: client.get("http://h/"), event_hooks=hooks)


# Errors of the transport

ERRORS = ["ConnectError", "ConnectTimeout", "ReadTimeout", "RemoteProtocolError", "UnsupportedProtocol", "DecodingError", "TooManyRedirects",
          "ProxyError", "TransportError", "RequestError"]  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_errors_know_their_request(name: str) -> None:
    assert_same_story(
        [lambda library: getattr(library, name)("text")], lambda library, client: client.get("http://h/p")
    )

    def with_a_request(library: Any) -> Any:
        return getattr(library, name)("text", request=library.Request("GET", "http://other"))

    assert_same_story([with_a_request], lambda library, client: client.get("http://h/p"))


def test_other_errors_pass() -> None:
    for error in (ValueError("x"), KeyError("x"), OSError(5, "x")):
        assert_same_story([lambda library, error=error: error], lambda library, client: client.get("http://h/"))


def test_errors_while_reading() -> None:
    async def call(library: Any, client: Any) -> Any:
        class Broken(library.AsyncByteStream):  # type: ignore[misc]
            async def __aiter__(self) -> Any:
                yield b"a"
                raise library.ReadError("lost")

        async def handle(request: Any) -> Any:
            return library.Response(200, stream=Broken())

        return await library.AsyncClient(transport=library.MockTransport(handle)).get("http://h/p")

    assert_same_story([OK], call)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
def test_bodies_that_cannot_be_decoded(coding: str) -> None:
    async def call(library: Any, client: Any) -> Any:
        try:
            return await client.get("http://h/p")
        except library.DecodingError as error:
            # The text is the decoder's.
            return ["DecodingError", str(error.request.url)]

    assert_same_story([(200, {"Content-Encoding": coding}, b"not coded")], call)
