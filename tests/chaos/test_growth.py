"""What 20,000 requests leave behind: nothing. The collector is off, so that a reference cycle counts as a leak."""

from __future__ import annotations

import asyncio
import gc
import gzip
import os
from typing import TYPE_CHECKING

import pytest

import cyhttpx
from cyhttpx._engine import Reactor

from ..client.peers import chunked, respond, serving

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

DESCRIPTORS = "/proc/self/fd"
REQUESTS = 20_000


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def reactors() -> int:
    """Connections that someone still holds."""
    return sum(type(thing) is Reactor for thing in gc.get_objects())


async def grown_by(ask: Callable[[], Awaitable[object]], count: int) -> int:
    """Objects that are there after `count` calls and weren't after the first hundred."""
    for _ in range(100):
        await ask()
    before = len(gc.get_objects())
    for _ in range(count):
        await ask()
    return len(gc.get_objects()) - before


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize("count", [REQUESTS])
async def test_plain_requests(count: int) -> None:
    with serving(lambda _: respond(b'{"a": 1}', headers=[("Content-Type", "application/json")])) as server:
        async with cyhttpx.AsyncClient() as client:

            async def ask() -> None:
                (await client.get(server.url)).json()
                server.requests.clear()

            await ask()
            descriptors = len(os.listdir(DESCRIPTORS))
            assert await grown_by(ask, count) < 200
            assert len(os.listdir(DESCRIPTORS)) <= descriptors
        assert server.accepted == 1


@pytest.mark.usefixtures("no_collector")
@pytest.mark.parametrize(
    "kind", ["stream", "post", "redirect", "cookie", "coded", "404", "half-read", "lost", "cancelled"]
)
async def test_other_requests(kind: str) -> None:
    answers = {
        "stream": chunked(b"a", b"b"),
        "redirect": respond(status=302, headers=[("Location", "/end")]),
        "cookie": respond(headers=[("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]),
        "coded": respond(gzip.compress(b"x" * 1000), headers=[("Content-Encoding", "gzip")]),
        "404": respond(b"no", 404),
        "half-read": chunked(b"x" * 200_000),
        "lost": b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "cancelled": respond(b"ok"),
        "post": respond(b"ok"),
    }
    with serving(lambda request: respond() if request.path == "/end" else answers[kind]) as server:
        # One connection: a cancelled request's dial goes on for the next one.
        limits = cyhttpx.Limits(max_connections=1)
        async with cyhttpx.AsyncClient(follow_redirects=True, limits=limits, timeout=3600) as client:

            async def pieces():  # type: ignore[no-untyped-def]
                yield b"one"
                yield b"two"

            async def ask() -> None:
                server.requests.clear()
                if kind in ("stream", "half-read"):
                    async with client.stream("GET", server.url) as response:
                        if kind == "stream":
                            _ = [piece async for piece in response.aiter_bytes()]
                elif kind == "post":
                    await client.post(server.url, content=pieces())
                elif kind == "lost":
                    with pytest.raises(cyhttpx.RemoteProtocolError):
                        await client.get(server.url)
                elif kind == "cancelled":
                    task = asyncio.create_task(client.get(server.url))
                    await asyncio.sleep(0)
                    task.cancel()
                    await asyncio.gather(task, return_exceptions=True)
                elif kind == "404":
                    with pytest.raises(cyhttpx.HTTPStatusError):
                        (await client.get(server.url)).raise_for_status()
                else:
                    await client.get(server.url)

            assert await grown_by(ask, 300) < 200


@pytest.mark.usefixtures("no_collector")
async def test_closed_connections_are_not_kept_until_their_timeout() -> None:
    answer = respond(b"ok", headers=[("Connection", "close")])
    with serving(lambda _: answer) as server:
        async with cyhttpx.AsyncClient(timeout=3600) as client:
            for _ in range(300):
                await client.get(server.url)
            assert reactors() <= 10
        assert server.accepted == 300
