"""Timeouts: each kind with its class, in its time; the total time over all that a request does."""

from __future__ import annotations

import asyncio
import threading
from time import monotonic
from typing import TYPE_CHECKING, Self

import pytest

import cyhttpx

from .peers import PATIENCE, Peer, Server, happened, respond, serving

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import AsyncIterator, Iterator

# Seconds: what is asked for, and what a busy machine may make of it.
SHORT = 0.1
LATE = 5.0


class Clock:
    """How long a block took."""

    def __enter__(self) -> Self:
        self._began = monotonic()
        return self

    def __exit__(self, *error: object) -> None:
        self.seconds = monotonic() - self._began


def in_time(clock: Clock) -> None:
    assert SHORT * 0.9 <= clock.seconds < LATE


def silent(peer: Peer) -> None:
    peer.read_request()
    peer.wait_for_close()


@pytest.fixture
def silent_tls(server_tls: ssl.SSLContext) -> Iterator[Server]:
    """A server that takes connections and never shakes hands."""

    def hold(number: int, sock: socket.socket) -> None:
        while sock.recv(65536):
            pass

    with Server(silent, context=server_tls, before_tls=hold) as server:
        yield server


async def test_connect(silent_tls: Server, client_tls: ssl.SSLContext) -> None:
    timeout = cyhttpx.Timeout(None, connect=SHORT)
    async with cyhttpx.AsyncClient(verify=client_tls, timeout=timeout) as client:
        with pytest.raises(cyhttpx.ConnectTimeout) as caught, Clock() as clock:
            await client.get(silent_tls.url)
        in_time(clock)
        assert caught.value.request.url == silent_tls.url
        await silent_tls.until(lambda server: server.closed == 1)


async def test_read_head() -> None:
    with Server(silent) as server:
        async with cyhttpx.AsyncClient(timeout=cyhttpx.Timeout(None, read=SHORT)) as client:
            with pytest.raises(cyhttpx.ReadTimeout) as caught, Clock() as clock:
                await client.get(server.url)
            in_time(clock)
            assert caught.value.request.url == server.url
            await server.until(lambda server: server.closed == 1)


def stops_in_the_body(peer: Peer) -> None:
    peer.read_request()
    peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello")
    peer.wait_for_close()


async def test_read_body() -> None:
    with Server(stops_in_the_body) as server:
        async with cyhttpx.AsyncClient(timeout=cyhttpx.Timeout(None, read=SHORT)) as client:
            with pytest.raises(cyhttpx.ReadTimeout), Clock() as clock:
                await client.get(server.url)
            in_time(clock)


async def test_read_in_a_stream() -> None:
    with Server(stops_in_the_body) as server:
        async with cyhttpx.AsyncClient(timeout=cyhttpx.Timeout(None, read=SHORT)) as client:
            async with client.stream("GET", server.url) as response:
                pieces: list[bytes] = []
                with pytest.raises(cyhttpx.ReadTimeout), Clock() as clock:
                    await into(pieces, response)
                in_time(clock)
                assert b"".join(pieces) == b"hello"
            await server.until(lambda server: server.closed == 1)


async def into(pieces: list[bytes], response: cyhttpx.Response) -> None:
    """Read a body as it comes."""
    async for piece in response.aiter_raw():
        pieces[:] = [*pieces, piece][-100:]


async def read_as_a_stream(client: cyhttpx.AsyncClient, url: str) -> None:
    async with client.stream("GET", url) as response:
        await into([], response)


async def test_every_byte_starts_the_read_timeout_again() -> None:
    """The whole takes longer than the timeout, no pause does."""
    with Server(dripping(b"x", pause=SHORT, count=8)) as server:
        async with cyhttpx.AsyncClient(timeout=cyhttpx.Timeout(None, read=SHORT * 5)) as client:
            with Clock() as clock:
                assert (await client.get(server.url)).content == b"x" * 8
            assert clock.seconds > SHORT * 5


async def test_a_consumer_that_takes_its_time_is_no_read_timeout() -> None:
    with serving(lambda _: respond(b"x" * 3_000_000)) as server:
        async with cyhttpx.AsyncClient(timeout=cyhttpx.Timeout(None, read=SHORT)) as client:
            async with client.stream("GET", server.url) as response:
                size = 0
                async for piece in response.aiter_raw():
                    if not size:
                        await over(SHORT * 2)
                    size += len(piece)
            assert size == 3_000_000
            # An idle connection has no deadline left either.
            await over(SHORT * 2)
            await client.get(server.url)
        assert server.accepted == 1


async def over(seconds: float) -> None:
    """Be idle for so long."""
    is_over = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, is_over.set)
    await is_over.wait()


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 100_000


@pytest.mark.parametrize("body", ["bytes", "pieces"])
async def test_write(body: str) -> None:
    may_end = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_head()
        assert may_end.wait(PATIENCE)

    with Server(script) as server:
        async with cyhttpx.AsyncClient(timeout=cyhttpx.Timeout(None, write=SHORT)) as client:
            with pytest.raises(cyhttpx.WriteTimeout), Clock() as clock:
                await client.post(server.url, content=b"x" * 50_000_000 if body == "bytes" else endless())
            in_time(clock)
            may_end.set()
            await server.until(lambda server: server.closed == 1)


async def test_write_over_tls(server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    may_end = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_head()
        assert may_end.wait(PATIENCE)

    with Server(script, context=server_tls) as server:
        timeout = cyhttpx.Timeout(None, write=SHORT)
        async with cyhttpx.AsyncClient(verify=client_tls, timeout=timeout) as client:
            with pytest.raises(cyhttpx.WriteTimeout), Clock() as clock:
                await client.post(server.url, content=b"x" * 50_000_000)
            in_time(clock)
            may_end.set()


async def test_pool() -> None:
    has_come, may_answer = threading.Event(), threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        has_come.set()
        assert may_answer.wait(PATIENCE)
        peer.send(respond(b"ok"))
        peer.send(respond(peer.read_request().target.encode()))

    with Server(script) as server:
        limits = cyhttpx.Limits(max_connections=1)
        async with cyhttpx.AsyncClient(limits=limits, timeout=cyhttpx.Timeout(None, pool=SHORT)) as client:
            first = asyncio.create_task(client.get(server.url, timeout=None))
            await happened(has_come)
            with pytest.raises(cyhttpx.PoolTimeout) as caught, Clock() as clock:
                await client.get(server.url)
            in_time(clock)
            assert caught.value.request.url == server.url
            waiting = asyncio.create_task(client.get(server.url + "/waiting", timeout=None))
            await asyncio.sleep(0)
            may_answer.set()
            assert (await first).text == "ok"
            assert (await waiting).text == "/waiting"
        assert server.accepted == 1


async def test_the_pool_timeout_is_not_for_the_dial(silent_tls: Server, client_tls: ssl.SSLContext) -> None:
    """Whoever has a connection on its way waits for no slot."""
    timeout = cyhttpx.Timeout(None, connect=SHORT * 3, pool=0.01)
    async with cyhttpx.AsyncClient(verify=client_tls, timeout=timeout) as client:
        with pytest.raises(cyhttpx.ConnectTimeout):
            await client.get(silent_tls.url)


async def test_works_after_timeouts() -> None:
    """More timeouts than there are slots; all of them are given back."""

    def script(peer: Peer) -> None:
        while True:
            if peer.read_request().path == "/silent":
                peer.wait_for_close()
                return
            peer.send(respond(b"ok"))

    with Server(script) as server:
        limits = cyhttpx.Limits(max_connections=3)
        async with cyhttpx.AsyncClient(limits=limits, timeout=cyhttpx.Timeout(None, read=SHORT / 2)) as client:
            results = await asyncio.gather(
                *(client.get(server.url + "/silent") for _ in range(9)), return_exceptions=True
            )
            assert {type(result) for result in results} == {cyhttpx.ReadTimeout}
            timeout = cyhttpx.Timeout(LATE)
            responses = await asyncio.gather(*(client.get(server.url, timeout=timeout) for _ in range(9)))
            assert {response.text for response in responses} == {"ok"}
            await server.until(lambda server: server.open <= 3)


async def test_a_request_s_own_timeout_goes_before_the_client_s() -> None:
    with Server(silent) as server:
        async with cyhttpx.AsyncClient(timeout=None) as client:
            for timeout in (SHORT, cyhttpx.Timeout(SHORT), (None, SHORT, None, None)):
                with pytest.raises(cyhttpx.ReadTimeout):
                    await client.get(server.url, timeout=timeout)
            request = client.build_request("GET", server.url, extensions={"timeout": {"read": SHORT}})
            with pytest.raises(cyhttpx.ReadTimeout):
                await client.send(request)


# Timeout(total=)


def dripping(piece: bytes, pause: float, count: int = 10_000):  # type: ignore[no-untyped-def]
    """Answer with `count` pieces, one after each pause, unless the client goes before."""

    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (count * len(piece)))
        peer.sock.settimeout(pause)
        for _ in range(count):
            try:
                if not peer.sock.recv(1):
                    return
            except TimeoutError:
                peer.send(piece)

    return script


def total() -> cyhttpx.Timeout:
    return cyhttpx.Timeout(LATE * 2, total=SHORT * 3)


async def test_total_with_a_slow_drip() -> None:
    """No pause is ever long enough for a read timeout."""
    with Server(dripping(b"x", pause=SHORT / 4)) as server:
        async with cyhttpx.AsyncClient(timeout=total()) as client:
            with pytest.raises(cyhttpx.TotalTimeout) as caught, Clock() as clock:
                await client.get(server.url)
            in_time(clock)
            assert isinstance(caught.value, cyhttpx.TimeoutException)
            assert caught.value.request.url == server.url
            await server.until(lambda server: server.closed == 1)


async def test_total_of_one_request() -> None:
    with Server(dripping(b"x", pause=SHORT / 4)) as server:
        async with cyhttpx.AsyncClient(timeout=None) as client:
            for _ in range(2):
                with pytest.raises(cyhttpx.TotalTimeout), Clock() as clock:
                    await client.get(server.url, timeout=cyhttpx.Timeout(None, total=SHORT))
                in_time(clock)
            request = client.build_request("GET", server.url, timeout=cyhttpx.Timeout(None, total=SHORT))
            with pytest.raises(cyhttpx.TotalTimeout):
                await client.send(request)


async def test_total_in_a_stream() -> None:
    with Server(dripping(b"x", pause=SHORT / 4)) as server:
        async with cyhttpx.AsyncClient(timeout=total()) as client:
            with pytest.raises(cyhttpx.TotalTimeout), Clock() as clock:
                await read_as_a_stream(client, server.url)
            in_time(clock)
            await server.until(lambda server: server.closed == 1)


async def test_total_in_a_stream_without_a_pause() -> None:
    def script(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n")
        while True:
            peer.send(b"x" * 1_000_000)

    with Server(script) as server:
        async with cyhttpx.AsyncClient(timeout=total()) as client:
            with pytest.raises(cyhttpx.TotalTimeout), Clock() as clock:
                await read_as_a_stream(client, server.url)
            in_time(clock)


async def test_total_in_a_stream_that_stands_still() -> None:
    with Server(stops_in_the_body) as server:
        async with cyhttpx.AsyncClient(timeout=total()) as client:
            async with client.stream("GET", server.url) as response:
                with pytest.raises(cyhttpx.TotalTimeout), Clock() as clock:
                    await response.aread()
            assert clock.seconds < LATE


async def test_total_in_the_queue() -> None:
    has_come = threading.Event()

    def script(peer: Peer) -> None:
        peer.read_request()
        has_come.set()
        peer.wait_for_close()

    with Server(script) as server:
        limits = cyhttpx.Limits(max_connections=1)
        async with cyhttpx.AsyncClient(limits=limits, timeout=None) as client:
            first = asyncio.create_task(client.get(server.url))
            await happened(has_come)
            with pytest.raises(cyhttpx.TotalTimeout), Clock() as clock:
                await client.get(server.url, timeout=total())
            in_time(clock)
            first.cancel()
            await asyncio.wait([first])
        assert len(server.requests) == 1


async def test_total_in_a_handshake(silent_tls: Server, client_tls: ssl.SSLContext) -> None:
    async with cyhttpx.AsyncClient(verify=client_tls, timeout=total()) as client:
        with pytest.raises(cyhttpx.TotalTimeout), Clock() as clock:
            await client.get(silent_tls.url)
        in_time(clock)


async def test_total_while_writing() -> None:
    """The peer reads, slowly, so that no single write takes too long."""

    def script(peer: Peer) -> None:
        peer.read_head()
        peer.wait_for_close()

    with Server(script) as server:
        async with cyhttpx.AsyncClient(timeout=total()) as client:
            with pytest.raises(cyhttpx.TotalTimeout), Clock() as clock:
                await client.post(server.url, content=endless())
            in_time(clock)


async def test_total_over_redirects() -> None:
    """Each of them is quick enough by itself."""

    def script(peer: Peer) -> None:
        while True:
            peer.read_request()
            peer.sock.settimeout(SHORT)
            try:
                peer.sock.recv(1)
                return
            except TimeoutError:
                peer.send(respond(status=302, headers=[("Location", "/next")]))

    with Server(script) as server:
        async with cyhttpx.AsyncClient(timeout=total(), follow_redirects=True, max_redirects=1000) as client:
            with pytest.raises(cyhttpx.TotalTimeout), Clock() as clock:
                await client.get(server.url)
            in_time(clock)
            assert 2 <= len(server.requests) < 10


async def test_total_leaves_a_quick_request_alone() -> None:
    with serving(lambda _: respond(b"ok")) as server:
        async with cyhttpx.AsyncClient(timeout=cyhttpx.Timeout(LATE, total=LATE)) as client:
            for _ in range(3):
                assert (await client.get(server.url)).text == "ok"
            async with client.stream("GET", server.url) as response:
                assert await response.aread() == b"ok"
        assert server.accepted == 1


async def test_the_user_s_own_timeout_is_not_taken_for_the_total_one() -> None:
    with Server(silent) as server:
        async with cyhttpx.AsyncClient(timeout=cyhttpx.Timeout(None, total=LATE * 2)) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(SHORT):
                    await client.get(server.url)
