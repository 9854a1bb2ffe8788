"""2,000 cancellations at random moments over a pool of 10. Afterwards everything is as if they had never been asked."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import select
import threading
from typing import TYPE_CHECKING, Any, Final

import pytest

import cyhttpx

from ..client.peers import Gone, Peer, Server, respond

if TYPE_CHECKING:
    import socket
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable

    Cancelling = Callable[[Awaitable[object], random.Random], Awaitable[bool]]

DESCRIPTORS: Final = "/proc/self/fd"
CANCELLATIONS: Final = 2000
POOL: Final = 10
CROWD: Final = 16
# Seconds within which a request of the storm is cancelled: some wait for a slot, some are through.
MOMENTS: Final = 0.02
# Of those that were cancelled, so many are followed by one that isn't: it lets the server come to its work.
CALM: Final = 0.25


class Weather:
    """What the server does with a request while there is a storm; when it is over, it answers everything."""

    def __init__(self) -> None:
        self.is_over = threading.Event()
        self.reached: set[str] = set()

    def script(self, peer: Peer) -> None:
        while True:
            request = peer.read_head()
            kind = "answered" if self.is_over.is_set() else request.path.strip("/")
            self.reached.add(kind)
            if kind == "writing":
                leave_unread(peer.sock)
                raise Gone
            if kind == "head":
                peer.wait_for_close()
                raise Gone
            if kind == "body":
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 1000)
                peer.wait_for_close()
                raise Gone
            peer.send(respond(request.target.encode()))

    def hold_some(self, number: int, sock: socket.socket) -> None:
        """Before TLS: every seventh connection's handshake never comes to its end."""
        if number % 7 == 0 and not self.is_over.is_set():
            self.reached.add("handshake")
            leave_unread(sock)


def leave_unread(sock: socket.socket) -> None:
    """Read nothing for longer than a request of the storm lives; then to the end, for the end comes behind the rest."""
    poll = select.poll()
    poll.register(sock, select.POLLRDHUP)
    poll.poll(MOMENTS * 1000 * 2)
    with contextlib.suppress(ConnectionError):
        while sock.recv(1_000_000):
            pass


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 100_000


async def ask(client: cyhttpx.AsyncClient, url: str, kind: str) -> None:
    """One request that may fail as the storm has it, and only so."""
    with contextlib.suppress(cyhttpx.ConnectTimeout):
        if kind == "writing":
            await client.post(f"{url}/{kind}", content=endless())
        elif kind == "stream":
            async with client.stream("GET", f"{url}/body") as response:
                async for _ in response.aiter_bytes():
                    pass
        else:
            await client.get(f"{url}/{kind}")


async def by_cancel(asking: Awaitable[object], rng: random.Random) -> bool:
    task = asyncio.ensure_future(asking)
    asyncio.get_running_loop().call_later(rng.random() * MOMENTS, task.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return task.cancelled()


async def by_cancel_at_a_turn(asking: Awaitable[object], rng: random.Random) -> bool:
    """A few turns of the loop after its begin: just handed a connection, just woken, just sent."""
    task = asyncio.ensure_future(asking)
    for _ in range(rng.randrange(12)):
        await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    return task.cancelled()


async def by_timeout(asking: Awaitable[object], rng: random.Random) -> bool:
    try:
        async with asyncio.timeout(rng.random() * MOMENTS):
            await asking
    except TimeoutError:
        return True
    return False


async def by_group(asking: Awaitable[object], rng: random.Random) -> bool:
    """Another member of its task group fails."""

    async def fail() -> None:
        failing = asyncio.get_running_loop().create_future()
        asyncio.get_running_loop().call_later(rng.random() * MOMENTS, failing.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await failing
        raise ZeroDivisionError

    task: asyncio.Task[Any]
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())
            task = group.create_task(_as_coroutine(asking))
    except* ZeroDivisionError:
        pass
    return task.cancelled()


async def _as_coroutine(asking: Awaitable[object]) -> None:
    await asking


WAYS: Final[list[Cancelling]] = [by_cancel, by_cancel_at_a_turn, by_timeout, by_group]
KINDS: Final = ["answered"] * 12 + ["head", "body", "stream", "writing"]


async def storm(client: cyhttpx.AsyncClient, url: str, seed: int) -> None:
    """Ask with `CROWD` tasks until so many requests have been cancelled."""
    rng = random.Random(seed)
    cancelled = 0

    async def one_of_the_crowd() -> None:
        nonlocal cancelled
        while cancelled < CANCELLATIONS:
            was_cancelled = await rng.choice(WAYS)(ask(client, url, rng.choice(KINDS)), rng)
            cancelled += was_cancelled
            if rng.random() < CALM:
                await ask(client, url, "answered")

    await asyncio.gather(*(one_of_the_crowd() for _ in range(CROWD)))


async def play(seed: int, server: Server, weather: Weather, client: cyhttpx.AsyncClient) -> None:
    descriptors = len(os.listdir(DESCRIPTORS))
    await client.get(server.url + "/answered")
    pool: Any = client._transport._pool  # type: ignore[attr-defined]

    await storm(client, server.url, seed)
    weather.is_over.set()

    responses = await asyncio.gather(*(client.get(f"{server.url}/{number}") for number in range(100)))
    assert [response.text for response in responses] == [f"/{number}" for number in range(100)]
    state = pool.state
    assert (state.waiting, state.dialling) == (0, 0)
    assert state.connections == state.idle <= POOL
    assert len(pool._connections) == state.connections
    await server.until(lambda server: server.open == state.connections)

    await client.aclose()
    await server.until(lambda server: server.closed == server.accepted)
    assert (state.connections, state.idle, state.waiting, state.dialling) == (0, 0, 0, 0)
    assert len(os.listdir(DESCRIPTORS)) <= descriptors
    assert asyncio.all_tasks() == {asyncio.current_task()}


def client_for(verify: Any = True) -> cyhttpx.AsyncClient:
    """Waits for ever for all but the handshake, whose slot is nobody's until it ends."""
    return cyhttpx.AsyncClient(
        verify=verify,
        limits=cyhttpx.Limits(max_connections=POOL),
        timeout=cyhttpx.Timeout(None, connect=0.05),
    )


@pytest.mark.parametrize("seed", [1])
async def test_plain(seed: int) -> None:
    weather = Weather()
    with Server(weather.script) as server:
        # What the loop and its threads open once is no leak.
        await asyncio.to_thread(lambda: None)
        await play(seed, server, weather, client_for())
    assert weather.reached == {"answered", "head", "body", "writing"}


@pytest.mark.parametrize("seed", [2])
async def test_tls(seed: int, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext) -> None:
    weather = Weather()
    with Server(weather.script, context=server_tls, before_tls=weather.hold_some) as server:
        await asyncio.to_thread(lambda: None)
        await play(seed, server, weather, client_for(client_tls))
    assert weather.reached == {"answered", "head", "body", "writing", "handshake"}
