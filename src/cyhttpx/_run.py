"""`run`: one call that gives a program the fastest event loop that is installed. No client code lives here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Coroutine

__all__ = ["run"]

T = TypeVar("T")


def run(main: Coroutine[Any, Any, T] | Callable[[], Coroutine[Any, Any, T]], *, debug: bool | None = None) -> T:
    """
    Run a coroutine to its end on a new event loop (uvloop's if installed, else asyncio's) and return its result.

    - **main** - A coroutine, or a function without arguments that returns one.
    - **debug** - *(optional)* Debug mode of the event loop. Defaults to asyncio's own rule (`-X dev`).

    Raises `TypeError` when `main` is neither, and `RuntimeError` when an event loop runs already in this thread.
    The loop is closed afterwards; the program's event loop policy and current loop stay as they were.
    """
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        if asyncio.iscoroutine(main):
            main.close()
        raise RuntimeError("cyhttpx.run() cannot be called from a running event loop")

    coroutine = main() if callable(main) else main
    if not asyncio.iscoroutine(coroutine):
        raise TypeError(f"cyhttpx.run() expects a coroutine or a coroutine function, got {type(main).__name__}")
    with asyncio.Runner(debug=debug, loop_factory=_loop_factory()) as runner:
        result: T = runner.run(coroutine)
        return result


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    # A uvloop that is there and does not load is a fault its user must see, so only its absence is caught.
    try:
        import uvloop
    except ModuleNotFoundError as exc:
        if exc.name != "uvloop":
            raise
        import asyncio

        # Named rather than left to the Runner: without a factory it also sets the new loop as the thread's current one.
        return asyncio.new_event_loop
    return uvloop.new_event_loop
