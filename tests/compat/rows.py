"""The list of intended differences, and how a row gets into it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# Name: what shows it, and the outcome for cyhttpx (as `both.outcome` has it).
ROWS: dict[str, tuple[Callable[[Any], Any], Any]] = {}


def row(name: str, expected: Any) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    def add(show: Callable[[Any], Any]) -> Callable[[Any], Any]:
        assert name not in ROWS
        ROWS[name] = show, expected
        return show

    return add


def refused(cls: str, text: str) -> tuple[str, str, str]:
    return ("raised", cls, text)


def failing(function: Callable[[], Any]) -> str:
    """The class of an error whose text is no one's promise."""
    try:
        function()
    except Exception as error:
        return type(error).__name__
    return "no error"


async def afailing(awaitable: Any) -> str:
    try:
        await awaitable
    except Exception as error:
        return type(error).__name__
    return "no error"
