"""Connections that the server closes while they are idle, or in the very moment they are used again."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

import cyhttpx

from ..client.peers import PATIENCE, Peer, Server, happened, respond

if TYPE_CHECKING:
    import socket
    import ssl


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_closed_while_idle(method: str) -> None:
    """Seen at once: the next request goes to a new connection, whatever its method."""
    may_close = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(respond(b"%d" % peer.number))
        if peer.number == 1:
            assert may_close.wait(PATIENCE)
            return
        peer.wait_for_close()

    with Server(script) as server:
        async with cyhttpx.AsyncClient() as client:
            assert (await client.get(server.url)).text == "1"
            may_close.set()
            await server.until(lambda server: server.closed == 1)
            assert (await client.request(method, server.url)).text == "2"
        assert (server.accepted, len(server.requests)) == (2, 2)


def closes_on_the_second(how: str):  # type: ignore[no-untyped-def]
    """Each connection answers one request, reads the next and dies."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(respond(b"%d" % peer.number))
        peer.read_request()
        if how == "half a head":
            peer.send(b"HTTP/1.1 200")
        if how == "reset":
            peer.reset()

    return script


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "QUERY"])
async def test_idempotent_requests_are_sent_once_more(method: str, how: str) -> None:
    with Server(closes_on_the_second(how)) as server:
        async with cyhttpx.AsyncClient() as client:
            await client.get(server.url)
            response = await client.request(
                method, server.url, headers={"X-N": "2"}, **({"content": b"x"} if method == "PUT" else {})
            )
            assert response.status_code == 200
        # The first; the second on the old connection and on a new one.
        assert [request.get("X-N") for request in server.requests] == [None, "2", "2"]
        assert server.accepted == 2


@pytest.mark.parametrize("how", ["close", "reset"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
async def test_others_are_not(method: str, how: str) -> None:
    with Server(closes_on_the_second(how)) as server:
        async with cyhttpx.AsyncClient() as client:
            await client.get(server.url)
            with pytest.raises((cyhttpx.ReadError, cyhttpx.RemoteProtocolError)):
                await client.request(method, server.url, content=b"x")
            assert (await client.request(method, server.url)).status_code == 200
        assert len(server.requests) == 3


async def test_not_when_an_answer_has_begun() -> None:
    with Server(closes_on_the_second("half a head")) as server:
        async with cyhttpx.AsyncClient() as client:
            await client.get(server.url)
            with pytest.raises(cyhttpx.RemoteProtocolError):
                await client.get(server.url)
        assert len(server.requests) == 2


async def test_not_after_an_interim_answer() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(respond())
        peer.read_request()
        peer.send(b"HTTP/1.1 100 Continue\r\n\r\n")

    with Server(script) as server:
        async with cyhttpx.AsyncClient() as client:
            await client.get(server.url)
            with pytest.raises(cyhttpx.RemoteProtocolError):
                await client.get(server.url)
        assert len(server.requests) == 2


async def test_not_on_a_fresh_connection() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()

    with Server(script) as server:
        async with cyhttpx.AsyncClient() as client:
            with pytest.raises(cyhttpx.RemoteProtocolError):
                await client.get(server.url)
        assert len(server.requests) == 1


async def test_not_with_a_body_that_can_t_be_sent_again() -> None:
    async def pieces():  # type: ignore[no-untyped-def]
        yield b"once"

    with Server(closes_on_the_second("close")) as server:
        async with cyhttpx.AsyncClient() as client:
            await client.get(server.url)
            with pytest.raises((cyhttpx.RemoteProtocolError, cyhttpx.ReadError)):
                await client.put(server.url, content=pieces())
        assert len(server.requests) == 2


async def test_not_after_a_read_timeout() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(respond())
        peer.read_request()
        peer.wait_for_close()

    with Server(script) as server:
        async with cyhttpx.AsyncClient(timeout=cyhttpx.Timeout(PATIENCE, read=0.2)) as client:
            await client.get(server.url)
            with pytest.raises(cyhttpx.ReadTimeout):
                await client.get(server.url)
        assert len(server.requests) == 2


async def test_once_and_on_a_fresh_connection(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    """While the second try's dial is under way, a used connection comes back, as dead as the first: it is not taken."""
    may_shake_hands, is_dialling = threading.Event(), threading.Event()

    def hold_the_third(number: int, sock: socket.socket) -> None:
        if number == 3:
            is_dialling.set()
            assert may_shake_hands.wait(PATIENCE)

    def script(peer: Peer) -> None:
        while True:
            request = peer.read_request()
            if request.path == "/dies" and peer.number < 3:
                return
            peer.send(respond(request.target.encode()))

    with Server(script, context=server_tls, before_tls=hold_the_third) as server:
        async with cyhttpx.AsyncClient(verify=client_tls, limits=cyhttpx.Limits(max_connections=2)) as client:
            one = await client.send(client.build_request("GET", server.url + "/one"), stream=True)
            await client.get(server.url + "/two")
            dying = asyncio.create_task(client.get(server.url + "/dies"))
            await happened(is_dialling)
            await one.aread()
            # The used connection is the pool's again; a try on it would begin within these turns of the loop.
            for _ in range(20):
                await asyncio.sleep(0)
            may_shake_hands.set()
            assert (await dying).text == "/dies"
        assert [request.path for request in server.requests].count("/dies") == 2


async def test_many_at_once_on_stale_connections() -> None:
    """The server restarts: all idle connections are dead. Every request succeeds."""
    together = threading.Barrier(20)
    is_down = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        if peer.number <= 20:
            together.wait(PATIENCE)
            peer.send(respond(b"before"))
            assert is_down.wait(PATIENCE)
            return
        while True:
            peer.send(respond(b"after"))
            peer.read_request()

    with Server(script) as server:
        async with cyhttpx.AsyncClient(limits=cyhttpx.Limits(max_connections=20)) as client:
            await asyncio.gather(*(client.get(server.url) for _ in range(20)))
            is_down.set()
            server.wait_until(lambda server: server.closed == 20)
            # The loop hasn't turned since: it knows nothing of the ends that lie in its sockets.
            responses = await asyncio.gather(*(client.post(server.url) for _ in range(20)))
        assert {response.text for response in responses} == {"after"}


async def test_keepalive_expiry() -> None:
    answered = respond(b"ok")

    def script(peer: Peer) -> None:
        while True:
            peer.read_request()
            peer.send(answered)

    with Server(script) as server:
        async with cyhttpx.AsyncClient(limits=cyhttpx.Limits(keepalive_expiry=0.0)) as client:
            for _ in range(3):
                await client.get(server.url)
        assert server.accepted == 3
    with Server(script) as server:
        async with cyhttpx.AsyncClient(limits=cyhttpx.Limits(keepalive_expiry=None)) as client:
            for _ in range(3):
                await client.get(server.url)
        assert server.accepted == 1
