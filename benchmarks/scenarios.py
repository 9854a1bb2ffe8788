"""What is compared: one entry per row of the table, with the mark it is held to. How it is measured is in `measure`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from benchmarks import sizes

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Servers:
    """Where the servers are. `tls` and `ca_file` are empty where no certificate could be made."""

    name: str
    # host:port of nginx (or of ours in its place), of its TLS port, of ours, and of the one for uploads.
    main: str
    tls: str
    own: str
    sink: str
    ca_file: str


@dataclass(frozen=True)
class Mark:
    """What `client` has to reach: at most `times` what `of` costs in the same run and `plus` units."""

    times: float = 0.0
    of: str = ""
    plus: float = 0.0
    client: str = "cyhttpx-c"


@dataclass(frozen=True)
class Unit:
    """How a cost is written: seconds (or bytes) times `factor`."""

    name: str
    factor: float


MICROSECONDS: Final = Unit("µs of CPU per request", 1e6)
MILLISECONDS: Final = Unit("ms of CPU per request", 1e3)


@dataclass(frozen=True)
class Scenario:
    """One comparison. `kind` names the function of `measure` that takes the figure."""

    name: str
    title: str
    kind: str = "requests"
    unit: Unit = MICROSECONDS
    verb: str = "get"
    # The URLs that are asked for, one after the other and again.
    urls: Callable[[Servers], list[str]] = lambda servers: [f"http://{servers.main}/json"]
    at_once: int = 64
    # So many tasks of one request each are started together, over `at_once` connections; again until all is done.
    tasks: int = 0
    # Requests of a fast client; a slow one gets fewer, but no less than `least`.
    requests: int = 20_000
    least: int = 0
    warm_up: int = 0
    # Each exchange is timed by itself, and the least of them counts.
    one_by_one: bool = False
    # The size that each exchange must come to.
    size: int = sizes.SMALL
    loop: str = ""
    # Clients that do another job here than the rest.
    without: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    # How many connections are opened to as many origins and left idle.
    idle: int = 0
    needs_tls: bool = False
    # How much the peak of the process's memory may grow, for the scenarios that move much.
    most_memory: int = 0
    # Compared with each other once all are measured.
    group: str = field(default="")


def addresses(count: int, port: str) -> list[str]:
    """Return URLs of so many origins: 127.0.0.1 and up, one port."""
    hosts = [f"127.{1 + index // 60_000}.{index // 250 % 240}.{1 + index % 250}" for index in range(count)]
    return [f"http://{host}:{port}/json" for host in hosts]


def _origins(servers: Servers) -> list[str]:
    return addresses(500, servers.main.rpartition(":")[2])


def _path(path: str) -> Callable[[Servers], list[str]]:
    return lambda servers: [f"http://{servers.main}{path}"]


GROWTH: Final = (10, 100, 1_000, 10_000)

ALL: Final = (
    Scenario("get-1", "GET, one at a time", at_once=1, requests=5_000, marks=(Mark(1.15, "raw"),)),
    Scenario(
        "get-64",
        "GET, 64 at once",
        marks=(Mark(1.35, "raw"), Mark(0.25, "httpx2", client="cyhttpx-py")),
    ),
    Scenario("get-512", "GET, 512 at once", at_once=512, least=1_024, marks=(Mark(1.35, "raw"),)),
    Scenario(
        "get-5000-over-100",
        "GET, 5,000 tasks over 100 connections",
        at_once=100,
        tasks=5_000,
        least=5_000,
        marks=(Mark(1.6, "raw"),),
    ),
    Scenario(
        "origins-500",
        "GET over 500 origins, 64 at once",
        urls=_origins,
        least=1_000,
        warm_up=500,
        marks=(Mark(1.7, "raw"),),
    ),
    Scenario(
        "get-params-headers-json",
        "GET with params and headers, a header and the JSON read, 64 at once (raw: a bare GET)",
        verb="get_with_arguments",
        marks=(Mark(2.2, "raw"),),
    ),
    Scenario(
        "post-json",
        "POST of JSON, 64 at once (raw: a bare GET)",
        verb="post_json",
        marks=(Mark(2.0, "raw"),),
    ),
    Scenario(
        "get-64k",
        "GET of 64 KiB, 64 at once",
        urls=_path("/64k"),
        size=sizes.FILE,
        requests=10_000,
        marks=(Mark(0.6, "pyreqwest"),),
    ),
    Scenario(
        "stream-1g",
        "a body of 1 GiB, streamed (raw: one reused buffer)",
        verb="stream",
        urls=_path("/1g"),
        unit=Unit("s of CPU", 1),
        at_once=1,
        requests=3,
        least=3,
        one_by_one=True,
        size=sizes.STREAM,
        most_memory=8 * sizes.MEBIBYTE,
        marks=(Mark(1.4, "raw"),),
    ),
    Scenario(
        "chunks-16384",
        "a body of 1 MiB in 16,384 chunks, one at a time",
        urls=lambda servers: [f"http://{servers.own}/chunks"],
        unit=MILLISECONDS,
        at_once=1,
        requests=60,
        size=sizes.TINY_CHUNKS * sizes.TINY_CHUNK,
        without=("raw",),
        marks=(Mark(0.4, "pycurl"),),
    ),
    Scenario(
        "upload-256m",
        "an upload of 256 MiB from an async generator of 64 KiB",
        verb="upload",
        urls=lambda servers: [f"http://{servers.sink}/"],
        unit=Unit("ms of CPU", 1e3),
        at_once=1,
        requests=12,
        least=12,
        one_by_one=True,
        size=sizes.UPLOAD_CHUNK * sizes.UPLOAD_CHUNKS,
        most_memory=8 * sizes.MEBIBYTE,
        marks=(Mark(1.1, "raw"),),
    ),
    Scenario(
        "tls-get-64",
        "GET over TLS, 64 at once",
        urls=lambda servers: [f"https://{servers.tls}/json"],
        needs_tls=True,
        marks=(Mark(0.5, "raw"), Mark(1.0, "pycurl")),
    ),
    Scenario(
        "gzip-1m",
        "GET of 1 MiB sent as gzip, 16 at once",
        urls=_path("/gzip"),
        unit=MILLISECONDS,
        at_once=16,
        requests=400,
        size=sizes.MEBIBYTE,
        without=("raw",),
        marks=(Mark(0.6, "pyreqwest"),),
    ),
    Scenario("asyncio-get-64", "GET, 64 at once, on asyncio's own loop", loop="asyncio", marks=(Mark(0.5, "raw"),)),
    Scenario(
        "import",
        "`import` in a new process, over bare Python",
        kind="import",
        unit=Unit("ms of CPU", 1e3),
        marks=(Mark(plus=30.0), Mark(plus=30.0, client="cyhttpx-py")),
    ),
    Scenario(
        "construct",
        "a client made and closed, no request",
        kind="construct",
        unit=Unit("ms of CPU", 1e3),
        marks=(Mark(plus=0.2),),
    ),
    *(
        Scenario(
            f"pool-growth-idle-{idle}",
            f"GET, 64 at once, beside {idle:,} idle connections to other origins",
            kind="beside_idle",
            idle=idle,
            group="pool-growth-idle",
        )
        for idle in GROWTH
    ),
    *(
        Scenario(
            f"pool-growth-waiting-{waiting}",
            f"GET, {waiting:,} tasks over 10 connections",
            at_once=10,
            tasks=waiting,
            requests=10_000,
            least=waiting,
            group="pool-growth-waiting",
        )
        for waiting in GROWTH
    ),
    Scenario(
        "idle-memory",
        "memory of an idle connection (of 2,000)",
        kind="idle_memory",
        unit=Unit("KiB of RSS", 1 / 1024),
        idle=2_000,
        marks=(Mark(1.0, "raw", plus=4.0),),
    ),
)


def named(patterns: list[str]) -> list[Scenario]:
    """Return the scenarios of these names, or whose names start with them; all where none is given."""
    if not patterns:
        return list(ALL)
    chosen: set[str] = set()
    for pattern in patterns:
        names = [scenario.name for scenario in ALL]
        found = [pattern] if pattern in names else [name for name in names if name.startswith(pattern)]
        if not found:
            raise ValueError(f"no scenario is called {pattern!r}")
        chosen.update(found)
    return [scenario for scenario in ALL if scenario.name in chosen]
