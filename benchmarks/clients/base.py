"""What a client must do to be compared: a few verbs, each one whole exchange, and `many`, which repeats one of them."""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final

from benchmarks import sizes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

# What the scenarios with arguments send.
PARAMS: Final = {"q": "compiled client", "page": "3"}
HEADERS: Final = {"Accept": "application/json", "X-Request-ID": "4bf92f3577b34da6a3ce929d0e0e4736"}
VALUE: Final = {"name": "cyhttpx", "tags": ["http", "client"], "count": 3, "nested": {"ok": True, "ratio": 1.25}}

UPLOAD_CHUNK: Final = bytes(sizes.UPLOAD_CHUNK)

# Seconds. Longer than any run: what is measured is work, not patience.
LONG: Final = 3600.0


@dataclass(frozen=True)
class Work:
    """A number of equal exchanges."""

    verb: str
    urls: Sequence[str]
    count: int
    at_once: int
    # Every request is a task of its own, all of them started together over `at_once` connections.
    as_tasks: bool = False


class Unsupported(Exception):
    """The client has no such verb, or not one that does the same job."""


class Adapter:
    """One client. Verbs return the size of the body they got (or sent), so that nothing can be skipped unseen."""

    # How many times fewer requests this client is given, so that a run ends.
    slowness: ClassVar[int] = 1
    # The package whose import is timed, "" where there is none.
    package: ClassVar[str] = ""

    def __init__(self, connections: int, ca_file: str) -> None:
        self.connections = connections
        self.ca_file = ca_file

    @classmethod
    def version(cls) -> str:
        """Return what is measured, for the table."""
        raise NotImplementedError

    async def open(self) -> None:
        """Make the client, with room for `connections` of them that stay open."""
        raise NotImplementedError

    async def close(self) -> None:
        """Close it."""
        raise NotImplementedError

    async def construct(self) -> None:
        """Make a client with its defaults and close it."""
        raise Unsupported

    async def get(self, url: str) -> int:
        """GET, body read."""
        raise Unsupported

    async def get_with_arguments(self, url: str) -> int:
        """GET with PARAMS and HEADERS; read one response header and the body as JSON."""
        raise Unsupported

    async def post_json(self, url: str) -> int:
        """POST of VALUE as JSON, body read."""
        raise Unsupported

    async def stream(self, url: str) -> int:
        """GET, body read in pieces and dropped."""
        raise Unsupported

    async def upload(self, url: str) -> int:
        """POST of sizes.UPLOAD_CHUNKS pieces from an async generator; the size the server says it got."""
        raise Unsupported

    async def many(self, work: Work) -> int:
        """Do the work and return the sum of the sizes."""
        verb: Callable[[str], Awaitable[int]] = getattr(self, work.verb)
        urls = itertools.islice(itertools.cycle(work.urls), work.count)
        if work.as_tasks:
            return sum(await asyncio.gather(*[verb(url) for url in urls]))

        async def worker() -> int:
            total = 0
            for url in urls:
                total += await verb(url)
            return total

        return sum(await asyncio.gather(*[worker() for _ in range(min(work.at_once, work.count))]))


async def upload_source() -> AsyncIterator[bytes]:
    """Yield the upload."""
    for _ in range(sizes.UPLOAD_CHUNKS):
        yield UPLOAD_CHUNK
