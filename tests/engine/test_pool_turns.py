"""PoolState: whose turn it is; what it costs, in time and in memory."""

from __future__ import annotations

import gc
import time
import weakref
from typing import Any

import pytest

from .pools import counts, dials, join, make, opened

# Whose turn it is.


def test_keys_take_turns(engine: Any) -> None:
    pool = make(engine, max_connections=1)
    held = opened(engine, pool, "x")
    waiters = {key: [join(engine, pool, key) for _ in range(3)] for key in "abc"}
    order = []
    pool.discard(held)
    for _ in range(9):
        (waiter,) = dials(pool)
        order.append(waiter.key)
        assert waiter is waiters[waiter.key].pop(0)
        assert pool.dial_failed(waiter.key) is waiter
    assert order == list("abcabcabc")


def test_a_busy_key_keeps_its_connection_for_a_while(engine: Any) -> None:
    pool = make(engine, max_connections=1)
    entry = opened(engine, pool, "busy")  # ticket 0
    other = join(engine, pool, "other")  # 1
    busy = [join(engine, pool, "busy") for _ in range(4)]  # 2 to 5
    # The first two have overtaken by at most as many requests as there are connections: 2 - 1 = 1.
    assert pool.release(entry, 0.0) is busy[0]
    # 3 - 1 is more.
    assert pool.release(entry, 0.0) is None
    assert pool.discarded == [entry]
    assert dials(pool) == [other]
    assert counts(pool) == (1, 0, 4, 1)


def test_who_waits_longest_is_not_overtaking(engine: Any) -> None:
    pool = make(engine, max_connections=1)
    entry = opened(engine, pool, "busy")
    busy = [join(engine, pool, "busy") for _ in range(10)]
    join(engine, pool, "other")
    for waiter in busy:
        assert pool.release(entry, 0.0) is waiter


def test_more_connections_more_patience(engine: Any) -> None:
    pool = make(engine, max_connections=3)
    entries = [opened(engine, pool, "busy") for _ in range(3)]  # tickets 0 to 2
    other = join(engine, pool, "other")  # 3
    busy = [join(engine, pool, "busy") for _ in range(10)]  # 4 to 13
    served = 0
    while pool.release(entries[0], 0.0) is busy[served]:
        served += 1
    # 4, 5 and 6 are no more than three behind 3; 7 is.
    assert served == 3
    assert pool.discarded == [entries[0]]
    assert dials(pool) == [other]


def test_a_slot_that_was_given_up_dials_for_the_one_overtaken(engine: Any) -> None:
    pool = make(engine, max_connections=2)
    busy_entry, third = opened(engine, pool, "busy"), opened(engine, pool, "third")  # tickets 0, 1
    busy = [join(engine, pool, "busy")]  # 2, and the ring begins with "busy"
    other = join(engine, pool, "other")  # 3
    busy += [join(engine, pool, "busy") for _ in range(10)]  # 4 to 14
    assert dials(pool) == []
    # 2, 4 and 5 are no more than two behind 3; 6 is. It is still the turn of "busy" itself.
    assert [pool.release(busy_entry, 0.0) for _ in range(3)] == busy[:3]
    assert pool.release(busy_entry, 0.0) is None
    assert pool.discarded == [busy_entry]
    assert dials(pool) == [other]
    pool.discard(third)
    assert dials(pool) == [busy[3]]


def test_a_new_connection_is_not_given_up(engine: Any) -> None:
    """A dial was begun in its key's turn: to discard what it brought would leave its waiter without any."""
    pool = make(engine, max_connections=2)
    a, c = opened(engine, pool, "a"), opened(engine, pool, "c")  # tickets 0, 1
    first = join(engine, pool, "a")  # 2, and the ring begins with "a"
    other = join(engine, pool, "b")  # 3
    spare = [join(engine, pool, "c") for _ in range(5)]  # 4 to 8
    last = join(engine, pool, "a")  # 9
    for waiter in spare:
        pool.leave(waiter)
    assert pool.release(a, 0.0) is first
    # A slot comes free in the turn of "a".
    pool.discard(c)
    assert dials(pool) == [last]
    entry = engine.PoolEntry()
    assert pool.dialled("a", entry, 0.0) is last
    assert pool.discarded == []
    assert dials(pool) == []
    pool.discard(entry)
    assert dials(pool) == [other]


def test_two_busy_keys_do_not_swap_at_every_request(engine: Any) -> None:
    pool = make(engine, max_connections=4)
    entries = [opened(engine, pool, key) for key in "aabb"]
    new = 0
    for _ in range(1000):
        # Sixteen requests wait all the time, of either key in turn.
        while pool.waiting < 16:
            join(engine, pool, "ab"[(pool.waiting + new) % 2])
            new += 1
        entry = entries.pop(0)
        waiter = pool.release(entry, 0.0)
        if waiter is not None:
            entries.append(waiter.entry)
        for waiter in dials(pool):
            made = engine.PoolEntry()
            served = pool.dialled(waiter.key, made, 0.0)
            assert served is not None
            entries.append(made)
    # Strict order over both keys would dial for nearly every second request.
    discarded = len(pool.discarded)
    assert discarded < 300


# Memory and time.


class Key:
    """A key that can be watched."""


def test_what_is_not_used_is_forgotten(engine: Any) -> None:
    pool = make(engine, max_connections=3)
    key = Key()
    reference = weakref.ref(key)
    entry = opened(engine, pool, key)
    pool.release(entry, 0.0)
    pool.discard(pool.acquire(key, 0.0))
    waiter = join(engine, pool, key)
    dials(pool)
    pool.dial_failed(key)
    waiter = join(engine, pool, key)
    pool.leave(waiter)
    dials(pool)
    del entry, waiter, key
    gc.collect()
    assert reference() is None


def test_a_discarded_entry_is_freed_at_once(engine: Any) -> None:
    class Connection(engine.PoolEntry):  # type: ignore[misc, name-defined]
        """What can be watched."""

    pool = make(engine)
    join(engine, pool, "k")
    dials(pool)
    entry = Connection()
    reference = weakref.ref(entry)
    pool.dialled("k", entry, 0.0)
    pool.release(entry, 0.0)
    pool.discard(entry)
    gc.disable()
    try:
        del entry
        assert reference() is None
    finally:
        gc.enable()


def seconds(engine: Any, waiting: int, keys: int) -> float:
    """The time of 1,000 rounds with this many in the queues."""
    pool = make(engine, max_connections=100)
    entries = [opened(engine, pool, at % keys) for at in range(100)]
    for at in range(waiting):
        join(engine, pool, at % keys)
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        for at in range(1000):
            leaver = join(engine, pool, at % keys)
            join(engine, pool, at % keys)
            pool.leave(leaver)
            entry = entries[at % 100]
            if pool.release(entry, 0.0) is None:
                pool.discard(entry)
                for waiter in dials(pool):
                    made = engine.PoolEntry()
                    pool.dialled(waiter.key, made, 0.0)
                    entries[at % 100] = made
            pool.discarded.clear()
        best = min(best, time.perf_counter() - start)
    return best


@pytest.mark.parametrize("keys", [1, 50])
def test_the_length_of_a_queue_costs_nothing(engine: Any, keys: int) -> None:
    assert seconds(engine, 50_000, keys) < 10 * seconds(engine, 200, keys) + 0.005


def test_the_number_of_idle_connections_costs_nothing(engine: Any) -> None:
    def timed(idle: int) -> float:
        pool = make(engine)
        for entry in [opened(engine, pool, at) for at in range(idle)]:
            pool.release(entry, 0.0)
        best = float("inf")
        for _ in range(3):
            start = time.perf_counter()
            for at in range(1000):
                pool.release(pool.acquire(at % 100, 0.0), 0.0)
            best = min(best, time.perf_counter() - start)
        return best

    assert timed(30_000) < 10 * timed(200) + 0.005
