"""Load runs on both event loops, against a server in the same loop."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import pytest

import cyhttpx
from cyhttpx._load import runner
from cyhttpx._load.options import LoadError, Options
from cyhttpx._load.runner import Progress, run_load
from cyhttpx._load.server import Head, ServerProtocol, demo_response, serve

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable


class Server:
    """Counts requests, and lets a test answer them."""

    def __init__(self, respond: Callable[[int, Head], bytes | None]) -> None:
        self.heads: list[Head] = []
        self.sizes: list[int] = []
        self.connections = 0
        self.url = ""
        self.respond = respond

    def protocol(self) -> asyncio.BaseProtocol:
        server = self

        class Protocol(ServerProtocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                super().connection_made(transport)
                server.connections += 1

            def respond(self, head: Head) -> bytes:
                server.heads.append(head)
                server.sizes.append(self.received)
                answer = server.respond(len(server.heads), head)
                if answer is None:
                    assert self.transport is not None
                    self.transport.close()
                return answer or b""

        return Protocol()


@contextlib.asynccontextmanager
async def serving(
    respond: Callable[[int, Head], bytes | None] = lambda _, head: demo_response(head),
) -> AsyncIterator[Server]:
    server = Server(respond)
    listening = await serve(server.protocol)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/"
    try:
        yield server
    finally:
        listening.close()
        await listening.wait_closed()


async def test_so_many_requests_are_sent_and_no_more(loop_name: str) -> None:
    async with serving() as server:
        report = await run_load(Options(server.url, connections=8, requests=100))
    assert len(server.heads) == 100
    assert server.connections <= 8
    assert (report.completed, report.failed, report.unfinished) == (100, 0, 0)
    assert report.statuses == {200: 100}
    assert report.bytes_received == 100 * 112
    assert report.latency is not None
    assert 0 < report.latency["p50"] <= report.latency["p99.9"] <= report.latency["max"]
    assert report.engine == cyhttpx.engine
    assert report.loop == loop_name
    assert report.seconds > 0
    assert report.cpu_seconds > 0
    assert not report.ended_early


async def test_fewer_requests_than_connections_open_no_more_than_they_need() -> None:
    async with serving() as server:
        report = await run_load(Options(server.url, connections=64, requests=3))
    assert report.completed == len(server.heads) == 3
    assert server.connections <= 3


async def test_a_run_of_many_requests_folds_its_latencies_while_it_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "BATCH", 4)
    async with serving() as server:
        report = await run_load(Options(server.url, connections=3, requests=50))
    assert report.completed == 50
    assert report.latency is not None


async def test_method_headers_and_body_are_sent_as_asked() -> None:
    async with serving() as server:
        options = Options(server.url, method="PUT", headers=[("X-A", "1")], content=b"12345", connections=2, requests=4)
        report = await run_load(options)
    assert report.completed == 4
    assert {head.method for head in server.heads} == {b"PUT"}
    assert server.sizes == [5] * 4


async def test_a_run_ends_when_its_time_is_up() -> None:
    async with serving() as server:
        report = await run_load(Options(server.url, connections=4, seconds=0.1))
    assert report.completed > 0
    # The loop's timers count in milliseconds, and may be that much early.
    assert report.seconds > 0.09
    assert report.unfinished <= 4
    assert report.completed + report.unfinished == len(server.heads)
    assert not report.ended_early


async def test_time_is_up_for_a_first_request_without_an_answer_too() -> None:
    async with serving(lambda *_: b"") as server:
        report = await run_load(Options(server.url, connections=4, seconds=0.05))
    assert (report.completed, report.failed, report.unfinished) == (0, 0, 1)
    assert report.latency is None


async def test_stop_ends_a_run_early_and_reports_it() -> None:
    stop = asyncio.Event()

    def respond(number: int, head: Head) -> bytes | None:
        if number == 20:
            stop.set()
        return demo_response(head)

    async with serving(respond) as server:
        report = await run_load(Options(server.url, connections=4), stop=stop)
    assert report.ended_early
    assert 19 <= report.completed <= 30
    assert report.failed == 0


async def test_a_stop_after_the_last_request_is_not_early() -> None:
    stop = asyncio.Event()
    async with serving() as server:
        report = await run_load(Options(server.url, requests=2), stop=stop)
        stop.set()
    assert not report.ended_early


async def test_errors_are_counted_by_class_and_the_run_goes_on() -> None:
    async with serving(lambda number, head: None if number % 2 else demo_response(head)) as server:
        report = await run_load(Options(server.url, method="POST", connections=1, requests=20))
    assert report.completed + report.failed == 20
    assert report.errors == {"RemoteProtocolError": report.failed}
    assert report.failed == 10
    assert report.error_examples["RemoteProtocolError"]


async def test_a_timeout_is_an_error_like_others() -> None:
    async with serving(lambda *_: b"") as server:
        report = await run_load(Options(server.url, connections=2, requests=3, timeout=0.05))
    assert (report.completed, report.errors) == (0, {"ReadTimeout": 3})


async def test_statuses_are_counted_and_no_errors() -> None:
    refused = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
    async with serving(lambda number, head: refused if number > 5 else demo_response(head)) as server:
        report = await run_load(Options(server.url, connections=2, requests=10))
    assert report.statuses == {200: 5, 503: 5}
    assert report.failed == 0


async def test_a_host_that_refuses_is_one_clear_error() -> None:
    async with serving() as server:
        pass
    with pytest.raises(LoadError, match=r"^cannot connect to http://127\.0\.0\.1:\d+/: .") as caught:
        await run_load(Options(server.url, requests=10))
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"url": "ftp://127.0.0.1/"}, "http:// or https://"),
        ({"url": "127.0.0.1"}, "http:// or https://"),
        ({"url": "http://[::1"}, "cannot be built"),
        ({"url": "http:///path"}, "."),
        ({"headers": [("Näme", "v")]}, "cannot be built"),
        ({"headers": [("X", "a\nb")]}, "cannot be sent"),
        ({"method": "A B"}, "cannot be sent"),
    ],
)
async def test_what_cannot_be_sent_is_an_error_of_the_arguments(changes: dict[str, Any], message: str) -> None:
    async with serving() as server:
        with pytest.raises(LoadError, match=message) as caught:
            await run_load(Options(**{"url": server.url, "requests": 1, **changes}))
    assert caught.value.exit_code == 2
    assert not server.heads


async def test_progress_is_shown_from_counters_and_ends_with_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PROGRESS_INTERVAL", 0.001)
    seen: list[Progress] = []
    async with serving() as server:
        await run_load(Options(server.url, connections=2, requests=200), on_progress=seen.append)
        assert seen
        count = len(seen)
        await asyncio.sleep(0.01)
        assert len(seen) == count
    assert [one.completed for one in seen] == sorted(one.completed for one in seen)
    assert all(one.fraction is not None and 0 <= one.fraction <= 1 for one in seen)


async def test_progress_knows_a_run_of_seconds_and_one_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runner, "PROGRESS_INTERVAL", 0.001)
    seen: list[Progress] = []
    stop = asyncio.Event()

    def show(progress: Progress) -> None:
        seen.append(progress)
        stop.set()

    async with serving() as server:
        await run_load(Options(server.url, connections=2, seconds=30.0), on_progress=show, stop=stop)
        fraction = seen[-1].fraction
        assert fraction is not None
        assert 0 < fraction < 1
        stop.clear()
        await run_load(Options(server.url, connections=2), on_progress=show, stop=stop)
        assert seen[-1].fraction is None


async def test_a_run_that_is_cancelled_leaves_nothing_behind() -> None:
    arrived = asyncio.Event()

    def respond(number: int, head: Head) -> bytes:
        if number == 10:
            arrived.set()
        return demo_response(head)

    async with serving(respond) as server:
        task = asyncio.ensure_future(run_load(Options(server.url, connections=4), on_progress=lambda _: None))
        await arrived.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    async with serving() as server:
        report = await run_load(Options(server.url, requests=2))
    assert report.completed == 2
