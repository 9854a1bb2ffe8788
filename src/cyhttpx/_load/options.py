"""What a load run is asked to do, and the checks of it that need no network. No option parsing lives here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

# Descriptors that are not connections: the standard streams, the loop's own, certificate and source files.
SPARE_DESCRIPTORS: Final = 64


class LoadError(Exception):
    """A run that cannot be started, as one line for the user; `exit_code` 2 where the arguments are at fault."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(" ".join(message.split()))
        self.exit_code = exit_code


@dataclass(frozen=True)
class Options:
    """One load run. With neither `requests` nor `seconds` it goes on until it is stopped."""

    url: str
    method: str = "GET"
    headers: Sequence[tuple[str, str]] = field(default=())
    content: bytes | None = None
    connections: int = 64
    requests: int | None = None
    seconds: float | None = None
    timeout: float = 5.0
    verify: bool = True


def parse_header(text: str) -> tuple[str, str]:
    """Split `Name: value`; `ValueError` without a name or a colon."""
    name, colon, value = text.partition(":")
    name, value = name.strip(), value.strip()
    if not colon or not name:
        raise ValueError(f"{text!r} is not of the form 'Name: value'")
    return name, value


def read_data(text: str) -> bytes:
    """Return the bytes of `--data`: the text itself, or those of the file named after `@` (raises `OSError`)."""
    if not text.startswith("@"):
        return text.encode()
    with open(text[1:], "rb") as file:
        return file.read()


def ensure_descriptors(connections: int) -> None:
    """Raise the soft limit of open files as far as `connections` need; `LoadError` where the hard limit is below."""
    try:
        import resource
    except ImportError:
        # Windows, which has no such limit on sockets.
        return
    needed = connections + SPARE_DESCRIPTORS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= needed:
        return
    if hard != resource.RLIM_INFINITY and hard < needed:
        raise LoadError(f"{connections} connections need {needed} open files, and the limit is {hard}", 2)
    resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))
