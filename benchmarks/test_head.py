"""Parse a response of 7 and of 40 headers and a body of 112 bytes: status and body taken; a thousand at a time."""

from __future__ import annotations

from typing import Any

import pytest

from .parts import BATCH, ENGINES, FORTY, REQUEST, SEVEN, engine, peer, response, time_batch
from .sizes import SMALL

RESPONSES = {"7": response(SEVEN), "40": response(FORTY)}


@pytest.fixture(params=RESPONSES, ids=[f"{count}-headers" for count in RESPONSES])
def data(request: pytest.FixtureRequest, benchmark: Any) -> bytes:
    benchmark.group = f"response with {request.param} headers"
    return RESPONSES[request.param]


def waiting(parts: Any) -> list[Any]:
    """Connections that a request was sent on."""
    headers = parts.Headers(REQUEST)
    connections = [parts.HTTP1Connection() for _ in range(BATCH)]
    for connection in connections:
        connection.send_request(b"GET", b"/", headers, b"")
    return connections


@pytest.mark.parametrize("name", ENGINES)
def test_cyhttpx(benchmark: Any, data: bytes, name: str) -> None:
    def parse(connection: Any) -> None:
        connection.receive(data)
        assert connection.status_code == 200
        assert len(connection.take_body()) == SMALL

    time_batch(benchmark, lambda: waiting(engine(name)), parse)


@pytest.mark.parametrize("name", ENGINES)
def test_cyhttpx_and_a_header_read(benchmark: Any, data: bytes, name: str) -> None:
    def parse(connection: Any) -> None:
        connection.receive(data)
        assert connection.status_code == 200
        assert connection.headers["content-type"] == "application/json"
        assert len(connection.take_body()) == SMALL

    time_batch(benchmark, lambda: waiting(engine(name)), parse)


def test_httptools(benchmark: Any, data: bytes) -> None:
    httptools = peer("httptools")

    class Protocol:
        def __init__(self) -> None:
            self.headers: list[tuple[bytes, bytes]] = []
            self.body: list[bytes] = []
            self.is_complete = False

        def on_header(self, name: bytes, value: bytes) -> None:
            self.headers.append((name, value))

        def on_body(self, data: bytes) -> None:
            self.body.append(data)

        def on_message_complete(self) -> None:
            self.is_complete = True

    def prepare() -> list[Any]:
        protocols = [Protocol() for _ in range(BATCH)]
        return [(protocol, httptools.HttpResponseParser(protocol)) for protocol in protocols]

    def parse(both: Any) -> None:
        protocol, parser = both
        parser.feed_data(data)
        assert parser.get_status_code() == 200
        assert protocol.is_complete
        assert len(b"".join(protocol.body)) == SMALL

    time_batch(benchmark, prepare, parse)


def test_h11(benchmark: Any, data: bytes) -> None:
    h11 = peer("h11")

    def prepare() -> list[Any]:
        connections = [h11.Connection(h11.CLIENT) for _ in range(BATCH)]
        for connection in connections:
            connection.send(h11.Request(method="GET", target="/", headers=list(REQUEST.items())))
            connection.send(h11.EndOfMessage())
        return connections

    def parse(connection: Any) -> None:
        connection.receive_data(data)
        assert connection.next_event().status_code == 200
        assert len(connection.next_event().data) == SMALL
        assert type(connection.next_event()) is h11.EndOfMessage

    time_batch(benchmark, prepare, parse)
