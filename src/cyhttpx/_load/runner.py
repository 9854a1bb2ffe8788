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
        self._started = 0
        # Requests that may still be started. Counting down from -1 never gets to 0.
        self._left = -1 if options.requests is None else options.requests
        self._began = self._ended = 0.0
        self._cpu_began = self._cpu_ended = 0.0
        self._is_over = self._ended_early = False

    async def go(self, on_progress: Callable[[Progress], None] | None) -> Report:
        self._cpu_began = time.process_time()
        self._began = time.perf_counter()
        ticker = None if on_progress is None else asyncio.ensure_future(self._tick(on_progress))
        try:
            await self._until_over([self._probe()])
            if not self._is_over:
                options = self._options
                workers = min(options.connections, options.requests or options.connections)
                await self._until_over([self._work() for _ in range(workers)])
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

    async def _probe(self) -> None:
        import cyhttpx

        options = self._options
        try:
            await self._request_once()
        except (cyhttpx.ConnectError, cyhttpx.ConnectTimeout) as exc:
            raise LoadError(f"cannot connect to {options.url}: {str(exc) or type(exc).__name__}") from exc
        except (cyhttpx.LocalProtocolError, cyhttpx.UnsupportedProtocol) as exc:
            raise LoadError(f"the request cannot be sent: {exc}", 2) from exc
        except Exception as exc:
            self._counters.add_error(exc)

    async def _request_once(self) -> None:
        options, counters = self._options, self._counters
        self._started += 1
        self._left -= 1
        began = time.perf_counter_ns()
        response = await self._client.request(options.method, options.url, content=options.content)
        counters.latencies.append((time.perf_counter_ns() - began) // 1000)
        counters.statuses[response.status_code] += 1
        counters.bytes_received += response.num_bytes_downloaded

    async def _work(self) -> None:
        counters = self._counters
        buffer = counters.latencies.buffer
        while self._left:
            try:
                await self._request_once()
            except Exception as exc:
                # Every class is counted and shown, an unexpected one too: one broken request does not end a load run.
                counters.add_error(exc)
                # An error that never waited for anything would keep the loop from ever coming to its timers.
                await asyncio.sleep(0)
            if len(buffer) >= BATCH:
                counters.latencies.fold()

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
            unfinished=self._started - counters.completed - counters.failed,
            bytes_received=counters.bytes_received,
            latency=counters.latencies.summary(),
            statuses=dict(counters.statuses),
            errors=dict(counters.errors),
            error_examples=dict(counters.examples),
            ended_early=self._ended_early,
        )
