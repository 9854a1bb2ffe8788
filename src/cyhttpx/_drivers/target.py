"""Where to connect: all that a driver needs to know to dial."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .tls import TLSSettings

__all__ = ["Target"]


class Target(NamedTuple):
    """One peer, and the way there.

    `host` is a name or an IP literal without brackets; `tls` is None for a plain connection; `server_hostname` is the name for SNI and the
    certificate; `uds` a unix socket's path that goes before host and port; `socket_options` are `setsockopt` arguments.
    """

    host: str
    port: int
    tls: TLSSettings | None = None
    server_hostname: str | None = None
    uds: str | None = None
    local_address: str | None = None
    socket_options: tuple[tuple[Any, ...], ...] = ()

    @property
    def is_tls(self) -> bool:
        return self.tls is not None

    @property
    def literal_family(self) -> socket.AddressFamily | None:
        """The address family of an IP literal, None for a name. A scoped IPv6 address counts as a name: resolving knows its zone."""
        for family in (socket.AF_INET, socket.AF_INET6):
            try:
                socket.inet_pton(family, self.host)
            except OSError:
                continue
            return family
        return None
