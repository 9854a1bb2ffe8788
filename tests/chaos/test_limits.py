"""Limits, as the server counts them: connections at once, for one host, kept idle, and how long."""

from __future__ import annotations

import asyncio
import contextlib
import random
import select
import threading
from typing import TYPE_CHECKING, Any

import pytest

import cyhttpx

from ..client.peers import PATIENCE, Peer, Server, happened, respond

if TYPE_CHECKING:
    import socket

REQUESTS = 500


class Census:
    """Counts connections that are open at both ends, over any number of servers.

    A client that closes one and opens the next at once must not be counted twice: at each beginning, those whose end
    has come already are left out, read or not.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._here: dict[str, set[socket.socket]] = {}
        self.peak = 0
        self.peak_of: dict[str, int] = {}

    def begin(self, name: str, sock: socket.socket) -> None:
        with self._lock:
            self._here.setdefault(name, set()).add(sock)
            open_now = {name: self._count(socks) for name, socks in self._here.items()}
            self.peak = max(self.peak, sum(open_now.values()))
            for name, count in open_now.items():
                self.peak_of[name] = max(self.peak_of.get(name, 0), count)

    def end(self, name: str, sock: socket.socket) -> None:
        with self._lock:
            self._here[name].discard(sock)

    @staticmethod
    def _count(socks: set[socket.socket]) -> int:
        poll = select.poll()
        for sock in socks:
            poll.register(sock, select.POLLRDHUP)
        return len(socks) - len(poll.poll(0))

    def server(self, name: str) -> Server:
        """A server that answers every request by its target, and is counted under this name."""

        def script(peer: Peer) -> None:
            self.begin(name, peer.sock)
            try:
                while True:
                    peer.send(respond(peer.read_request().target.encode()))
            finally:
                self.end(name, peer.sock)

        return Server(script)


async def ask(client: cyhttpx.AsyncClient, url: str, number: int) -> None:
    assert (await client.get(f"{url}/{number}")).text == f"/{number}"


async def test_max_connections() -> None:
    census = Census()
    with census.server("one") as server:
        async with cyhttpx.AsyncClient(limits=cyhttpx.Limits(max_connections=10)) as client:
            await asyncio.gather(*(ask(client, server.url, number) for number in range(REQUESTS)))
        assert census.peak == server.accepted == 10


async def test_max_connections_over_several_hosts() -> None:
    census = Census()
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(census.server(f"{number}")) for number in range(5)]
        async with cyhttpx.AsyncClient(limits=cyhttpx.Limits(max_connections=7)) as client:
            await asyncio.gather(*(ask(client, servers[n % 5].url, n) for n in range(REQUESTS)))
    assert census.peak == 7


async def test_more_hosts_than_connections() -> None:
    census = Census()
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(census.server(f"{number}")) for number in range(5)]
        async with cyhttpx.AsyncClient(limits=cyhttpx.Limits(max_connections=2)) as client:
            await asyncio.gather(*(ask(client, servers[n % 5].url, n) for n in range(100)))
    assert census.peak == 2


async def test_max_connections_per_host() -> None:
    census = Census()
    limits = cyhttpx.Limits(max_connections=20, max_connections_per_host=3)
    with contextlib.ExitStack() as stack:
        servers = {name: stack.enter_context(census.server(name)) for name in ("a", "b", "c", "d")}
        async with cyhttpx.AsyncClient(limits=limits) as client:
            urls = [server.url for server in servers.values()]
            await asyncio.gather(*(ask(client, urls[n % 4], n) for n in range(REQUESTS)))
    assert census.peak == 12
    assert set(census.peak_of.values()) == {3}


@pytest.mark.parametrize("seed", [1, 2])
async def test_with_cancellations(seed: int) -> None:
    rng = random.Random(seed)
    census = Census()
    limits = cyhttpx.Limits(max_connections=10, max_connections_per_host=4)
    with contextlib.ExitStack() as stack:
        urls = [stack.enter_context(census.server(name)).url for name in "abcd"]
        async with cyhttpx.AsyncClient(limits=limits) as client:

            async def some() -> None:
                for _ in range(REQUESTS // 25):
                    with contextlib.suppress(TimeoutError):
                        async with asyncio.timeout(rng.random() * 0.02):
                            await ask(client, rng.choice(urls), rng.randrange(1000))
                    await ask(client, rng.choice(urls), rng.randrange(1000))

            await asyncio.gather(*(some() for _ in range(25)))
    assert 5 <= census.peak <= 10
    assert max(census.peak_of.values()) <= 4


@pytest.mark.parametrize(
    ("limits", "kept"),
    [
        (cyhttpx.Limits(max_keepalive_connections=3), 3),
        (cyhttpx.Limits(max_keepalive_connections=0), 0),
        (cyhttpx.Limits(max_keepalive_connections=None), 10),
        (cyhttpx.Limits(max_connections=10), 10),
        (cyhttpx.Limits(max_connections=20, max_keepalive_connections=5), 5),
    ],
)
async def test_max_keepalive_connections(limits: cyhttpx.Limits, kept: int) -> None:
    together = threading.Barrier(10)

    def script(peer: Peer) -> None:
        peer.read_request()
        together.wait(PATIENCE)
        while True:
            peer.send(respond(b"%d" % peer.number))
            peer.read_request()

    with Server(script) as server:
        async with cyhttpx.AsyncClient(limits=limits) as client:
            responses = await asyncio.gather(*(client.get(server.url) for _ in range(10)))
            await server.until(lambda server: server.open == kept)
            if kept:
                assert (await client.get(server.url)).text in {response.text for response in responses}
                assert (server.accepted, server.open) == (10, kept)


def counting_the_time(peer: Peer) -> None:
    while True:
        peer.read_request()
        peer.send(respond(b"%d" % peer.number))


async def test_keepalive_expiry() -> None:
    """Not used again once it is too old; until then it is."""
    with Server(counting_the_time) as server:
        async with cyhttpx.AsyncClient(limits=cyhttpx.Limits(keepalive_expiry=0.2)) as client:
            assert [(await client.get(server.url)).text for _ in range(3)] == ["1"] * 3
            too_old = asyncio.get_running_loop().time() + 0.25
            await until_the_clock_shows(too_old)
            assert (await client.get(server.url)).text == "2"
            await server.until(lambda server: server.closed == 1)


async def until_the_clock_shows(time: float) -> None:
    it_does = asyncio.Event()
    asyncio.get_running_loop().call_at(time, it_does.set)
    await it_does.wait()


async def test_an_idle_connection_makes_room_for_another_host() -> None:
    census = Census()
    with census.server("a") as a, census.server("b") as b:
        async with cyhttpx.AsyncClient(limits=cyhttpx.Limits(max_connections=1)) as client:
            for _ in range(3):
                await ask(client, a.url, 1)
                await ask(client, b.url, 2)
    assert census.peak == 1


async def test_a_slow_dial_holds_a_slot(server_tls: Any, client_tls: Any) -> None:
    """Connections under way count: a handshake that takes its time isn't gone round by another dial."""
    may_end, has_begun = threading.Event(), threading.Event()

    def hold(number: int, sock: socket.socket) -> None:
        has_begun.set()
        assert may_end.wait(PATIENCE)

    with Server(counting_the_time, context=server_tls, before_tls=hold) as server:
        limits = cyhttpx.Limits(max_connections=1)
        async with cyhttpx.AsyncClient(verify=client_tls, limits=limits) as client:
            asking = [asyncio.create_task(client.get(server.url)) for _ in range(3)]
            await happened(has_begun)
            asking.append(asyncio.create_task(client.get(server.url)))
            for _ in range(20):
                await asyncio.sleep(0)
            may_end.set()
            assert [response.text for response in await asyncio.gather(*asking)] == ["1"] * 4
        assert server.accepted == 1
