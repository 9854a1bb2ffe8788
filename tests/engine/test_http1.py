"""HTTP1Connection as a state: exchange after exchange, both directions, what it reports.

Which bytes are a response is in tests/wire, what it costs in test_http1_cost.
"""

from __future__ import annotations

import gc
from typing import Any

import pytest

from cyhttpx._exceptions import LocalProtocolError, RemoteProtocolError

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def host(engine: Any, *more: tuple[str, str]) -> Any:
    return engine.Headers([("Host", "h"), *more])


def started(engine: Any, method: bytes = b"GET", *more: tuple[str, str], **limits: int) -> Any:
    """A connection that has sent a request without a body."""
    connection = engine.HTTP1Connection(**limits)
    connection.send_request(method, b"/", host(engine, *more), b"")
    return connection


# One exchange after the other.


def test_a_fresh_connection(engine: Any) -> None:
    connection = engine.HTTP1Connection()
    assert connection.can_reuse
    for flag in ("has_head", "is_complete", "is_upgraded", "failed", "request_ended", "has_set_cookie"):
        assert getattr(connection, flag) is False
    assert connection.take_body() == b""
    assert connection.take_leftover() == b""
    assert connection.buffered == 0
    assert connection.trailers == []
    assert connection.keep_alive_timeout == -1
    assert connection.on_interim is None


def test_many_exchanges(engine: Any) -> None:
    connection = engine.HTTP1Connection()
    exchanges = [
        (b"GET", OK, b"hello"),
        (b"GET", CHUNKED + b"5\r\nhello\r\n0\r\nX: 1\r\n\r\n", b"hello"),
        (b"HEAD", OK[:-5], b""),
        (b"GET", b"HTTP/1.1 204 N\r\nContent-Length: 5\r\n\r\n", b""),
        (b"POST", b"HTTP/1.1 100 C\r\n\r\n" + OK, b"hello"),
        (b"GET", b"\r\n" + OK, b"hello"),
    ]
    for method, data, body in exchanges * 3:
        assert connection.can_reuse
        connection.send_request(method, b"/", host(engine), b"")
        assert not connection.has_head
        assert not connection.is_complete
        assert not connection.can_reuse
        assert connection.trailers == []
        connection.receive(data)
        assert connection.has_head
        assert connection.is_complete
        assert connection.take_body() == body
    assert connection.can_reuse


def test_nothing_of_the_last_exchange_is_left(engine: Any) -> None:
    connection = started(engine)
    connection.receive(
        b"HTTP/1.0 404 Gone\r\nConnection: keep-alive\r\nSet-Cookie: a=b\r\nContent-Encoding: gzip\r\n"
        b"Keep-Alive: timeout=7\r\nContent-Length: 0\r\n\r\n"
    )
    assert (connection.status_code, connection.http_version, connection.reason_phrase) == (404, b"HTTP/1.0", b"Gone")
    assert connection.has_set_cookie
    assert connection.has_content_encoding
    assert connection.keep_alive_timeout == 7
    assert connection.can_reuse
    connection.send_request(b"GET", b"/", host(engine), b"")
    connection.receive(EMPTY)
    assert (connection.status_code, connection.http_version, connection.reason_phrase) == (200, b"HTTP/1.1", b"OK")
    assert not connection.has_set_cookie
    assert not connection.has_content_encoding
    assert connection.keep_alive_timeout == -1
    assert connection.headers.raw == [(b"Content-Length", b"0")]


def test_interim_responses_are_counted_for_each_exchange(engine: Any) -> None:
    connection = engine.HTTP1Connection(max_interim=2)
    for _ in range(3):
        connection.send_request(b"GET", b"/", host(engine), b"")
        connection.receive(b"HTTP/1.1 100 C\r\n\r\n" * 2 + EMPTY)
        assert connection.is_complete


@pytest.mark.parametrize("stage", ["request", "head", "body"])
def test_a_second_request_too_early_spoils_the_connection(engine: Any, stage: str) -> None:
    connection = started(engine)
    connection.receive({"request": b"", "head": OK[:20], "body": OK[:-2]}[stage])
    with pytest.raises(LocalProtocolError):
        connection.send_request(b"GET", b"/", host(engine), b"")
    connection.receive({"request": OK, "head": OK[20:], "body": OK[-2:]}[stage])
    assert connection.is_complete
    assert connection.take_body() == b"hello"
    assert not connection.can_reuse


# Bytes of nobody.


def test_bytes_before_any_request(engine: Any) -> None:
    connection = engine.HTTP1Connection()
    connection.receive(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
    assert not connection.failed
    assert not connection.can_reuse
    assert not connection.has_head
    with pytest.raises(LocalProtocolError):
        connection.send_request(b"GET", b"/", host(engine), b"")


def test_bytes_while_idle(engine: Any) -> None:
    connection = started(engine)
    connection.receive(OK)
    assert connection.can_reuse
    connection.receive(b"HTTP/1.1 408 R")
    connection.receive(b"equest Timeout\r\n\r\n")
    assert not connection.can_reuse
    assert connection.take_body() == b"hello"
    assert connection.take_leftover() == b"HTTP/1.1 408 Request Timeout\r\n\r\n"


def test_taking_the_leftover_makes_nothing_good(engine: Any) -> None:
    connection = started(engine)
    connection.receive(OK + b"X")
    assert connection.take_leftover() == b"X"
    assert connection.take_leftover() == b""
    assert not connection.can_reuse


def test_no_bytes_are_no_bytes(engine: Any) -> None:
    connection = engine.HTTP1Connection()
    connection.receive(b"")
    assert connection.can_reuse
    connection.send_request(b"GET", b"/", host(engine), b"")
    connection.receive(b"")
    connection.receive(OK)
    connection.receive(b"")
    assert connection.can_reuse


@pytest.mark.parametrize("clean", [True, False])
def test_the_end_while_idle(engine: Any, clean: bool) -> None:
    fresh = engine.HTTP1Connection()
    used = started(engine)
    used.receive(OK)
    for connection in (fresh, used):
        connection.receive_eof(clean)
        assert not connection.failed
        assert not connection.can_reuse
        with pytest.raises(LocalProtocolError):
            connection.send_request(b"GET", b"/", host(engine), b"")


# Tunnels.


@pytest.mark.parametrize("method", [b"CONNECT", b"GET"])
def test_a_tunnel_carries_what_comes(engine: Any, method: bytes) -> None:
    connection = started(engine, method, ("Upgrade", "x"))
    connection.receive(b"HTTP/1.1 200 OK\r\n\r\na" if method == b"CONNECT" else b"HTTP/1.1 101 S\r\n\r\na")
    assert connection.is_upgraded
    assert connection.is_complete
    assert connection.content_length == 0
    connection.receive(b"b")
    connection.receive(b"HTTP/1.1 200 OK\r\n\r\n")
    assert connection.take_leftover() == b"abHTTP/1.1 200 OK\r\n\r\n"
    connection.receive_eof(False)
    assert not connection.failed
    assert not connection.can_reuse


# The body.


def test_the_body_as_it_comes(engine: Any) -> None:
    connection = started(engine)
    connection.receive(OK[:-5])
    assert connection.has_head
    assert not connection.is_complete
    assert connection.content_length == 5
    assert connection.buffered == 0
    connection.receive(b"he")
    assert connection.buffered == 2
    connection.receive(b"ll")
    assert connection.buffered == 4
    assert connection.take_body() == b"hell"
    assert connection.buffered == 0
    assert connection.take_body() == b""
    connection.receive(b"o")
    assert connection.is_complete
    assert connection.take_body() == b"o"


def test_a_body_is_bytes_and_stays_as_it_was_taken(engine: Any) -> None:
    connection = started(engine)
    connection.receive(OK[:-2])
    first = connection.take_body()
    connection.receive(OK[-2:])
    second = connection.take_body()
    assert (type(first), type(second)) == (bytes, bytes)
    assert (first, second) == (b"hel", b"lo")


@pytest.mark.parametrize(
    ("method", "data", "length"),
    [
        (b"GET", OK[:-5], 5),
        (b"GET", EMPTY, 0),
        (b"GET", b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (2**63 - 1), 2**63 - 1),
        (b"GET", CHUNKED, -1),
        (b"GET", CHUNKED[:-2] + b"Content-Length: 5\r\n\r\n", -1),
        (b"GET", b"HTTP/1.1 200 OK\r\n\r\n", -1),
        (b"GET", b"HTTP/1.1 204 N\r\nContent-Length: 5\r\n\r\n", 0),
        (b"GET", b"HTTP/1.1 304 N\r\nContent-Length: 5\r\n\r\n", 0),
        (b"HEAD", OK[:-5], 0),
        (b"HEAD", CHUNKED, 0),
    ],
)
def test_the_length_that_is_known(engine: Any, method: bytes, data: bytes, length: int) -> None:
    connection = started(engine, method)
    connection.receive(data)
    assert connection.content_length == length


def test_what_came_before_an_error_can_be_taken(engine: Any) -> None:
    for pieces in ([CHUNKED + b"5\r\nhello\r\nXX\r\n"], [CHUNKED, b"5\r\nhel", b"lo\r\nXX\r\n"]):
        connection = started(engine)
        for piece in pieces[:-1]:
            connection.receive(piece)
        with pytest.raises(RemoteProtocolError):
            connection.receive(pieces[-1])
        assert connection.take_body() == b"hello"
        assert connection.has_head
        assert not connection.is_complete


# What the head says of other things.


@pytest.mark.parametrize(
    ("lines", "seconds"),
    [
        ([b"timeout=5"], 5),
        ([b"timeout=0"], 0),
        ([b"Timeout=15, max=100"], 15),
        ([b"max=100,\ttimeout=15"], 15),
        ([b"timeout=2147483647"], 2**31 - 1),
        ([b"timeout=2147483648"], 2**31 - 1),
        ([b"timeout=" + b"9" * 100], 2**31 - 1),
        ([b"timeout=007"], 7),
        ([b"max=100"], -1),
        ([b""], -1),
        ([b"timeout"], -1),
        ([b"timeout="], -1),
        ([b"timeout=-1"], -1),
        ([b"timeout=+1"], -1),
        ([b"timeout=1.5"], -1),
        ([b"timeout=5s"], -1),
        ([b"xtimeout=5"], -1),
        ([b"300"], -1),
        ([], -1),
    ],
)
def test_keep_alive_timeout(engine: Any, lines: list[bytes], seconds: int) -> None:
    connection = started(engine)
    head = b"".join(b"Keep-Alive: " + line + b"\r\n" for line in lines)
    connection.receive(EMPTY[:-2] + head + b"\r\n")
    assert connection.keep_alive_timeout == seconds
    assert connection.can_reuse


@pytest.mark.parametrize(
    ("line", "cookie", "encoding"),
    [
        (b"Set-Cookie: a=b", True, False),
        (b"SET-COOKIE:", True, False),
        (b"Content-Encoding: gzip", False, True),
        (b"content-encoding: identity", False, True),
        (b"Content-Encoding:", False, False),
        (b"Set-Cookie2: a=b", False, False),
        (b"X-Content-Encoding: gzip", False, False),
    ],
)
def test_fields_that_are_noticed(engine: Any, line: bytes, cookie: bool, encoding: bool) -> None:
    for method in (b"GET", b"HEAD"):
        connection = started(engine, method)
        connection.receive(EMPTY[:-2] + line + b"\r\n\r\n")
        assert connection.has_set_cookie is cookie
        assert connection.has_content_encoding is encoding


def test_interim_responses_are_told(engine: Any) -> None:
    connection = started(engine)
    told: list[tuple[int, Any]] = []
    connection.on_interim = lambda status, headers: told.append((status, headers))
    connection.receive(b"HTTP/1.1 103 Early Hints\r\nLink: a\r\nlink: b\r\nSet-Cookie: a=b\r\n\r\n")
    assert not connection.has_head
    connection.receive(b"HTTP/1.1 100 Continue\r\n\r\n" + EMPTY)
    assert [status for status, _ in told] == [103, 100]
    assert isinstance(told[0][1], engine.Headers)
    assert told[0][1]["link"] == "a, b"
    assert told[1][1].raw == []
    assert connection.status_code == 200
    assert not connection.has_set_cookie


def test_a_listener_that_fails_fails_the_connection(engine: Any) -> None:
    connection = started(engine)

    def fail(status: int, headers: Any) -> None:
        raise ZeroDivisionError

    connection.on_interim = fail
    with pytest.raises(ZeroDivisionError):
        connection.receive(b"HTTP/1.1 100 Continue\r\n\r\n" + EMPTY)
    assert connection.failed
    assert not connection.can_reuse
    with pytest.raises(RemoteProtocolError):
        connection.receive(EMPTY)


# Sending.


def test_a_piece_is_passed_through(engine: Any) -> None:
    for framing, size in ((("Transfer-Encoding", "chunked"), 3), (("Content-Length", "1000000"), 1)):
        connection = engine.HTTP1Connection()
        connection.send_request(b"POST", b"/", host(engine, framing))
        piece = b"x" * 1000000
        pieces = connection.send_data(piece)
        assert len(pieces) == size
        assert any(part is piece for part in pieces)
        assert not connection.request_ended
        connection.end_request()
        assert connection.request_ended


def test_a_request_without_a_body_is_ended_by_bytes_alone(engine: Any) -> None:
    connection = engine.HTTP1Connection()
    connection.send_request(b"GET", b"/", host(engine))
    assert not connection.request_ended
    assert connection.end_request() == b""
    assert connection.request_ended


def test_an_early_response(engine: Any) -> None:
    connection = engine.HTTP1Connection()
    connection.send_request(b"POST", b"/", host(engine, ("Content-Length", "10")))
    connection.send_data(b"01234")
    connection.receive(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
    assert connection.is_complete
    assert not connection.can_reuse
    # Who goes on all the same may use the connection again.
    assert connection.send_data(b"56789") == [b"56789"]
    assert connection.end_request() == b""
    assert connection.can_reuse


@pytest.mark.parametrize("verb", ["send_data", "end_request"])
@pytest.mark.parametrize("state", ["fresh", "ended", "over", "failed"])
def test_no_body_is_under_way(engine: Any, verb: str, state: str) -> None:
    connection = engine.HTTP1Connection() if state == "fresh" else started(engine)
    if state == "over":
        connection.receive(OK)
    if state == "failed":
        with pytest.raises(LocalProtocolError):
            connection.send_request(b"GET", b"/", host(engine), b"")
    with pytest.raises(LocalProtocolError):
        connection.send_data(b"x") if verb == "send_data" else connection.end_request()
    # Whoever frames like this has lost count: nothing more is sent on this connection.
    assert not connection.can_reuse


def test_a_refused_request_leaves_the_last_response_as_it_was(engine: Any) -> None:
    connection = started(engine)
    connection.receive(OK)
    with pytest.raises(LocalProtocolError):
        connection.send_request(b"GET", b"/ ", host(engine), b"")
    assert connection.take_body() == b"hello"
    assert connection.status_code == 200
    assert not connection.can_reuse


def test_a_response_is_read_although_sending_failed(engine: Any) -> None:
    connection = engine.HTTP1Connection()
    connection.send_request(b"POST", b"/", host(engine, ("Content-Length", "10")))
    with pytest.raises(LocalProtocolError):
        connection.send_data(b"x" * 11)
    connection.receive(OK)
    assert connection.is_complete
    assert connection.take_body() == b"hello"
    assert not connection.can_reuse
    assert not connection.request_ended


@pytest.mark.parametrize("arguments", [("GET", b"/"), (b"GET", "/"), (None, b"/")])
def test_text_is_no_bytes(engine: Any, arguments: tuple[Any, Any]) -> None:
    with pytest.raises(TypeError):
        engine.HTTP1Connection().send_request(*arguments, host(engine), b"")


def test_the_headers_that_were_sent_stay_the_users(engine: Any) -> None:
    headers = host(engine, ("Content-Length", "5"), ("Transfer-Encoding", "chunked"))
    before = headers.raw
    engine.HTTP1Connection().send_request(b"POST", b"/", headers, b"hello")
    assert headers.raw == before


# Errors.


@pytest.mark.parametrize(
    ("data", "hint"),
    [
        (b"\x15\x03\x01\x00\x02\x02\x46", "TLS"),
        (b"\x16\x03\x03\x00", "TLS"),
        (b"HTTP/2.0 200\r\n\r\n", "HTTP/2"),
        (b"PRI * HTTP/2.0\r\n\r\n", "HTTP/2"),
        (b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", "HTTP/2"),
        (b"ICY 200 OK\r\n\r\n", "SHOUTcast"),
        (b"<html>", "not an HTTP/1 response"),
    ],
)
def test_what_is_no_response_is_named(engine: Any, data: bytes, hint: str) -> None:
    connection = started(engine)
    with pytest.raises(RemoteProtocolError, match=hint):
        connection.receive(data)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff" * 100_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"\xff" * 60_000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"\xff" * 60_000 + b"\0\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"5" * 60_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + b"\xff" * 60_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: \r" + b"\xff" * 60_000,
        CHUNKED + b"5" * 16_000 + b"\r\n",
        CHUNKED + b"\xff" * 16_000 + b"\r\n",
        CHUNKED + b"5;" + b"a" * 10_000 + b"\0" + b"\r\n",
    ],
)
def test_error_texts_are_short_and_printable(engine: Any, data: bytes) -> None:
    connection = started(engine)
    with pytest.raises(RemoteProtocolError) as caught:
        connection.receive(data)
    text = str(caught.value)
    assert len(text) < 600
    assert text.isascii()
    assert text.isprintable()


def test_a_failed_connection_is_freed_at_once(engine: Any) -> None:
    def fail() -> None:
        connection = started(engine)
        with pytest.raises(RemoteProtocolError):
            connection.receive(CHUNKED + b"x\r\n")

    fail()
    gc.collect()
    gc.disable()
    try:
        connection = started(engine)
        try:
            connection.receive(CHUNKED + b"x\r\n")
        except RemoteProtocolError:
            pass
        del connection
        # What is found here hung in a cycle.
        assert gc.collect() == 0
    finally:
        gc.enable()


@pytest.mark.parametrize("limit", [0, -1, 10**12])
def test_limits_of_any_size(engine: Any, limit: int) -> None:
    names = ("max_line", "max_head", "max_headers", "max_chunk_line", "max_interim")
    connection = started(engine, **dict.fromkeys(names, limit))
    if limit > 0:
        connection.receive(OK)
        assert connection.is_complete
    else:
        with pytest.raises(RemoteProtocolError):
            connection.receive(OK)
