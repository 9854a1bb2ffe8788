"""What the benchmarks of single parts share: engines and peers by name, the bytes, and how a short call is timed."""

from __future__ import annotations

import importlib
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

import pytest

from . import sizes

if TYPE_CHECKING:
    from collections.abc import Callable

# A part takes below a microsecond, and so does a clock: calls are timed by the thousand.
BATCH: Final = 1000
ROUNDS: Final = 20

ENGINES: Final = ("c", "py")
_PARTS: Final = {
    "headers": ("Headers",),
    "http1": ("HTTP1Connection",),
    "pool": ("PoolEntry", "PoolState", "Waiter"),
}

SEVEN: Final = (
    (b"Server", b"nginx/1.22.1"),
    (b"Date", b"Sun, 06 Nov 1994 08:49:37 GMT"),
    (b"Content-Type", b"application/json"),
    (b"Content-Length", b"%d" % sizes.SMALL),
    (b"Connection", b"keep-alive"),
    (b"Cache-Control", b"no-store"),
    (b"Vary", b"Accept-Encoding"),
)
FORTY: Final = SEVEN + tuple(
    (b"X-Header-%d" % number, b"value %d of a header that a proxy or a framework adds" % number) for number in range(33)
)
REQUEST: Final = {
    "Host": "www.example.org",
    "Accept": "*/*",
    "Accept-Encoding": "gzip, deflate",
    "Connection": "keep-alive",
    "User-Agent": "python-httpx/0.28.1",
}


def engine(name: str) -> Any:
    """Return an engine's classes; a test of an engine that is not built is left out, with these words."""
    found = SimpleNamespace(name=name)
    for part, classes in _PARTS.items():
        try:
            module = importlib.import_module(f"cyhttpx._{name}.{part}")
        except ImportError as exc:
            pytest.skip(f"the engine {name!r} does not load: {exc}")
        for cls in classes:
            setattr(found, cls, getattr(module, cls))
    return found


def peer(name: str) -> Any:
    """Return a peer's module; a test of a peer that is not installed is left out, with these words."""
    return pytest.importorskip(name, reason=f"{name} is not installed: no such row")


def response(headers: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """Return the bytes of a response with these headers and a small body."""
    lines = [b"HTTP/1.1 200 OK", *(name + b": " + value for name, value in headers), b"", bytes(sizes.SMALL)]
    return b"\r\n".join(lines)


def time_batch(benchmark: Any, prepare: Callable[[], list[Any]], call: Callable[[Any], object]) -> None:
    """Time `call` on each of a thousand things that `prepare` makes, untimed, for every round."""

    def target(things: list[Any]) -> None:
        for thing in things:
            call(thing)

    benchmark.pedantic(target, setup=lambda: ((prepare(),), {}), rounds=ROUNDS, warmup_rounds=3)
