"""Marks: "as the client has it", and how far a client's life has come."""

from __future__ import annotations

import enum

__all__ = ["USE_CLIENT_DEFAULT", "ClientState", "UseClientDefault"]


class UseClientDefault:
    """The type of `USE_CLIENT_DEFAULT`: an argument's default where None has a meaning of its own.

    `auth=None` sends without authentication, `auth=USE_CLIENT_DEFAULT` with the client's.
    """


USE_CLIENT_DEFAULT = UseClientDefault()


class ClientState(enum.Enum):
    """How far a client's life has come."""

    UNOPENED = 1
    OPENED = 2
    CLOSED = 3
