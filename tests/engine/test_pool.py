"""PoolState: slots, idle connections, queues, whose turn it is. Every rule by itself; sequences are in
test_pool_sequences.
"""

from __future__ import annotations

from typing import Any

import pytest

from .pools import counts, dials, join, make, opened

# One connection's life.


def test_a_life(engine: Any) -> None:
    pool = make(engine)
    assert pool.acquire("k", 0.0) is None
    waiter = join(engine, pool, "k")
    assert (waiter.key, waiter.entry, waiter.is_queued, waiter.has_dial) == ("k", None, True, False)
    assert counts(pool) == (0, 0, 1, 0)
    assert pool.next_dial() is waiter
    assert waiter.has_dial
    assert waiter.is_queued
    assert pool.next_dial() is None
    assert counts(pool) == (1, 0, 1, 1)
    entry = engine.PoolEntry()
    assert (entry.key, entry.is_idle, entry.idle_since, entry.expires_at) == (None, False, 0.0, 0.0)
    assert pool.dialled("k", entry, 1.0) is waiter
    assert waiter.entry is entry
    assert not waiter.is_queued
    assert entry.key == "k"
    assert counts(pool) == (1, 0, 0, 0)
    assert pool.release(entry, 2.0) is None
    assert entry.is_idle
    assert entry.idle_since == 2.0
    assert entry.expires_at == 0.0
    assert counts(pool) == (1, 1, 0, 0)
    assert pool.acquire("other", 3.0) is None
    assert pool.acquire("k", 3.0) is entry
    assert not entry.is_idle
    assert counts(pool) == (1, 0, 0, 0)
    pool.discard(entry)
    assert counts(pool) == (0, 0, 0, 0)
    assert pool.discarded == []


def test_the_connection_used_last_comes_first(engine: Any) -> None:
    pool = make(engine)
    entries = [opened(engine, pool, "k") for _ in range(3)]
    for at in (1, 0, 2):
        pool.release(entries[at], 0.0)
    assert [pool.acquire("k", 0.0) for _ in range(4)] == [entries[2], entries[0], entries[1], None]


def test_keys_are_apart(engine: Any) -> None:
    pool = make(engine)
    entries = {key: opened(engine, pool, key) for key in ("a", ("https", "b", 443), frozenset("c"))}
    for entry in entries.values():
        pool.release(entry, 0.0)
    for key, entry in entries.items():
        assert pool.acquire(key, 0.0) is entry
        assert pool.acquire(key, 0.0) is None


def test_a_subclass_owes_no_constructor_call(engine: Any) -> None:
    class Connection(engine.PoolEntry):  # type: ignore[misc, name-defined]
        def __init__(self, name: str) -> None:
            self.name = name

    pool = make(engine)
    waiter = join(engine, pool, "k")
    dials(pool)
    entry = Connection("one")
    assert pool.dialled("k", entry, 0.0) is waiter
    assert pool.release(entry, 0.0) is None
    assert pool.acquire("k", 0.0) is entry


# Expiry.


def test_an_expired_connection_is_not_handed_out(engine: Any) -> None:
    pool = make(engine, keepalive_expiry=5.0)
    old, young = opened(engine, pool, "k"), opened(engine, pool, "k")
    pool.release(old, 10.0)
    pool.release(young, 11.0)
    assert (old.expires_at, young.expires_at) == (15.0, 16.0)
    assert pool.acquire("k", 15.5) is young
    assert pool.acquire("k", 15.5) is None
    assert pool.discarded == [old]
    assert not old.is_idle
    assert counts(pool) == (1, 0, 0, 0)


def test_all_expired_connections_go(engine: Any) -> None:
    pool = make(engine, keepalive_expiry=5.0)
    entries = [opened(engine, pool, "k") for _ in range(3)]
    for entry in entries:
        pool.release(entry, 10.0)
    assert pool.acquire("k", 15.0) is None
    assert sorted(map(id, pool.discarded)) == sorted(map(id, entries))
    assert counts(pool) == (0, 0, 0, 0)


def test_a_connection_may_be_given_an_earlier_end(engine: Any) -> None:
    pool = make(engine)
    entry = opened(engine, pool, "k")
    pool.release(entry, 10.0)
    entry.expires_at = 12.0
    assert pool.acquire("k", 11.9) is entry
    pool.release(entry, 11.9)
    entry.expires_at = 12.0
    assert pool.acquire("k", 12.0) is None
    assert pool.discarded == [entry]


def test_expiry_counts_from_the_last_use(engine: Any) -> None:
    pool = make(engine, keepalive_expiry=5.0)
    entry = opened(engine, pool, "k")
    for now in (10.0, 14.0, 18.0):
        pool.release(entry, now)
        assert pool.acquire("k", now + 4.0) is entry


# How many are kept.


def test_the_connection_unused_longest_goes(engine: Any) -> None:
    pool = make(engine, max_keepalive=2)
    first, second, third = (opened(engine, pool, key) for key in "aba")
    pool.release(first, 0.0)
    pool.release(second, 0.0)
    assert pool.discarded == []
    pool.release(third, 0.0)
    assert pool.discarded == [first]
    assert counts(pool) == (2, 2, 0, 0)
    assert pool.acquire("a", 0.0) is third


def test_use_makes_young(engine: Any) -> None:
    pool = make(engine, max_keepalive=2)
    first, second, third = (opened(engine, pool, key) for key in "abc")
    pool.release(first, 0.0)
    pool.release(second, 0.0)
    pool.release(pool.acquire("a", 0.0), 0.0)
    pool.release(third, 0.0)
    assert pool.discarded == [second]


def test_none_are_kept(engine: Any) -> None:
    pool = make(engine, max_keepalive=0)
    entry = opened(engine, pool, "k")
    assert pool.release(entry, 0.0) is None
    assert pool.discarded == [entry]
    assert not entry.is_idle
    assert counts(pool) == (0, 0, 0, 0)


def test_none_are_kept_but_waiters_are_served(engine: Any) -> None:
    pool = make(engine, max_connections=1, max_keepalive=0)
    entry = opened(engine, pool, "k")
    waiter = join(engine, pool, "k")
    assert dials(pool) == []
    assert pool.release(entry, 0.0) is waiter
    assert pool.discarded == []


# Discarding.


def test_discarding_is_idempotent(engine: Any) -> None:
    pool = make(engine, max_connections=5)
    used, idle, unknown = opened(engine, pool, "k"), opened(engine, pool, "k"), engine.PoolEntry()
    pool.release(idle, 0.0)
    for entry in (used, idle, unknown):
        for _ in range(2):
            pool.discard(entry)
    assert counts(pool) == (0, 0, 0, 0)
    assert pool.acquire("k", 0.0) is None
    assert pool.discarded == []


def test_what_is_discarded_or_idle_is_not_released(engine: Any) -> None:
    pool = make(engine)
    entry = opened(engine, pool, "k")
    pool.discard(entry)
    assert pool.release(entry, 0.0) is None
    assert pool.release(engine.PoolEntry(), 0.0) is None
    assert counts(pool) == (0, 0, 0, 0)
    entry = opened(engine, pool, "k")
    for _ in range(2):
        assert pool.release(entry, 0.0) is None
    assert counts(pool) == (1, 1, 0, 0)


def test_an_idle_connection_in_the_middle_goes(engine: Any) -> None:
    pool = make(engine)
    entries = [opened(engine, pool, "k") for _ in range(3)]
    for entry in entries:
        pool.release(entry, 0.0)
    pool.discard(entries[1])
    assert [pool.acquire("k", 0.0) for _ in range(3)] == [entries[2], entries[0], None]


# Queues.


def test_slots_run_out(engine: Any) -> None:
    pool = make(engine, max_connections=2)
    waiters = [join(engine, pool, "k") for _ in range(4)]
    assert dials(pool) == waiters[:2]
    entries = [engine.PoolEntry(), engine.PoolEntry()]
    assert pool.dialled("k", entries[0], 0.0) is waiters[0]
    assert pool.dialled("k", entries[1], 0.0) is waiters[1]
    assert pool.release(entries[1], 0.0) is waiters[2]
    assert waiters[2].entry is entries[1]
    pool.discard(entries[0])
    assert dials(pool) == [waiters[3]]
    assert counts(pool) == (2, 0, 1, 1)


def test_a_connection_goes_to_whoever_is_first(engine: Any) -> None:
    pool = make(engine, max_connections=2)
    entry = opened(engine, pool, "k")
    first, second = join(engine, pool, "k"), join(engine, pool, "k")
    assert dials(pool) == [first]
    # The release is sooner than the dial that was begun for the first.
    assert pool.release(entry, 0.0) is first
    assert pool.dialled("k", engine.PoolEntry(), 0.0) is second
    assert counts(pool) == (2, 0, 0, 0)


def test_a_dial_that_nobody_needs_any_more_is_kept(engine: Any) -> None:
    pool = make(engine, max_connections=2)
    entry = opened(engine, pool, "k")
    waiter = join(engine, pool, "k")
    assert dials(pool) == [waiter]
    assert pool.release(entry, 0.0) is waiter
    dialled = engine.PoolEntry()
    assert pool.dialled("k", dialled, 1.0) is None
    assert dialled.is_idle
    assert dialled.idle_since == 1.0
    assert pool.acquire("k", 1.0) is dialled


@pytest.mark.parametrize("begun", [False, True])
def test_leaving(engine: Any, begun: bool) -> None:
    pool = make(engine, max_connections=1)
    waiters = [join(engine, pool, "k") for _ in range(3)]
    if begun:
        assert dials(pool) == [waiters[0]]
    for _ in range(2):
        pool.leave(waiters[0])
    assert not waiters[0].is_queued
    assert pool.waiting == 2
    # A dial that was begun goes on, for the next.
    assert dials(pool) == ([] if begun else [waiters[1]])
    assert pool.dialled("k", engine.PoolEntry(), 0.0) is waiters[1]
    pool.leave(waiters[1])
    assert counts(pool) == (1, 0, 1, 0)


def test_leaving_from_the_middle_and_the_end(engine: Any) -> None:
    pool = make(engine, max_connections=1)
    entry = opened(engine, pool, "k")
    waiters = [join(engine, pool, "k") for _ in range(5)]
    for at in (2, 4):
        pool.leave(waiters[at])
    served = []
    while (waiter := pool.release(entry, 0.0)) is not None:
        served.append(waiter)
    assert served == [waiters[0], waiters[1], waiters[3]]
    assert counts(pool) == (1, 1, 0, 0)


def test_all_leave_while_a_dial_is_under_way(engine: Any) -> None:
    pool = make(engine)
    waiter = join(engine, pool, "k")
    dials(pool)
    pool.leave(waiter)
    assert counts(pool) == (1, 0, 0, 1)
    assert pool.dialled("k", engine.PoolEntry(), 0.0) is None
    assert counts(pool) == (1, 1, 0, 0)


# Dials that fail.


def test_a_dial_that_fails_is_told_to_whoever_counts_on_it(engine: Any) -> None:
    pool = make(engine, max_connections=2)
    waiters = [join(engine, pool, "k") for _ in range(3)]
    assert dials(pool) == waiters[:2]
    assert pool.dial_failed("k") is waiters[0]
    assert not waiters[0].is_queued
    assert waiters[0].entry is None
    assert counts(pool) == (1, 0, 2, 1)
    assert dials(pool) == [waiters[2]]
    assert pool.dial_failed("k") is waiters[1]
    assert pool.dial_failed("k") is waiters[2]
    assert counts(pool) == (0, 0, 0, 0)


def test_a_dial_that_fails_when_nobody_counts_on_it(engine: Any) -> None:
    pool = make(engine, max_connections=1)
    waiter = join(engine, pool, "k")
    dials(pool)
    pool.leave(waiter)
    late = join(engine, pool, "k")
    assert dials(pool) == []
    # The late one had no part in it: a dial of its own is begun.
    assert pool.dial_failed("k") is None
    assert dials(pool) == [late]


def test_a_dial_that_fails_when_its_waiter_was_served(engine: Any) -> None:
    pool = make(engine, max_connections=2)
    entry = opened(engine, pool, "k")
    waiter = join(engine, pool, "k")
    assert dials(pool) == [waiter]
    assert pool.release(entry, 0.0) is waiter
    assert pool.dial_failed("k") is None
    assert counts(pool) == (1, 0, 0, 0)


# Limits over keys.


def test_an_idle_connection_makes_room_for_another_key(engine: Any) -> None:
    pool = make(engine, max_connections=2)
    first, second = opened(engine, pool, "a"), opened(engine, pool, "b")
    pool.release(second, 0.0)
    pool.release(first, 1.0)
    waiter = join(engine, pool, "c")
    assert dials(pool) == [waiter]
    assert pool.discarded == [second]
    assert counts(pool) == (2, 1, 1, 1)


def test_no_more_room_is_made_than_is_needed(engine: Any) -> None:
    pool = make(engine, max_connections=3)
    entries = [opened(engine, pool, key) for key in "aa"]
    for entry in entries:
        pool.release(entry, 0.0)
    waiters = [join(engine, pool, "b"), join(engine, pool, "b")]
    assert dials(pool) == waiters
    assert pool.discarded == [entries[0]]


def test_a_key_at_its_limit_stands_in_nobodys_way(engine: Any) -> None:
    pool = make(engine, max_connections=10, max_per_host=2)
    slow = [join(engine, pool, "slow") for _ in range(5)]
    fast = join(engine, pool, "fast")
    assert dials(pool) == [slow[0], fast, slow[1]]
    entry = engine.PoolEntry()
    assert pool.dialled("slow", entry, 0.0) is slow[0]
    assert dials(pool) == []
    pool.discard(entry)
    assert dials(pool) == [slow[2]]
    assert pool.dial_failed("slow") is slow[1]
    assert dials(pool) == [slow[3]]


def test_a_key_at_its_limit_is_served_by_releases(engine: Any) -> None:
    pool = make(engine, max_per_host=1)
    entry = opened(engine, pool, "k")
    waiters = [join(engine, pool, "k") for _ in range(2)]
    assert dials(pool) == []
    assert pool.release(entry, 0.0) is waiters[0]
    assert pool.release(entry, 0.0) is waiters[1]


def test_all_may_be_dialled_without_limits(engine: Any) -> None:
    pool = make(engine)
    waiters = [join(engine, pool, key) for key in "aabbc"]
    assert sorted(map(id, dials(pool))) == sorted(map(id, waiters))
    assert counts(pool) == (5, 0, 5, 5)
