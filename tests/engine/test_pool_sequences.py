"""PoolState under any sequence of events: what must hold after each of them, and that both engines choose alike."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ..engines import NAMES, load

KEYS = "abc"
limits = st.tuples(
    st.one_of(st.integers(1, 3), st.integers(1, 3), st.none()),
    st.one_of(st.none(), st.integers(0, 3)),
    st.one_of(st.none(), st.just(5.0)),
    st.one_of(st.none(), st.integers(1, 2)),
)
choice = st.integers(0, 100)


class PoolMachine(RuleBasedStateMachine):
    """Plays the pool's caller, and keeps books of its own."""

    engine: Any

    @initialize(limits=limits)
    def begin(self, limits: tuple[Any, ...]) -> None:
        self.max_connections, self.max_keepalive, self.expiry, self.max_per_host = limits
        self.pool = self.engine.PoolState(*limits)
        self.now = 100.0
        self.used: list[Any] = []
        # Idle entries in order of use, queued waiters and begun dials in order of time.
        self.idle: list[Any] = []
        self.queue: list[Any] = []
        self.dials: list[Any] = []
        self.tickets: dict[Any, int] = {}

    # Books.

    def of(self, key: str, members: list[Any]) -> list[Any]:
        return [member for member in members if member.key == key]

    def slots(self, key: str) -> int:
        return len(self.of(key, self.used)) + len(self.of(key, self.idle)) + len(self.of(key, self.dials))

    def undialled(self, key: str) -> list[Any]:
        return [waiter for waiter in self.of(key, self.queue) if not waiter.has_dial]

    def collect(self) -> list[Any]:
        """Take what the pool wants closed."""
        gone = list(self.pool.discarded)
        self.pool.discarded.clear()
        for entry in gone:
            assert not entry.is_idle
            if entry in self.idle:
                self.idle.remove(entry)
        return gone

    def pump(self) -> list[Any]:
        """Begin all dials that are due."""
        begun = []
        while (waiter := self.pool.next_dial()) is not None:
            assert waiter is min([*self.undialled(waiter.key), waiter], key=self.tickets.__getitem__)
            assert waiter in self.queue
            full = self.total() == self.max_connections
            gone = self.collect()
            assert len(gone) == full, "room is made when there is none, and by one connection"
            if gone:
                assert gone == self.expected_eviction
            self.dials.append(waiter)
            self.expected_eviction = self.idle[:1]
            begun.append(waiter)
        assert self.collect() == []
        return begun

    def total(self) -> int:
        return len(self.used) + len(self.idle) + len(self.dials)

    def granted(self, waiter: Any, entry: Any) -> None:
        """A waiter gets an entry: the oldest of its key."""
        assert waiter is self.of(entry.key, self.queue)[0]
        assert waiter.entry is entry
        assert not waiter.is_queued
        assert not entry.is_idle
        self.queue.remove(waiter)
        self.used.append(entry)

    def idles(self, entry: Any) -> None:
        """Nobody waits for an entry: it is kept, or the one unused longest goes."""
        assert not self.of(entry.key, self.queue)
        self.idle.append(entry)
        assert entry.idle_since == self.now
        gone = self.collect_kept()
        if self.max_keepalive is not None and len(self.idle) + len(gone) > self.max_keepalive:
            assert len(gone) == 1
        else:
            assert gone == []
        if entry in self.idle:
            assert entry.is_idle

    def collect_kept(self) -> list[Any]:
        oldest = self.idle[:1]
        gone = self.collect()
        assert gone in ([], oldest)
        return gone

    # Events.

    def settle(self) -> list[Any]:
        self.expected_eviction = self.idle[:1]
        return self.pump()

    @rule(key=st.sampled_from(KEYS))
    def request(self, key: str) -> None:
        kept = self.of(key, self.idle)
        fresh = [entry for entry in kept if not entry.expires_at or self.now < entry.expires_at]
        entry = self.pool.acquire(key, self.now)
        gone = self.collect()
        if fresh:
            assert entry is kept[-1]
            assert gone == []
            self.idle.remove(entry)
            self.used.append(entry)
            return
        assert entry is None
        assert gone == kept[::-1]
        waiter = self.engine.Waiter(key, None)
        self.tickets[waiter] = len(self.tickets)
        self.queue.append(waiter)
        self.pool.join(waiter)
        self.settle()

    @rule(key=st.sampled_from(KEYS), size=st.integers(2, 6))
    def crowd(self, key: str, size: int) -> None:
        for _ in range(size):
            self.request(key)

    @precondition(lambda self: self.used)
    @rule(at=choice)
    def finish(self, at: int) -> None:
        entry = self.used.pop(at % len(self.used))
        key, connections = entry.key, self.total() + 1
        waiting = self.of(key, self.queue)
        others = [self.tickets[waiters[0]] for other in KEYS if other != key and (waiters := self.undialled(other))]
        waiter = self.pool.release(entry, self.now)
        if waiter is not None:
            self.granted(waiter, entry)
            assert self.collect() == []
            self.settle()
        elif not waiting:
            self.idles(entry)
            self.settle()
        else:
            # Given up: for one who was overtaken by more requests than there are connections, and whose slot it is now.
            assert self.collect() == [entry]
            assert max(self.tickets[waiting[0]] - other for other in others) > connections
            begun = self.settle()
            assert begun
            assert begun[0].key != key

    @precondition(lambda self: self.used or self.idle)
    @rule(at=choice)
    def lose(self, at: int) -> None:
        entries = self.used + self.idle
        entry = entries[at % len(entries)]
        (self.idle if entry.is_idle else self.used).remove(entry)
        for _ in range(2):
            self.pool.discard(entry)
        assert not entry.is_idle
        self.settle()

    @precondition(lambda self: self.dials)
    @rule(at=choice)
    def connect(self, at: int) -> None:
        dial = self.dials.pop(at % len(self.dials))
        entry = self.engine.PoolEntry()
        waiting = self.of(dial.key, self.queue)
        waiter = self.pool.dialled(dial.key, entry, self.now)
        assert entry.key == dial.key
        if waiting:
            # What was dialled for a key is not taken from it again before it has served.
            assert waiter is not None
            self.granted(waiter, entry)
            assert self.collect() == []
        else:
            assert waiter is None
            self.idles(entry)
        self.settle()

    @precondition(lambda self: self.dials)
    @rule(at=choice)
    def fail(self, at: int) -> None:
        key = self.dials.pop(at % len(self.dials)).key
        counting = [waiter for waiter in self.of(key, self.queue) if waiter.has_dial]
        waiter = self.pool.dial_failed(key)
        if len(counting) > len(self.of(key, self.dials)):
            assert waiter is self.of(key, self.queue)[0]
            assert not waiter.is_queued
            assert waiter.entry is None
            self.queue.remove(waiter)
        else:
            assert waiter is None
        self.settle()

    @precondition(lambda self: self.queue)
    @rule(at=choice)
    def cancel(self, at: int) -> None:
        waiter = self.queue.pop(at % len(self.queue))
        for _ in range(2):
            self.pool.leave(waiter)
        assert not waiter.is_queued
        self.settle()

    @rule(seconds=st.sampled_from([1.0, 4.0, 5.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    # What must hold.

    @invariant()
    def the_books_agree(self) -> None:
        assert self.pool.connections == self.total()
        assert self.pool.idle == len(self.idle)
        assert self.pool.waiting == len(self.queue)
        assert self.pool.dialling == len(self.dials)
        assert all(entry.is_idle for entry in self.idle)
        assert not any(entry.is_idle for entry in self.used)
        assert all(waiter.is_queued for waiter in self.queue)

    @invariant()
    def limits_hold(self) -> None:
        assert self.max_connections is None or self.total() <= self.max_connections
        assert self.max_keepalive is None or len(self.idle) <= self.max_keepalive
        assert self.max_per_host is None or all(self.slots(key) <= self.max_per_host for key in KEYS)

    @invariant()
    def nobody_waits_for_nothing(self) -> None:
        """Each waiter has a dial to hope for, or every slot it may have is taken by what will come back."""
        for key in KEYS:
            waiting = self.of(key, self.queue)
            # A dial is told to those who count on it when it fails: none of them counts on nothing.
            assert sum(waiter.has_dial for waiter in waiting) <= len(self.of(key, self.dials))
            at_limit = self.max_per_host is not None and self.slots(key) >= self.max_per_host
            is_full = self.max_connections is not None and self.total() >= self.max_connections and not self.idle
            if self.undialled(key):
                assert at_limit or is_full
            assert not (waiting and self.of(key, self.idle))


def test_any_sequence(engine: Any) -> None:
    class Machine(PoolMachine):
        pass

    Machine.engine = engine
    run_state_machine_as_test(Machine, settings=settings(max_examples=150, stateful_step_count=40, deadline=None))


events = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["crowd", "request", "finish", "finish", "connect", "connect"]), choice),
        st.tuples(st.sampled_from(["request", "finish", "connect", "lose", "fail", "cancel", "wait"]), choice),
    ),
    max_size=60,
)


class Caller:
    """Plays the same events on one engine, and notes what the pool chose, by number."""

    def __init__(self, engine: Any, limits: tuple[Any, ...]) -> None:
        self.engine = engine
        self.pool = engine.PoolState(*limits)
        self.now = 0.0
        self.names: dict[int, str] = {}
        self.members: list[Any] = []
        self.lists: dict[str, list[Any]] = {"used": [], "queue": [], "dials": []}
        self.trace: list[Any] = []

    def name(self, member: Any) -> str | None:
        if member is None:
            return None
        if id(member) not in self.names:
            self.names[id(member)] = f"{type(member).__name__}{len(self.names)}"
            self.members.append(member)
        return self.names[id(member)]

    def pick(self, kind: str, at: int) -> Any:
        members = self.lists[kind]
        return members.pop(at % len(members)) if members else None

    def grant(self, waiter: Any) -> None:
        self.trace.append(self.name(waiter))
        if waiter is not None:
            self.lists["queue"].remove(waiter)
            if waiter.entry is not None:
                self.trace.append(self.name(waiter.entry))
                self.lists["used"].append(waiter.entry)

    def play(self, event: str, at: int) -> None:
        getattr(self, event)(at)
        while (waiter := self.pool.next_dial()) is not None:
            self.trace.append(("dial", self.name(waiter)))
            self.lists["dials"].append(waiter.key)
        pool = self.pool
        self.trace.append([self.name(entry) for entry in pool.discarded])
        pool.discarded.clear()
        self.trace.append((event, pool.connections, pool.idle, pool.waiting, pool.dialling))

    def request(self, at: int) -> None:
        key = KEYS[at % 3]
        entry = self.pool.acquire(key, self.now)
        if entry is not None:
            self.trace.append(self.name(entry))
            self.lists["used"].append(entry)
            return
        waiter = self.engine.Waiter(key, None)
        self.name(waiter)
        self.lists["queue"].append(waiter)
        self.pool.join(waiter)

    def crowd(self, at: int) -> None:
        for _ in range(2 + at % 5):
            self.request(at)

    def finish(self, at: int) -> None:
        if entry := self.pick("used", at):
            self.grant(self.pool.release(entry, self.now))

    def lose(self, at: int) -> None:
        if entry := self.pick("used", at):
            self.pool.discard(entry)

    def connect(self, at: int) -> None:
        if key := self.pick("dials", at):
            entry = self.engine.PoolEntry()
            self.name(entry)
            self.grant(self.pool.dialled(key, entry, self.now))

    def fail(self, at: int) -> None:
        if key := self.pick("dials", at):
            self.grant(self.pool.dial_failed(key))

    def cancel(self, at: int) -> None:
        if waiter := self.pick("queue", at):
            self.pool.leave(waiter)

    def wait(self, at: int) -> None:
        self.now += at % 6


@pytest.mark.skipif(NAMES == ("py",), reason="CYHTTPX_ENGINE=py: there is one engine to look at")
@settings(max_examples=200, deadline=None)
@given(limits=limits, events=events)
def test_both_engines_choose_alike(limits: tuple[Any, ...], events: list[tuple[str, int]]) -> None:
    callers = [Caller(load(name), limits) for name in NAMES]
    for event in events:
        for caller in callers:
            caller.play(*event)
        assert callers[0].trace == callers[1].trace
