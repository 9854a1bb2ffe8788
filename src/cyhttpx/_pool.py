"""The awaits around `PoolState`: who waits for a connection, who dials one, and what is closed.

What lives here: one pool of one event loop. What doesn't: whose turn it is (`PoolState`), how to connect (the driver), what is sent
(`_exchange`).

Rule 1: a dial belongs to the pool. When the request it was begun for is gone, the connection serves the next one or goes idle.
Rule 2: whoever holds a connection gives it to `give_back` or `drop`, once.
"""

from __future__ import annotations

from _thread import get_ident
from time import monotonic
from typing import TYPE_CHECKING, Any

from ._engine import PoolState, QueueTimes, Waiter
from ._exceptions import ConnectError, PoolTimeout

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from ._drivers.asyncio_ import AsyncioDriver
    from ._drivers.target import Target
    from ._engine import Reactor

__all__ = ["Pool"]


class Pool:
    """The connections of one transport on one event loop.

    `state` decides; `target_of(key)` says where a key's connections go to.
    """

    def __init__(self, driver: AsyncioDriver, state: PoolState, target_of: Callable[[Any], Target]) -> None:
        self.driver = driver
        self.loop = driver.loop
        self.thread = get_ident()
        self.state = state
        self._target_of = target_of
        self._connections: set[Reactor] = set()
        self._queue_times = QueueTimes(self)
        self.is_closed = False

    def take(self, key: Hashable) -> Reactor | None:
        """Take an idle connection of `key`, None if there is none."""
        state = self.state
        while True:
            connection: Any = state.acquire(key, monotonic())
            if state.discarded:
                self._close_discarded()
            # Looked at again before each use: what came behind the last response must not be read as the next one.
            if connection is None or connection.is_quiet():
                return connection  # type: ignore[no-any-return]

    async def wait(self, key: Hashable, pool_timeout: float | None, connect_timeout: float | None) -> Reactor:
        """Wait for a connection of `key`: a new one, or one that is given back before.

        Raises PoolTimeout, ConnectTimeout, ConnectError.
        """
        waiter = self.enqueue(key, pool_timeout, connect_timeout)
        try:
            await waiter.future
        except BaseException:
            self.abandon_place(waiter)
            raise
        if waiter.error is not None:
            raise waiter.error
        connection, waiter.entry = waiter.entry, None
        return connection  # type: ignore[no-any-return]

    def enqueue(self, key: Hashable, pool_timeout: float | None, connect_timeout: float | None) -> Waiter:
        """Take a place in the queue; its `future` is done when `entry` or `error` is set. If it isn't awaited to its end: `abandon_place`."""
        if self.is_closed:
            raise ConnectError("the transport is closed")
        waiter = Waiter(key, self.driver.create_waiter(), connect_timeout)
        self.state.join(waiter)
        self._dial_what_is_due()
        if pool_timeout is not None and waiter.is_queued and not waiter.has_dial:
            self._queue_times.add(waiter, pool_timeout, monotonic())
        return waiter

    def abandon_place(self, waiter: Waiter) -> None:
        """Give up a place in the queue, and hand on what was given to it in the same moment."""
        self.state.leave(waiter)
        if waiter.entry is not None and not self.is_closed:
            if waiter.entry.is_quiet():
                self._place(self.state.release(waiter.entry, monotonic()))
        elif self.state.waiting:
            self._dial_what_is_due()

    def give_back(self, connection: Reactor) -> None:
        """Take back a connection whose exchange has come to its end; it is kept if it can serve again."""
        if connection.finish():
            self._place(self.state.release(connection, monotonic()))
        else:
            self._forget(connection)

    def drop(self, connection: Reactor) -> None:
        """Close a connection whose exchange went wrong."""
        connection.close()
        self._forget(connection)

    def connection_lost(self, connection: Reactor) -> None:
        """Be told by an idle connection that it is closed now."""
        self._forget(connection)

    def watch(self, connection: Any, at: float) -> Any:
        """Have `connection.deadline_passed(now)` called when the monotonic clock shows `at`. Return the alarm, for `forget`."""
        return self.driver.watch(connection, at)

    def forget(self, alarm: Any) -> None:
        """Let go of an alarm that `watch` gave."""
        self.driver.forget(alarm)

    def close(self) -> None:
        """Close every connection and end every wait."""
        self.is_closed = True
        for waiter in self.state.waiters():
            self.state.leave(waiter)
            waiter.wake(ConnectError("the transport was closed while the request waited for a connection"))
        self.driver.close()
        for connection in list(self._connections):
            self.state.discard(connection)
            connection.close()
        self._connections.clear()

    def abandon(self) -> None:
        """Let go of everything without a word to the loop or to the peers: after a fork they are the parent's."""
        self.is_closed = True
        for connection in self._connections:
            connection.abandon()
        self._connections.clear()

    def expire(self, waiter: Waiter) -> None:
        """Be told that a waiter has waited for a slot as long as it may."""
        self.state.leave(waiter)
        waiter.wake(PoolTimeout(""))

    def _place(self, waiter: Waiter | None) -> None:
        """See to what a verb of the state has left to do: wake, close, dial."""
        if waiter is not None:
            waiter.wake()
        if self.state.discarded:
            self._close_discarded()
        if self.state.waiting:
            self._dial_what_is_due()

    def _forget(self, connection: Reactor) -> None:
        self.state.discard(connection)
        self._connections.discard(connection)
        if self.state.waiting:
            self._dial_what_is_due()

    def _close_discarded(self) -> None:
        connection: Any
        for connection in self.state.discarded:
            self._connections.discard(connection)
            connection.close()
        self.state.discarded.clear()

    def _dial_what_is_due(self) -> None:
        while (waiter := self.state.next_dial()) is not None:
            self.driver.spawn(self._dial(waiter.key, waiter.connect_timeout))
        if self.state.discarded:
            self._close_discarded()

    async def _dial(self, key: Hashable, timeout: float | None) -> None:
        try:
            stream = await self.driver.dial(self._target_of(key), timeout)
        except BaseException as error:
            told = self.state.dial_failed(key)
            if told is not None:
                is_ours = isinstance(error, Exception)
                told.wake(error if is_ours else ConnectError("the dial was cancelled"))
            if not self.is_closed:
                self._dial_what_is_due()
            if not isinstance(error, Exception):
                raise
            return
        if self.is_closed:
            stream.close()
            return
        connection = self.driver.connection(stream, self)
        self._connections.add(connection)
        self._place(self.state.dialled(key, connection, monotonic()))
