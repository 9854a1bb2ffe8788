"""A pool's caller, in short words."""

from __future__ import annotations

from typing import Any


def make(engine: Any, *limits: Any, **named: Any) -> Any:
    return engine.PoolState(*limits, **named)


def join(engine: Any, pool: Any, key: Any) -> Any:
    waiter = engine.Waiter(key, object())
    pool.join(waiter)
    return waiter


def dials(pool: Any) -> list[Any]:
    """All that must be dialled for now."""
    begun = []
    while (waiter := pool.next_dial()) is not None:
        begun.append(waiter)
    return begun


def opened(engine: Any, pool: Any, key: Any, now: float = 0.0) -> Any:
    """A connection to `key`, in use."""
    waiter = join(engine, pool, key)
    assert dials(pool) == [waiter]
    entry = engine.PoolEntry()
    assert pool.dialled(key, entry, now) is waiter
    assert waiter.entry is entry
    return entry


def counts(pool: Any) -> tuple[int, int, int, int]:
    return pool.connections, pool.idle, pool.waiting, pool.dialling
