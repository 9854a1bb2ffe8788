"""What HTTP1Connection costs: time linear in the bytes, however small the pieces; memory bounded."""

from __future__ import annotations

import time
from typing import Any

import pytest

from cyhttpx._exceptions import RemoteProtocolError

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def started(engine: Any, **limits: int) -> Any:
    """A connection that has sent a request without a body."""
    connection = engine.HTTP1Connection(**limits)
    connection.send_request(b"GET", b"/", engine.Headers({"Host": "h"}), b"")
    return connection


def seconds(engine: Any, data: bytes, step: int) -> float:
    """The least of three runs."""
    best = float("inf")
    for _ in range(3):
        connection = started(engine, max_line=10**9, max_head=10**9, max_headers=10**9, max_chunk_line=10**9)
        start = time.perf_counter()
        for at in range(0, len(data), step):
            connection.receive(data[at : at + step])
        best = min(best, time.perf_counter() - start)
        assert connection.is_complete
    return best


@pytest.mark.parametrize(
    ("title", "step"),
    [
        ("a long header", 1),
        ("many headers", 1),
        ("a folded header", 1),
        ("a long body", 1),
        ("small chunks", 1),
        ("small chunks", 4096),
        ("many trailers", 1),
        ("many headers", 4096),
    ],
)
def test_linear_time(engine: Any, title: str, step: int) -> None:
    def made(n: int) -> bytes:
        return {
            "a long header": b"HTTP/1.1 204 N\r\nX: " + b"a" * n + b"\r\n\r\n",
            "many headers": b"HTTP/1.1 204 N\r\n" + b"X: a\r\n" * (n // 6) + b"\r\n",
            "a folded header": b"HTTP/1.1 204 N\r\nX: a\r\n" + b" a\r\n" * (n // 4) + b"\r\n",
            "a long body": b"HTTP/1.1 200 N\r\nContent-Length: %d\r\n\r\n" % n + b"a" * n,
            "small chunks": CHUNKED + b"1\r\na\r\n" * (n // 6) + b"0\r\n\r\n",
            "many trailers": CHUNKED + b"0\r\n" + b"X: a\r\n" * (n // 6) + b"\r\n",
        }[title]

    small = 2000 * (1 if step == 1 else 50)
    # Sixteen times the bytes: about 16 times the time, and 256 times where something is gone over again and again.
    assert seconds(engine, made(16 * small), step) < 64 * seconds(engine, made(small), step) + 0.01


def test_a_million_small_chunks(engine: Any) -> None:
    data = CHUNKED + b"1\r\na\r\n" * 1_000_000 + b"0\r\n\r\n"
    connection = started(engine)
    for at in range(0, len(data), 65536):
        connection.receive(data[at : at + 65536])
    assert connection.is_complete
    assert connection.take_body() == b"a" * 1_000_000
    assert connection.can_reuse


@pytest.mark.parametrize(
    ("start", "more"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: 1\r\n", b" 1\r\n"),
        (b"HTTP/1.1 200 OK\r\nX: ", b"a"),
        (b"HTTP/1.1 200 ", b"a"),
        (b"", b"\r\n"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (CHUNKED + b"0\r\n", b"X: 1\r\n"),
        (CHUNKED + b"5;", b"a"),
        (CHUNKED, b"0"),
    ],
)
def test_what_has_no_end_is_refused_in_time(engine: Any, start: bytes, more: bytes) -> None:
    connection = started(engine)
    data = more * (65536 // len(more))

    def feed() -> None:
        connection.receive(start)
        for _ in range(8):
            connection.receive(data)

    with pytest.raises(RemoteProtocolError):
        feed()
