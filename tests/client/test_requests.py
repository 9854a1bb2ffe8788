"""Requests as a server sees them: methods, parameters, headers, base URL, bodies that are there as a whole."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

import cyhttpx

from .peers import Peer, Received, Server, respond, serving

METHODS = ("GET", "HEAD", "OPTIONS", "DELETE", "POST", "PUT", "PATCH")


def echo(request: Received) -> bytes:
    """Answer with what came. A HEAD's lengths are those that a GET would have had."""
    body = json.dumps(
        {"method": request.method, "target": request.target, "body": request.body.decode("latin-1")}
    ).encode()
    return respond(b"" if request.method == "HEAD" else body, length=len(body), headers=[("X-Method", request.method)])


@pytest.mark.parametrize("method", METHODS)
async def test_method(method: str) -> None:
    with serving(echo) as server:
        async with cyhttpx.AsyncClient() as client:
            response = await getattr(client, method.lower())(server.url + "/a?b=c")
            again = await client.request(method, server.url + "/a?b=c")
        assert (response.status_code, response.reason_phrase, response.http_version) == (200, "Reason", "HTTP/1.1")
        assert response.headers["X-Method"] == method
        assert response.content == again.content
        assert response.content == b"" if method == "HEAD" else response.json()["target"] == "/a?b=c"
        # One connection: what a HEAD's Content-Length says doesn't come.
        assert server.accepted == 1
        assert [request.method for request in server.requests] == [method, method]


async def test_unknown_method_is_sent_in_upper_case() -> None:
    with serving(echo) as server:
        async with cyhttpx.AsyncClient() as client:
            assert (await client.request("purge", server.url)).json()["method"] == "PURGE"
            assert (await client.query(server.url, content=b"x")).json() == {
                "method": "QUERY",
                "target": "/",
                "body": "x",
            }


@pytest.mark.parametrize("method", METHODS)
async def test_default_headers_come_in_httpx_s_order(method: str) -> None:
    with serving(echo) as server:
        async with cyhttpx.AsyncClient() as client:
            await client.request(method, server.url, headers={"X-Mine": "1"})
        names = [name for name, _ in server.requests[0].headers]
        length = ["Content-Length"] if method in ("POST", "PUT", "PATCH") else []
        assert names == ["Host", *length, "Accept", "Accept-Encoding", "Connection", "User-Agent", "X-Mine"]
        assert server.requests[0].get("Host") == f"127.0.0.1:{server.port}"
        assert server.requests[0].get("User-Agent") == f"python-cyhttpx/{cyhttpx.__version__}"


async def test_headers_are_merged_and_keep_their_case() -> None:
    with serving(echo) as server:
        async with cyhttpx.AsyncClient(headers={"X-One": "1", "x-TWO": "2"}) as client:
            await client.get(server.url, headers={"x-one": "changed", "Accept": "text/plain", "X-Three": "ü".encode()})
            await client.get(server.url, headers=[("X-Many", "a"), ("X-Many", "b")])
        first, second = server.requests
        assert (first.get("X-One"), first.get("x-TWO"), first.get("Accept")) == ("changed", "2", "text/plain")
        assert first.get("X-Three") == "ü".encode().decode("latin-1")
        assert [value for name, value in second.headers if name == "X-Many"] == ["a", "b"]
        assert second.get("X-One") == "1"


async def test_host_can_be_chosen() -> None:
    with serving(echo) as server:
        async with cyhttpx.AsyncClient() as client:
            await client.get(server.url, headers={"Host": "example.org"})
        assert server.requests[0].get("host") == "example.org"


@pytest.mark.parametrize("url", ["/x", "/x?z=0", "/x?all=0&z", "/x y/ü?q=ü", "/x#fragment"])
@pytest.mark.parametrize(
    "params", [None, {}, {"a": "1", "b": [2, 3], "c": None, "d": True}, "q=%20&r", [("z", "9"), ("z", "8")]]
)
@pytest.mark.parametrize("of_client", [None, {"all": "1"}])
async def test_params_as_httpx_has_them(url: str, params: Any, of_client: Any) -> None:
    with serving(echo) as server, httpx.Client(params=of_client) as oracle:
        async with cyhttpx.AsyncClient(params=of_client) as client:
            sent = (await client.get(server.url + url, params=params)).json()["target"]
        assert sent == oracle.build_request("GET", server.url + url, params=params).url.raw_path.decode()


@pytest.mark.parametrize(
    ("base", "path", "target"),
    [
        ("/api/v1", "/users", "/api/v1/users"),
        ("/api/v1/", "users", "/api/v1/users"),
        ("/api/v1", "", "/api/v1/"),
        ("", "/users?q=1", "/users?q=1"),
        ("/api", "../up", "/up"),
    ],
)
async def test_base_url(base: str, path: str, target: str) -> None:
    with serving(echo) as server:
        async with cyhttpx.AsyncClient(base_url=server.url + base) as client:
            assert (await client.get(path)).json()["target"] == target
            # A whole URL goes where it says.
            assert (await client.get(f"http://localhost:{server.port}/else")).json()["target"] == "/else"


async def test_bodies() -> None:
    with serving(echo) as server:
        async with cyhttpx.AsyncClient() as client:
            await client.post(server.url, content=b"\x00\xff")
            await client.post(server.url, content="ü")
            await client.post(server.url, data={"a": "1", "b": ["ü", "3"]})
            await client.post(server.url, json={"a": ["ü", None]})
            await client.put(server.url, files={"f": ("name.txt", b"content", "text/plain")}, data={"a": "1"})
            await client.request("DELETE", server.url, content=b"why not")
    found = [(request.get("Content-Type"), request.body) for request in server.requests]
    assert found[0] == (None, b"\x00\xff")
    assert found[1] == (None, "ü".encode())
    assert found[2] == ("application/x-www-form-urlencoded", b"a=1&b=%C3%BC&b=3")
    assert found[3] == ("application/json", '{"a":["ü",null]}'.encode())
    kind, body = found[4]
    assert kind is not None
    boundary = kind.removeprefix("multipart/form-data; boundary=").encode()
    assert body.startswith(b"--" + boundary)
    assert body.endswith(b"--" + boundary + b"--\r\n")
    assert b'name="f"; filename="name.txt"' in body
    assert b"content\r\n" in body
    assert found[5] == (None, b"why not")
    assert all(request.get("Content-Length") == str(len(request.body)) for request in server.requests)


async def test_large_body_arrives_whole() -> None:
    body = bytes(range(256)) * 16 * 1024
    with serving(lambda request: respond(str(hash(request.body) == hash(body)).encode())) as server:
        async with cyhttpx.AsyncClient() as client:
            for _ in range(3):
                assert (await client.post(server.url, content=body)).text == "True"
        assert server.accepted == 1


async def test_json_codec_of_ones_own() -> None:
    def dumps(value: Any) -> bytes:
        return b"<" + json.dumps(value).encode() + b">"

    def loads(data: Any, **kwargs: Any) -> Any:
        return ("mine", data, kwargs)

    with serving(echo) as server:
        async with cyhttpx.AsyncClient(json_dumps=dumps, json_loads=loads) as client:
            response = await client.post(server.url, json=[1])
        assert server.requests[0].body == b"<[1]>"
        assert response.json(strict=False) == ("mine", response.content, {"strict": False})


async def test_request_built_by_hand_is_sent_as_it_is() -> None:
    with serving(echo) as server:
        async with cyhttpx.AsyncClient(headers={"X-Client": "1"}, params={"p": "1"}) as client:
            built = client.build_request("POST", server.url + "/built", json=1)
            assert built.extensions["timeout"] == {"connect": 5.0, "read": 5.0, "write": 5.0, "pool": 5.0}
            assert (await client.send(built)).json()["target"] == "/built?p=1"
            await client.send(cyhttpx.Request("GET", server.url + "/bare"))
        assert server.requests[0].get("X-Client") == "1"
        assert [name for name, _ in server.requests[1].headers] == ["Host"]


async def test_target_extension() -> None:
    with serving(echo) as server:
        async with cyhttpx.AsyncClient() as client:
            response = await client.request("OPTIONS", server.url, extensions={"target": b"*"})
            assert response.json()["target"] == "*"


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("/relative", "Request URL is missing an 'http://' or 'https://' protocol."),
        ("ftp://example.org/", "Request URL has an unsupported protocol 'ftp://'."),
    ],
)
async def test_url_that_can_t_be_asked(url: str, message: str) -> None:
    async with cyhttpx.AsyncClient() as client:
        with pytest.raises(cyhttpx.UnsupportedProtocol) as caught:
            await client.get(url)
    assert str(caught.value) == message
    assert caught.value.request.url == url


@pytest.mark.parametrize("header", [("X-Bad", "a\r\nX-Smuggled: 1"), ("X Bad", "1"), ("X-Bad", "\x00"), ("", "1")])
async def test_header_that_can_t_be_sent(header: tuple[str, str]) -> None:
    with serving(echo) as server:
        async with cyhttpx.AsyncClient() as client:
            with pytest.raises(cyhttpx.LocalProtocolError):
                await client.get(server.url, headers=[header])
            assert (await client.get(server.url)).status_code == 200
        assert len(server.requests) == 1


async def test_method_that_can_t_be_sent() -> None:
    with serving(echo) as server:
        async with cyhttpx.AsyncClient() as client:
            for method in ("GET /smuggled HTTP/1.1\r\nX: ", "", "GÉT", "G T"):
                with pytest.raises(cyhttpx.LocalProtocolError):
                    await client.request(method, server.url)
        assert server.requests == []


@pytest.mark.parametrize(
    ("coding", "text"),
    [("utf-8", "ü"), ("latin-1", "Ã¼"), (lambda content: "utf-8" if content == "ü".encode() else "ascii", "ü")],
    ids=["utf-8", "latin-1", "function"],
)
async def test_default_encoding(coding: Any, text: str) -> None:
    with serving(lambda _: respond("ü".encode(), headers=[("Content-Type", "text/plain")])) as server:
        async with cyhttpx.AsyncClient(default_encoding=coding) as client:
            response = await client.get(server.url)
        assert response.text == text
        assert response.charset_encoding is None


async def test_charset_goes_before_the_default() -> None:
    answer = respond("ü".encode("utf-16"), headers=[("Content-Type", 'text/plain; charset="utf-16"')])
    with serving(lambda _: answer) as server:
        async with cyhttpx.AsyncClient(default_encoding="ascii") as client:
            assert (await client.get(server.url)).text == "ü"


async def test_many_at_once_each_get_their_own_answer() -> None:
    with serving(echo) as server:
        async with cyhttpx.AsyncClient() as client:
            responses = await asyncio.gather(*(client.get(f"{server.url}/{number}") for number in range(300)))
        assert [response.json()["target"] for response in responses] == [f"/{number}" for number in range(300)]
        assert server.peak <= 100


async def test_raise_for_status() -> None:
    with serving(lambda request: respond(status=f"{request.path[1:]} Reason")) as server:
        async with cyhttpx.AsyncClient() as client:
            assert (await client.get(server.url + "/204")).raise_for_status().is_success
            for status, kind in ((302, "Redirect response"), (404, "Client error"), (503, "Server error")):
                response = await client.get(f"{server.url}/{status}")
                with pytest.raises(
                    cyhttpx.HTTPStatusError, match=f"{kind} '{status} Reason' for url '{server.url}/{status}'"
                ):
                    response.raise_for_status()


async def test_per_request_cookies_warn() -> None:
    with serving(echo) as server:
        async with cyhttpx.AsyncClient() as client:
            with pytest.warns(DeprecationWarning, match="per-request cookies"):
                await client.get(server.url, cookies={"a": "1"})
        assert server.requests[0].get("Cookie") == "a=1"


async def test_keep_alive_is_reused_for_every_method() -> None:
    with serving(echo) as server:
        async with cyhttpx.AsyncClient() as client:
            for _ in range(10):
                for method in METHODS:
                    await client.request(method, server.url)
        assert (server.accepted, len(server.requests)) == (1, 10 * len(METHODS))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nConnection: Keep-Alive, Close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ],
    ids=["close", "1.0", "list"],
)
async def test_connection_that_ends_with_its_response(answer: bytes) -> None:
    with serving(lambda _: answer) as server:
        async with cyhttpx.AsyncClient() as client:
            for _ in range(3):
                assert (await client.get(server.url)).text == "ok"
            # It is the client who closes: these servers wait for the next request.
            await server.until(lambda server: server.open == 0)
        assert server.accepted == 3


async def test_http_1_0_with_keep_alive_is_reused() -> None:
    with serving(lambda _: b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok") as server:
        async with cyhttpx.AsyncClient() as client:
            for _ in range(3):
                response = await client.get(server.url)
                assert (response.text, response.http_version) == ("ok", "HTTP/1.0")
        assert server.accepted == 1


async def test_body_until_close() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\n\r\n")
        peer.send(b"x" * 100_000)

    with Server(script) as server:
        async with cyhttpx.AsyncClient() as client:
            for _ in range(2):
                assert (await client.get(server.url)).content == b"x" * 100_000
        assert server.accepted == 2
