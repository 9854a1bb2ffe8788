"""What users configure: `Timeout`, `Limits`, `Proxy`, the TLS context made from `verify` and `cert`; their defaults.

Not here: who obeys them, and the process-wide cache of TLS contexts (the drivers).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final

from ._urls import URL

if TYPE_CHECKING:
    import ssl

    from ._types import CertTypes, HeaderTypes, TimeoutTypes

__all__ = ["Limits", "Proxy", "Timeout", "create_ssl_context"]


class UnsetType:
    """The type of `UNSET`: an argument that was not given, where None means something."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        return "UNSET"


UNSET: Final = UnsetType()


def create_ssl_context(
    verify: ssl.SSLContext | str | bool = True, cert: CertTypes | None = None, trust_env: bool = True
) -> ssl.SSLContext:
    """Make a TLS context for a client (https://www.python-httpx.org/advanced/ssl/).

    verify: True for certifi's authorities, or with `trust_env` those of SSL_CERT_FILE or SSL_CERT_DIR; False for no
    verification; a context, which is returned; a path to a file or directory of authorities (deprecated).
    cert: a client certificate's file, or (certificate, key[, password]) (deprecated).
    Raises what `ssl` raises for files that are missing or hold no certificate: OSError, ssl.SSLError.
    """
    import ssl

    if verify is True:
        context = _verifying_context(trust_env)
    elif verify is False:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif isinstance(verify, str):
        _deprecated(
            "`verify=<str>` is deprecated. Use `verify=ssl.create_default_context(cafile=...)` "
            "or `verify=ssl.create_default_context(capath=...)` instead."
        )
        if os.path.isdir(verify):
            context = ssl.create_default_context(capath=verify)
        else:
            context = ssl.create_default_context(cafile=verify)
    else:
        context = verify
    if cert:
        # httpx forgets `cert` where `verify` is a path; whoever gives both wants both.
        _deprecated(
            "`cert=...` is deprecated. Use `verify=<ssl_context>` instead, "
            "with `.load_cert_chain()` to configure the certificate chain."
        )
        context.load_cert_chain(*((cert,) if isinstance(cert, str) else cert))
    return context


def _verifying_context(trust_env: bool) -> ssl.SSLContext:
    import ssl

    if trust_env and os.environ.get("SSL_CERT_FILE"):
        return ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"])
    if trust_env and os.environ.get("SSL_CERT_DIR"):
        return ssl.create_default_context(capath=os.environ["SSL_CERT_DIR"])
    import certifi

    return ssl.create_default_context(cafile=certifi.where())


def _deprecated(message: str) -> None:
    import warnings

    warnings.warn(message, DeprecationWarning, stacklevel=3)


class Timeout:
    """Time limits in seconds, None for no limit; attributes `connect`, `read`, `write`, `pool`, `total`.

    timeout: a default for the first four, a tuple of two to four in that order (None for what it lacks), or a Timeout
    to copy. total: a limit on the whole exchange, from the wait for the pool to the body's last byte (not in httpx).
    ValueError for a negative number, NaN, or when neither a default nor all four are given.
    """

    __slots__ = ("connect", "pool", "read", "total", "write")

    connect: float | None
    read: float | None
    write: float | None
    pool: float | None
    total: float | None

    def __init__(
        self,
        timeout: TimeoutTypes | UnsetType = UNSET,
        *,
        connect: float | UnsetType | None = UNSET,
        read: float | UnsetType | None = UNSET,
        write: float | UnsetType | None = UNSET,
        pool: float | UnsetType | None = UNSET,
        total: float | None = None,
    ) -> None:
        if isinstance(timeout, Timeout):
            assert connect is UNSET
            assert read is UNSET
            assert write is UNSET
            assert pool is UNSET
            self.connect = timeout.connect
            self.read = timeout.read
            self.write = timeout.write
            self.pool = timeout.pool
            self.total = timeout.total if total is None else total
        elif isinstance(timeout, tuple):
            self.connect = timeout[0]
            self.read = timeout[1]
            self.write = timeout[2] if len(timeout) > 2 else None
            self.pool = timeout[3] if len(timeout) > 3 else None
            self.total = total
        else:
            # Timeouts are made per request where the user gives one.
            self.connect = timeout if connect is UNSET else connect  # type: ignore[assignment]
            self.read = timeout if read is UNSET else read  # type: ignore[assignment]
            self.write = timeout if write is UNSET else write  # type: ignore[assignment]
            self.pool = timeout if pool is UNSET else pool  # type: ignore[assignment]
            self.total = total
            if timeout is UNSET and (connect is UNSET or read is UNSET or write is UNSET or pool is UNSET):
                raise ValueError("httpx.Timeout must either include a default, or set all four parameters explicitly.")
        for value in (self.connect, self.read, self.write, self.pool, self.total):
            # A deadline computed from NaN would never pass.
            if value is not None and not value >= 0:
                raise ValueError(f"A timeout must be None or a number of seconds, not {value!r}")

    def as_dict(self) -> dict[str, float | None]:
        """Return the limits as a request's `extensions["timeout"]` has them; "total" only where it is set."""
        limits = {"connect": self.connect, "read": self.read, "write": self.write, "pool": self.pool}
        if self.total is not None:
            limits["total"] = self.total
        return limits

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Timeout) and self.as_dict() == other.as_dict()

    def __repr__(self) -> str:
        if self.connect == self.read == self.write == self.pool:
            limits = f"timeout={self.connect}"
        else:
            limits = f"connect={self.connect}, read={self.read}, write={self.write}, pool={self.pool}"
        total = "" if self.total is None else f", total={self.total}"
        return f"{self.__class__.__name__}({limits}{total})"


class Limits:
    """Limits of a connection pool; None for no limit.

    max_connections: open at once. max_keepalive_connections: kept open while idle. keepalive_expiry: seconds that an
    idle one is kept. Not in httpx: max_connections_per_host: open at once to one origin; max_lifetime: seconds after
    which a connection takes no further request.
    """

    __slots__ = (
        "keepalive_expiry",
        "max_connections",
        "max_connections_per_host",
        "max_keepalive_connections",
        "max_lifetime",
    )

    def __init__(
        self,
        *,
        max_connections: int | None = None,
        max_keepalive_connections: int | None = None,
        keepalive_expiry: float | None = 5.0,
        max_connections_per_host: int | None = None,
        max_lifetime: float | None = None,
    ) -> None:
        self.max_connections = max_connections
        self.max_keepalive_connections = max_keepalive_connections
        self.keepalive_expiry = keepalive_expiry
        self.max_connections_per_host = max_connections_per_host
        self.max_lifetime = max_lifetime

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Limits) and all(
            getattr(self, name) == getattr(other, name) for name in Limits.__slots__
        )

    def __repr__(self) -> str:
        text = (
            f"max_connections={self.max_connections}, "
            f"max_keepalive_connections={self.max_keepalive_connections}, "
            f"keepalive_expiry={self.keepalive_expiry}"
        )
        if self.max_connections_per_host is not None:
            text += f", max_connections_per_host={self.max_connections_per_host}"
        if self.max_lifetime is not None:
            text += f", max_lifetime={self.max_lifetime}"
        return f"{self.__class__.__name__}({text})"


class Proxy:
    """A proxy server: its URL without credentials, `auth` (also from the URL, which wins), `headers`, `ssl_context`.

    url: of scheme http, https, socks5 or socks5h, else ValueError; InvalidURL if it can't be parsed.
    ssl_context: for the connection to an https proxy. headers: sent to the proxy alone.
    """

    def __init__(
        self,
        url: URL | str,
        *,
        ssl_context: ssl.SSLContext | None = None,
        auth: tuple[str, str] | None = None,
        headers: HeaderTypes | None = None,
    ) -> None:
        from ._engine import Headers

        url = URL(url)
        if url.scheme not in ("http", "https", "socks5", "socks5h"):
            raise ValueError(f"Unknown scheme for proxy URL {url!r}")
        if url.username or url.password:
            auth = (url.username, url.password)
            url = url.copy_with(username=None, password=None)
        self.url = url
        self.auth = auth
        self.headers = Headers(headers)
        self.ssl_context = ssl_context

    @property
    def raw_auth(self) -> tuple[bytes, bytes] | None:
        """User name and password in UTF-8, None without credentials."""
        return None if self.auth is None else (self.auth[0].encode("utf-8"), self.auth[1].encode("utf-8"))

    def __repr__(self) -> str:
        details: list[Any] = [repr(str(self.url))]
        if self.auth:
            details.append(f"auth={(self.auth[0], '********')!r}")
        if self.headers:
            # httpx masks a password given as `auth`, but not one in these fields.
            secrets = ("authorization", "proxy-authorization")
            shown = {name: "[secure]" if name.lower() in secrets else value for name, value in self.headers.items()}
            details.append(f"headers={shown!r}")
        return f"Proxy({', '.join(details)})"


DEFAULT_TIMEOUT_CONFIG: Final = Timeout(timeout=5.0)
DEFAULT_LIMITS: Final = Limits(max_connections=100, max_keepalive_connections=20)
DEFAULT_MAX_REDIRECTS: Final = 20
