"""Drivers: what waits. One for each kind of program; found from the running event loop, in this one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from .asyncio_ import AsyncioDriver

__all__ = ["current_driver", "total_limit"]


def current_driver() -> AsyncioDriver:
    """Return a new driver for the running event loop.

    Raises RuntimeError when none is running that a driver knows.
    """
    from .asyncio_ import AsyncioDriver, running_loop

    return AsyncioDriver(running_loop())


def total_limit(seconds: float) -> AbstractAsyncContextManager[None]:
    """Return a block that raises TotalTimeout when what is awaited in it takes longer than `seconds`."""
    from .asyncio_ import TotalLimit

    return TotalLimit(seconds)
