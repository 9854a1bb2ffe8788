"""The clients. What doesn't wait is in `_base`, shared by all of them."""

from __future__ import annotations

from ._async import AsyncClient
from ._base import BaseClient
from ._defaults import USE_CLIENT_DEFAULT, ClientState, UseClientDefault

__all__ = ["USE_CLIENT_DEFAULT", "AsyncClient", "BaseClient", "ClientState", "UseClientDefault"]
