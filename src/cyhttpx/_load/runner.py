"""A load run through the public `AsyncClient`.

It knows nothing of terminals: counters go out through a callback, and a `Report` comes out at the end.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from .options import LoadError, Options, ensure_descriptors
from .stats import BATCH, Counters, Report

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    import cyhttpx

# Seconds between two calls of the progress callback: counters are read then, never per request.
PROGRESS_INTERVAL: Final = 0.25


@dataclass(frozen=True)
class Progress:
    """A run that goes on, as far as a display wants to know. `fraction` is 0 to 1, None where no end is set."""

    seconds: float
    completed: int
    failed: int
    bytes_received: int
    fraction: float | None


async def run_load(
    options: Options,
    *,
    stop: asyncio.Event | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Report:
    """
    Run `options.connections` workers, each with one request at a time, and report.

    The first request goes alone: where it cannot be sent, or its host not reached, `LoadError` is raised.
    `stop` ends the run early; requests that are under way when a run ends are cancelled and counted as unfinished.
    """
    import cyhttpx

    ensure_descriptors(options.connections)
    limits = cyhttpx.Limits(max_connections=options.connections, max_keepalive_connections=options.connections)
    try:
        # No proxies or credentials of the environment: the load goes where the command line says, and nowhere else.
        client = cyhttpx.AsyncClient(
            headers=list(options.headers),
            limits=limits,
            timeout=options.timeout,
            verify=options.verify,
            trust_env=False,
        )
    except (ValueError, TypeError) as exc:
        raise LoadError(f"the request cannot be built: {exc}", 2) from exc
    async with client:
        _check_request(client, options)
        return await _Run(client, options, stop or asyncio.Event()).go(on_progress)


def _check_request(client: cyhttpx.AsyncClient, options: Options) -> None:
    import cyhttpx

    try:
        request = client.build_request(options.method, options.url, content=options.content)
    except (cyhttpx.InvalidURL, ValueError, TypeError) as exc:
        raise LoadError(f"the request cannot be built: {exc}", 2) from exc
    if request.url.scheme not in ("http", "https"):
        raise LoadError(f"{options.url!r} is not a URL that starts with http:// or https://", 2)
    if not request.url.host:
        raise LoadError(f"{options.url!r} names no host", 2)


class _Run:
    def __init__(self, client: cyhttpx.AsyncClient, options: Options, stop: asyncio.Event) -> None:
        self._client = client
        self._options = options
        self._stop = stop
        self._counters = Counters()
        # Requests that may still be started. Counting down from -1 never gets to 0.
        self._left = self._most = -1 if options.requests is None else options.requests
        self._began = self._ended = 0.0
        self._cpu_began = self._cpu_ended = 0.0
        self._is_over = self._ended_early = False

    async def go(self, on_progress: Callable[[Progress], None] | None) -> Report:
        self._cpu_began = time.process_time()
        self._began = time.perf_counter()
        ticker = None if on_progress is None else asyncio.ensure_future(self._tick(on_progress))
        try:
            await self._until_over([self._work(self._fail_or_count, 1)])
            if not self._is_over:
                options = self._options
                workers = min(options.connections, options.requests or options.connections)
                # Every class of error is counted and shown: one broken request does not end a load run.
                await self._until_over([self._work(self._counters.add_error) for _ in range(workers)])
        finally:
            if ticker is not None:
                ticker.cancel()
                await asyncio.wait([ticker])
        return self._report()

    async def _until_over(self, works: list[Coroutine[None, None, None]]) -> None:
        """Run these together to their end, that of the run's time, or a stop, whichever comes first."""
        work = asyncio.gather(*works)
        stopper = asyncio.ensure_future(self._stop.wait())
        both: list[asyncio.Future[Any]] = [work, stopper]
        seconds = self._options.seconds
        timeout = None if seconds is None else max(0.0, self._began + seconds - time.perf_counter())
        try:
            await asyncio.wait(both, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            self._ended = time.perf_counter()
            self._cpu_ended = time.process_time()
            self._is_over = not work.done()
            self._ended_early = self._is_over and stopper.done()
        finally:
            # No request completes after this: a cancelled task gets no result that came in the same turn of the loop.
            work.cancel()
            stopper.cancel()
            await asyncio.wait(both)
            # Of a cancelled gather, asking is what keeps asyncio from reporting its CancelledError as one nobody saw.
            failure = None if work.cancelled() else work.exception()
        if failure is not None and not isinstance(failure, asyncio.CancelledError):
            raise failure

    async def _work(self, on_error: Callable[[Exception], None], most: int = -1) -> None:
        """Send one request after the other while there are any left, and no more than `most` (-1: any number)."""
        options, counters = self._options, self._counters
        method, url, content = options.method, options.url, options.content
        request, clock = self._client.request, time.perf_counter_ns
        latencies, statuses = counters.latencies, counters.statuses
        buffer = latencies.buffer
        while self._left and most:
            self._left -= 1
            most -= 1
            began = clock()
            try:
                response = await request(method, url, content=content)
            except Exception as exc:
                on_error(exc)
                # An error that never waited for anything would keep the loop from ever coming to its timers.
                await asyncio.sleep(0)
                continue
            buffer.append((clock() - began) // 1000)
            statuses[response.status_code] += 1
            counters.bytes_received += response.num_bytes_downloaded
            if len(buffer) >= BATCH:
                latencies.fold()

    def _fail_or_count(self, error: Exception) -> None:
        """Take an error of the first request: one that every other request would end in, too, ends the run."""
        import cyhttpx

        if isinstance(error, (cyhttpx.ConnectError, cyhttpx.ConnectTimeout)):
            reason = str(error) or type(error).__name__
            raise LoadError(f"cannot connect to {self._options.url}: {reason}") from error
        if isinstance(error, (cyhttpx.LocalProtocolError, cyhttpx.UnsupportedProtocol)):
            raise LoadError(f"the request cannot be sent: {error}", 2) from error
        self._counters.add_error(error)

    async def _tick(self, on_progress: Callable[[Progress], None]) -> None:
        options, counters = self._options, self._counters
        while True:
            await asyncio.sleep(PROGRESS_INTERVAL)
            seconds = time.perf_counter() - self._began
            completed, failed = counters.completed, counters.failed
            fraction: float | None = None
            if options.requests is not None:
                fraction = (completed + failed) / options.requests
            elif options.seconds is not None:
                fraction = min(1.0, seconds / options.seconds)
            on_progress(Progress(seconds, completed, failed, counters.bytes_received, fraction))

    def _report(self) -> Report:
        import cyhttpx

        options, counters = self._options, self._counters
        loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
        return Report(
            url=options.url,
            method=options.method,
            connections=options.connections,
            engine=cyhttpx.engine,
            loop=loop,
            version=cyhttpx.__version__,
            seconds=self._ended - self._began,
            cpu_seconds=self._cpu_ended - self._cpu_began,
            completed=counters.completed,
            failed=counters.failed,
            unfinished=self._most - self._left - counters.completed - counters.failed,
            bytes_received=counters.bytes_received,
            latency=counters.latencies.summary(),
            statuses=dict(counters.statuses),
            errors=dict(counters.errors),
            error_examples=dict(counters.examples),
            ended_early=self._ended_early,
        )
