"""PoolState: who may have which connection. Linked lists through the entries themselves: every step is O(1)."""


cdef class Origin:
    """What the pool knows of one key."""
    cdef object key
    cdef Py_ssize_t connections      # slots taken, dials included
    cdef Py_ssize_t dials            # of these, still being dialled
    cdef Py_ssize_t counting_on_dials  # waiters that a dial was begun for and that are still queued
    cdef Py_ssize_t members          # idle entries and waiters: the origin is forgotten when nothing is left of it
    # Idle entries, a stack: the last one used is on top.
    cdef PoolEntry top
    # Waiters, oldest first: all of them, and those that have no dial of their own.
    cdef Waiter first
    cdef Waiter last
    cdef Waiter first_undialled
    cdef Waiter last_undialled
    # The ring of origins whose waiters want slots.
    cdef bint in_ring
    cdef Origin ring_before
    cdef Origin ring_after


cdef class PoolEntry:
    cdef readonly object key
    cdef Origin origin
    cdef readonly bint is_idle
    cdef bint holds_slot
    cdef readonly double idle_since
    cdef public double expires_at    # 0: never; the time after which it may not be handed out again
    # The idle stack of its origin, and the idle entries of all origins in order of use.
    cdef PoolEntry above
    cdef PoolEntry below
    cdef PoolEntry older
    cdef PoolEntry newer


cdef class Waiter:
    cdef readonly object key
    cdef readonly object future
    cdef public object entry
    cdef public object error
    cdef readonly object connect_timeout
    cdef double deadline
    cdef readonly bint is_queued
    cdef readonly bint has_dial
    cdef Py_ssize_t ticket
    cdef Origin origin
    cdef Waiter before
    cdef Waiter after
    cdef bint is_undialled
    cdef Waiter undialled_before
    cdef Waiter undialled_after

    cpdef object wake(self, object error=*)


cdef class PoolState:
    cdef Py_ssize_t max_connections
    cdef Py_ssize_t max_keepalive
    cdef Py_ssize_t max_per_host
    cdef double keepalive_expiry
    cdef dict origins
    cdef PoolEntry oldest
    cdef PoolEntry newest
    cdef Origin turn                 # the origin whose waiter gets the next slot
    cdef Py_ssize_t tickets
    cdef readonly Py_ssize_t connections
    cdef readonly Py_ssize_t idle
    cdef readonly Py_ssize_t waiting
    cdef readonly Py_ssize_t dialling
    cdef readonly list discarded

    cpdef PoolEntry acquire(self, object key, double now)
    cpdef Waiter release(self, PoolEntry entry, double now)
    cpdef object discard(self, PoolEntry entry)
    cdef Waiter place(self, PoolEntry entry, double now, bint is_new)
    cdef Origin origin_of(self, object key)
    cdef void forget_if_unused(self, Origin origin)
    cdef void push_idle(self, PoolEntry entry)
    cdef void pop_idle(self, PoolEntry entry)
    cdef void give_up(self, PoolEntry entry)
    cdef bint is_someone_elses_turn(self, Origin origin, Waiter waiter)
    cdef void unqueue(self, Waiter waiter)
    cdef void queue_undialled(self, Waiter waiter)
    cdef void unqueue_undialled(self, Waiter waiter)
    cdef void enter_ring(self, Origin origin)
    cdef void leave_ring(self, Origin origin)
    cdef bint at_host_limit(self, Origin origin)
    cdef void park_or_call(self, Origin origin)


cdef class QueueTimes:
    cdef object owner
    cdef dict queues
    cdef Py_ssize_t crowded_at
    cdef double watched_at

    cpdef object add(self, Waiter waiter, double timeout, double now)
