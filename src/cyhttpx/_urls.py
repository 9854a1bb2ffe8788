"""The public `URL` and `Origin`, and the two helpers the client's hot path uses: `cached_url` and `with_params`.

Not here: parsing and its differences from httpx (`_urlparse`), query parameters (`_query`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ._query import QueryParams
from ._urlparse import DEFAULT_PORTS, MAX_URL_LENGTH, ParseResult, parse_plain, unparse, unquote, urlparse

if TYPE_CHECKING:
    from ._types import QueryParamTypes

__all__ = ["URL", "Origin", "QueryParams", "cached_url", "with_params"]

_KEYWORDS: Final[dict[str, type]] = {
    "scheme": str,
    "username": str,
    "password": str,
    "userinfo": bytes,
    "host": str,
    "port": int,
    "netloc": bytes,
    "path": str,
    "query": bytes,
    "raw_path": bytes,
    "fragment": str,
    "params": object,
}


class URL:
    """A URL, parsed and normalised; it never changes.

    url: text, or a URL. Keywords replace components: scheme, username, password, host, path, fragment (str); userinfo,
    netloc, query, raw_path (bytes); port (int); params (as for QueryParams).
    Raises InvalidURL, and TypeError for a keyword or a type that isn't one of these.
    """

    # The last four are made when first asked for (__getattr__), and from then on are plain slots:
    #   _str          the URL as text
    #   _origin_key   (scheme, ASCII host without brackets, effective port; 0 where the scheme has none we know)
    #   _target       the path and query as the request line has them; b"/" for an empty path
    #   _host_header  host[:port] as in the Host field: brackets around IPv6, the default port left out
    __slots__ = ("__weakref__", "_host_header", "_origin_key", "_str", "_target", "_uri_reference")

    _uri_reference: ParseResult
    _str: str
    _origin_key: tuple[str, str, int]
    _target: bytes
    _host_header: bytes

    def __init__(self, url: URL | str = "", **kwargs: Any) -> None:
        if kwargs:
            kwargs = _check_keywords(kwargs)
        if isinstance(url, str):
            reference = None if kwargs else parse_plain(url)
            self._uri_reference = urlparse(url, **kwargs) if reference is None else reference
        elif isinstance(url, URL):
            self._uri_reference = url._uri_reference.copy_with(**kwargs)
        else:
            raise TypeError(f"Invalid type for url.  Expected str or httpx.URL, got {type(url)}: {url!r}")

    if not TYPE_CHECKING:

        def __getattr__(self, name):
            # Only called for a slot that is still empty, or for a name that doesn't exist.
            if name == "_uri_reference":
                # Made from its parts by the compiled core: the text is normal, and parsing it can wait.
                self._uri_reference = reference = urlparse(self._str)
                return reference
            make = _LAZY.get(name)
            if make is None:
                raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self)
            value = make(self._uri_reference)
            setattr(self, name, value)
            return value

    @classmethod
    def _wrap(cls, reference: ParseResult) -> URL:
        url = URL.__new__(URL)
        url._uri_reference = reference
        return url

    @property
    def scheme(self) -> str:
        """The scheme in lower case, "" in a relative URL."""
        return self._uri_reference.scheme

    @property
    def raw_scheme(self) -> bytes:
        """The scheme as bytes."""
        return self._uri_reference.scheme.encode("ascii")

    @property
    def userinfo(self) -> bytes:
        """User name and password, percent-encoded: b"jo%40email.com:a%20secret"."""
        return self._uri_reference.userinfo.encode("ascii")

    @property
    def username(self) -> str:
        """The user name, decoded."""
        return unquote(self._uri_reference.userinfo.partition(":")[0])

    @property
    def password(self) -> str:
        """The password, decoded."""
        return unquote(self._uri_reference.userinfo.partition(":")[2])

    @property
    def host(self) -> str:
        """The host in lower case, as Unicode if it starts with "xn--", without an IPv6 address's brackets."""
        host = self._uri_reference.host
        return _decode_idna(host) if host.startswith("xn--") else host

    @property
    def raw_host(self) -> bytes:
        """The host as bytes, IDNA-encoded, without an IPv6 address's brackets."""
        return self._uri_reference.host.encode("ascii")

    @property
    def port(self) -> int | None:
        """The port; None where it is absent or the scheme's default."""
        return self._uri_reference.port

    @property
    def netloc(self) -> bytes:
        """Host and port as the Host field has them."""
        return self._host_header

    @property
    def path(self) -> str:
        """The path, decoded; "/" if empty."""
        return unquote(self._uri_reference.path or "/")

    @property
    def query(self) -> bytes:
        """The query, percent-encoded, without its question mark; b"" where there is none."""
        return (self._uri_reference.query or "").encode("ascii")

    @property
    def params(self) -> QueryParams:
        """The query as parameters."""
        return QueryParams(self._uri_reference.query)

    @property
    def raw_path(self) -> bytes:
        """Path and query, percent-encoded, as the request line has them."""
        return self._target

    @property
    def fragment(self) -> str:
        """The fragment, decoded, without its hash sign."""
        return unquote(self._uri_reference.fragment or "")

    @property
    def origin(self) -> Origin:
        """The origin (RFC 6454 §4); ValueError for a relative URL. Not in httpx."""
        return Origin(self)

    @property
    def is_absolute_url(self) -> bool:
        """Whether there is a scheme and a host."""
        return bool(self._uri_reference.scheme and self._uri_reference.host)

    @property
    def is_relative_url(self) -> bool:
        """Whether the scheme or the host is missing."""
        return not self.is_absolute_url

    @property
    def raw(self) -> tuple[bytes, bytes, int | None, bytes]:
        """Deprecated: (raw_scheme, raw_host, port, raw_path)."""
        import warnings
        from collections import namedtuple

        warnings.warn("URL.raw is deprecated.", stacklevel=2)
        RawURL = namedtuple("RawURL", ["raw_scheme", "raw_host", "port", "raw_path"])  # noqa: PYI024 - rare
        return RawURL(self.raw_scheme, self.raw_host, self.port, self.raw_path)

    def copy_with(self, **kwargs: Any) -> URL:
        """Return a copy with some components replaced; the keywords of `URL`."""
        return URL(self, **kwargs)

    def copy_set_param(self, key: str, value: Any = None) -> URL:
        """Return a copy in which a query parameter has this one value."""
        return self.copy_with(params=self.params.set(key, value))

    def copy_add_param(self, key: str, value: Any = None) -> URL:
        """Return a copy in which a query parameter has one more value."""
        return self.copy_with(params=self.params.add(key, value))

    def copy_remove_param(self, key: str) -> URL:
        """Return a copy without a query parameter."""
        return self.copy_with(params=self.params.remove(key))

    def copy_merge_params(self, params: QueryParamTypes) -> URL:
        """Return a copy in which the query parameters named in `params` have the values they have there."""
        return with_params(self, params)

    def join(self, url: URL | str) -> URL:
        """Resolve a URL against this one (RFC 3986 §5)."""
        from urllib.parse import urljoin

        return URL(urljoin(self._str, URL(url)._str))

    def __hash__(self) -> int:
        return hash(self._str)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, URL):
            return self._str == other._str
        return isinstance(other, str) and self._str == URL(other)._str

    def __str__(self) -> str:
        return self._str

    def __repr__(self) -> str:
        reference = self._uri_reference
        username, colon, _ = reference.userinfo.partition(":")
        authority = reference._replace(userinfo=f"{username}:[secure]" if colon else username).authority
        text = unparse(reference.scheme, authority, reference.path, reference.query, reference.fragment)
        return f"{self.__class__.__name__}({text!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Not by way of the text: a few odd URLs (a default port after a scheme in upper case) change when parsed twice.
        return _restore, (type(self), tuple(self._uri_reference))


def _restore(cls: type[URL], parts: tuple[Any, ...]) -> URL:
    url = cls.__new__(cls)
    url._uri_reference = ParseResult(*parts)
    return url


def _make_target(reference: ParseResult) -> bytes:
    path = reference.path or "/"
    return (path if reference.query is None else f"{path}?{reference.query}").encode("ascii")


def _make_origin_key(reference: ParseResult) -> tuple[str, str, int]:
    scheme, port = reference.scheme, reference.port
    return scheme, reference.host, DEFAULT_PORTS.get(scheme, 0) if port is None else port


_LAZY: Final = {
    "_str": ParseResult.__str__,
    "_origin_key": _make_origin_key,
    "_target": _make_target,
    "_host_header": lambda reference: reference.netloc.encode("ascii"),
}


def _check_keywords(given: dict[str, Any]) -> dict[str, Any]:
    for key, value in given.items():
        expected = _KEYWORDS.get(key)
        if expected is None:
            raise TypeError(f"{key!r} is an invalid keyword argument for URL()")
        if value is not None and not isinstance(value, expected):
            raise TypeError(f"Argument {key!r} must be {expected.__name__} but got {type(value).__name__}")
        if isinstance(value, bytes):
            given[key] = value.decode("ascii")
    if "params" in given:
        params = given.pop("params")
        # No parameters is no query, rather than an empty one: no question mark.
        given["query"] = str(QueryParams(params)) if params else None
    return given


def _decode_idna(host: str) -> str:
    import idna

    try:
        return idna.decode(host)
    except idna.IDNAError:
        # A name no one can have registered, but DNS may know it. httpx raises idna's error from the attribute.
        return host


class Origin:
    """What a URL's resources share (RFC 6454 §4): scheme, host, effective port (None for an unknown scheme's default).

    Immutable, comparable, hashable. Raises ValueError for a relative URL. Not in httpx.
    """

    __slots__ = ("host", "port", "scheme")

    scheme: str
    host: str
    port: int | None

    def __init__(self, url: URL | str) -> None:
        if isinstance(url, str):
            url = URL(url)
        if url.is_relative_url:
            raise ValueError("URL must be absolute to have an origin")
        self.__setstate__((url.scheme, url.host, DEFAULT_PORTS.get(url.scheme) if url.port is None else url.port))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"cannot delete field {name!r}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Origin):
            return NotImplemented
        return (self.scheme, self.host, self.port) == (other.scheme, other.host, other.port)

    def __hash__(self) -> int:
        return hash((self.scheme, self.host, self.port))

    def __repr__(self) -> str:
        return f"Origin(scheme={self.scheme!r}, host={self.host!r}, port={self.port!r})"

    def __getstate__(self) -> tuple[str, str, int | None]:
        return self.scheme, self.host, self.port

    def __setstate__(self, state: tuple[str, str, int | None]) -> None:
        for name, value in zip(("scheme", "host", "port"), state, strict=True):
            object.__setattr__(self, name, value)


def with_params(url: URL, params: QueryParamTypes) -> URL:
    """Return a copy of a URL in which the query parameters named in `params` have the values they have there."""
    merged = QueryParams(params)
    scheme, userinfo, host, port, path, query, fragment = url._uri_reference
    if query:
        merged = QueryParams._wrap({**QueryParams(query)._dict, **merged._dict})
    query = str(merged) if merged else None
    odd_port = port is not None and port == DEFAULT_PORTS.get(scheme)
    if odd_port or "%" in host or (query is not None and len(query) > MAX_URL_LENGTH):
        # Parsing again, as httpx does, would change the port or the case of the host's escapes, or be refused.
        return URL(url, query=None if query is None else query.encode("ascii"))
    # Form data needs no percent-encoding in a query: its characters are all among those the query may have.
    return URL._wrap(ParseResult(scheme, userinfo, host, port, path, query, fragment))


# Two generations, each a dict of at most half the entries: when the young one is full it becomes the old one, and the
# old one goes. A hit costs one lookup, nothing is searched or reordered, and what is in use survives, being copied up.
# Both names are only rebound, both dicts only written to by single operations: threads can at worst lose an entry.
_GENERATION: Final = 512
_CACHEABLE_LENGTH: Final = 2048
_young: dict[str, URL] = {}
_old: dict[str, URL] = {}


def cached_url(url: str) -> URL:
    """Return `URL(url)`, the same object again for the same text.

    1024 of them are remembered, none of more than 2048 characters. Raises InvalidURL; an error is never remembered.
    """
    found = _young.get(url)
    return found if found is not None else _remember(url)


def _remember(url: str) -> URL:
    global _young, _old
    found = _old.get(url)
    if found is None:
        found = URL(url)
        if len(url) > _CACHEABLE_LENGTH:
            return found
    if len(_young) >= _GENERATION:
        _old, _young = _young, {}
    _young[url] = found
    return found
