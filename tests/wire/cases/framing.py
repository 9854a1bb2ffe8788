"""What ends a body: Content-Length, Transfer-Encoding, both or neither; responses without one; early ends."""

from __future__ import annotations

from .case import Answer, Case, Error, response

CHUNKED = b"5\r\nhello\r\n0\r\n\r\n"


def by_length(*lines: bytes) -> bytes:
    return response(*lines, body=b"hello")


def by_chunks(*lines: bytes) -> bytes:
    return response(*lines, body=CHUNKED)


LENGTHS = [
    Case("a length", by_length(b"Content-Length: 5"), Answer(b"hello")),
    Case("a length of 0", response(b"Content-Length: 0"), Answer()),
    Case("a length with leading zeros", by_length(b"Content-Length: 005"), Answer(b"hello")),
    Case("a length with 5,000 leading zeros", by_length(b"Content-Length: " + b"0" * 5000 + b"5"), Answer(b"hello")),
    Case("a length between tabs", by_length(b"Content-Length:\t5 \t"), Answer(b"hello")),
    Case("a length twice", by_length(b"Content-Length: 5", b"Content-Length: 5"), Answer(b"hello")),
    Case("a length twice, in other digits", by_length(b"Content-Length: 5", b"Content-Length: 05"), Answer(b"hello")),
    Case("a length as a list", by_length(b"Content-Length: 5, 5"), Answer(b"hello")),
    Case("a length as a list without blanks", by_length(b"Content-Length: 5,5,5"), Answer(b"hello")),
    Case("a length as a list of many blanks", by_length(b"Content-Length: 5 \t,\t 5"), Answer(b"hello")),
    Case("a length as a list and again", by_length(b"Content-Length: 5, 5", b"content-length: 5"), Answer(b"hello")),
    Case("two lengths", by_length(b"Content-Length: 5", b"Content-Length: 6"), Error()),
    Case("two lengths, the first too large", by_length(b"Content-Length: 6", b"Content-Length: 5"), Error()),
    Case("two lengths in a list", by_length(b"Content-Length: 5, 6"), Error()),
    Case("two lengths, one of them in a list", by_length(b"Content-Length: 5", b"Content-Length: 5, 6"), Error()),
    *(
        Case(f"{title} is no length", by_length(b"Content-Length: " + value), Error())
        for title, value in {
            "nothing": b"",
            "+5": b"+5",
            "-1": b"-1",
            "-0": b"-0",
            "0x5": b"0x5",
            "5 5": b"5 5",
            "1_0": b"1_0",
            "5.0": b"5.0",
            "5e0": b"5e0",
            "5;": b"5;",
            "five": b"five",
            "a comma": b",",
            "5 and a comma": b"5,",
            "a comma and 5": b",5",
            "5 and two commas": b"5,,5",
            "5 in quotes": b'"5"',
            "an Arabic 5": b"\xd9\xa5",
            "a superscript 5 of latin-1": b"\xb5",
            "2^63": b"%d" % 2**63,
            "2^64": b"%d" % 2**64,
            "2^64 + 5": b"%d" % (2**64 + 5),
            "a number of 5,000 digits": b"5" * 5000,
        }.items()
    ),
    Case("a length of 2^63 - 1, and then nothing", by_length(b"Content-Length: %d" % (2**63 - 1)), Error(at_eof=True)),
    Case(
        "a length of a wrong name", by_length(b"Content-Lengt: 3"), Answer(b"hello", until_close=True, reusable=False)
    ),
]

UNTIL_CLOSE = Answer(CHUNKED, until_close=True, reusable=False)

CODINGS = [
    Case("chunked", by_chunks(b"Transfer-Encoding: chunked"), Answer(b"hello")),
    Case("Chunked in capitals", by_chunks(b"transfer-encoding: CHUNKED"), Answer(b"hello")),
    Case("chunked between blanks", by_chunks(b"Transfer-Encoding: \tchunked \t"), Answer(b"hello")),
    Case("chunked twice, on two lines", by_chunks(*[b"Transfer-Encoding: chunked"] * 2), Answer(b"hello")),
    Case("chunked three times, on three lines", by_chunks(*[b"Transfer-Encoding: chunked"] * 3), Answer(b"hello")),
    Case(
        "chunked twice, on two lines in two cases",
        by_chunks(b"Transfer-Encoding: chunked", b"Transfer-Encoding: Chunked"),
        Answer(b"hello"),
    ),
    Case("gzip and chunked", by_chunks(b"Transfer-Encoding: gzip, chunked"), Answer(b"hello")),
    Case("gzip and chunked without a blank", by_chunks(b"Transfer-Encoding: gzip,chunked"), Answer(b"hello")),
    Case(
        "gzip and chunked, on two lines",
        by_chunks(b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked"),
        Answer(b"hello"),
    ),
    *(
        Case(f"{title}: read until close", by_chunks(*(b"Transfer-Encoding: " + line for line in lines)), UNTIL_CLOSE)
        for title, lines in {
            "gzip": [b"gzip"],
            "identity": [b"identity"],
            "an unknown coding": [b"xchunked"],
            "chunked and gzip": [b"chunked, gzip"],
            "chunked and gzip, on two lines": [b"chunked", b"gzip"],
            "chunked twice in one list": [b"chunked, chunked"],
            "chunked twice in one list, and again": [b"chunked, chunked", b"chunked"],
            "gzip, and chunked twice in one list": [b"gzip, chunked, chunked"],
            "chunked around gzip": [b"chunked, gzip, chunked"],
            "chunked around gzip, on three lines": [b"chunked", b"gzip", b"chunked"],
            "chunked, and gzip and chunked": [b"chunked", b"gzip, chunked"],
            "gzip and chunked, and chunked": [b"gzip, chunked", b"chunked"],
            "gzip, and chunked on two lines": [b"gzip", b"chunked", b"chunked"],
        }.items()
    ),
    *(
        Case(f"{title} is no list of codings", by_chunks(b"Transfer-Encoding: " + value), Error())
        for title, value in {
            "nothing": b"",
            "a comma": b",",
            "chunked and a comma": b"chunked,",
            "a comma and chunked": b", chunked",
            "chunked with a hole": b"gzip,,chunked",
            "chunked with a parameter": b"chunked;q=1",
            "gzip with a parameter": b"gzip;level=1, chunked",
            "two words": b"gzip chunked",
            "chunked in quotes": b'"chunked"',
            "chunked behind a vertical tab": b"\x0bchunked",
            "chunked behind NUL": b"\0chunked",
            "chunked with a high byte": b"chunked\xff",
        }.items()
    ),
    Case(
        "a coding and an empty line of codings",
        by_chunks(b"Transfer-Encoding: chunked", b"Transfer-Encoding:"),
        Error(),
    ),
    Case(
        "chunked in HTTP/1.0 closes",
        response(b"Transfer-Encoding: chunked", status=b"HTTP/1.0 200 OK", body=CHUNKED),
        Answer(b"hello", reusable=False),
    ),
    Case(
        "chunked in HTTP/1.0 closes in spite of keep-alive",
        response(b"Connection: keep-alive", b"Transfer-Encoding: chunked", status=b"HTTP/1.0 200 OK", body=CHUNKED),
        Answer(b"hello", reusable=False),
    ),
]

LENGTH_AND_CODING = [
    Case(
        "a length and chunked: chunked wins, and closes",
        by_chunks(b"Content-Length: 3", b"Transfer-Encoding: chunked"),
        Answer(b"hello", reusable=False),
    ),
    Case(
        "chunked and a length: chunked wins, and closes",
        by_chunks(b"Transfer-Encoding: chunked", b"Content-Length: 3"),
        Answer(b"hello", reusable=False),
    ),
    Case(
        "chunked and a length of 0",
        by_chunks(b"Transfer-Encoding: chunked", b"Content-Length: 0"),
        Answer(b"hello", reusable=False),
    ),
    Case(
        "a length and gzip: read until close", by_chunks(b"Content-Length: 3", b"Transfer-Encoding: gzip"), UNTIL_CLOSE
    ),
    Case("chunked and no number for a length", by_chunks(b"Transfer-Encoding: chunked", b"Content-Length: x"), Error()),
    Case(
        "chunked and two lengths",
        by_chunks(b"Content-Length: 3", b"Transfer-Encoding: chunked", b"Content-Length: 4"),
        Error(),
    ),
]

NO_BODY = [
    Case("204", response(status=b"HTTP/1.1 204 No Content"), Answer(status=204)),
    Case("204 with a length", response(b"Content-Length: 5", status=b"HTTP/1.1 204 N"), Answer(status=204)),
    Case("204 with chunked", response(b"Transfer-Encoding: chunked", status=b"HTTP/1.1 204 N"), Answer(status=204)),
    Case("204 with a bad length", response(b"Content-Length: x", status=b"HTTP/1.1 204 N"), Answer(status=204)),
    Case("204 in HTTP/1.0", response(status=b"HTTP/1.0 204 N"), Answer(status=204, reusable=False)),
    Case(
        "204 in HTTP/1.0 with keep-alive",
        response(b"Connection: keep-alive", status=b"HTTP/1.0 204 N"),
        Answer(status=204),
    ),
    Case("304", response(status=b"HTTP/1.1 304 Not Modified"), Answer(status=304)),
    Case("304 with a length", response(b"Content-Length: 5", status=b"HTTP/1.1 304 N"), Answer(status=304)),
    Case(
        "304 with two lengths and chunked",
        response(b"Content-Length: 5", b"Content-Length: 6", b"Transfer-Encoding: chunked", status=b"HTTP/1.1 304 N"),
        Answer(status=304),
    ),
    Case("HEAD", response(), Answer(), method=b"HEAD"),
    Case("HEAD with a length", response(b"Content-Length: 5"), Answer(), method=b"HEAD"),
    Case("HEAD with chunked", response(b"Transfer-Encoding: chunked"), Answer(), method=b"HEAD"),
    Case(
        "HEAD with a length and chunked",
        response(b"Content-Length: 5", b"Transfer-Encoding: chunked"),
        Answer(),
        method=b"HEAD",
    ),
    Case("HEAD with no list of codings", response(b"Transfer-Encoding: ,"), Answer(), method=b"HEAD"),
    Case("HEAD and 404", response(b"Content-Length: 5", status=b"HTTP/1.1 404 N"), Answer(status=404), method=b"HEAD"),
    Case("HEAD that closes", response(b"Connection: close"), Answer(reusable=False), method=b"HEAD"),
    Case("a small head is another method", by_length(b"Content-Length: 5"), Answer(b"hello"), method=b"head"),
]

OK = response(b"Content-Length: 5", body=b"hello")
ASKS_UPGRADE = (("Connection", "upgrade"), ("Upgrade", "websocket"))

INTERIM = [
    Case("100", b"HTTP/1.1 100 Continue\r\n\r\n" + OK, Answer(b"hello", interim=(100,))),
    Case("100 without a reason", b"HTTP/1.1 100\r\n\r\n" + OK, Answer(b"hello", interim=(100,))),
    Case(
        "102, 103 and 199",
        b"".join(b"HTTP/1.1 %d \r\nX: 1\r\n\r\n" % n for n in (102, 103, 199)) + OK,
        Answer(b"hello", interim=(102, 103, 199)),
    ),
    Case("100 with a length", b"HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\n" + OK, Answer(b"hello", interim=(100,))),
    Case(
        "100 with a bad length", b"HTTP/1.1 100 C\r\nContent-Length: x\r\n\r\n" + OK, Answer(b"hello", interim=(100,))
    ),
    Case(
        "100 with chunked",
        b"HTTP/1.1 100 C\r\nTransfer-Encoding: chunked\r\n\r\n" + OK,
        Answer(b"hello", interim=(100,)),
    ),
    Case("100 that says close", b"HTTP/1.1 100 C\r\nConnection: close\r\n\r\n" + OK, Answer(b"hello", interim=(100,))),
    Case("100 in HTTP/1.0", b"HTTP/1.0 100 C\r\n\r\n" + OK, Answer(b"hello", interim=(100,))),
    Case("empty lines behind 100", b"HTTP/1.1 100 C\r\n\r\n\r\n\r\n" + OK, Answer(b"hello", interim=(100,))),
    Case("100 with a bad header", b"HTTP/1.1 100 C\r\nX : 1\r\n\r\n" + OK, Error()),
    Case("100 with the body it announced", b"HTTP/1.1 100 C\r\nContent-Length: 5\r\n\r\nhello" + OK, Error()),
    Case("101 that nobody asked for", b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n", Error(says="101")),
    Case("101 behind 100 that nobody asked for", b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 101 S\r\n\r\n", Error(says="101")),
    Case(
        "101 that was asked for",
        b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\n\r\n",
        Answer(status=101, upgraded=True, reusable=False),
        asks=ASKS_UPGRADE,
    ),
    Case(
        "101 and the first bytes of the other protocol",
        b"HTTP/1.1 101 S\r\nUpgrade: websocket\r\nContent-Length: 2\r\n\r\n\x81\x05hello",
        Answer(status=101, upgraded=True, reusable=False, leftover=b"\x81\x05hello"),
        asks=ASKS_UPGRADE,
    ),
    Case(
        "101 behind 100",
        b"HTTP/1.1 100 C\r\n\r\nHTTP/1.1 101 S\r\n\r\nX",
        Answer(status=101, upgraded=True, reusable=False, leftover=b"X", interim=(100,)),
        asks=ASKS_UPGRADE,
    ),
    Case("an upgrade that is refused", OK, Answer(b"hello"), asks=ASKS_UPGRADE),
]

TUNNELS = [
    Case("a tunnel", response(), Answer(upgraded=True, reusable=False), method=b"CONNECT"),
    Case(
        "a tunnel and its first bytes",
        response(body=b"\x16\x03\x01"),
        Answer(upgraded=True, reusable=False, leftover=b"\x16\x03\x01"),
        method=b"CONNECT",
    ),
    Case(
        "a tunnel with a length",
        by_length(b"Content-Length: 3"),
        Answer(upgraded=True, reusable=False, leftover=b"hello"),
        method=b"CONNECT",
    ),
    Case(
        "a tunnel with chunked",
        by_chunks(b"Transfer-Encoding: chunked"),
        Answer(upgraded=True, reusable=False, leftover=CHUNKED),
        method=b"CONNECT",
    ),
    Case(
        "a tunnel with a bad length",
        response(b"Content-Length: x"),
        Answer(upgraded=True, reusable=False),
        method=b"CONNECT",
    ),
    Case(
        "a tunnel by 299",
        response(status=b"HTTP/1.1 299 T", body=b"X"),
        Answer(status=299, upgraded=True, reusable=False, leftover=b"X"),
        method=b"CONNECT",
    ),
    Case(
        "a tunnel behind 100",
        b"HTTP/1.1 100 C\r\n\r\n" + response(),
        Answer(upgraded=True, reusable=False, interim=(100,)),
        method=b"CONNECT",
    ),
    Case(
        "a tunnel that is refused has a body",
        response(b"Content-Length: 5", status=b"HTTP/1.1 407 P", body=b"hello"),
        Answer(b"hello", status=407),
        method=b"CONNECT",
    ),
    Case(
        "a redirect of CONNECT is no tunnel",
        response(b"Content-Length: 5", status=b"HTTP/1.1 302 F", body=b"hello"),
        Answer(b"hello", status=302),
        method=b"CONNECT",
    ),
    Case("101 for CONNECT", response(status=b"HTTP/1.1 101 S"), Error(), method=b"CONNECT"),
]

OPTIONS = [
    Case(
        f"Connection: {value.decode()!r}",
        by_length(b"Content-Length: 5", b"Connection: " + value),
        Answer(b"hello", reusable=reusable),
    )
    for value, reusable in {
        b"close": False,
        b"Close": False,
        b"close\t": False,
        b"keep-alive, close": False,
        b"close,keep-alive": False,
        b"upgrade ,\tclose": False,
        b"keep-alive": True,
        b"": True,
        b"closed": True,
        b"x-close": True,
        b"not close": True,
        b'"close"': True,
    }.items()
] + [
    Case(
        "close on a second line",
        by_length(b"Content-Length: 5", b"Connection: keep-alive", b"Connection: close"),
        Answer(b"hello", reusable=False),
    ),
    Case(
        "close and then keep-alive",
        by_length(b"Content-Length: 5", b"Connection: close", b"Connection: keep-alive"),
        Answer(b"hello", reusable=False),
    ),
    Case(
        "a request that says close",
        by_length(b"Content-Length: 5"),
        Answer(b"hello", reusable=False),
        asks=(("Connection", "close"),),
    ),
    Case(
        "a request that says keep-alive and close",
        by_length(b"Content-Length: 5"),
        Answer(b"hello", reusable=False),
        asks=(("Connection", "keep-alive, Close"),),
    ),
    Case(
        "HTTP/1.0 that says both",
        response(b"Content-Length: 5", b"Connection: keep-alive, close", status=b"HTTP/1.0 200 OK", body=b"hello"),
        Answer(b"hello", reusable=False),
    ),
]

ENDS = [
    Case(
        "neither length nor chunked: until close",
        response(body=b"hello"),
        Answer(b"hello", until_close=True, reusable=False),
    ),
    Case("neither, and nothing comes", response(), Answer(until_close=True, reusable=False)),
    Case(
        "until close, without close_notify",
        response(body=b"hello"),
        Error(at_eof=True, says="close_notify"),
        clean=False,
    ),
    Case("whole by length, without close_notify", OK, Answer(b"hello"), clean=False),
    Case(
        "whole by chunks, without close_notify", by_chunks(b"Transfer-Encoding: chunked"), Answer(b"hello"), clean=False
    ),
    *(
        Case(f"the end {title}", data, Error(at_eof=True))
        for title, data in {
            "before anything": b"",
            "in an empty line": b"\r",
            "behind an empty line": b"\r\n",
            "in the version": b"HTTP/1",
            "in the status line": b"HTTP/1.1 200 O",
            "behind the status line": b"HTTP/1.1 200 OK\r\n",
            "in a header": b"HTTP/1.1 200 OK\r\nContent-Len",
            "behind a header": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n",
            "in the blank line": b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r",
            "behind 100": b"HTTP/1.1 100 Continue\r\n\r\n",
            "before a body of known length": response(b"Content-Length: 5"),
            "in a body of known length": response(b"Content-Length: 10", body=b"abc"),
            "before the first chunk": response(b"Transfer-Encoding: chunked"),
            "in a chunk size": response(b"Transfer-Encoding: chunked", body=b"5"),
            "in the end of a chunk size": response(b"Transfer-Encoding: chunked", body=b"5\r"),
            "behind a chunk size": response(b"Transfer-Encoding: chunked", body=b"5\r\n"),
            "in a chunk extension": response(b"Transfer-Encoding: chunked", body=b"5;a=b"),
            "in a chunk": response(b"Transfer-Encoding: chunked", body=b"5\r\nhel"),
            "at the end of a chunk": response(b"Transfer-Encoding: chunked", body=b"5\r\nhello"),
            "in the CRLF behind a chunk": response(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r"),
            "behind a chunk": response(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n"),
            "behind the last chunk": response(b"Transfer-Encoding: chunked", body=b"5\r\nhello\r\n0\r\n"),
            "in a trailer": response(b"Transfer-Encoding: chunked", body=b"0\r\nX: 1"),
            "behind a trailer": response(b"Transfer-Encoding: chunked", body=b"0\r\nX: 1\r\n"),
            "in the last CRLF": response(b"Transfer-Encoding: chunked", body=b"0\r\n\r"),
        }.items()
    ),
    Case(
        "the end before anything is named",
        b"",
        Error(at_eof=True, says="Server disconnected without sending a response"),
    ),
    Case(
        "the end in a body says how much is missing",
        response(b"Content-Length: 10", body=b"abc"),
        Error(at_eof=True, says="received 3 bytes, expected 10"),
    ),
    Case(
        "the end in a chunked body is named",
        response(b"Transfer-Encoding: chunked", body=b"5\r\n"),
        Error(at_eof=True, says="incomplete chunked read"),
    ),
]

FRAMINGS = [*LENGTHS, *CODINGS, *LENGTH_AND_CODING, *NO_BODY, *INTERIM, *TUNNELS, *OPTIONS, *ENDS]
