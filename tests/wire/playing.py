"""Plays a case on an engine's HTTP1Connection: the exchange, the bytes in pieces, the end, and what has come of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cyhttpx._exceptions import RemoteProtocolError

from .cases import Answer, Case, Error

if TYPE_CHECKING:
    from collections.abc import Iterable


@dataclass
class Outcome:
    """What an engine made of the bytes."""

    error: str | None = None
    # Whether the end of the connection was played.
    saw_end: bool = False
    status: int = 0
    reason: bytes = b""
    version: bytes = b""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""
    trailers: list[tuple[bytes, bytes]] = field(default_factory=list)
    interim: list[int] = field(default_factory=list)
    upgraded: bool = False
    leftover: bytes = b""
    can_reuse: bool = False


def connect(engine: Any, case: Case) -> Any:
    """A connection that has sent the case's request."""
    connection = engine.HTTP1Connection(**case.limits)
    target = b"h:1" if case.method == b"CONNECT" else b"/"
    connection.send_request(case.method, target, engine.Headers([("Host", "h"), *case.asks]), b"")
    return connection


def play(engine: Any, case: Case, pieces: Iterable[bytes]) -> Outcome:
    """Receive the pieces, then the end of the connection where the response needs it."""
    connection = connect(engine, case)
    outcome = Outcome()
    connection.on_interim = lambda status, headers: outcome.interim.append(status)
    body = []
    try:
        for piece in pieces:
            connection.receive(piece)
            body.append(connection.take_body())
        if not connection.is_complete:
            outcome.saw_end = True
            connection.receive_eof(clean=case.clean)
            body.append(connection.take_body())
    except RemoteProtocolError as error:
        outcome.error = str(error)
        return outcome
    assert connection.is_complete, "neither an error nor a response: whoever waits for this one waits for ever"
    assert connection.has_head
    outcome.body = b"".join(body)
    outcome.status = connection.status_code
    outcome.reason = connection.reason_phrase
    outcome.version = connection.http_version
    outcome.headers = connection.headers.raw
    outcome.trailers = connection.trailers
    outcome.upgraded = connection.is_upgraded
    outcome.can_reuse = connection.can_reuse
    outcome.leftover = connection.take_leftover()
    return outcome


def check(outcome: Outcome, expect: Answer | Error, engine: Any) -> None:
    """Compare with what the case expects."""
    if isinstance(expect, Error):
        assert outcome.error is not None, f"accepted: {outcome}"
        assert expect.says in outcome.error
        assert outcome.saw_end == expect.at_eof
        return
    assert outcome.error is None
    assert outcome.saw_end == expect.until_close
    assert outcome.status == expect.status
    assert expect.reason in (None, outcome.reason)
    assert expect.version in (None, outcome.version)
    assert outcome.body == expect.body
    assert outcome.trailers == list(expect.trailers)
    assert outcome.interim == list(expect.interim)
    assert outcome.upgraded == expect.upgraded
    assert outcome.leftover == expect.leftover
    assert outcome.can_reuse == expect.reusable
    headers = engine.Headers(outcome.headers)
    for name, value in expect.headers.items():
        assert headers[name] == value


def bytewise(data: bytes) -> list[bytes]:
    return [data[at : at + 1] for at in range(len(data))]
