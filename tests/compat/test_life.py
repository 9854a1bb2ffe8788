"""A client's life over a scripted transport: opened, closed, its streams, its defaults, and the line in the log."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httpx
import pytest

import cyhttpx

from .both import LIBRARIES, Script, assert_same, assert_same_story, plain, sync_stream, twice

OK = (200, {"X-Last": "1"}, b"body")


async def used_when_closed(library: Any, client: Any) -> Any:
    await client.aclose()
    await client.aclose()
    return await client.get("http://h/")


async def streamed_when_closed(library: Any, client: Any) -> Any:
    await client.aclose()
    async with client.stream("GET", "http://h/"):
        pass


async def opened_twice(library: Any, client: Any) -> Any:
    async with client, client:
        pass


async def reopened(library: Any, client: Any) -> Any:
    async with client:
        await client.get("http://h/")
    async with client:
        pass


async def opened_after_use(library: Any, client: Any) -> Any:
    await client.get("http://h/")
    async with client:
        pass


async def states(library: Any, client: Any) -> Any:
    seen = [client.is_closed]
    await client.get("http://h/")
    seen.append(client.is_closed)
    await client.aclose()
    return [*seen, client.is_closed, client.build_request("GET", "http://h").url]


@pytest.mark.parametrize(
    "call", [used_when_closed, streamed_when_closed, opened_twice, reopened, opened_after_use, states]
)
def test_life(call: Any) -> None:
    assert_same_story([OK], call)


def test_transports_are_opened_and_closed_with_the_client() -> None:
    def lived(library: Any, how: str) -> Any:
        seen: list[str] = []

        class Transport(library.AsyncBaseTransport):  # type: ignore[misc]
            def __init__(self, name: str) -> None:
                self.name = name

            async def __aenter__(self) -> Any:
                seen.append(f"enter {self.name}")
                return self

            async def __aexit__(self, *error: object) -> None:
                seen.append(f"exit {self.name} {error[0]}")

            async def aclose(self) -> None:
                seen.append(f"close {self.name}")

            async def handle_async_request(self, request: Any) -> Any:
                seen.append(f"{self.name}: {request.url}")
                return library.Response(200)

        async def live() -> Any:
            mounts = {"http://a/": Transport("a"), "all://b": Transport("b"), "https://": None}
            client = library.AsyncClient(transport=Transport("main"), mounts=mounts)
            try:
                if how == "with":
                    async with client:
                        for url in ("http://a/x", "http://b:81/x", "https://b", "https://c/", "http://c/"):
                            await client.get(url)
                        raise ValueError("x")
                await client.get("http://a")
                await client.aclose()
            except ValueError:
                pass
            return seen

        return live()

    assert_same(lambda library: lived(library, "with"))
    assert_same(lambda library: lived(library, "close"))


def test_streams_are_closed_with_their_block() -> None:
    async def call(library: Any, client: Any) -> Any:
        async with client.stream("POST", "http://h/", content=b"x") as response:
            first = [response.is_closed, response.is_stream_consumed, response.num_bytes_downloaded]
        try:
            await response.aread()
        except library.StreamClosed as error:
            return [first, response.is_closed, str(error)]
        return "read"

    async def failing(library: Any, client: Any) -> Any:
        async with client.stream("GET", "http://h/"):
            raise KeyError("mine")

    async def send(library: Any, client: Any) -> Any:
        response = await client.send(client.build_request("GET", "http://h/"), stream=True)
        lines = [line async for line in response.aiter_lines()]
        return [lines, response.is_closed, response.elapsed.total_seconds() >= 0]

    for it in (call, failing, send):
        assert_same_story([OK], it)


def test_elapsed_comes_with_the_end() -> None:
    async def call(library: Any, client: Any) -> Any:
        async with client.stream("GET", "http://h/") as response:
            try:
                early = response.elapsed
            except RuntimeError as error:
                early = str(error)
            await response.aread()
            return [early, response.elapsed.total_seconds() >= 0]

    assert_same_story([OK], call)


def test_a_sync_response_is_refused() -> None:
    for library in LIBRARIES.values():

        async def call(library: Any = library) -> None:
            transport = library.MockTransport(lambda request: library.Response(200, stream=sync_stream(library, b"a")))
            async with library.AsyncClient(transport=transport) as client:
                await client.get("http://h/")

        # httpx: an assertion; the row `sync-response`.
        with pytest.raises((AssertionError, RuntimeError)):
            asyncio.run(call())


# Defaults, marks, encodings


def test_use_client_default() -> None:
    async def call(library: Any, client: Any) -> Any:
        mark = library.USE_CLIENT_DEFAULT
        await client.get("http://h/", auth=mark, follow_redirects=mark, timeout=mark)
        await client.get("http://h/", auth=None, follow_redirects=False, timeout=None)
        return await client.get("http://h/", auth=type(mark)(), follow_redirects=True)

    assert_same_story([(302, {"Location": "/a"}, b""), OK], call, auth=("u", "p"), follow_redirects=True, timeout=3)


def test_timeouts_reach_the_transport() -> None:
    async def call(library: Any, client: Any) -> Any:
        seen = []
        for arguments in (
            {},
            {"timeout": None},
            {"timeout": 5},
            {"timeout": (1, 2, 3, 4)},
            {"timeout": library.Timeout(1, pool=None)},
        ):
            response = await client.get("http://h/", **arguments)
            seen.append(response.request.extensions)
        return seen

    assert_same_story([OK], call, timeout=7)
    assert_same_story([OK], call)


@pytest.mark.parametrize("default", ["latin-1", lambda content: "utf-16-be" if content else "ascii"])
def test_default_encoding(default: Any) -> None:
    async def call(library: Any, client: Any) -> Any:
        response = await client.get("http://h/")
        return [response.encoding, response.text]

    assert_same_story([(200, {}, b"\x00\xe9")], call, default_encoding=default)
    assert_same_story(
        [(200, {"Content-Type": "text/plain; charset=cp1252"}, b"\x80\xe9")], call, default_encoding=default
    )
    assert_same_story([(200, {}, b"")], call, default_encoding=default)


# The log


@pytest.mark.parametrize("url", ["http://h/p?q=1#f", "https://h:444/", "http://ü.de/ü"])
@pytest.mark.parametrize("extensions", [{}, {"http_version": b"HTTP/2", "reason_phrase": b"Fine"}])
def test_log(url: str, extensions: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "httpx")

    def logged(library: Any) -> Any:
        caplog.clear()

        async def call() -> None:
            transport = library.MockTransport(lambda request: library.Response(204, extensions=extensions))
            async with library.AsyncClient(transport=transport) as client:
                await client.post(url)

        asyncio.run(call())
        return [(it.name, it.levelname, it.getMessage()) for it in caplog.records if it.name == "httpx"]

    assert logged(cyhttpx) == logged(httpx)
    assert len(logged(cyhttpx)) == 1


def test_the_log_has_a_line_for_each_request(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "httpx")

    def logged(library: Any) -> Any:
        caplog.clear()

        async def call() -> None:
            script = Script(library, [(302, {"Location": "/next"}, b""), (401, {}, b""), OK], follow_redirects=True)
            await script.client.get("http://h/", auth=twice(library))

        asyncio.run(call())
        return [it.getMessage() for it in caplog.records if it.name == "httpx"]

    assert logged(cyhttpx) == logged(httpx)
    assert len(logged(cyhttpx)) == 3


def test_plain_says_what_a_response_is() -> None:
    # The comparison itself: it must see a difference where there is one.
    ours, theirs = cyhttpx.Response(200, content=b"a"), httpx.Response(200, content=b"a")
    assert plain(ours) == plain(theirs)
    assert plain(ours) != plain(httpx.Response(201, content=b"a"))
    assert plain(ours) != plain(httpx.Response(200, content=b"b"))
    assert plain(ours) != plain(httpx.Response(200, content=b"a", headers={"X-A": "1"}))
