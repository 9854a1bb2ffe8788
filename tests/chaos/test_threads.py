"""Several event loops at once: one client in each of several threads, and one client for all of them."""

from __future__ import annotations

import asyncio
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

import cyhttpx

from ..client.peers import PATIENCE, Received, respond, serving

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Coroutine, Iterator

THREADS = 4
ROUNDS = 150


@pytest.fixture
def quick_switches() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def in_threads(
    factory: Callable[[], asyncio.AbstractEventLoop], main: Callable[[int], Coroutine[Any, Any, None]]
) -> None:
    """Run `main(number)` on a loop of its own in each thread; the first error is raised."""
    errors: list[BaseException] = []
    together = threading.Barrier(THREADS)

    def run(number: int) -> None:
        try:
            with asyncio.Runner(loop_factory=factory) as runner:
                runner.get_loop().set_exception_handler(lambda _, context: errors.append(AssertionError(context)))
                together.wait(PATIENCE)
                runner.run(asyncio.wait_for(main(number), PATIENCE))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def body_for(target: str) -> bytes:
    """Different for every request, and long enough to be read in several pieces."""
    return f"<{target}>".encode() * 400


def answer(request: Received) -> bytes:
    return respond(body_for(request.target), headers=[("X-Target", request.target)])


async def ask(client: cyhttpx.AsyncClient, url: str, number: int) -> None:
    for turn in range(ROUNDS):
        target = f"/{number}/{turn}"
        response = await client.get(url + target)
        assert response.headers["X-Target"] == target
        assert response.content == body_for(target)


@pytest.mark.usefixtures("quick_switches")
def test_a_client_in_each_thread(each_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    with serving(answer) as server:

        async def main(number: int) -> None:
            async with cyhttpx.AsyncClient() as client:
                await ask(client, server.url, number)

        in_threads(each_loop, main)
        assert len(server.requests) == THREADS * ROUNDS


@pytest.mark.usefixtures("quick_switches")
def test_a_client_in_each_thread_over_tls(
    each_loop: Callable[[], asyncio.AbstractEventLoop], server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
) -> None:
    """OpenSSL decrypts without the GIL: no two connections may share what it decrypts into."""
    with serving(answer, context=server_tls) as server:

        async def main(number: int) -> None:
            async with cyhttpx.AsyncClient(verify=client_tls) as client:
                await ask(client, server.url, number)

        in_threads(each_loop, main)
        assert len(server.requests) == THREADS * ROUNDS


@pytest.mark.usefixtures("quick_switches")
def test_one_client_for_all_threads(each_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
    client = cyhttpx.AsyncClient()
    with serving(answer) as server:
        in_threads(each_loop, lambda number: ask(client, server.url, number))
        # Each loop has a pool of its own, which it keeps.
        assert server.accepted == THREADS
        assert len(server.requests) == THREADS * ROUNDS

        async def close() -> None:
            await client.aclose()
            await server.until(lambda server: server.open == 0)

        asyncio.run(close())
