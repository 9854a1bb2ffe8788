"""Deadlines of many, one timer: the loop is told of the earliest only.

Who is watched keeps its own deadline and moves it as often as it likes, for the price of an assignment; it is called when the time that
it once named has come, and then names another or none. So a connection costs one heap entry per timeout, not per request.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from time import monotonic
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop, TimerHandle

__all__ = ["Alarm", "Watch", "Watched"]

# uvloop's clock counts whole milliseconds: a timer asked for "now" would ring before the deadline, again and again.
_CLOCK_STEP: Final = 0.001

# So many forgotten alarms are not worth a clearing.
_FEW: Final = 64


class Watched(Protocol):
    def deadline_passed(self, now: float) -> None:
        """Be told that the time named is there. `now` is the monotonic clock (seconds)."""


class Alarm:
    """A time that somebody named. Forgetting it lets go of him at once; the heap's entry goes when there are many of its kind."""

    __slots__ = ("watched",)

    def __init__(self, watched: Watched) -> None:
        self.watched: Watched | None = watched


class Watch:
    """One loop timer for any number of watched objects."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self._loop = loop
        self._heap: list[tuple[float, int, Alarm]] = []
        self._count = 0
        self._forgotten = 0
        self._timer: TimerHandle | None = None
        self._timer_at = 0.0

    def watch(self, watched: Watched, at: float) -> Alarm:
        """Call `watched.deadline_passed(now)` when the monotonic clock shows `at`; until then the alarm may be forgotten."""
        alarm = Alarm(watched)
        self._count += 1
        heappush(self._heap, (at, self._count, alarm))
        if self._timer is None or at < self._timer_at:
            self._set_timer(at)
        return alarm

    def forget(self, alarm: Alarm) -> None:
        """Let go of an alarm. Clearing them out when they are half of all keeps this O(1), and the heap no larger than twice its use."""
        if alarm.watched is None:
            return
        alarm.watched = None
        self._forgotten += 1
        if self._forgotten > _FEW and self._forgotten * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].watched is not None]
            heapify(self._heap)
            self._forgotten = 0

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
            alarm = heappop(self._heap)[2]
            if alarm.watched is None:
                self._forgotten -= 1
            else:
                due.append(alarm)
        for alarm in due:
            # One may be forgotten by what another's call does.
            watched, alarm.watched = alarm.watched, None
            if watched is not None:
                watched.deadline_passed(now)
        if self._heap and (self._timer is None or self._heap[0][0] < self._timer_at):
            self._set_timer(self._heap[0][0])
