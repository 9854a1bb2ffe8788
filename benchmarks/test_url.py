"""Parse a URL that was never seen, a thousand of them at a time, and one that was seen before."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from .parts import BATCH, peer, time_batch

if TYPE_CHECKING:
    from collections.abc import Callable

TEXT = "https://www.example.org:8443/path/to/{}?query=value&page=3"


def parser(name: str) -> Callable[[str], Any]:
    """What makes a URL of a text, as the client of that name calls it for a request."""
    if name == "cyhttpx":
        from cyhttpx._urls import cached_url

        return cached_url
    found: Callable[[str], Any] = peer(name).URL
    return found


@pytest.mark.parametrize("name", ["cyhttpx", "yarl", "httpx"])
def test_cold(benchmark: Any, name: str) -> None:
    benchmark.group = "URL never seen before"
    parse = parser(name)
    number = itertools.count()
    time_batch(benchmark, lambda: [TEXT.format(next(number)) for _ in range(BATCH)], lambda text: parse(text).host)


@pytest.mark.parametrize("name", ["cyhttpx", "yarl", "httpx"])
def test_seen_before(benchmark: Any, name: str) -> None:
    benchmark.group = "URL seen before"
    parse = parser(name)
    text = TEXT.format("same")
    assert benchmark(lambda: parse(text).host) == "www.example.org"
