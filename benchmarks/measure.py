"""One figure of one client: `python -m benchmarks.measure`, a process of its own, job and result as JSON.

The figure is the CPU time, user and system, that this process (all its threads) spends on the measured work, divided
by the number of exchanges. Connections are opened and code is warmed before. `compare` starts it, and takes the least
of several.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.clients import CLIENTS, adapter_class
from benchmarks.clients.base import Adapter, Unsupported, Work
from benchmarks.scenarios import ALL, MICROSECONDS, Scenario, Servers, addresses

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

IMPORTS: Final = 5
# Seconds of CPU over which a client is made and closed again and again, and the fewest times.
CONSTRUCT_SECONDS: Final = 0.3
LEAST_CONSTRUCTED: Final = 3
# Idle connections are opened so many at once: more than the listening socket's backlog at once would be refused.
OPENING: Final = 64


@dataclass(frozen=True)
class Job:
    """What to measure."""

    scenario: str
    client: str
    loop: str
    cpu: int | None
    servers: dict[str, str]
    # 0: the scenario's own number.
    requests: int = 0


@dataclass(frozen=True)
class Result:
    """What came out: a figure in seconds (or bytes) per exchange, or why there is none."""

    value: float | None = None
    version: str = ""
    exchanges: int = 0
    wall: float = 0.0
    # Growth of the process's peak memory over the measured work, in bytes.
    memory: int = 0
    absent: str = ""
    unsupported: bool = False
    error: str = ""


def cpu_seconds() -> float:
    """Return the CPU time this process has used, user and system."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def memory(field: str) -> int:
    """Return a size of /proc/self/status in bytes: VmRSS, or VmHWM (its peak)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise ValueError(field)


def forget_peak() -> None:
    """Let VmHWM start again from what is in use now."""
    Path("/proc/self/clear_refs").write_text("5")


def exchanges(scenario: Scenario, adapter: type[Adapter], requests: int) -> int:
    """Return how many exchanges this client is given."""
    wanted = requests if requests and scenario.unit is MICROSECONDS else scenario.requests
    return max(wanted // adapter.slowness, scenario.least, scenario.at_once)


async def _batches(adapter: Adapter, scenario: Scenario, urls: list[str], count: int) -> int:
    """Do so many exchanges (whole batches of tasks, where the scenario has such) and check their size."""
    batch = scenario.tasks or count
    done = 0
    while done < count:
        work = Work(scenario.verb, urls, batch, scenario.at_once, bool(scenario.tasks))
        size = await adapter.many(work)
        if size != batch * scenario.size:
            raise RuntimeError(f"{size} bytes came of {batch * scenario.size}")
        done += batch
    return done


async def _timed(adapter: Adapter, scenario: Scenario, urls: list[str], count: int) -> dict[str, Any]:
    gc.collect()
    forget_peak()
    held = memory("VmHWM")
    batch = 1 if scenario.one_by_one else count
    done = 0
    least = float("inf")
    wall = time.perf_counter()
    while done < count:
        cpu = cpu_seconds()
        finished = await _batches(adapter, scenario, urls, batch)
        least = min(least, (cpu_seconds() - cpu) / finished)
        done += finished
    wall = time.perf_counter() - wall
    return {"value": least, "exchanges": done, "wall": wall, "memory": memory("VmHWM") - held}


async def measure_requests(adapter: Adapter, scenario: Scenario, servers: Servers, count: int) -> dict[str, Any]:
    """CPU per exchange, on connections that are open."""
    urls = scenario.urls(servers)
    if scenario.verb in ("stream", "upload"):
        # One big exchange warms nothing up that it would notice.
        await adapter.many(Work("get", [f"http://{servers.main}/json"], 2, 1))
    else:
        await _batches(adapter, scenario, urls, scenario.tasks or max(scenario.warm_up, 2 * scenario.at_once))
    return await _timed(adapter, scenario, urls, count)


async def measure_beside_idle(adapter: Adapter, scenario: Scenario, servers: Servers, count: int) -> dict[str, Any]:
    """CPU per exchange while connections to other origins are open and idle."""
    urls = addresses(scenario.idle + 1, servers.main.rpartition(":")[2])
    await adapter.many(Work("get", urls[1:], scenario.idle, OPENING))
    await _batches(adapter, scenario, urls[:1], 2 * scenario.at_once)
    return await _timed(adapter, scenario, urls[:1], count)


async def measure_idle_memory(adapter: Adapter, scenario: Scenario, servers: Servers, count: int) -> dict[str, Any]:
    """Growth of RSS per connection that is opened and left idle."""
    del count
    urls = addresses(scenario.idle + OPENING, servers.main.rpartition(":")[2])
    await adapter.many(Work("get", urls[:OPENING], 2 * OPENING, OPENING))
    gc.collect()
    held = memory("VmRSS")
    await adapter.many(Work("get", urls[OPENING:], scenario.idle, OPENING))
    gc.collect()
    return {"value": (memory("VmRSS") - held) / scenario.idle, "exchanges": scenario.idle}


async def measure_construct(adapter: Adapter, scenario: Scenario, servers: Servers, count: int) -> dict[str, Any]:
    """CPU per client made and closed."""
    del scenario, servers, count
    await adapter.construct()
    done = 0
    cpu = cpu_seconds()
    while done < LEAST_CONSTRUCTED or cpu_seconds() - cpu < CONSTRUCT_SECONDS:
        await adapter.construct()
        done += 1
    return {"value": (cpu_seconds() - cpu) / done, "exchanges": done}


def measure_import(adapter: type[Adapter]) -> dict[str, Any]:
    """Least CPU of a process that imports the package, less that of one that does not."""
    if not adapter.package:
        raise Unsupported
    return {"value": _process(f"import {adapter.package}") - _process("pass"), "exchanges": IMPORTS}


def _process(code: str) -> float:
    least = float("inf")
    # One more than is counted: the first one writes and warms the files.
    for index in range(IMPORTS + 1):
        child = subprocess.Popen([sys.executable, "-c", code])
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise RuntimeError(f"{code!r} failed")
        if index:
            least = min(least, used.ru_utime + used.ru_stime)
    return least


KINDS: Final[dict[str, Callable[[Adapter, Scenario, Servers, int], Awaitable[dict[str, Any]]]]] = {
    "requests": measure_requests,
    "beside_idle": measure_beside_idle,
    "idle_memory": measure_idle_memory,
    "construct": measure_construct,
}


def measure(job: Job) -> Result:
    """Take one figure."""
    scenario = next(one for one in ALL if one.name == job.scenario)
    servers = Servers(**job.servers)
    if job.client in scenario.without:
        return Result(unsupported=True)
    try:
        found = adapter_class(job.client)
        version = found.version()
    except ImportError as exc:
        return Result(absent=f"{type(exc).__name__}: {exc}")

    async def main() -> dict[str, Any]:
        connections = max(scenario.at_once if scenario.tasks else 0, scenario.idle + 512 if scenario.idle else 0)
        adapter = found(connections or 1024, servers.ca_file if scenario.needs_tls else "")
        if scenario.kind == "construct":
            return await measure_construct(adapter, scenario, servers, 0)
        await adapter.open()
        try:
            count = exchanges(scenario, found, job.requests)
            return await KINDS[scenario.kind](adapter, scenario, servers, count)
        finally:
            await adapter.close()

    try:
        values = measure_import(found) if scenario.kind == "import" else _run(main, scenario.loop or job.loop)
    except Unsupported:
        return Result(version=version, unsupported=True)
    return Result(version=version, **values)


def _run(main: Callable[[], Any], loop: str) -> dict[str, Any]:
    factory: Any = asyncio.new_event_loop
    if loop == "uvloop":
        import uvloop

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        result: dict[str, Any] = runner.run(main())
        return result


def _prepare(cpu: int | None) -> None:
    if cpu is not None:
        os.sched_setaffinity(0, {cpu})
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def run_job(job: Job, seconds: float) -> Result:
    """Measure in a new process; a result without a figure where it fails or takes longer than `seconds`."""
    environment = {**os.environ, **CLIENTS[job.client][2]}
    command = [sys.executable, "-m", "benchmarks.measure"]
    try:
        child = subprocess.run(
            command,
            input=json.dumps(asdict(job)),
            capture_output=True,
            text=True,
            env=environment,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Result(error=f"over {seconds:g} s, stopped")
    if child.returncode:
        return Result(error=(child.stderr.strip().splitlines() or [f"exit code {child.returncode}"])[-1])
    return Result(**json.loads(child.stdout.splitlines()[-1]))


if __name__ == "__main__":
    job = Job(**json.load(sys.stdin))
    _prepare(job.cpu)
    print(json.dumps(asdict(measure(job))))
