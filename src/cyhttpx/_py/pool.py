"""The pool's bookkeeping in pure Python. The twin of `cyhttpx/_c/pool.pyx`: same verbs, same choices.

What lives here: slots, idle connections, waiters, and whose turn it is. What doesn't: dialling, closing, waiting,
clocks: the caller's. Nothing is ever scanned: each verb touches a fixed number of entries, however many there are.
(Ordered dicts, for they alone let go of their oldest, their newest and any other member in constant time.)

Rule 1: a slot is taken by `next_dial` and given back by `discard` or `dial_failed`, nowhere else.
Rule 2: an entry is idle, in use, or discarded; only idle ones are in the lists here.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from itertools import islice
from typing import TYPE_CHECKING, Any

from .. import _wire

if TYPE_CHECKING:
    from collections.abc import Hashable

__all__ = ["PoolEntry", "PoolState", "QueueTimes", "Waiter"]

CONTRACT = _wire.CONTRACT


class PoolEntry:
    """What a pool keeps: a connection. Fields are the pool's to change."""

    # Defaults of the class, so that a subclass owes no call of this __init__.
    key: Any = None
    is_idle: bool = False
    idle_since: float = 0.0
    # 0: never; the time after which it may not be handed out again.
    expires_at: float = 0.0
    _origin: _Origin | None = None
    _holds_slot: bool = False

    def __init__(self) -> None:
        pass


class Waiter:
    """A place in the queue: for a connection to `key`, to be told through `future`.

    `entry` or `error` is set by whoever wakes the future: a waiter that is cancelled after that hands the entry on.
    `connect_timeout` (seconds or None) is how long a dial for it may take.
    """

    __slots__ = (
        "_deadline", "_ticket", "connect_timeout", "entry", "error", "future", "has_dial", "is_queued", "key",
    )  # fmt: skip

    def __init__(self, key: Hashable, future: Any, connect_timeout: float | None = None) -> None:
        self.key = key
        self.future = future
        self.connect_timeout = connect_timeout
        self.entry: Any = None
        self.error: BaseException | None = None
        self._deadline = 0.0
        self.is_queued = False
        self.has_dial = False
        self._ticket = 0

    def wake(self, error: BaseException | None = None) -> None:
        """Let whoever waits go on: with `entry`, or to raise `error`."""
        self.error = error
        if not self.future.done():
            try:
                self.future.set_result(None)
            except RuntimeError:
                # Its loop is closed: nobody waits any more.
                pass


class _Origin:
    """What the pool knows of one key."""

    __slots__ = ("connections", "counting_on_dials", "dials", "idle", "key", "undialled", "waiters")

    def __init__(self, key: Hashable) -> None:
        self.key = key
        # Slots taken, dials included; dials alone; waiters that a dial was begun for and that are still queued.
        self.connections = 0
        self.dials = 0
        self.counting_on_dials = 0
        # Idle entries, the one used last at the end; waiters, oldest first; those of them that no dial was begun for.
        self.idle: OrderedDict[PoolEntry, None] = OrderedDict()
        self.waiters: OrderedDict[Waiter, None] = OrderedDict()
        self.undialled: OrderedDict[Waiter, None] = OrderedDict()


class PoolState:
    """Who may have which connection.

    Args:
        max_connections: slots, dials included; None: unlimited.
        max_keepalive: idle connections kept; None: unlimited.
        keepalive_expiry: seconds that an idle connection is kept; None: for ever.
        max_per_host: slots of one key; None: unlimited.
    """

    __slots__ = (
        "_expiry",
        "_idle",
        "_max_connections",
        "_max_keepalive",
        "_max_per_host",
        "_origins",
        "_ring",
        "_tickets",
        "connections",
        "dialling",
        "discarded",
        "waiting",
    )

    def __init__(
        self,
        max_connections: int | None = None,
        max_keepalive: int | None = None,
        keepalive_expiry: float | None = None,
        max_per_host: int | None = None,
    ) -> None:
        self._max_connections = max_connections
        self._max_keepalive = max_keepalive
        self._expiry = keepalive_expiry
        self._max_per_host = max_per_host
        self._origins: dict[Hashable, _Origin] = {}
        # Idle entries of all origins, the one used longest ago first.
        self._idle: OrderedDict[PoolEntry, None] = OrderedDict()
        # Origins with waiters that could be dialled for. The first is the one whose turn it is.
        self._ring: OrderedDict[_Origin, None] = OrderedDict()
        self._tickets = 0
        self.connections = 0
        self.waiting = 0
        self.dialling = 0
        self.discarded: list[PoolEntry] = []

    @property
    def idle(self) -> int:
        """Idle connections."""
        return len(self._idle)

    # Verbs.

    def acquire(self, key: Hashable, now: float) -> PoolEntry | None:
        """Take the idle connection of `key` that was used last; None: `join` the queue. Expired ones go to
        `discarded`.
        """
        origin = self._origins.get(key)
        while origin is not None and origin.idle:
            entry = next(reversed(origin.idle))
            if entry.expires_at and now >= entry.expires_at:
                self._give_up(entry)
            else:
                self._pop_idle(entry, origin)
                return entry
        return None

    def join(self, waiter: Waiter) -> None:
        """Queue for a connection. Next: `next_dial` until None."""
        origin = self._origin_of(waiter.key)
        waiter._ticket = self._tickets
        self._tickets += 1
        waiter.is_queued = True
        origin.waiters[waiter] = None
        origin.undialled[waiter] = None
        self.waiting += 1
        self._park_or_call(origin)

    def leave(self, waiter: Waiter) -> None:
        """Give up a place in the queue (cancelled, timed out). Idempotent. A dial that was begun for it goes on, for
        the next.
        """
        if waiter.is_queued:
            origin = self._origins[waiter.key]
            self._unqueue(waiter, origin)
            self._forget_if_unused(origin)

    def next_dial(self) -> Waiter | None:
        """Take a slot for the waiter whose turn it is, if there is one to take: a connection must be dialled for it
        now.
        """
        if not self._ring:
            return None
        if self._max_connections is not None and self.connections >= self._max_connections:
            if not self._idle:
                return None
            # An idle connection of another origin makes room: an idle one of this origin would have served the waiter.
            self._give_up(next(iter(self._idle)))
        origin = next(iter(self._ring))
        waiter, _ = origin.undialled.popitem(last=False)
        waiter.has_dial = True
        self.connections += 1
        self.dialling += 1
        origin.connections += 1
        origin.dials += 1
        origin.counting_on_dials += 1
        self._ring.move_to_end(origin)
        self._park_or_call(origin)
        return waiter

    def dialled(self, key: Hashable, entry: PoolEntry, now: float) -> Waiter | None:
        """Take in a new connection. Return the waiter who gets it, None: it is idle."""
        origin = self._origin_of(key)
        entry.key = key
        entry._origin = origin
        entry._holds_slot = True
        self.dialling -= 1
        origin.dials -= 1
        return self._place(entry, origin, now)

    def dial_failed(self, key: Hashable) -> Waiter | None:
        """Give back the slot of a dial that came to nothing. Return the waiter who is to be told, None: nobody waits
        for that dial.

        A dial is not tied to the waiter it was begun for: connections go to whoever is first. So the oldest waiter is
        told, if there are now more that count on a dial than dials.
        """
        origin = self._origin_of(key)
        self.dialling -= 1
        self.connections -= 1
        origin.dials -= 1
        origin.connections -= 1
        waiter = None
        if origin.counting_on_dials > origin.dials:
            waiter = next(iter(origin.waiters))
            self._unqueue(waiter, origin)
        self._park_or_call(origin)
        self._forget_if_unused(origin)
        return waiter

    def release(self, entry: PoolEntry, now: float) -> Waiter | None:
        """Take back a connection that can serve again. Return the waiter who gets it, None: it is idle, or in
        `discarded`.
        """
        origin = entry._origin
        if origin is None or entry.is_idle or not entry._holds_slot:
            return None
        if self._is_overtaking(origin):
            self._give_up(entry)
            return None
        return self._place(entry, origin, now)

    def discard(self, entry: PoolEntry) -> None:
        """Forget a connection that is gone, idle or in use; its slot is free. Idempotent."""
        origin = entry._origin
        if origin is None or not entry._holds_slot:
            return
        if entry.is_idle:
            self._pop_idle(entry, origin)
        entry._holds_slot = False
        self.connections -= 1
        origin.connections -= 1
        self._park_or_call(origin)
        self._forget_if_unused(origin)

    def waiters(self) -> list[Waiter]:
        """All who wait, those of one key in order. For the end of a pool: the one verb that walks."""
        return [waiter for origin in self._origins.values() for waiter in origin.waiters]

    # Steps.

    def _place(self, entry: PoolEntry, origin: _Origin, now: float) -> Waiter | None:
        if origin.waiters:
            waiter = next(iter(origin.waiters))
            self._unqueue(waiter, origin)
            waiter.entry = entry
            return waiter
        entry.is_idle = True
        entry.idle_since = now
        if self._expiry is not None:
            entry.expires_at = now + self._expiry
        origin.idle[entry] = None
        self._idle[entry] = None
        if self._max_keepalive is not None and len(self._idle) > self._max_keepalive:
            self._give_up(next(iter(self._idle)))
        return None

    def _is_overtaking(self, origin: _Origin) -> bool:
        """Whether the waiter of another origin was overtaken so often that the slot should be its (fairness). If so,
        it is that origin's turn.
        """
        if not origin.waiters:
            return False
        for other in islice(self._ring, 2):
            if other is origin:
                continue
            overtaken = next(iter(origin.waiters))._ticket - next(iter(other.undialled))._ticket
            if overtaken <= self.connections:
                return False
            # Otherwise the slot that is given up for the other would dial for this origin again.
            self._ring.move_to_end(other, last=False)
            return True
        return False

    def _origin_of(self, key: Hashable) -> _Origin:
        origin = self._origins.get(key)
        if origin is None:
            origin = self._origins[key] = _Origin(key)
        return origin

    def _forget_if_unused(self, origin: _Origin) -> None:
        # Idle entries hold slots: they are among the connections.
        if not (origin.connections or origin.waiters):
            self._origins.pop(origin.key, None)

    def _give_up(self, entry: PoolEntry) -> None:
        self.discard(entry)
        self.discarded.append(entry)

    def _pop_idle(self, entry: PoolEntry, origin: _Origin) -> None:
        del origin.idle[entry]
        del self._idle[entry]
        entry.is_idle = False

    def _unqueue(self, waiter: Waiter, origin: _Origin) -> None:
        del origin.waiters[waiter]
        waiter.is_queued = False
        self.waiting -= 1
        if waiter.has_dial:
            origin.counting_on_dials -= 1
        else:
            del origin.undialled[waiter]
            self._park_or_call(origin)

    def _park_or_call(self, origin: _Origin) -> None:
        """Keep the ring true: an origin is in it while a waiter of its could be dialled for."""
        at_limit = self._max_per_host is not None and origin.connections >= self._max_per_host
        if origin.undialled and not at_limit:
            # At the end, if it is new.
            self._ring.setdefault(origin)
        else:
            self._ring.pop(origin, None)


_CROWD = 16


class QueueTimes:
    """How long waiters may stay in the queue.

    Waits of one length end in the order in which they began: each length has a queue of its own, and only heads are
    looked at.

    Args:
        owner: has `watch(queue_times, at)`: call `deadline_passed(now)` at that time (monotonic, seconds); and
            `expire(waiter)`, called for each that has waited too long.
    """

    __slots__ = ("_crowded_at", "_owner", "_queues", "_watched_at")

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._queues: dict[float, deque[Waiter]] = {}
        self._crowded_at = _CROWD
        self._watched_at = 0.0

    def add(self, waiter: Waiter, timeout: float, now: float) -> None:
        """Have `waiter` expire when it is still queued, with no dial begun for it, `timeout` seconds after `now`."""
        queue = self._queues.get(timeout)
        if queue is None:
            queue = self._queues[timeout] = deque()
        while queue and not queue[0].is_queued:
            queue.popleft()
        if len(queue) >= self._crowded_at:
            # Behind a waiter who stays, those who were served gather: when they may be half of all, they go.
            queue = self._queues[timeout] = deque(one for one in queue if one.is_queued)
            self._crowded_at = max(_CROWD, 2 * len(queue))
        waiter._deadline = now + timeout
        queue.append(waiter)
        if not self._watched_at or waiter._deadline < self._watched_at:
            self._watched_at = waiter._deadline
            self._owner.watch(self, self._watched_at)

    def deadline_passed(self, now: float) -> None:
        """Expire who has waited too long; ask to be called for the next."""
        self._watched_at = 0.0
        first = 0.0
        for timeout, queue in list(self._queues.items()):
            while queue and (queue[0]._deadline <= now or not queue[0].is_queued):
                waiter = queue.popleft()
                # One that is being dialled for has its slot: from there on the connect timeout counts.
                if waiter.is_queued and not waiter.has_dial:
                    self._owner.expire(waiter)
            if not queue:
                del self._queues[timeout]
            elif not first or queue[0]._deadline < first:
                first = queue[0]._deadline
        if first and (not self._watched_at or first < self._watched_at):
            self._watched_at = first
            self._owner.watch(self, first)
