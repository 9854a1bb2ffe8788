"""Take a connection out of the pool and give it back, with 1 and with 10,000 in it: it must cost the same."""

from __future__ import annotations

from typing import Any

import pytest

from .parts import ENGINES, engine

NOW = 1000.0


class Future:
    """What a waiter waits with; nothing waits here."""

    def done(self) -> bool:
        return False

    def set_result(self, result: object) -> None:
        raise AssertionError("a waiter was woken")


def filled(parts: Any, keys: list[object]) -> Any:
    """A pool with an idle connection for each of these keys."""
    state = parts.PoolState(max_connections=None, max_keepalive=None, keepalive_expiry=3600.0)

    class Entry(parts.PoolEntry):  # type: ignore[misc]
        pass

    for key in keys:
        waiter = parts.Waiter(key, Future())
        state.join(waiter)
        assert state.next_dial() is waiter
        state.leave(waiter)
        state.dialled(key, Entry(), NOW)
    assert state.idle == len(keys)
    return state


@pytest.mark.parametrize("name", ENGINES)
@pytest.mark.parametrize(
    "keys",
    [["only"], ["only"] * 10_000, ["only", *range(9_999)]],
    ids=["1", "10000-of-one-origin", "10000-of-10000-origins"],
)
def test_take_and_give_back(benchmark: Any, keys: list[object], name: str) -> None:
    benchmark.group = f"pool, engine {name}: take a connection and give it back"
    state = filled(engine(name), keys)
    acquire, release = state.acquire, state.release

    def take_and_give_back() -> None:
        release(acquire("only", NOW), NOW)

    benchmark(take_and_give_back)
    assert state.idle == len(keys)
