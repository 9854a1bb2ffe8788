"""TLS contexts: made when first needed, once per process for the same settings.

A context that we made is never shown to anyone who could change it; a context of the user's is used as it is and never cached.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from .._config import create_ssl_context

if TYPE_CHECKING:
    from ssl import SSLContext
    from threading import Lock

    from .._types import CertTypes

__all__ = ["TLSSettings", "cached", "made"]


class TLSSettings(NamedTuple):
    """What a context is made from. `alpn`: the protocols offered, in order of preference."""

    verify: SSLContext | str | bool = True
    cert: CertTypes | None = None
    trust_env: bool = True
    alpn: tuple[str, ...] = ("http/1.1",)

    @property
    def cache_key(self) -> tuple[object, ...]:
        env = (os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")) if self.trust_env else None
        return (self.verify, self.cert, self.alpn, env)


_contexts: dict[tuple[object, ...], SSLContext] = {}
_lock: Lock | None = None


def cached(settings: TLSSettings | None) -> SSLContext | None:
    """Return the context for these settings if there is one already."""
    if settings is None:
        return None
    if not isinstance(settings.verify, (str, bool)):
        return settings.verify
    return _contexts.get(settings.cache_key)


def made(settings: TLSSettings) -> SSLContext:
    """Return the context for these settings, making it if need be (some 10 ms).

    Raises OSError and ssl.SSLError for files that can't be read or aren't certificates.
    """
    global _lock
    if _lock is None:
        from threading import Lock

        _lock = Lock()
    with _lock:
        context = cached(settings)
        if context is None:
            context = create_ssl_context(verify=settings.verify, cert=settings.cert, trust_env=settings.trust_env)
            context.set_alpn_protocols(list(settings.alpn))
            _contexts[settings.cache_key] = context
    return context
