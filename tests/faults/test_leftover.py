"""Bytes after a complete response: they belong to no request, and no request may ever be answered by them."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

import cyhttpx

from ..client.peers import PATIENCE, Peer, Server, chunked, happened, respond

if TYPE_CHECKING:
    from collections.abc import Callable

INJECTED = respond(b"injected", headers=[("X-Injected", "1")])

# Name: the method, and a response that is complete.
FORMS = {
    "length": ("GET", respond(b"ok")),
    "empty": ("GET", respond(b"")),
    "chunked": ("GET", chunked(b"o", b"k")),
    "trailers": ("GET", chunked(b"ok", end=b"0\r\nX-Trailer: 1\r\n\r\n")),
    "head": ("HEAD", respond(b"", length=8)),
    "204": ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
    "204 with a length": ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 8\r\n\r\n"),
    "304": ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 8\r\n\r\n"),
    "post": ("POST", respond(b"ok", 201)),
    "after 1xx": ("GET", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + respond(b"ok")),
}

NO_CONTENT = {"empty", "head", "204", "204 with a length", "304"}

WAYS = ["read", "stream", "stream closed"]


async def ask(client: cyhttpx.AsyncClient, method: str, url: str, way: str) -> cyhttpx.Response:
    """Make a request in one of three ways."""
    if way == "read":
        return await client.request(method, url)
    async with client.stream(method, url) as response:
        if way == "stream":
            await response.aread()
    return response


def injecting(answer: bytes) -> Callable[[Peer], None]:
    """Answer everything on the first connection with the same bytes; say the request's target on all others."""

    def script(peer: Peer) -> None:
        while True:
            request = peer.read_request()
            if peer.number == 1:
                peer.send(answer)
            else:
                peer.send(respond(request.target.encode()))

    return script


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "extra", [INJECTED, b"\r\n", b"x", b"HTTP/1.1 100 Continue\r\n\r\n"], ids=["response", "crlf", "x", "100"]
)
@pytest.mark.parametrize("form", FORMS)
async def test_in_the_same_segment(form: str, extra: bytes, way: str) -> None:
    method, answer = FORMS[form]
    with Server(injecting(answer + extra)) as server:
        async with cyhttpx.AsyncClient(limits=cyhttpx.Limits(max_connections=1)) as client:
            first = await ask(client, method, server.url + "/first", way)
            assert first.status_code == int(answer.split()[1] if form != "after 1xx" else 200)
            assert "X-Injected" not in first.headers
            if way != "stream closed":
                assert first.content == (b"" if form in NO_CONTENT else b"ok")
            assert (await client.get(server.url + "/second")).text == "/second"
        assert server.accepted == 2


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("form", FORMS)
async def test_in_a_later_segment_while_idle(form: str, way: str) -> None:
    method, answer = FORMS[form]
    has_answer, was_closed = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        if peer.number > 1:
            peer.send(respond(b"second"))
            peer.wait_for_close()
            return
        peer.send(answer)
        assert has_answer.wait(PATIENCE)
        peer.send(INJECTED)
        assert peer.wait_for_close() == b"", "a request was sent on this connection"
        was_closed.set()

    with Server(script) as server:
        async with cyhttpx.AsyncClient() as client:
            await ask(client, method, server.url, way)
            has_answer.set()
            # The loop turns meanwhile: the connection goes without anyone asking for it.
            await happened(was_closed)
            assert (await client.get(server.url)).text == "second"
        assert server.accepted == 2


@pytest.mark.parametrize("extra", [INJECTED, b""], ids=["bytes", "end"])
async def test_in_a_later_segment_before_the_loop_turns(extra: bytes) -> None:
    """The bytes, or the end, lie in the socket when the next request wants a connection; no callback has run yet."""
    has_answer, has_sent = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        request = peer.read_request()
        if peer.number > 1:
            peer.send(respond(request.target.encode()))
            peer.wait_for_close()
            return
        peer.send(respond(b"first"))
        assert has_answer.wait(PATIENCE)
        if extra:
            peer.send(extra)
        else:
            peer.close()
        has_sent.set()
        if extra:
            assert peer.wait_for_close() == b""

    with Server(script) as server:
        async with cyhttpx.AsyncClient() as client:
            assert (await client.get(server.url)).text == "first"
            has_answer.set()
            assert has_sent.wait(PATIENCE)
            # A POST would not be sent twice: it may only be right the first time.
            assert (await client.post(server.url + "/second")).text == "/second"
        assert server.accepted == 2


async def test_before_a_waiter_takes_over() -> None:
    """The connection goes from one request straight to the next in the queue: it must be looked at on this way too."""
    may_inject, has_injected = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        request = peer.read_request()
        if peer.number > 1:
            peer.send(respond(request.target.encode()))
            peer.wait_for_close()
            return
        peer.send(respond(b"first"))
        assert may_inject.wait(PATIENCE)
        peer.send(INJECTED)
        has_injected.set()
        peer.wait_for_close()

    with Server(script) as server:
        async with cyhttpx.AsyncClient(limits=cyhttpx.Limits(max_connections=1)) as client:
            request = client.build_request("GET", server.url + "/first")
            first = await client.send(request, stream=True)
            # Whole, but not asked for its end yet: the iterator stays, or its end would be the response's.
            pieces = first.aiter_raw()
            assert await anext(pieces) == b"first"
            waiting = asyncio.create_task(client.get(server.url + "/second"))
            for _ in range(5):
                await asyncio.sleep(0)
            # From here on the loop doesn't turn until the connection has been handed over.
            may_inject.set()
            assert has_injected.wait(PATIENCE)
            await first.aclose()
            second = await waiting
        assert second.text == "/second"
        assert server.accepted == 2


async def test_before_the_first_request() -> None:
    """A server that speaks first is no HTTP server. What it says is read as a response to nobody, and dialling ends."""

    def script(peer: Peer) -> None:
        peer.send(b"SSH-2.0-OpenSSH_9.6\r\n")
        peer.wait_for_close()

    with Server(script) as server:
        async with cyhttpx.AsyncClient() as client:
            with pytest.raises((cyhttpx.RemoteProtocolError, cyhttpx.ReadError)):
                await client.get(server.url)
        assert server.accepted <= 2


async def test_server_that_closes_at_once() -> None:
    with Server(lambda peer: None) as server:
        async with cyhttpx.AsyncClient() as client:
            for _ in range(5):
                with pytest.raises((cyhttpx.RemoteProtocolError, cyhttpx.NetworkError)):
                    await client.get(server.url)
        # Each request has dialled, and none went on dialling.
        assert server.accepted <= 10


@pytest.mark.parametrize("concurrency", [1, 8])
async def test_no_answer_is_anyone_else_s_under_load(concurrency: int) -> None:
    """Every third response has another one behind it; each request still gets its own."""
    count = 0
    lock = threading.Lock()

    def script(peer: Peer) -> None:
        nonlocal count
        while True:
            request = peer.read_request()
            with lock:
                count += 1
                extra = INJECTED if count % 3 == 0 else b""
            # In one go: what is still on its way when the next request leaves, nobody can tell from its answer.
            peer.send(respond(request.target.encode()) + extra)

    async def ask_some(client: cyhttpx.AsyncClient, url: str, worker: int) -> None:
        for number in range(40):
            response = await client.get(f"{url}/{worker}/{number}")
            assert response.text == f"/{worker}/{number}"

    with Server(script) as server:
        async with (
            cyhttpx.AsyncClient(limits=cyhttpx.Limits(max_connections=4)) as client,
            asyncio.TaskGroup() as group,
        ):
            for worker in range(concurrency):
                group.create_task(ask_some(client, server.url, worker))
