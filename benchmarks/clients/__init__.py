"""The clients that are compared, by name. Each is one adapter behind the verbs of `base.Adapter`."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from .base import Adapter

# name: (module of the adapter, its class, the environment it is measured in)
CLIENTS: Final[dict[str, tuple[str, str, dict[str, str]]]] = {
    "raw": ("raw", "RawAdapter", {}),
    "cyhttpx-c": ("httpx_api", "CyhttpxAdapter", {"CYHTTPX_ENGINE": "c"}),
    "cyhttpx-py": ("httpx_api", "CyhttpxAdapter", {"CYHTTPX_ENGINE": "py"}),
    "pycurl": ("pycurl_multi", "PycurlAdapter", {}),
    "pyreqwest": ("pyreqwest_client", "PyreqwestAdapter", {}),
    "aiohttp": ("aiohttp_session", "AiohttpAdapter", {}),
    "httpx2": ("httpx_api", "Httpx2Adapter", {}),
    "httpx": ("httpx_api", "HttpxAdapter", {}),
}


def adapter_class(name: str) -> type[Adapter]:
    """Return a client's adapter; `ImportError` where the client is not installed."""
    module, attribute, _ = CLIENTS[name]
    found: type[Adapter] = getattr(importlib.import_module(f"{__name__}.{module}"), attribute)
    return found
