"""The wire policy on both engines: each case whole, byte by byte, split at every position, and with bytes behind it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from cyhttpx._exceptions import LocalProtocolError, RemoteProtocolError

from .cases import CASES, LARGE_CASES, SENDING, Answer, Case, Error, Sends, Written
from .playing import bytewise, check, connect, play

every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
every_large_case = pytest.mark.parametrize("case", LARGE_CASES, ids=lambda case: case.id)
every_request = pytest.mark.parametrize("case", SENDING, ids=lambda case: case.id)

ERRORS = [case for case in CASES if isinstance(case.expect, Error)]
# Responses that end by themselves: what follows them belongs to nobody.
CLOSED_ENDED = [
    case for case in CASES if isinstance(case.expect, Answer) and not (case.expect.until_close or case.expect.upgraded)
]
every_error = pytest.mark.parametrize("case", ERRORS, ids=lambda case: case.id)
every_closed_ended = pytest.mark.parametrize("case", CLOSED_ENDED, ids=lambda case: case.id)


def test_ids_are_unique() -> None:
    for cases in ([*CASES, *LARGE_CASES], SENDING):
        counts = Counter(case.id for case in cases)
        assert [title for title, count in counts.items() if count > 1] == []


@every_case
def test_whole(engine: Any, case: Case) -> None:
    check(play(engine, case, [case.data]), case.expect, engine)


@every_case
def test_byte_by_byte(engine: Any, case: Case) -> None:
    check(play(engine, case, bytewise(case.data)), case.expect, engine)


@every_case
def test_split_at_every_position(engine: Any, case: Case) -> None:
    data = case.data
    # A few cases hold thousands of equal bytes: the edges are what matters of them.
    positions = range(1, len(data)) if len(data) < 600 else [*range(1, 200), *range(len(data) - 200, len(data))]
    for at in positions:
        try:
            check(play(engine, case, [data[:at], data[at:]]), case.expect, engine)
        except AssertionError as error:
            raise AssertionError(f"split at {at}, before {data[at : at + 20]!r}") from error


@every_closed_ended
@pytest.mark.parametrize("more", [b"X", b"\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"], ids=repr)
def test_bytes_behind_it_belong_to_nobody(engine: Any, case: Case, more: bytes) -> None:
    assert isinstance(case.expect, Answer)
    data = case.data
    clean = play(engine, case, [data])
    for pieces in ([data + more], [data, more], [data[:-1], data[-1:] + more], bytewise(data + more)):
        outcome = play(engine, case, pieces)
        assert not outcome.can_reuse
        assert outcome.leftover == more
        outcome.can_reuse, outcome.leftover = clean.can_reuse, clean.leftover
        assert outcome == clean


@every_closed_ended
def test_the_end_behind_it_changes_nothing_but_reuse(engine: Any, case: Case) -> None:
    connection = connect(engine, case)
    connection.receive(case.data)
    assert connection.is_complete
    for clean in (True, False):
        connection.receive_eof(clean)
    assert connection.is_complete
    assert not connection.failed
    assert not connection.can_reuse


@every_error
def test_an_error_is_for_good(engine: Any, case: Case) -> None:
    connection = connect(engine, case)
    texts = []
    verbs = [lambda: connection.receive(case.data), lambda: connection.receive_eof(case.clean)]
    for receive in verbs * 2:
        try:
            receive()
        except RemoteProtocolError as error:
            texts.append(str(error))
    assert len(texts) >= 2
    assert len(set(texts)) == 1
    assert connection.failed
    assert not connection.can_reuse
    with pytest.raises(LocalProtocolError):
        connection.send_request(b"GET", b"/", engine.Headers({"Host": "h"}), b"")


@every_large_case
def test_large_whole(engine: Any, case: Case) -> None:
    check(play(engine, case, [case.data]), case.expect, engine)


@every_large_case
def test_large_in_reads(engine: Any, case: Case) -> None:
    for size in (65536, 1000):
        pieces = [case.data[at : at + size] for at in range(0, len(case.data), size)]
        check(play(engine, case, pieces), case.expect, engine)


@every_large_case
def test_large_byte_by_byte(engine: Any, case: Case) -> None:
    check(play(engine, case, (case.data[at : at + 1] for at in range(len(case.data)))), case.expect, engine)


def send(engine: Any, connection: Any, case: Sends, written: list[bytes]) -> None:
    headers = engine.Headers(case.headers)
    if isinstance(case.body, bytes):
        written.append(connection.send_request(case.method, case.target, headers, case.body))
        return
    written.append(connection.send_request(case.method, case.target, headers))
    for piece in case.body:
        written += connection.send_data(piece)
    written.append(connection.end_request())


@every_request
def test_sending(engine: Any, case: Sends) -> None:
    connection = engine.HTTP1Connection()
    written: list[bytes] = []
    if isinstance(case.expect, Written):
        send(engine, connection, case, written)
        assert b"".join(written) == case.expect.data
        assert connection.request_ended
    else:
        with pytest.raises(LocalProtocolError) as caught:
            send(engine, connection, case, written)
        assert case.expect.says.lower() in str(caught.value).lower()
        assert b"".join(written) == case.expect.after
        assert not connection.request_ended
    assert not connection.can_reuse
