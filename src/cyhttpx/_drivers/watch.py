"""Deadlines of many, one timer: the loop is told of the earliest only.

Who is watched keeps its own deadline and moves it as often as it likes, for the price of an assignment; it is called when the time that
it once named has come, and then names another or none. So a connection costs one heap entry per timeout, not per request.
"""

from __future__ import annotations

from heapq import heappop, heappush
from time import monotonic
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, TimerHandle

__all__ = ["Watch", "Watched"]

# uvloop's clock counts whole milliseconds: a timer asked for "now" would ring before the deadline, again and again.
_CLOCK_STEP = 0.001


class Watched(Protocol):
    def deadline_passed(self, now: float) -> None:
        """Be told that the time named is there. `now` is the monotonic clock (seconds)."""


class Watch:
    """One loop timer for any number of watched objects."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._heap: list[tuple[float, int, Watched]] = []
        self._count = 0
        self._timer: TimerHandle | None = None
        self._timer_at = 0.0

    def watch(self, watched: Watched, at: float) -> None:
        """Call `watched.deadline_passed(now)` when the monotonic clock shows `at`."""
        self._count += 1
        heappush(self._heap, (at, self._count, watched))
        if self._timer is None or at < self._timer_at:
            self._set_timer(at)

    def close(self) -> None:
        """Forget everybody."""
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = at
        self._timer = self._loop.call_later(max(0.0, at - monotonic()) + _CLOCK_STEP, self._ring)

    def _ring(self) -> None:
        self._timer = None
        now = monotonic()
        due = []
        while self._heap and self._heap[0][0] <= now:
            due.append(heappop(self._heap)[2])
        for watched in due:
            watched.deadline_passed(now)
        if self._heap and (self._timer is None or self._heap[0][0] < self._timer_at):
            self._set_timer(self._heap[0][0])
