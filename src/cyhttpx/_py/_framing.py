"""What header fields say of the framing and of the connection, of a response and of a request (RFC 9112 §6, §9.6).

The decisions are the table of docs/engine-contract.md. What doesn't live here: reading lines (`_guard`), keeping state
(`http1`).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from .._exceptions import LocalProtocolError, RemoteProtocolError
from .._wire import MAX_LENGTH
from ._guard import OWS, shown

if TYPE_CHECKING:
    from .headers import Headers

__all__ = ["RequestFraming", "ResponseFraming", "serialise"]

TOKEN: Final = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++")
# No blank at either end: httpx refuses such values too, as its h11 does.
SENT_VALUE: Final = re.compile(rb"(?:(?![ \t])[\t\x20-\x7e\x80-\xff]*+(?<![ \t]))?")
TARGET: Final = re.compile(rb"[^\x00-\x20\x7f-\xff]++")
MAX_SECONDS: Final = 2**31 - 1


def number(digits: bytes) -> int:
    """1*DIGIT as a number up to 2^63-1; -1 if it is anything else."""
    # bytes.isdigit knows ASCII digits alone. A number of 20 digits, leading zeros apart, is too large whatever it is:
    # it needs no conversion, whose cost is not linear.
    if not digits.isdigit():
        return -1
    digits = digits.lstrip(b"0")
    value = int(digits or b"0") if len(digits) < 20 else MAX_LENGTH + 1
    return value if value <= MAX_LENGTH else -1


def elements(value: bytes) -> list[bytes]:
    """The elements of a comma-separated list, in lower case."""
    return [element.strip(OWS) for element in value.lower().split(b",")]


class ResponseFraming:
    """What the fields of a final response's head say, each field looked at once."""

    def __init__(self, pairs: list[tuple[bytes, bytes]], is_http10: bool, has_body: bool) -> None:
        self.has_set_cookie = False
        self.has_content_encoding = False
        self.keep_alive_timeout = -1
        self.is_chunked = False
        # -1: by chunks, or until the peer closes.
        self.length = -1
        self.keeps_alive = not is_http10
        self._closes = False
        self._codings: list[bytes] = []
        for name, value in pairs:
            self._read_field(name.lower(), value, has_body)
        if not has_body:
            self.length = 0
        elif self._codings:
            # RFC 9112 §6.1: beside a length, or in HTTP/1.0, somebody on the way may have read it otherwise.
            self._closes = self._closes or self.length >= 0 or is_http10
            self.length = -1
            self.is_chunked = ends_chunked(self._codings)
        if self._closes or self.reads_until_close:
            self.keeps_alive = False

    def _read_field(self, name: bytes, value: bytes, has_body: bool) -> None:
        match name:
            case b"connection":
                options = elements(value)
                self._closes = self._closes or b"close" in options
                self.keeps_alive = self.keeps_alive or b"keep-alive" in options
            case b"set-cookie":
                self.has_set_cookie = True
            case b"keep-alive":
                self.keep_alive_timeout = keep_alive_seconds(value)
            case b"content-encoding":
                self.has_content_encoding = self.has_content_encoding or bool(value)
            case b"content-length" if has_body:
                self._read_length(value)
            case b"transfer-encoding" if has_body:
                self._codings.append(value)

    @property
    def reads_until_close(self) -> bool:
        return self.length < 0 and not self.is_chunked

    def _read_length(self, value: bytes) -> None:
        """One Content-Length line: equal values, also equal to those of other lines (RFC 9110 §8.6)."""
        for element in value.split(b","):
            length = number(element.strip(OWS))
            if length < 0 or (self.length >= 0 and length != self.length):
                raise RemoteProtocolError(f"bad Content-Length: {shown(value)}")
            self.length = length


def ends_chunked(lines: list[bytes]) -> bool:
    """Whether the Transfer-Encoding lines frame the body by chunks; else it reaches until close (RFC 9112 §6.1,
    §6.3).
    """
    if all(line.lower() == b"chunked" for line in lines):
        # The same line twice is a common mistake of proxies, and has one meaning only.
        return True
    codings = [coding for line in lines for coding in elements(line)]
    if not all(map(TOKEN.fullmatch, codings)):
        raise RemoteProtocolError(f"malformed Transfer-Encoding: {shown(b', '.join(lines))}")
    return codings[-1] == b"chunked" and codings.count(b"chunked") == 1


def keep_alive_seconds(value: bytes) -> int:
    """`timeout=N` of a Keep-Alive field, -1 if there is none."""
    for element in elements(value):
        if element.startswith(b"timeout="):
            digits = element[len(b"timeout=") :]
            if not digits.isdigit():
                return -1
            seconds = number(digits)
            return MAX_SECONDS if seconds < 0 else min(seconds, MAX_SECONDS)
    return -1


class RequestFraming:
    """What a request's own fields say: how its body will be sent, and what it asks of the connection."""

    def __init__(self, headers: Headers) -> None:
        self.is_chunked = False
        self.length = -1
        self.asks_close = False
        self.asks_upgrade = False
        hosts = 0
        for _, name, value in headers._pairs:
            match name:
                case b"host":
                    hosts += 1
                case b"content-length":
                    length = number(value)
                    if length < 0 or (self.length >= 0 and length != self.length):
                        raise LocalProtocolError("bad Content-Length")
                    self.length = length
                case b"transfer-encoding":
                    if self.is_chunked or value.lower() != b"chunked":
                        raise LocalProtocolError("Only Transfer-Encoding: chunked is supported")
                    self.is_chunked = True
                case b"connection":
                    self.asks_close = self.asks_close or b"close" in elements(value)
                case b"upgrade":
                    self.asks_upgrade = True
        if hosts != 1:
            raise LocalProtocolError("Found multiple Host: headers" if hosts else "Missing mandatory Host: header")


def serialise(method: bytes, target: bytes, headers: Headers, is_chunked: bool) -> bytes:
    """Request line and header lines, everything checked: Host first, else names and order as they are, one Content-Length."""
    if TOKEN.fullmatch(method) is None:
        raise LocalProtocolError(f"Illegal method characters: {method[:100]!r}")
    if TARGET.fullmatch(target) is None:
        raise LocalProtocolError(f"Illegal target characters: {target[:100]!r}")
    lines = [b"%b %b HTTP/1.1\r\n" % (method, target)]
    wrote_length = is_chunked
    for name, folded, value in headers._pairs:
        if TOKEN.fullmatch(name) is None:
            raise LocalProtocolError(f"Illegal header name {name[:100]!r}")
        if SENT_VALUE.fullmatch(value) is None:
            raise LocalProtocolError(f"Illegal header value {value[:100]!r}")
        if folded == b"content-length":
            if wrote_length:
                continue
            wrote_length = True
        # Host goes first, wherever the caller put it (RFC 9110 §7.2): there is exactly one.
        lines.insert(1 if folded == b"host" else len(lines), b"%b: %b\r\n" % (name, value))
    lines.append(b"\r\n")
    return b"".join(lines)
