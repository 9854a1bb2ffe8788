"""The pool's bookkeeping, compiled. The twin of `cyhttpx/_py/pool.py`: same verbs, same choices.

What lives here: slots, idle connections, waiters, and whose turn it is. What doesn't: dialling, closing, waiting, clocks: the caller's.
Nothing is ever scanned: each verb touches a fixed number of links, however many connections, origins and waiters there are.

Rule 1: a slot is taken by `next_dial` and given back by `discard` or `dial_failed`, nowhere else.
Rule 2: an entry is idle, in use, or discarded; only idle ones are in the lists here.
"""

from collections import deque

from cyhttpx import _wire

CONTRACT = 1

cdef enum:
    CROWD = 16


cdef Py_ssize_t count_or_unlimited(object value) except -2:
    return -1 if value is None else max(0, value)


cdef class PoolEntry:
    """What a pool keeps: a connection. Fields are the pool's to change."""

    def __init__(self):
        pass


cdef class Waiter:
    """A place in the queue: for a connection to `key`, to be told through `future`.

    `entry` or `error` is set by whoever wakes the future: a waiter that is cancelled after that hands the entry on.
    `connect_timeout` (seconds or None) is how long a dial for it may take.
    """

    def __init__(self, key, future, connect_timeout=None):
        self.key = key
        self.future = future
        self.connect_timeout = connect_timeout

    cpdef object wake(self, object error=None):
        """Let whoever waits go on: with `entry`, or to raise `error`."""
        self.error = error
        if not self.future.done():
            try:
                self.future.set_result(None)
            except RuntimeError:
                # Its loop is closed: nobody waits any more.
                pass


cdef class Origin:
    pass


cdef class PoolState:
    """Who may have which connection.

    Args:
        max_connections: slots, dials included; None: unlimited.
        max_keepalive: idle connections kept; None: unlimited.
        keepalive_expiry: seconds that an idle connection is kept; None: for ever.
        max_per_host: slots of one key; None: unlimited.
    """

    def __init__(self, max_connections=None, max_keepalive=None, keepalive_expiry=None, max_per_host=None):
        self.max_connections = count_or_unlimited(max_connections)
        self.max_keepalive = count_or_unlimited(max_keepalive)
        self.max_per_host = count_or_unlimited(max_per_host)
        self.keepalive_expiry = -1.0 if keepalive_expiry is None else keepalive_expiry
        self.origins = {}
        self.discarded = []

    # Verbs.

    cpdef PoolEntry acquire(self, object key, double now):
        """Take the idle connection of `key` that was used last; None: `join` the queue. Expired ones go to `discarded`."""
        cdef Origin origin = <Origin>self.origins.get(key)
        cdef PoolEntry entry
        if origin is None:
            return None
        while origin.top is not None:
            entry = origin.top
            if entry.expires_at and now >= entry.expires_at:
                self.give_up(entry)
                continue
            self.pop_idle(entry)
            return entry
        self.forget_if_unused(origin)
        return None

    def join(self, Waiter waiter not None):
        """Queue for a connection. Next: `next_dial` until None."""
        cdef Origin origin = self.origin_of(waiter.key)
        waiter.origin = origin
        waiter.ticket = self.tickets
        self.tickets += 1
        waiter.is_queued = True
        origin.members += 1
        waiter.before = origin.last
        if origin.last is None:
            origin.first = waiter
        else:
            origin.last.after = waiter
        origin.last = waiter
        self.waiting += 1
        self.queue_undialled(waiter)
        self.park_or_call(origin)

    def leave(self, Waiter waiter not None):
        """Give up a place in the queue (cancelled, timed out). Idempotent. A dial that was begun for it goes on, for the next."""
        if waiter.is_queued:
            self.unqueue(waiter)

    def next_dial(self):
        """Take a slot for the waiter whose turn it is, if there is one to take: a connection must be dialled for it now."""
        cdef Origin origin = self.turn
        cdef Waiter waiter
        if origin is None:
            return None
        if self.max_connections >= 0 and self.connections >= self.max_connections:
            if self.oldest is None:
                return None
            # An idle connection of another origin makes room: an idle one of this origin would have served the waiter.
            self.give_up(self.oldest)
        waiter = origin.first_undialled
        self.unqueue_undialled(waiter)
        waiter.has_dial = True
        self.connections += 1
        self.dialling += 1
        origin.connections += 1
        origin.dials += 1
        origin.counting_on_dials += 1
        self.turn = origin.ring_after
        self.park_or_call(origin)
        return waiter

    def dialled(self, key, PoolEntry entry not None, double now):
        """Take in a new connection. Return the waiter who gets it, None: it is idle."""
        entry.key = key
        entry.origin = self.origin_of(key)
        entry.holds_slot = True
        self.dialling -= 1
        (<Origin>entry.origin).dials -= 1
        return self.place(entry, now, True)

    def dial_failed(self, key):
        """Give back the slot of a dial that came to nothing. Return the waiter who is to be told, None: nobody waits for that dial.

        A dial is not tied to the waiter it was begun for: connections go to whoever is first. So the oldest waiter is told, if
        there are now more that count on a dial than dials.
        """
        cdef Origin origin = self.origin_of(key)
        cdef Waiter waiter = None
        self.dialling -= 1
        self.connections -= 1
        origin.dials -= 1
        origin.connections -= 1
        if origin.counting_on_dials > origin.dials:
            waiter = origin.first
            self.unqueue(waiter)
        self.park_or_call(origin)
        self.forget_if_unused(origin)
        return waiter

    cpdef Waiter release(self, PoolEntry entry, double now):
        """Take back a connection that can serve again. Return the waiter who gets it, None: it is idle, or in `discarded`."""
        if entry.is_idle or not entry.holds_slot:
            return None
        return self.place(entry, now, False)

    cpdef object discard(self, PoolEntry entry):
        """Forget a connection that is gone, idle or in use; its slot is free. Idempotent."""
        cdef Origin origin
        if entry.is_idle:
            self.pop_idle(entry)
        if not entry.holds_slot:
            return
        entry.holds_slot = False
        origin = entry.origin
        self.connections -= 1
        origin.connections -= 1
        self.park_or_call(origin)
        self.forget_if_unused(origin)

    def waiters(self):
        """All who wait, those of one key in order. For the end of a pool: the one verb that walks."""
        cdef list found = []
        cdef Origin origin
        cdef Waiter waiter
        for origin in self.origins.values():
            waiter = origin.first
            while waiter is not None:
                found.append(waiter)
                waiter = waiter.after
        return found

    # Steps.

    cdef Waiter place(self, PoolEntry entry, double now, bint is_new):
        cdef Origin origin = entry.origin
        cdef Waiter waiter = origin.first
        if waiter is not None:
            # A new connection was dialled because its key had its turn: it is not given up for another's.
            if not is_new and self.is_someone_elses_turn(origin, waiter):
                self.give_up(entry)
                return None
            self.unqueue(waiter)
            waiter.entry = entry
            return waiter
        entry.idle_since = now
        if self.keepalive_expiry >= 0:
            entry.expires_at = now + self.keepalive_expiry
        self.push_idle(entry)
        if self.max_keepalive >= 0 and self.idle > self.max_keepalive:
            self.give_up(self.oldest)
        return None

    cdef bint is_someone_elses_turn(self, Origin origin, Waiter waiter):
        """Whether another origin's waiter was overtaken so often that this connection's slot should be its own (fairness)."""
        cdef Origin other = self.turn
        if other is origin and other is not None:
            other = other.ring_after
        if other is None or other is origin:
            return False
        if waiter.ticket - other.first_undialled.ticket <= self.connections:
            return False
        self.turn = other
        return True

    cdef Origin origin_of(self, object key):
        cdef Origin origin = <Origin>self.origins.get(key)
        if origin is None:
            origin = Origin.__new__(Origin)
            origin.key = key
            self.origins[key] = origin
        return origin

    cdef void forget_if_unused(self, Origin origin):
        if origin.members == 0 and origin.connections == 0:
            self.origins.pop(origin.key, None)

    cdef void give_up(self, PoolEntry entry):
        self.discard(entry)
        self.discarded.append(entry)

    cdef void push_idle(self, PoolEntry entry):
        cdef Origin origin = entry.origin
        entry.is_idle = True
        entry.below = origin.top
        if origin.top is not None:
            origin.top.above = entry
        origin.top = entry
        entry.older = self.newest
        if self.newest is None:
            self.oldest = entry
        else:
            self.newest.newer = entry
        self.newest = entry
        origin.members += 1
        self.idle += 1

    cdef void pop_idle(self, PoolEntry entry):
        cdef Origin origin = entry.origin
        if entry.above is None:
            origin.top = entry.below
        else:
            entry.above.below = entry.below
        if entry.below is not None:
            entry.below.above = entry.above
        if entry.newer is None:
            self.newest = entry.older
        else:
            entry.newer.older = entry.older
        if entry.older is None:
            self.oldest = entry.newer
        else:
            entry.older.newer = entry.newer
        entry.above = entry.below = entry.older = entry.newer = None
        entry.is_idle = False
        origin.members -= 1
        self.idle -= 1

    cdef void unqueue(self, Waiter waiter):
        cdef Origin origin = waiter.origin
        if waiter.before is None:
            origin.first = waiter.after
        else:
            waiter.before.after = waiter.after
        if waiter.after is None:
            origin.last = waiter.before
        else:
            waiter.after.before = waiter.before
        waiter.before = waiter.after = None
        waiter.is_queued = False
        origin.members -= 1
        self.waiting -= 1
        if waiter.has_dial:
            origin.counting_on_dials -= 1
        if waiter.is_undialled:
            self.unqueue_undialled(waiter)
            self.park_or_call(origin)
        waiter.origin = None
        self.forget_if_unused(origin)

    cdef void queue_undialled(self, Waiter waiter):
        cdef Origin origin = waiter.origin
        waiter.is_undialled = True
        waiter.undialled_before = origin.last_undialled
        if origin.last_undialled is None:
            origin.first_undialled = waiter
        else:
            origin.last_undialled.undialled_after = waiter
        origin.last_undialled = waiter

    cdef void unqueue_undialled(self, Waiter waiter):
        cdef Origin origin = waiter.origin
        if waiter.undialled_before is None:
            origin.first_undialled = waiter.undialled_after
        else:
            waiter.undialled_before.undialled_after = waiter.undialled_after
        if waiter.undialled_after is None:
            origin.last_undialled = waiter.undialled_before
        else:
            waiter.undialled_after.undialled_before = waiter.undialled_before
        waiter.undialled_before = waiter.undialled_after = None
        waiter.is_undialled = False

    cdef bint at_host_limit(self, Origin origin):
        return self.max_per_host >= 0 and origin.connections >= self.max_per_host

    cdef void park_or_call(self, Origin origin):
        """Keep the ring true: an origin is in it while a waiter of its could be dialled for."""
        if origin.first_undialled is None or self.at_host_limit(origin):
            if origin.in_ring:
                self.leave_ring(origin)
        elif not origin.in_ring:
            self.enter_ring(origin)

    cdef void enter_ring(self, Origin origin):
        """As the last in turn."""
        origin.in_ring = True
        if self.turn is None:
            origin.ring_before = origin.ring_after = origin
            self.turn = origin
            return
        origin.ring_after = self.turn
        origin.ring_before = self.turn.ring_before
        origin.ring_before.ring_after = origin
        self.turn.ring_before = origin

    cdef void leave_ring(self, Origin origin):
        origin.in_ring = False
        if origin.ring_after is origin:
            self.turn = None
        else:
            origin.ring_before.ring_after = origin.ring_after
            origin.ring_after.ring_before = origin.ring_before
            if self.turn is origin:
                self.turn = origin.ring_after
        # A ring of one is a reference cycle: nothing may keep it.
        origin.ring_before = origin.ring_after = None


cdef class QueueTimes:
    """How long waiters may stay in the queue.

    Waits of one length end in the order in which they began: each length has a queue of its own, and only heads are looked at.

    Args:
        owner: has `watch(queue_times, at)`: call `deadline_passed(now)` at that time (monotonic, seconds); and `expire(waiter)`,
            called for each that has waited too long.
    """

    def __init__(self, owner):
        self.owner = owner
        self.queues = {}
        self.crowded_at = CROWD

    cpdef object add(self, Waiter waiter, double timeout, double now):
        """Have `waiter` expire when it is still queued, with no dial begun for it, `timeout` seconds after `now`."""
        queue = self.queues.get(timeout)
        if queue is None:
            queue = self.queues[timeout] = deque()
        while queue and not (<Waiter>queue[0]).is_queued:
            queue.popleft()
        if len(queue) >= self.crowded_at:
            # Behind a waiter who stays, those who were served gather: when they may be half of all, they go.
            queue = self.queues[timeout] = deque([one for one in queue if (<Waiter>one).is_queued])
            self.crowded_at = max(CROWD, 2 * len(queue))
        waiter.deadline = now + timeout
        queue.append(waiter)
        if self.watched_at == 0 or waiter.deadline < self.watched_at:
            self.watched_at = waiter.deadline
            self.owner.watch(self, self.watched_at)

    def deadline_passed(self, double now):
        """Expire who has waited too long; ask to be called for the next."""
        cdef Waiter waiter
        cdef double first = 0
        self.watched_at = 0
        for timeout, queue in list(self.queues.items()):
            while queue:
                waiter = <Waiter>queue[0]
                if waiter.is_queued and waiter.deadline > now:
                    break
                queue.popleft()
                # One that is being dialled for has its slot: from there on the connect timeout counts.
                if waiter.is_queued and not waiter.has_dial:
                    self.owner.expire(waiter)
            if not queue:
                del self.queues[timeout]
            elif first == 0 or (<Waiter>queue[0]).deadline < first:
                first = (<Waiter>queue[0]).deadline
        if first and (self.watched_at == 0 or first < self.watched_at):
            self.watched_at = first
            self.owner.watch(self, first)


if CONTRACT != _wire.CONTRACT:
    raise ImportError("the compiled engine was built for another version of cyhttpx: build it again")
