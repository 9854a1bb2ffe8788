"""Decode a body of 1 MiB in chunks of 64 bytes, 4 KiB and 64 KiB, read 64 KiB at a time."""

from __future__ import annotations

from typing import Any

import pytest

from .parts import ENGINES, REQUEST, engine, peer
from .sizes import FILE, KIBIBYTE, MEBIBYTE

HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.fixture(params=[64, 4 * KIBIBYTE, 64 * KIBIBYTE])
def reads(request: pytest.FixtureRequest, benchmark: Any) -> list[bytes]:
    size = request.param
    benchmark.group = f"1 MiB in chunks of {size} bytes"
    body = (b"%x\r\n%b\r\n" % (size, bytes(size))) * (MEBIBYTE // size) + b"0\r\n\r\n"
    return [body[at : at + FILE] for at in range(0, len(body), FILE)]


@pytest.mark.parametrize("name", ENGINES)
def test_cyhttpx(benchmark: Any, reads: list[bytes], name: str) -> None:
    parts = engine(name)
    headers = parts.Headers(REQUEST)

    def decode() -> int:
        connection = parts.HTTP1Connection()
        connection.send_request(b"GET", b"/", headers, b"")
        connection.receive(HEAD)
        for data in reads:
            connection.receive(data)
        assert connection.is_complete
        return len(connection.take_body())

    assert benchmark(decode) == MEBIBYTE


def test_httptools(benchmark: Any, reads: list[bytes]) -> None:
    httptools = peer("httptools")

    class Protocol:
        def __init__(self) -> None:
            self.body: list[bytes] = []
            self.is_complete = False

        def on_body(self, data: bytes) -> None:
            self.body.append(data)

        def on_message_complete(self) -> None:
            self.is_complete = True

    def decode() -> int:
        protocol = Protocol()
        parser = httptools.HttpResponseParser(protocol)
        parser.feed_data(HEAD)
        for data in reads:
            parser.feed_data(data)
        assert protocol.is_complete
        return len(b"".join(protocol.body))

    assert benchmark(decode) == MEBIBYTE


def test_h11(benchmark: Any, reads: list[bytes]) -> None:
    h11 = peer("h11")

    def decode() -> int:
        connection = h11.Connection(h11.CLIENT)
        connection.send(h11.Request(method="GET", target="/", headers=list(REQUEST.items())))
        connection.send(h11.EndOfMessage())
        connection.receive_data(HEAD)
        body: list[bytes] = []
        waiting = iter(reads)
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                connection.receive_data(next(waiting))
            elif isinstance(event, h11.Data):
                body.append(event.data)
            elif isinstance(event, h11.EndOfMessage):
                return len(b"".join(body))

    assert benchmark(decode) == MEBIBYTE
