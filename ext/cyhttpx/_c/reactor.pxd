"""Reactor: what asyncio calls back. One connection: stream, protocol, and the one waiter of its exchange."""

from cyhttpx._c.headers cimport Headers
from cyhttpx._c.http1 cimport HTTP1Connection
from cyhttpx._c.pool cimport PoolEntry
from cyhttpx._c.stream cimport SocketStream

cdef extern from "<time.h>" nogil:
    cdef struct timespec:
        long tv_sec
        long tv_nsec
    int CLOCK_MONOTONIC
    int clock_gettime(int clock, timespec* now)


cdef inline double monotonic() noexcept:
    cdef timespec now
    clock_gettime(CLOCK_MONOTONIC, &now)
    return now.tv_sec + now.tv_nsec * 1e-9


cdef enum:
    # As in `_wire`.
    GOAL_NONE = 0
    GOAL_HEAD = 1
    GOAL_BODY = 2
    GOAL_WHOLE = 3
    GOAL_WRITABLE = 4


cdef class Reactor(PoolEntry):
    cdef readonly SocketStream stream
    cdef readonly HTTP1Connection http1
    cdef public object network_stream
    cdef object loop
    cdef object owner
    cdef object create_future

    # Who waits, for what, and until when (CLOCK_MONOTONIC; 0: for ever).
    cdef object waiter
    cdef int goal
    cdef double timeout
    cdef double deadline
    cdef double watched_at           # when the owner's watch will look at us next; 0: it won't
    cdef readonly bint in_exchange   # between begin and the end of the exchange
    cdef bint wants_whole
    cdef bint has_received           # a byte of this exchange's response
    cdef bint is_reading             # the loop watches for readability
    cdef bint is_writing             # the loop watches for writability
    cdef bint is_coming              # `on_readable` is due without the socket's doing
    cdef object alarm                # what the owner's watch gave for the deadline
    cdef int direct_reads            # reads outside the loop that the consumer may still do

    # Request bytes that the socket didn't take yet, and what went wrong.
    cdef list outbox
    cdef Py_ssize_t outbox_at        # bytes of its first part that are gone
    cdef Py_ssize_t sent             # bytes ever taken: shows progress
    cdef Py_ssize_t sent_before      # of these, before this exchange
    cdef readonly Py_ssize_t exchanges
    cdef object write_error
    cdef object error                # what ends the exchange

    cdef int start(self, bytes method, bytes target, Headers headers, bytes body, bint whole) except -1
    cpdef object wait(self, int goal, object timeout)
    cpdef object check(self)
    cpdef bint finish(self) except -1
    cpdef bint is_quiet(self) except -1
    cdef bint reached(self, int goal)
    cdef bint transmit(self, bytes data) except -1
    cdef bint transmit_all(self, list parts) except -1
    cdef bint drain(self) except -1
    cdef int drop_sent(self, Py_ssize_t sent) except -1
    cdef int receive(self) except -1
    cdef bint receive_once(self) except -1
    cdef bint is_sated(self)
    cdef int come_again(self) except -1
    cdef int watch_deadline(self) except -1
    cdef receive_idle(self)
    cdef int end_of_file(self) except -1
    cdef void fail(self, object error)
    cdef void wake(self)
    cdef void arm(self, object timeout)
    cdef void watch_reading(self)
    cdef void unwatch_reading(self)
    cdef void watch_writing(self)
    cdef void unwatch_writing(self)
    cdef void lose(self)
