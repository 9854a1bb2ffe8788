"""The demo's server: what it answers, and that no split of what it is sent changes that."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from cyhttpx._load import server
from cyhttpx._load.server import PAYLOAD, ServerProtocol, http_date, parse_head

GET = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED_HEAD = b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED = CHUNKED_HEAD + b"5\r\nhello\r\nA ;x=y\r\n0123456789\r\n0\r\nT: v\r\n\r\n"
OK = b"HTTP/1.1 200 OK"
LONG = b"a" * server.MAX_HEAD_SIZE


class Transport:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.is_closed = False
        self.is_reading = True

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.is_closed

    def close(self) -> None:
        self.is_closed = True

    def pause_reading(self) -> None:
        self.is_reading = False

    def resume_reading(self) -> None:
        self.is_reading = True


def answered(*pieces: bytes) -> Transport:
    transport: Any = Transport()
    protocol = ServerProtocol()
    protocol.connection_made(transport)
    for piece in pieces:
        protocol.data_received(piece)
    found: Transport = transport
    return found


def statuses(written: bytes) -> list[bytes]:
    return re.findall(rb"HTTP/1\.1 [^\r]*", written)


@pytest.fixture
def _one_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """For answers that are compared with each other, and hold the time."""
    monkeypatch.setattr(server, "http_date", lambda: b"Thu, 01 Jan 1970 00:00:00 GMT")


def test_the_answer_has_seven_header_lines_and_112_bytes_of_json() -> None:
    head, _, body = answered(GET).written.partition(b"\r\n\r\n")
    assert head.split(b"\r\n")[0] == OK
    assert len(head.split(b"\r\n")) == 1 + 7
    assert len(body) == len(PAYLOAD) == 112
    assert json.loads(body)["ok"] is True
    assert b"Content-Length: 112\r\n" in head


def test_head_is_answered_without_a_body() -> None:
    written = answered(b"HEAD / HTTP/1.1\r\nHost: h\r\n\r\n").written
    assert written.startswith(OK)
    assert written.endswith(b"\r\n\r\n")


@pytest.mark.usefixtures("_one_moment")
@pytest.mark.parametrize(
    "request_", [GET, POST, CHUNKED, b"\r\n\r\n" + GET], ids=["get", "length", "chunked", "empty-lines"]
)
def test_every_split_of_two_requests_gets_the_same_two_answers(request_: bytes) -> None:
    two = request_ * 2
    whole = answered(two)
    assert statuses(whole.written) == [OK, OK]
    assert not whole.is_closed
    for at in range(1, len(two)):
        assert answered(two[:at], two[at:]).written == whole.written
    assert answered(*[two[at : at + 1] for at in range(len(two))]).written == whole.written


def test_a_body_is_counted_and_not_kept() -> None:
    protocol = ServerProtocol()
    transport: Any = Transport()
    protocol.connection_made(transport)
    protocol.data_received(b"POST / HTTP/1.1\r\nContent-Length: 1000000\r\n\r\n")
    for _ in range(9):
        protocol.data_received(bytes(100_000))
        assert not protocol._buffer
    assert not transport.written
    protocol.data_received(bytes(100_000))
    assert protocol.received == 1_000_000
    assert statuses(transport.written) == [OK]


@pytest.mark.parametrize(
    ("head", "is_closed"),
    [
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nConnection: x, Close\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\n\r\n", True),
        (b"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\n\r\n", False),
    ],
)
def test_the_connection_is_kept_as_version_and_header_say(head: bytes, is_closed: bool) -> None:
    transport = answered(head + GET)
    assert transport.is_closed is is_closed
    assert len(statuses(transport.written)) == (1 if is_closed else 2)
    assert (b"Connection: close\r\n" in transport.written) is is_closed


def test_expect_is_answered_with_100_only_while_the_body_is_not_there() -> None:
    head = b"POST / HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"
    assert statuses(answered(head, b"hello").written) == [b"HTTP/1.1 100 Continue", OK]
    assert statuses(answered(head + b"hello").written) == [OK]


def assert_refused(sent: bytes, status: bytes) -> None:
    transport = answered(sent, GET)
    assert [line.split(b" ")[1] for line in statuses(transport.written)] == [status]
    assert transport.is_closed


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /\r\n\r\n", b"400"),
        (b"GET  HTTP/1.1\r\n\r\n", b"400"),
        (b"GET / HTTP/2.0\r\n\r\n", b"505"),
        (b"GET / HTTP/1.1\r\nX: " + LONG, b"431"),
        (b"GET / HTTP/1.1\r\nX: " + LONG + b"\r\n\r\n", b"431"),
    ],
    ids=["two-words", "no-target", "version", "endless", "long"],
)
def test_a_malformed_head_is_refused_and_the_connection_closed(sent: bytes, status: bytes) -> None:
    assert_refused(sent, status)


@pytest.mark.parametrize(
    "fields",
    [
        b"no colon",
        b": v",
        b"X : v",
        b" X: v",
        b"Content-Length: 5\r\nContent-Length: 5",
        b"Content-Length: 5, 5",
        b"Content-Length: +5",
        b"Content-Length: ",
        b"Content-Length: " + b"9" * 19,
        b"Content-Length: 5\r\nTransfer-Encoding: chunked",
        b"Transfer-Encoding: gzip, chunked",
        b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
    ],
)
def test_a_malformed_field_is_refused_and_the_connection_closed(fields: bytes) -> None:
    assert_refused(b"GET / HTTP/1.1\r\n" + fields + b"\r\n\r\n", b"400")


@pytest.mark.parametrize(
    "chunk",
    [b"\r\n", b"+5\r\n", b"0x5\r\n", b"5_0\r\n", b" 5\r\n", b"1" * 16 + b"\r\n", b"1\r\nabc", b"0" * 5000],
    ids=["empty", "sign", "0x", "underscore", "space", "long", "no-crlf", "endless"],
)
def test_a_malformed_chunk_is_refused_and_the_connection_closed(chunk: bytes) -> None:
    assert_refused(CHUNKED_HEAD + chunk, b"400")


def test_a_client_that_does_not_read_is_not_read_from() -> None:
    protocol = ServerProtocol()
    transport: Any = Transport()
    protocol.connection_made(transport)
    protocol.pause_writing()
    assert not transport.is_reading
    protocol.resume_writing()
    assert transport.is_reading
    protocol.connection_lost(None)
    protocol.pause_writing()
    protocol.data_received(GET)
    assert not transport.written


def test_heads_that_are_known_do_not_pile_up() -> None:
    for number in range(2 * server.MAX_KNOWN_HEADS):
        answered(b"GET /%d HTTP/1.1\r\n\r\n" % number)
    assert len(server._known_heads) <= server.MAX_KNOWN_HEADS


def test_a_head_is_read_whatever_the_case_of_its_names() -> None:
    head = parse_head(b"PUT /x?y HTTP/1.1\r\nCONTENT-LENGTH:\t7 \r\nConnection: CLOSE\r\n\r\n")
    assert (head.method, head.target, head.length, head.keeps_alive, head.refusal) == (b"PUT", b"/x?y", 7, False, b"")


def test_the_date_is_an_imf_fixdate(monkeypatch: pytest.MonkeyPatch) -> None:
    # The example of RFC 9110 §5.6.7.
    monkeypatch.setattr("time.time", lambda: 784111777.9)
    assert http_date() == b"Sun, 06 Nov 1994 08:49:37 GMT"
