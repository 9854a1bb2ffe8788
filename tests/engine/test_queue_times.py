"""QueueTimes: who has waited too long is told, at the right time and once; and what wakes a waiter."""

from __future__ import annotations

from typing import Any

import pytest


class Owner:
    """Notes what is asked of it."""

    def __init__(self) -> None:
        self.watched: list[float] = []
        self.expired: list[Any] = []

    def watch(self, times: Any, at: float) -> None:
        self.watched.append(at)

    def expire(self, waiter: Any) -> None:
        self.expired.append(waiter)


class Future:
    """What a waiter is told through."""

    def __init__(self) -> None:
        self.results: list[None] = []

    def done(self) -> bool:
        return bool(self.results)

    def set_result(self, result: None) -> None:
        self.results.append(result)


def queued(engine: Any, pool: Any, key: str = "k") -> Any:
    waiter = engine.Waiter(key, Future())
    pool.join(waiter)
    return waiter


@pytest.fixture
def pool(engine: Any) -> Any:
    """A pool without a slot to give."""
    pool = engine.PoolState(max_connections=1)
    queued(engine, pool, "held")
    assert pool.next_dial() is not None
    return pool


def test_who_waits_too_long_expires(engine: Any, pool: Any) -> None:
    owner = Owner()
    times = engine.QueueTimes(owner)
    first, second = queued(engine, pool), queued(engine, pool)
    times.add(first, 5.0, 100.0)
    times.add(second, 5.0, 101.0)
    # One timer, for the first of them.
    assert owner.watched == [105.0]
    times.deadline_passed(105.0)
    assert owner.expired == [first]
    assert owner.watched == [105.0, 106.0]
    times.deadline_passed(106.0)
    assert owner.expired == [first, second]
    assert owner.watched == [105.0, 106.0]
    times.add(queued(engine, pool), 5.0, 110.0)
    assert owner.watched == [105.0, 106.0, 115.0]


def test_a_shorter_wait_is_watched_sooner(engine: Any, pool: Any) -> None:
    owner = Owner()
    times = engine.QueueTimes(owner)
    slow, quick = queued(engine, pool), queued(engine, pool)
    times.add(slow, 30.0, 100.0)
    times.add(quick, 1.0, 100.0)
    assert owner.watched == [130.0, 101.0]
    times.deadline_passed(101.0)
    assert owner.expired == [quick]
    assert owner.watched[-1] == 130.0
    times.deadline_passed(130.0)
    assert owner.expired == [quick, slow]


def test_who_was_served_or_left_does_not_expire(engine: Any, pool: Any) -> None:
    owner = Owner()
    times = engine.QueueTimes(owner)
    waiters = [queued(engine, pool) for _ in range(3)]
    for waiter in waiters:
        times.add(waiter, 5.0, 100.0)
    pool.leave(waiters[0])
    pool.leave(waiters[2])
    times.deadline_passed(105.0)
    assert owner.expired == [waiters[1]]


def test_who_is_dialled_for_does_not_expire(engine: Any) -> None:
    pool = engine.PoolState()
    owner = Owner()
    times = engine.QueueTimes(owner)
    waiter = queued(engine, pool)
    times.add(waiter, 5.0, 100.0)
    assert pool.next_dial() is waiter
    times.deadline_passed(105.0)
    assert owner.expired == []
    assert waiter.is_queued


def test_too_early_is_no_time(engine: Any, pool: Any) -> None:
    owner = Owner()
    times = engine.QueueTimes(owner)
    waiter = queued(engine, pool)
    times.add(waiter, 5.0, 100.0)
    times.deadline_passed(104.9)
    assert owner.expired == []
    assert owner.watched == [105.0, 105.0]
    times.deadline_passed(105.0)
    assert owner.expired == [waiter]


def test_waking(engine: Any) -> None:
    waiter = engine.Waiter("k", Future(), 3.0)
    assert waiter.connect_timeout == 3.0
    assert waiter.error is None
    waiter.wake()
    assert waiter.future.results == [None]
    error = ValueError()
    waiter.wake(error)
    # Told once; the reason may still be looked at.
    assert waiter.future.results == [None]
    assert waiter.error is error
    assert engine.Waiter("k", Future()).connect_timeout is None


def test_all_waiters_of_a_pool(engine: Any) -> None:
    pool = engine.PoolState(max_connections=1)
    waiters = [queued(engine, pool, key) for key in "abab"]
    assert pool.next_dial() is waiters[0]
    pool.leave(waiters[3])
    assert {id(waiter) for waiter in pool.waiters()} == {id(waiter) for waiter in waiters[:3]}
    assert [waiter for waiter in pool.waiters() if waiter.key == "a"] == [waiters[0], waiters[2]]
    for waiter in pool.waiters():
        pool.leave(waiter)
    assert pool.waiters() == []
