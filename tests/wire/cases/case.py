"""The shape of a wire case: bytes that a server sends, and what must become of them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Answer:
    """The bytes are a response."""

    body: bytes = b""
    status: int = 200
    # None: not asked.
    reason: bytes | None = None
    version: bytes | None = None
    # Some of the headers, values joined.
    headers: dict[str, str] = field(default_factory=dict)
    trailers: tuple[tuple[bytes, bytes], ...] = ()
    # 1xx before it.
    interim: tuple[int, ...] = ()
    # Whether the connection may serve another request.
    reusable: bool = True
    # Whether the body ends where the connection does.
    until_close: bool = False
    # A 101 or a tunnel, with the first bytes of what follows.
    upgraded: bool = False
    leftover: bytes = b""


@dataclass(frozen=True)
class Error:
    """The bytes are none: RemoteProtocolError."""

    # Whether only the end of the connection shows it. If not, a peer that is silent after these bytes is found out too.
    at_eof: bool = False
    # A part of the text.
    says: str = ""


@dataclass(frozen=True)
class Case:
    """What a peer sends, and what must become of it, however the bytes are split over reads."""

    id: str
    data: bytes
    expect: Answer | Error
    method: bytes = b"GET"
    # Headers of the request besides Host.
    asks: tuple[tuple[str, str], ...] = ()
    # Arguments of HTTP1Connection.
    limits: dict[str, int] = field(default_factory=dict)
    # Whether the end of the connection is an orderly one (TLS: close_notify).
    clean: bool = True


def response(*lines: bytes, body: bytes = b"", status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    """A response head of these header lines, CRLF after each, and what follows it."""
    return b"".join(line + b"\r\n" for line in (status, *lines, b"")) + body
