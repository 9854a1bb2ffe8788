"""A client's life: opened, closed, closed with requests under way, and used from one loop after the other."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from typing import TYPE_CHECKING

import pytest

import cyhttpx

from .peers import PATIENCE, Peer, Server, chunked, happened, respond, serving

if TYPE_CHECKING:
    from collections.abc import Callable

ANSWER = respond(b"ok")


async def test_states() -> None:
    with serving(lambda _: ANSWER) as server:
        client = cyhttpx.AsyncClient()
        assert not client.is_closed
        async with client:
            await client.get(server.url)
            with pytest.raises(RuntimeError, match="Cannot open a client instance more than once"):
                await client.__aenter__()
        assert client.is_closed
        with pytest.raises(RuntimeError, match="Cannot send a request, as the client has been closed"):
            await client.get(server.url)
        with pytest.raises(RuntimeError, match="Cannot reopen a client instance, once it has been closed"):
            await client.__aenter__()
        await client.aclose()


async def test_used_before_it_is_entered() -> None:
    with serving(lambda _: ANSWER) as server:
        client = cyhttpx.AsyncClient()
        await client.get(server.url)
        with pytest.raises(RuntimeError, match="Cannot open a client instance more than once"):
            await client.__aenter__()
        await client.aclose()
        await server.until(lambda server: server.open == 0)


async def test_closing_closes_idle_connections() -> None:
    together = threading.Barrier(5)

    def script(peer: Peer) -> None:
        peer.read_request()
        together.wait(PATIENCE)
        peer.send(ANSWER)
        peer.wait_for_close()

    with Server(script) as server:
        async with cyhttpx.AsyncClient() as client:
            await asyncio.gather(*(client.get(server.url) for _ in range(5)))
            assert server.open == 5
        await server.until(lambda server: server.open == 0)


def silent(peer: Peer) -> None:
    peer.read_request()
    peer.wait_for_close()


def only_a_head(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe")
    peer.wait_for_close()


@pytest.mark.parametrize("script", [silent, only_a_head])
async def test_closed_while_waiting_for_a_response(script: Callable[[Peer], None]) -> None:
    with Server(script) as server:
        client = cyhttpx.AsyncClient()
        asking = asyncio.create_task(client.get(server.url))
        await server.until(lambda server: len(server.requests) == 1)
        await client.aclose()
        with pytest.raises(cyhttpx.NetworkError) as caught:
            await asking
        assert caught.value.request.url == server.url
        await server.until(lambda server: server.open == 0)


async def test_closed_while_writing() -> None:
    has_head, is_done = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.read_head()
        has_head.set()
        assert is_done.wait(PATIENCE)

    with Server(script) as server:
        client = cyhttpx.AsyncClient()
        asking = asyncio.create_task(client.post(server.url, content=b"x" * 50_000_000))
        await happened(has_head)
        await client.aclose()
        with pytest.raises(cyhttpx.NetworkError):
            await asking
        is_done.set()


async def test_closed_while_queueing() -> None:
    with Server(silent) as server:
        client = cyhttpx.AsyncClient(limits=cyhttpx.Limits(max_connections=1))
        asking = [asyncio.create_task(client.get(server.url)) for _ in range(5)]
        await server.until(lambda server: len(server.requests) == 1)
        await client.aclose()
        for result in await asyncio.gather(*asking, return_exceptions=True):
            assert isinstance(result, cyhttpx.NetworkError)
        assert server.accepted == 1


async def test_closed_while_connecting(server_tls, client_tls) -> None:  # type: ignore[no-untyped-def]
    has_come, may_end = threading.Event(), threading.Event()

    def hold(number: int, sock: object) -> None:
        has_come.set()
        assert may_end.wait(PATIENCE)

    with Server(silent, context=server_tls, before_tls=hold) as server:
        client = cyhttpx.AsyncClient(verify=client_tls)
        asking = asyncio.create_task(client.get(server.url))
        await happened(has_come)
        await client.aclose()
        with pytest.raises(cyhttpx.ConnectError):
            await asking
        may_end.set()
        await server.until(lambda server: server.open == 0)


async def test_response_that_outlives_its_client_and_is_whole() -> None:
    """The body is there, but nobody has read it yet when the client is closed."""
    with serving(lambda _: respond(b"x" * 1000)) as server:
        client = cyhttpx.AsyncClient()
        response = await client.send(client.build_request("GET", server.url), stream=True)
        await client.aclose()
        with contextlib.suppress(cyhttpx.NetworkError):
            assert await response.aread() == b"x" * 1000
        await response.aclose()
        assert response.is_closed


async def test_response_that_is_closed_after_its_client() -> None:
    with serving(lambda _: respond(b"ok")) as server:
        client = cyhttpx.AsyncClient()
        async with client.stream("GET", server.url) as response:
            assert response.status_code == 200
            await client.aclose()
        assert response.is_closed


@pytest.mark.parametrize("pieces_before", range(12))
async def test_reading_on_after_the_client_was_closed(pieces_before: int) -> None:
    """However far the body was read: an error, and no hang."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        peer.send(b"x" * 1_000_000)
        peer.wait_for_close()

    with Server(script) as server:
        client = cyhttpx.AsyncClient()
        response = await client.send(client.build_request("GET", server.url), stream=True)
        pieces = response.aiter_raw()
        for _ in range(pieces_before):
            await anext(pieces)
        await client.aclose()
        with pytest.raises(cyhttpx.NetworkError):
            async for _ in pieces:
                pass
        await response.aclose()


async def test_requests_at_the_moment_of_closing() -> None:
    """Some get their response, some a NetworkError, the rest are told that the client is closed. None hangs."""
    with serving(lambda _: ANSWER) as server:
        client = cyhttpx.AsyncClient(limits=cyhttpx.Limits(max_connections=5))

        async def ask() -> None:
            for _ in range(20):
                await client.get(server.url)

        asking = [asyncio.create_task(ask()) for _ in range(20)]
        await server.until(lambda server: len(server.requests) >= 50)
        await client.aclose()
        for result in await asyncio.gather(*asking, return_exceptions=True):
            assert result is None or isinstance(result, (cyhttpx.NetworkError, RuntimeError)), result
        await server.until(lambda server: server.open == 0)


def test_second_loop_after_the_first_was_closed(each_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    with serving(lambda _: ANSWER) as server:
        client = cyhttpx.AsyncClient(limits=cyhttpx.Limits(max_connections=1))
        for turn in range(3):
            with asyncio.Runner(loop_factory=each_loop) as runner:
                for _ in range(2):
                    assert runner.run(client.get(server.url)).text == "ok"
                assert server.accepted == turn + 1
        # What the closed loops had open is closed, not kept beside the new ones.
        server.wait_until(lambda server: server.open == 1)
        with asyncio.Runner(loop_factory=each_loop) as runner:
            runner.run(client.aclose())
        server.wait_until(lambda server: server.open == 0)


def test_second_loop_after_the_first_died_with_requests_under_way(
    each_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    """A loop that is closed without ending its tasks: the client drops what it had there and works on the next loop."""

    def script(peer: Peer) -> None:
        while True:
            request = peer.read_request()
            if request.path != "/silent":
                peer.send(ANSWER)

    async def begin(client: cyhttpx.AsyncClient, server: Server) -> list[asyncio.Task[cyhttpx.Response]]:
        tasks = [asyncio.create_task(client.get(server.url + "/silent")) for _ in range(3)]
        await server.until(lambda server: len(server.requests) == 2)
        return tasks

    with Server(script) as server:
        client = cyhttpx.AsyncClient(limits=cyhttpx.Limits(max_connections=2))
        first = each_loop()
        first.set_exception_handler(lambda loop, context: None)
        tasks = first.run_until_complete(begin(client, server))
        first.run_until_complete(first.shutdown_default_executor())
        first.close()
        with asyncio.Runner(loop_factory=each_loop) as runner:
            assert runner.run(client.get(server.url)).text == "ok"
            server.wait_until(lambda server: server.open == 1)
            runner.run(client.aclose())
        del tasks
        gc.collect()


def test_closing_on_another_loop_than_the_one_it_was_used_on(
    each_loop: Callable[[], asyncio.AbstractEventLoop],
) -> None:
    with serving(lambda _: ANSWER) as server:
        client = cyhttpx.AsyncClient()
        with asyncio.Runner(loop_factory=each_loop) as runner:
            runner.run(client.get(server.url))
        with asyncio.Runner(loop_factory=each_loop) as runner:
            runner.run(client.aclose())
        server.wait_until(lambda server: server.open == 0)


def test_two_loops_in_turns(each_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    """Both alive: each keeps its own connection."""
    with serving(lambda _: ANSWER) as server:
        client = cyhttpx.AsyncClient()
        with asyncio.Runner(loop_factory=each_loop) as one, asyncio.Runner(loop_factory=each_loop) as two:
            for _ in range(5):
                assert one.run(client.get(server.url)).text == "ok"
                assert two.run(client.get(server.url)).text == "ok"
            assert server.accepted == 2
            one.run(client.aclose())
            server.wait_until(lambda server: server.open == 0)


async def test_client_that_is_never_closed_goes_when_nobody_holds_it() -> None:
    import weakref

    with serving(lambda _: ANSWER) as server:
        client = cyhttpx.AsyncClient()
        await client.get(server.url)
        gone = weakref.ref(client)
        del client
        gc.collect()
        assert gone() is None


async def test_unread_response_warns_and_gives_its_slot_back() -> None:
    with serving(lambda _: chunked(b"x" * 1000, end=b"")) as server:
        async with cyhttpx.AsyncClient(limits=cyhttpx.Limits(max_connections=1)) as client:
            response = await client.send(client.build_request("GET", server.url), stream=True)
            with pytest.warns(ResourceWarning):  # noqa: PT031 - the collection is what warns
                del response
                gc.collect()
            response = await client.send(client.build_request("GET", server.url), stream=True)
            await response.aclose()
