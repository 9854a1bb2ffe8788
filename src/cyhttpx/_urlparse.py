"""From a URL's text, or its components, to seven normalised parts (RFC 3986), as httpx 0.28 normalises them.

Not here: the public URL (`_urls`) and query parameters (`_query`). Where we differ from httpx, it is for an error
instead of a URL that two programs would read differently (RFC 3986 §7):

* a backslash in the authority is an error: httpx reads `http://a\\@b/` as host b, browsers as host a;
* a port is ASCII digits, at most 65535: httpx takes `:+80`, `:-1`, `:8_0`, `: 80`, `:８０`, `:70000`;
* an IPv6 zone is RFC 6874's unreserved characters: httpx lets spaces and other text through, into the Host field;
* text that no UTF-8 exists for (a lone surrogate) is InvalidURL, not UnicodeEncodeError.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from ._exceptions import InvalidURL

MAX_URL_LENGTH: Final = 65536
DEFAULT_PORTS: Final = {"ftp": 21, "http": 80, "https": 443, "ws": 80, "wss": 443}

# RFC 3986 appendix B, but the scheme has its grammar (`1:2` is a path), and may be empty before the colon.
_REFERENCE: Final = re.compile(
    r"(?:([A-Za-z][A-Za-z0-9+.-]*)?:)?(?://([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.DOTALL
)
_AUTHORITY: Final = re.compile(r"(?:(.*)@)?(\[.*\]|[^:@]*):?(.*)", re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")

# Already normal, but for port and dot segments: no upper case, nothing to encode, no userinfo. Most URLs are.
_PLAIN: Final = re.compile(
    r"(https?|wss?)://([a-z0-9._-]+)(?::([0-9]{1,5}))?(/[!$-;=@-_a-z|~]*)?(?:\?([!$-;=?-~]*))?(?:#([!#-;=?-_a-z{-~]*))?"
)

# What is percent-encoded per component: the sets of WHATWG URL §1.3. None has "%", so what is encoded stays as it is.
# "password" and "username" are what users give apart, "userinfo" the two joined by a colon.
_UNSAFE: Final = {
    "path": r"[^!$-;=@-_a-z|~]+",
    "query": r"[^!$-;=?-~]+",
    "fragment": r"[^!#-;=?-_a-z{-~]+",
    "userinfo": r"[^!$-.0-:A-Z_a-z~]+",
    "username": r"[^!$-.0-9A-Z_a-z~]+",
    "host": r"[^!\"$-.0-9;=A-Z_a-z`{-~]+",
}
_COMPONENTS: Final = {
    "scheme": r"(?:[A-Za-z][A-Za-z0-9+.-]*)?",
    "authority": r"[^/?#]*",
    "path": r"[^?#]*",
    "query": r"[^#]*",
    "fragment": r".*",
    "userinfo": r"[^@]*",
    "host": r"\[.*\]|[^:]*",
    "port": r".*",
}
_IPV4_STYLE: Final = r"[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+"
_IPV4: Final = r"(?:(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])(?:\.(?!$)|$)){4}"
_ZONE: Final = r"[A-Za-z0-9._~-]+"


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL)


class ParseResult(NamedTuple):
    """The parts of a URL, normalised and ASCII; None is an absent part where "" would be an empty one."""

    scheme: str
    userinfo: str
    host: str
    port: int | None
    path: str
    query: str | None
    fragment: str | None

    @property
    def netloc(self) -> str:
        """Host and port, the host of an IPv6 address in brackets."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"

    @property
    def authority(self) -> str:
        """Userinfo, host and port (RFC 3986 §3.2)."""
        return f"{self.userinfo}@{self.netloc}" if self.userinfo else self.netloc

    def copy_with(self, **components: str | int | None) -> ParseResult:
        """Parse again with some components replaced."""
        if not components:
            return self
        merged: dict[str, str | int | None] = {
            "scheme": self.scheme,
            "authority": self.authority,
            "path": self.path,
            "query": self.query,
            "fragment": self.fragment,
        }
        merged.update(components)
        return urlparse("", **merged)

    def __str__(self) -> str:
        return unparse(self.scheme, self.authority, self.path, self.query, self.fragment)


def unparse(scheme: str, authority: str, path: str, query: str | None, fragment: str | None) -> str:
    """Join parts to a URL (RFC 3986 §5.3); an empty authority is left out with its slashes."""
    text = f"{scheme}:" if scheme else ""
    if authority:
        text = f"{text}//{authority}{path}"
    else:
        text += path
    if query is not None:
        text = f"{text}?{query}"
    return text if fragment is None else f"{text}#{fragment}"


def parse_plain(url: str) -> ParseResult | None:
    """Parse a URL that needs no normalising; None for any other, which `urlparse` is for."""
    match = _PLAIN.fullmatch(url)
    if match is None or len(url) > MAX_URL_LENGTH:
        return None
    scheme, host, digits, path, query, fragment = match.groups()
    if path is None:
        path = ""
    elif "/." in path:
        return None
    if host[-1] <= "9" and _compiled(_IPV4_STYLE).fullmatch(host) and not _compiled(_IPV4).fullmatch(host):
        return None
    port = None
    if digits is not None:
        port = int(digits)
        if port > 65535:
            return None
        if port == DEFAULT_PORTS[scheme]:
            port = None
    return ParseResult(scheme, "", host, port, path, query, fragment)


def urlparse(url: str = "", **components: str | int | None) -> ParseResult:
    """Parse a URL; components given by keyword take the place of those in it.

    Keywords: scheme, authority, userinfo, username, password, host, port, netloc, path, query, raw_path, fragment.
    Raises InvalidURL.
    """
    if len(url) > MAX_URL_LENGTH:
        raise InvalidURL("URL too long")
    control = _CONTROL.search(url)
    if control is not None:
        raise InvalidURL(f"Invalid non-printable ASCII character in URL, {control[0]!r} at position {control.start()}.")
    match = _REFERENCE.fullmatch(url)
    assert match is not None, "every part of the pattern may be empty, and its last takes any text"
    scheme, authority, path, query, fragment = match.groups()
    if not components:
        userinfo, host, port = _split_authority(authority or "")
        return _normalize(scheme or "", userinfo, host, port, path, query, fragment)
    given = _check_components(_to_components(components))
    userinfo, host, port = _split_authority(given.get("authority", authority) or "")
    return _normalize(
        given.get("scheme", scheme) or "",
        given.get("userinfo", userinfo),
        given.get("host", host),
        given.get("port", port),
        given.get("path", path) or "",
        given.get("query", query),
        given.get("fragment", fragment),
    )


def _split_authority(authority: str) -> tuple[str | None, str | None, str | None]:
    if "\\" in authority:
        raise InvalidURL(f"Invalid character '\\' in URL authority: {authority.rpartition('@')[2]!r}")
    match = _AUTHORITY.fullmatch(authority)
    assert match is not None, "every part of the pattern may be empty, and its last takes any text"
    userinfo, host, port = match.groups()
    return userinfo, host, port


def _to_components(given: dict[str, str | int | None]) -> dict[str, str | None]:
    """Turn the keywords that are not components themselves into those that are."""
    parts: dict[str, str | None] = {
        key: str(value) if isinstance(value, int) else value for key, value in given.items()
    }
    if "netloc" in parts:
        netloc = parts.pop("netloc") or ""
        # Unlike httpx's, this finds the port after an IPv6 address.
        bracket = netloc.rfind("]") + 1
        host, _, parts["port"] = netloc[bracket:].partition(":")
        parts["host"] = netloc[:bracket] + host
    if "username" in parts or "password" in parts:
        username = quote(parts.pop("username", None) or "", "username")
        password = quote(parts.pop("password", None) or "", "username")
        parts["userinfo"] = f"{username}:{password}" if password else username
    if "raw_path" in parts:
        path, mark, query = (parts.pop("raw_path") or "").partition("?")
        parts["path"] = path
        parts["query"] = query if mark else None
    host = parts.get("host") or ""
    if ":" in host and not (host.startswith("[") and host.endswith("]")):
        parts["host"] = f"[{host}]"
    if "\\" in host:
        raise InvalidURL(f"Invalid character '\\' in URL authority: {host!r}")
    return parts


def _check_components(parts: dict[str, str | None]) -> dict[str, str | None]:
    for key, value in parts.items():
        if value is None:
            continue
        if len(value) > MAX_URL_LENGTH:
            raise InvalidURL(f"URL component '{key}' too long")
        control = _CONTROL.search(value)
        if control is not None:
            raise InvalidURL(
                f"Invalid non-printable ASCII character in URL {key} component, "
                f"{control[0]!r} at position {control.start()}."
            )
        if not _compiled(_COMPONENTS[key]).fullmatch(value):
            raise InvalidURL(f"Invalid URL component '{key}'")
    return parts


def _normalize(
    scheme: str,
    userinfo: str | None,
    host: str | None,
    port: str | None,
    path: str,
    query: str | None,
    fragment: str | None,
) -> ParseResult:
    parsed_userinfo = quote(userinfo, "userinfo") if userinfo else ""
    parsed_host = encode_host(host) if host else ""
    # The scheme as it was written, as in httpx: `HTTP://h:80` keeps its port, which does no harm but in the text.
    parsed_port = _parse_port(port, scheme) if port else None
    scheme = scheme.lower()
    if parsed_host or parsed_userinfo or parsed_port is not None:
        if path and path[0] != "/":
            raise InvalidURL("For absolute URLs, path must be empty or begin with '/'")
        path = _remove_dot_segments(path)
    elif scheme:
        path = _remove_dot_segments(path)
    elif path.startswith("//"):
        raise InvalidURL("Relative URLs cannot have a path starting with '//'")
    elif path.startswith(":"):
        raise InvalidURL("Relative URLs cannot have a path starting with ':'")
    return ParseResult(
        scheme,
        parsed_userinfo,
        parsed_host,
        parsed_port,
        quote(path, "path"),
        None if query is None else quote(query, "query"),
        None if fragment is None else quote(fragment, "fragment"),
    )


def encode_host(host: str) -> str:
    """Return a host in lower case and ASCII, an IPv6 address without its brackets; raises InvalidURL."""
    if host[0] == "[" and host[-1] == "]":
        return _parse_ipv6(host)
    if not host.isascii():
        import idna

        try:
            return idna.encode(host.lower()).decode("ascii")
        except idna.IDNAError:
            raise InvalidURL(f"Invalid IDNA hostname: {host!r}") from None
    if host[-1] <= "9" and _compiled(_IPV4_STYLE).fullmatch(host):
        if not _compiled(_IPV4).fullmatch(host):
            raise InvalidURL(f"Invalid IPv4 address: {host!r}")
        return host
    return quote(host.lower(), "host")


def _parse_ipv6(host: str) -> str:
    from ipaddress import AddressValueError, IPv6Address

    try:
        zone = IPv6Address(host[1:-1]).scope_id
    except AddressValueError:
        zone = "?"
    if zone is not None and not _compiled(_ZONE).fullmatch(zone):
        raise InvalidURL(f"Invalid IPv6 address: {host!r}")
    return host[1:-1]


def _parse_port(text: str, scheme: str) -> int | None:
    # isdecimal() knows other scripts' digits too, and int() raises its own ValueError for more than 4300 of them.
    if not (text.isascii() and text.isdecimal()) or len(text) > 4000:
        raise InvalidURL(f"Invalid port: {text!r}")
    port = int(text)
    if port > 65535:
        raise InvalidURL(f"Invalid port: {text!r}")
    return None if port == DEFAULT_PORTS.get(scheme) else port


def _remove_dot_segments(path: str) -> str:
    """Drop "." and ".." segments: httpx's rule, which, unlike RFC 3986 §5.2.4, leaves no slash in their place."""
    if "." not in path:
        return path
    segments = path.split("/")
    if "." not in segments and ".." not in segments:
        return path
    kept: list[str] = []
    for segment in segments:
        if segment == "..":
            if kept and kept != [""]:
                del kept[-1]
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept)


def quote(text: str, component: str) -> str:
    """Percent-encode what may not stand in a component, a key of `_UNSAFE`; InvalidURL for lone surrogates."""
    return _compiled(_UNSAFE[component]).sub(_quote_run, text)


def _quote_run(match: re.Match[str]) -> str:
    try:
        return "%" + match[0].encode().hex("%").upper()
    except UnicodeEncodeError:
        raise InvalidURL(f"Invalid text in URL, it has no UTF-8 encoding: {match[0]!r}") from None


@cache
def _hex_pairs() -> dict[bytes, bytes]:
    digits = "0123456789abcdefABCDEF"
    return {(high + low).encode(): bytes((int(high + low, 16),)) for high in digits for low in digits}


def unquote(text: str) -> str:
    """Percent-decode text as UTF-8, U+FFFD for what isn't; a "%" that starts no escape stays."""
    if "%" not in text:
        return text
    if text.isascii():
        return _unquote_ascii(text)
    return _compiled(r"[\x00-\x7f]+").sub(lambda match: _unquote_ascii(match[0]), text)


def _unquote_ascii(text: str) -> str:
    pairs = _hex_pairs()
    first, *others = text.encode().split(b"%")
    decoded = [first]
    for piece in others:
        byte = pairs.get(piece[:2])
        decoded.append(b"%" + piece if byte is None else byte + piece[2:])
    return b"".join(decoded).decode("utf-8", "replace")
