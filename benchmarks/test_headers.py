"""Headers of 20 lines: get, set, iterate, merge; beside httpx's and multidict's class of that kind."""

from __future__ import annotations

from typing import Any

import pytest

from .parts import FORTY, REQUEST, engine, peer

PAIRS = [(name.decode(), value.decode()) for name, value in FORTY[:20]]
CLASSES = ("c", "py", "httpx", "multidict")


@pytest.fixture(params=CLASSES)
def factory(request: pytest.FixtureRequest) -> Any:
    if request.param in ("c", "py"):
        return engine(request.param).Headers
    module = peer(request.param)
    return module.Headers if request.param == "httpx" else module.CIMultiDict


def test_make(benchmark: Any, factory: Any) -> None:
    benchmark.group = "headers: make of 20 pairs"
    assert len(benchmark(factory, PAIRS)) == 20


def test_get(benchmark: Any, factory: Any) -> None:
    benchmark.group = "headers: get"
    headers = factory(PAIRS)
    assert benchmark(headers.get, "content-type") == "application/json"


def test_get_what_is_not_there(benchmark: Any, factory: Any) -> None:
    benchmark.group = "headers: get what is not there"
    headers = factory(PAIRS)
    assert benchmark(headers.get, "x-nothing") is None


def test_set(benchmark: Any, factory: Any) -> None:
    benchmark.group = "headers: set"
    headers = factory(PAIRS)
    benchmark(headers.__setitem__, "Cache-Control", "no-cache")
    assert headers["cache-control"] == "no-cache"


def test_iterate(benchmark: Any, factory: Any) -> None:
    benchmark.group = "headers: iterate over 20 items"
    headers = factory(PAIRS)
    assert len(benchmark(lambda: list(headers.items()))) == 20


def test_merge(benchmark: Any, factory: Any) -> None:
    benchmark.group = "headers: copy and update with 5"
    headers = factory(PAIRS)
    more = factory(list(REQUEST.items()))

    def merge() -> Any:
        merged = headers.copy()
        merged.update(more)
        return merged

    assert len(benchmark(merge)) == 24
