"""Small things several modules need: proxies from the environment, patterns for mounts, a few conversions.

Not here: anything one module alone needs, and whatever has a file of its own.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, AnyStr

from ._exceptions import InvalidURL
from ._query import primitive_value_to_str
from ._urls import URL

if TYPE_CHECKING:
    from collections.abc import Iterator
    from ipaddress import IPv4Network, IPv6Network

__all__ = [
    "URLPattern",
    "get_environment_proxies",
    "is_ipv4_hostname",
    "is_ipv6_hostname",
    "parse_header_links",
    "peek_filelike_length",
    "primitive_value_to_str",
    "to_bytes",
    "to_bytes_or_str",
    "to_str",
    "unquote",
]


def get_environment_proxies() -> dict[str, str | None]:
    """Return what the environment says of proxies: a URL, or None for no proxy, by `URLPattern` text.

    HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY in either case; on Windows and macOS the system's settings too.
    Entries of NO_PROXY, between commas: `*` (no proxies at all); `example.com` (and what is under it);
    `.example.com` and `*.example.com` (only what is under it); IP addresses, in brackets or not; networks as
    `10.0.0.0/8` or `fe80::/10`; each but networks with an optional `:port`; or patterns such as `https://example.com`.
    An entry that makes no sense is ignored. (A proxy's URL that makes none is handed on: to ignore it would be to go
    without a proxy where one was wanted.)
    """
    settings = _proxy_settings()
    proxies: dict[str, str | None] = {}
    for scheme in ("http", "https", "all"):
        url = settings.get(scheme)
        if url:
            proxies[f"{scheme}://"] = url if "://" in url else f"http://{url}"
    for entry in settings.get("no", "").split(","):
        entry = entry.strip()
        if entry == "*":
            return {}
        if entry:
            pattern = _no_proxy_pattern(entry)
            try:
                URLPattern(pattern)
            except (InvalidURL, ValueError):
                continue
            proxies[pattern] = None
    return proxies


def _proxy_settings() -> dict[str, str]:
    if sys.platform in ("win32", "darwin"):
        from urllib.request import getproxies

        return getproxies()
    # What getproxies() does elsewhere, without its module, whose import takes longer than all of this package's.
    # Names in lower case win, even when empty. Under CGI, HTTP_PROXY may be a client's Proxy field (CVE-2016-1000110).
    found: dict[str, str] = {}
    for name, value in os.environ.items():
        lowered = name.lower()
        if lowered.endswith("_proxy") and value and not (lowered == "http_proxy" and "REQUEST_METHOD" in os.environ):
            found[lowered[:-6]] = value
    for name, value in os.environ.items():
        if name.endswith("_proxy"):
            if value:
                found[name[:-6].lower()] = value
            else:
                found.pop(name[:-6].lower(), None)
    return found


def _no_proxy_pattern(entry: str) -> str:
    if "://" in entry:
        return entry
    if is_ipv4_hostname(entry) or entry.lower() == "localhost" or entry.startswith("["):
        return f"all://{entry}"
    if is_ipv6_hostname(entry):
        address, slash, length = entry.partition("/")
        return f"all://[{address}]{slash}{length}"
    if entry.startswith("*."):
        return f"all://{entry}"
    return f"all://*{entry}"


class URLPattern:
    """What a key of `mounts` matches: `scheme://host:port`, of which each part may be missing.

    Scheme `all`, or none, is any scheme. Host `*`, or none, is any host; `*.example.com` what is under it;
    `*example.com` that and itself; an IP address followed by `/length` every address in that network (not in httpx).
    Without a port any port matches. Patterns sort from the most to the least specific.
    Raises ValueError for a bare scheme ("http") or a network that isn't one, InvalidURL for what is no URL.
    """

    __slots__ = ("_suffix", "host", "network", "pattern", "port", "scheme")

    network: IPv4Network | IPv6Network | None

    def __init__(self, pattern: str) -> None:
        if pattern and ":" not in pattern:
            raise ValueError(
                f"Proxy keys should use proper URL forms rather than plain scheme strings. "
                f'Instead of "{pattern}", use "{pattern}://"'
            )
        url = URL(pattern)
        host = url.host
        self.pattern = pattern
        self.scheme = "" if url.scheme == "all" else url.scheme
        self.host = "" if host == "*" else host
        self.port = url.port
        self._suffix = None
        if host.startswith("*"):
            self._suffix = host[1:] if host.startswith("*.") else f".{host[1:]}"
        self.network = _parse_network(host, url.path)

    def matches(self, other: URL) -> bool:
        """Tell whether a URL matches."""
        if self.scheme and self.scheme != other.scheme:
            return False
        if self.port is not None and self.port != other.port:
            return False
        if not self.host:
            return True
        host = other.host
        if self.network is not None:
            return _is_within(host, self.network)
        if self._suffix is None:
            return host == self.host
        if host.endswith(self._suffix) and len(host) > len(self._suffix):
            return True
        return not self.host.startswith("*.") and host == self.host[1:]

    @property
    def priority(self) -> tuple[int, int, int]:
        """What patterns sort by: those with a port first, then longer hosts, then longer schemes."""
        return (1 if self.port is None else 0, -len(self.host), -len(self.scheme))

    def __hash__(self) -> int:
        return hash(self.pattern)

    def __lt__(self, other: URLPattern) -> bool:
        return self.priority < other.priority

    def __eq__(self, other: object) -> bool:
        return isinstance(other, URLPattern) and self.pattern == other.pattern

    def __repr__(self) -> str:
        return f"URLPattern({self.pattern!r})"


def _parse_network(host: str, path: str) -> IPv4Network | IPv6Network | None:
    if not path[1:].isdecimal() or not (is_ipv4_hostname(host) or is_ipv6_hostname(host)):
        return None
    from ipaddress import ip_network

    return ip_network(host + path, strict=False)


def _is_within(host: str, network: IPv4Network | IPv6Network) -> bool:
    # Every request of a client with such a mount comes by here: names are told apart without raising.
    if ":" not in host and not host[-1:].isdecimal():
        return False
    from ipaddress import ip_address

    try:
        return ip_address(host) in network
    except ValueError:
        return False


def is_ipv4_hostname(hostname: str) -> bool:
    """Tell whether text is an IPv4 address, or a network as `address/length`."""
    from ipaddress import AddressValueError, IPv4Address

    try:
        IPv4Address(hostname.split("/")[0])
    except AddressValueError:
        return False
    return True


def is_ipv6_hostname(hostname: str) -> bool:
    """Tell whether text is an IPv6 address without brackets, or a network as `address/length`."""
    from ipaddress import AddressValueError, IPv6Address

    try:
        IPv6Address(hostname.split("/")[0])
    except AddressValueError:
        return False
    return True


def to_bytes(value: str | bytes, encoding: str = "utf-8") -> bytes:
    """Encode text; leave bytes."""
    return value.encode(encoding) if isinstance(value, str) else value


def to_str(value: str | bytes, encoding: str = "utf-8") -> str:
    """Decode bytes; leave text."""
    return value if isinstance(value, str) else value.decode(encoding)


def to_bytes_or_str(value: str, match_type_of: AnyStr) -> AnyStr:
    """Return text as the type of `match_type_of`."""
    return value if isinstance(match_type_of, str) else value.encode()


def unquote(value: str) -> str:
    """Remove the double quotes around text, if both are there."""
    return value[1:-1] if len(value) > 1 and value[0] == value[-1] == '"' else value


def peek_filelike_length(stream: Any) -> int | None:
    """Return how many bytes a file holds, from its start, without reading it; None where it can't be told."""
    try:
        return os.fstat(stream.fileno()).st_size
    except (AttributeError, OSError):
        pass
    try:
        position = stream.tell()
        length: int = stream.seek(0, os.SEEK_END)
        stream.seek(position)
    except (AttributeError, OSError):
        return None
    return length


def parse_header_links(value: str) -> list[dict[str, str]]:
    """Parse a Link field (RFC 8288 §3) into one dict per link: its target as "url", and its parameters."""
    links: list[dict[str, str]] = []
    for element in _split_outside(value, ","):
        target, *parameters = _split_outside(element, ";")
        link = {"url": target.strip(" \t<>'\"")}
        for parameter in parameters:
            name, equals, text = parameter.partition("=")
            if equals:
                link[name.strip(" \t'\"")] = text.strip(" \t'\"")
        if link["url"]:
            links.append(link)
    return links


def _split_outside(text: str, separator: str) -> Iterator[str]:
    """Split text at a separator that is neither in <...> nor in "..."."""
    start = 0
    closing = previous = ""
    for position, character in enumerate(text):
        if closing:
            if character == closing and previous != "\\":
                closing = ""
        elif character == "<":
            closing = ">"
        elif character == '"':
            closing = '"'
        elif character == separator:
            yield text[start:position]
            start = position + 1
        previous = character
    yield text[start:]
