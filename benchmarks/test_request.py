"""Serialise a request of 5 headers and a body of 100 bytes; a thousand at a time."""

from __future__ import annotations

from typing import Any

import pytest

from .parts import BATCH, ENGINES, REQUEST, engine, peer, time_batch

BODY = bytes(100)
WITH_LENGTH = {**REQUEST, "Content-Length": "100"}
GROUP = "request with 5 headers and a body"


@pytest.mark.parametrize("name", ENGINES)
def test_cyhttpx(benchmark: Any, name: str) -> None:
    benchmark.group = GROUP
    parts = engine(name)
    headers = parts.Headers(WITH_LENGTH)
    time_batch(
        benchmark,
        lambda: [parts.HTTP1Connection() for _ in range(BATCH)],
        lambda connection: connection.send_request(b"POST", b"/path?query", headers, BODY),
    )


def test_h11(benchmark: Any) -> None:
    benchmark.group = GROUP
    h11 = peer("h11")
    headers = list(WITH_LENGTH.items())

    def serialise(connection: Any) -> bytes:
        head: bytes = connection.send(h11.Request(method="POST", target="/path?query", headers=headers))
        body: bytes = connection.send(h11.Data(data=BODY))
        end: bytes = connection.send(h11.EndOfMessage())
        return head + body + end

    time_batch(benchmark, lambda: [h11.Connection(h11.CLIENT) for _ in range(BATCH)], serialise)
