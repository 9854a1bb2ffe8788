"""Both engines make the same of the same bytes, however they are split: grammar-made responses, and broken ones.

The outcome is: an error or none, and if none status, reason, version, headers, body, trailers, interim responses,
what is left over, and whether the connection can be used again. A longer run of this is in fuzz/.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ..engines import NAMES, load
from ..wire.cases import CASES, Case, Error
from ..wire.playing import Outcome, play

pytestmark = pytest.mark.skipif(NAMES == ("py",), reason="CYHTTPX_ENGINE=py: there is one engine to look at")

ENGINES = [load(name) for name in NAMES]

# Grammar: mostly right, sometimes just about wrong.

line_end = st.sampled_from([b"\r\n"] * 8 + [b"\n", b"\n", b"\r", b"\r\r\n"])
blank = st.sampled_from([b"", b" ", b" ", b" ", b"\t", b" \t "])
version = st.sampled_from([b"HTTP/1.1"] * 8 + [b"HTTP/1.0", b"HTTP/1.0", b"HTTP/1.7", b"HTTP/2.0", b"http/1.1", b"ICY"])
status = st.sampled_from(
    [b"200"] * 8 + [b"204", b"304", b"404", b"101", b"100", b"103", b"999", b"099", b"20", b"2000"]
)
reason = st.sampled_from([b" OK", b"", b" ", b" a b", b" \xe9", b" \t", b"  x", b" \0", b"x"])
value_bytes = st.binary(max_size=6).map(lambda data: bytes(byte if byte > 31 else byte % 8 + 8 for byte in data))
lengths = st.sampled_from(
    [
        b"0",
        b"1",
        b"5",
        b"05",
        b"5, 5",
        b"5,5",
        b"5 ",
        b"+5",
        b"-1",
        b"5 5",
        b"0x5",
        b"",
        b",",
        b"9223372036854775807",
        b"9223372036854775808",
        b"18446744073709551621",
        b"\xd9\xa5",
    ]
)
codings = st.sampled_from(
    [
        b"chunked",
        b"chunked",
        b"Chunked",
        b"gzip, chunked",
        b"chunked, chunked",
        b"chunked, gzip",
        b"gzip",
        b"identity",
        b"",
        b",",
        b"chunked,",
        b"chunked;q=1",
        b"\x0bchunked",
        b"xchunked",
    ]
)
field = st.one_of(
    st.tuples(st.just(b"Content-Length"), lengths),
    st.tuples(st.just(b"Content-Length"), lengths),
    st.tuples(st.just(b"Transfer-Encoding"), codings),
    st.tuples(st.just(b"Transfer-Encoding"), codings),
    st.tuples(
        st.just(b"Connection"), st.sampled_from([b"close", b"keep-alive", b"Keep-Alive, close", b"upgrade", b""])
    ),
    st.tuples(st.just(b"Keep-Alive"), st.sampled_from([b"timeout=5", b"max=1, timeout=0", b"timeout=x"])),
    st.tuples(st.sampled_from([b"Set-Cookie", b"Content-Encoding", b"X", b"x-y"]), value_bytes),
    st.tuples(st.sampled_from([b"", b"X Y", b"X ", b"\xe9", b"X\0"]), value_bytes),
)


@st.composite
def header_line(draw: st.DrawFn) -> bytes:
    name, value = draw(field)
    colon = draw(st.sampled_from([b":"] * 12 + [b"", b" :"]))
    fold = draw(st.sampled_from([b""] * 10 + [b"\r\n ", b"\n\t", b" \r\n \r\n "]))
    at = draw(st.integers(0, len(value)))
    return name + colon + draw(blank) + value[:at] + fold + value[at:] + draw(blank) + draw(line_end)


@st.composite
def chunk(draw: st.DrawFn) -> bytes:
    data = draw(st.binary(max_size=20))
    size = b"%x" % (len(data) + draw(st.sampled_from([0] * 15 + [1, -1]))) if data else b"0"
    before = draw(st.sampled_from([b""] * 8 + [b"0", b"000", b"+", b" ", b"0x"]))
    extension = draw(st.sampled_from([b""] * 8 + [b" ", b"\t", b";a=b", b" ; a", b";\0", b";a\n", b" a", b";\xff"]))
    ends = st.sampled_from([b"\r\n"] * 15 + [b"\n", b"\r", b""])
    return before + size + extension + draw(ends) + (data + draw(ends) if data else b"")


@st.composite
def message(draw: st.DrawFn) -> bytes:
    head = draw(version) + b" " + draw(status) + draw(reason) + draw(line_end)
    head += b"".join(draw(st.lists(header_line(), max_size=5))) + draw(line_end)
    trailers = st.lists(header_line(), max_size=2).map(b"".join)
    body = draw(
        st.one_of(
            st.binary(max_size=20),
            st.lists(chunk(), max_size=4).map(lambda chunks: b"".join(chunks) + b"0\r\n\r\n"),
            st.tuples(st.lists(chunk(), max_size=2), trailers).map(
                lambda parts: b"".join(parts[0]) + b"0\r\n" + parts[1] + b"\r\n"
            ),
        )
    )
    return head + body


interim = st.sampled_from([b""] * 6 + [b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 E\r\nLink: a\r\n\r\n", b"\r\n"])
response = st.tuples(st.lists(interim, max_size=3).map(b"".join), message()).map(b"".join)
right_response = st.sampled_from([case for case in CASES if not isinstance(case.expect, Error) and not case.limits])

# Mutations of what is right: at each step a byte or a piece is changed, put in, taken out or doubled.

mutation = st.tuples(
    st.sampled_from(["set", "insert", "delete", "double", "swap"]),
    st.integers(0, 10_000),
    st.one_of(
        st.sampled_from(
            [b"\r", b"\n", b"\r\n", b" ", b"\t", b"\0", b":", b",", b";", b"0", b"5", b"f", b"\x7f", b"\xff"]
        ),
        st.binary(min_size=1, max_size=1),
    ),
    st.integers(1, 8),
)


def mutated(data: bytes, changes: list[tuple[str, int, bytes, int]]) -> bytes:
    for verb, position, byte, size in changes:
        at = position % (len(data) + 1)
        before, piece, after = data[:at], data[at : at + size], data[at + size :]
        data = {
            "set": before + byte + data[at + 1 :],
            "insert": before + byte + data[at:],
            "delete": before + after,
            "double": before + piece + piece + after,
            "swap": before + piece[::-1] + after,
        }[verb]
    return data


# Limits that the examples reach.
limits = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {
            "max_line": st.integers(10, 60),
            "max_head": st.integers(30, 150),
            "max_headers": st.integers(0, 5),
            "max_chunk_line": st.integers(0, 8),
            "max_interim": st.integers(0, 2),
        }
    ),
)
cuts = st.lists(st.integers(0, 10_000), max_size=6)
method = st.sampled_from([b"GET", b"GET", b"GET", b"HEAD", b"CONNECT"])
asks = st.sampled_from([(), (), (), (("Upgrade", "x"),), (("Connection", "close"),)])


def pieces_of(data: bytes, cuts: list[int]) -> list[bytes]:
    ends = sorted(cut % (len(data) + 1) for cut in cuts)
    return [data[start:end] for start, end in zip([0, *ends], [*ends, len(data)], strict=True)]


def essence(outcome: Outcome) -> Any:
    """What both engines must agree in. Of an error, that it is one: its text and its moment may differ."""
    if outcome.error is not None:
        return "error"
    outcome.saw_end = False
    return outcome


def agree(case: Case, cuts: list[int]) -> None:
    outcomes = {}
    for engine in ENGINES:
        outcomes[engine.name, "whole"] = essence(play(engine, case, [case.data]))
        outcomes[engine.name, "split"] = essence(play(engine, case, pieces_of(case.data, cuts)))
    first = outcomes["c", "whole"]
    assert all(outcome == first for outcome in outcomes.values()), outcomes


@settings(max_examples=200, deadline=None)
@given(data=response, method=method, asks=asks, limits=limits, clean=st.booleans(), cuts=cuts)
def test_made_responses(
    data: bytes, method: bytes, asks: Any, limits: dict[str, int], clean: bool, cuts: list[int]
) -> None:
    agree(Case("made", data, Error(), method, asks, limits, clean), cuts)


@settings(max_examples=200, deadline=None)
@given(case=right_response, changes=st.lists(mutation, min_size=1, max_size=3), limits=limits, cuts=cuts)
def test_mutated_responses(
    case: Case, changes: list[tuple[str, int, bytes, int]], limits: dict[str, int], cuts: list[int]
) -> None:
    data = mutated(case.data, changes)
    agree(Case("mutated", data, Error(), case.method, case.asks, limits, case.clean), cuts)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=60), start=st.sampled_from([b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 "]), cuts=cuts)
@example(data=b"", start=b"", cuts=[])
def test_any_bytes(data: bytes, start: bytes, cuts: list[int]) -> None:
    agree(Case("any", start + data, Error()), cuts)


requests = st.lists(
    st.tuples(
        st.sampled_from([b"Host", b"Host", b"Content-Length", b"Transfer-Encoding", b"Connection", b"X", b"x:", b""]),
        st.one_of(lengths, codings, value_bytes),
    ),
    max_size=4,
)


def sent(engine: Any, method: bytes, target: bytes, fields: Any, body: bytes | None, pieces: list[bytes]) -> Any:
    connection = engine.HTTP1Connection()
    headers = engine.Headers([(b"Host", b"h"), *fields])
    written = []
    try:
        written.append(connection.send_request(method, target, headers, body))
        if body is None:
            for piece in pieces:
                written += connection.send_data(piece)
            written.append(connection.end_request())
    except Exception as error:
        return type(error).__name__, b"".join(written), connection.can_reuse
    return b"".join(written), connection.request_ended, connection.can_reuse


@settings(max_examples=200, deadline=None)
@given(
    method=st.sampled_from([b"GET", b"POST", b"HEAD", b"", b"G T", b"G\xe9"]),
    target=st.one_of(st.just(b"/"), st.binary(max_size=4)),
    fields=requests,
    body=st.one_of(st.none(), st.sampled_from([b"", b"hello", b"x"])),
    pieces=st.lists(st.sampled_from([b"", b"hello", b"x"]), max_size=3),
)
def test_requests(method: bytes, target: bytes, fields: Any, body: bytes | None, pieces: list[bytes]) -> None:
    first, second = (sent(engine, method, target, fields, body, pieces) for engine in ENGINES)
    assert first == second
