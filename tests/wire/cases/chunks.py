"""Chunked bodies: sizes, extensions, data, trailers."""

from __future__ import annotations

from .case import Answer, Case, Error, response

HEAD = response(b"Transfer-Encoding: chunked")
END = b"0\r\n\r\n"


def chunked(body: bytes) -> bytes:
    return HEAD + body


SIZES = [
    Case("no chunk but the last", chunked(END), Answer()),
    Case("one chunk", chunked(b"5\r\nhello\r\n" + END), Answer(b"hello")),
    Case("several chunks", chunked(b"1\r\nh\r\n3\r\nell\r\n1\r\no\r\n" + END), Answer(b"hello")),
    Case("a size in small letters", chunked(b"a\r\n0123456789\r\n" + END), Answer(b"0123456789")),
    Case("a size in capitals", chunked(b"A\r\n0123456789\r\n" + END), Answer(b"0123456789")),
    Case("a size of two digits", chunked(b"1f\r\n" + b"x" * 31 + b"\r\n" + END), Answer(b"x" * 31)),
    Case("a size with leading zeros", chunked(b"0005\r\nhello\r\n" + END), Answer(b"hello")),
    Case("a size with 40 leading zeros", chunked(b"0" * 40 + b"5\r\nhello\r\n" + END), Answer(b"hello")),
    Case("a size of 16 digits", chunked(b"0000000000000005\r\nhello\r\n" + END), Answer(b"hello")),
    Case("a last chunk of several zeros", chunked(b"000\r\n\r\n"), Answer()),
    Case("a chunk that looks like framing", chunked(b"7\r\n\r\n0\r\n\r\n\r\n" + END), Answer(b"\r\n0\r\n\r\n")),
    Case("a space behind the size", chunked(b"5 \r\nhello\r\n" + END), Answer(b"hello")),
    Case("blanks behind the size", chunked(b"5 \t \r\nhello\r\n" + END), Answer(b"hello")),
    Case("a space behind the last size", chunked(b"5\r\nhello\r\n0 \r\n\r\n"), Answer(b"hello")),
    *(
        Case(f"{title} is no chunk size", chunked(size + b"\r\nhello\r\n" + END), Error())
        for title, size in {
            "nothing": b"",
            "+5": b"+5",
            "-5": b"-5",
            "-0": b"-0",
            "0x5": b"0x5",
            "5h": b"5h",
            "1_0": b"1_0",
            "5.0": b"5.0",
            "5,": b"5,",
            "5 5": b"5 5",
            "5 and a letter": b"5 a",
            "a space and 5": b" 5",
            "a tab and 5": b"\t5",
            "5 in quotes": b'"5"',
            "an Arabic 5": b"\xd9\xa5",
            "NUL and 5": b"\x005",
            "5 and NUL": b"5\0",
            "5 and a vertical tab": b"5\x0b",
            "an extension alone": b";a=b",
            "a word": b"hello",
        }.items()
    ),
    Case("a word for a size, and nothing follows", chunked(b"xyz\r\n"), Error()),
    Case("a size of 2^63 - 1, and then nothing", chunked(b"7FFFFFFFFFFFFFFF\r\nhello"), Error(at_eof=True)),
    Case("a size of 2^63", chunked(b"8000000000000000\r\nhello"), Error()),
    Case("a size of 2^64 - 1", chunked(b"FFFFFFFFFFFFFFFF\r\nhello"), Error()),
    Case("a size of 2^64 + 3", chunked(b"10000000000000003\r\nabc\r\n" + END), Error()),
    Case("a size of 17 digits", chunked(b"11111111111111111\r\nabc\r\n" + END), Error()),
    Case("a size of 40 digits", chunked(b"1" * 40 + b"\r\nabc\r\n" + END), Error()),
    Case("a bare LF ends a size", chunked(b"5\nhello\r\n" + END), Error()),
    Case("a bare LF ends the last size", chunked(b"5\r\nhello\r\n0\n\r\n"), Error()),
    Case("a bare CR ends a size", chunked(b"5\rhello\r\n" + END), Error()),
    Case("a CR before the CRLF of a size", chunked(b"5\r\r\nhello\r\n" + END), Error()),
]

EXTENSIONS = [
    *(
        Case(f"an extension: {title}", chunked(b"5" + extension + b"\r\nhello\r\n" + END), Answer(b"hello"))
        for title, extension in {
            "a name": b";a",
            "a name and a value": b";a=b",
            "two": b";a=b;c=d",
            "quoted": b';a="b;c"',
            "behind a space": b" ;a=b",
            "behind blanks": b" \t;\ta = b ",
            "nothing": b";",
            "two of nothing": b";;",
            "a tab": b";a\tb",
            "high bytes": b";\x80\xff",
            "all that may be printed": b";" + bytes(range(0x20, 0x7F)),
        }.items()
    ),
    *(
        Case(f"an extension with {title}", chunked(b"3;a=" + byte + b"b\r\nabc\r\n" + END), Error())
        for title, byte in {
            "LF": b"\n",
            "CR": b"\r",
            "NUL": b"\0",
            "0x01": b"\1",
            "0x7f": b"\x7f",
            "ESC": b"\x1b",
        }.items()
    ),
    Case("an extension that ends with a bare LF", chunked(b"3;a\nabc\r\n" + END), Error()),
    Case("an extension that ends with CR CR LF", chunked(b"3;a\r\r\nabc\r\n" + END), Error()),
    Case("an extension of the last chunk", chunked(b"5\r\nhello\r\n0;a=b\r\n\r\n"), Answer(b"hello")),
    Case("an extension of the last chunk with LF", chunked(b"0;a\n\r\n"), Error()),
    Case(
        "a chunk line as long as may be",
        chunked(b"5;" + b"a" * 18 + b"\r\nhello\r\n" + END),
        Answer(b"hello"),
        limits={"max_chunk_line": 20},
    ),
    Case(
        "a chunk line too long",
        chunked(b"5;" + b"a" * 19 + b"\r\nhello\r\n" + END),
        Error(),
        limits={"max_chunk_line": 20},
    ),
    Case("a chunk line too long and without end", chunked(b"5;" + b"a" * 19), Error(), limits={"max_chunk_line": 20}),
    Case("zeros too many", chunked(b"0" * 20 + b"5\r\nhello\r\n" + END), Error(), limits={"max_chunk_line": 20}),
    Case("blanks too many", chunked(b"5" + b" " * 20 + b"\r\nhello\r\n" + END), Error(), limits={"max_chunk_line": 20}),
    Case(
        "chunk lines are counted each alone",
        chunked(b"1;" + b"a" * 18 + b"\r\nx\r\n" + (b"1;" + b"a" * 18 + b"\r\nx\r\n") * 3 + END),
        Answer(b"xxxx"),
        limits={"max_chunk_line": 20},
    ),
]

DATA = [
    Case("another byte pair behind a chunk", chunked(b"3\r\nabcXX" + END), Error()),
    Case("a bare LF behind a chunk", chunked(b"5\r\nhello\n" + END), Error()),
    Case("a bare CR behind a chunk", chunked(b"5\r\nhello\r" + END), Error()),
    Case("LF and CR behind a chunk", chunked(b"5\r\nhello\n\r" + END), Error()),
    Case("nothing behind a chunk", chunked(b"5\r\nhello" + END), Error()),
    Case("a chunk longer than its size", chunked(b"3\r\nhello\r\n" + END), Error()),
    Case("a chunk shorter than its size", chunked(b"5\r\nabc\r\n" + END), Error()),
    Case("an empty line behind a chunk", chunked(b"5\r\nhello\r\n\r\n" + END), Error()),
    Case("a second chunk longer than its size", chunked(b"1\r\nh\r\n3\r\nhello\r\n" + END), Error()),
]

TRAILERS = [
    Case("a trailer", chunked(b"0\r\nX: 1\r\n\r\n"), Answer(trailers=((b"X", b"1"),))),
    Case(
        "trailers behind a body",
        chunked(b"5\r\nhello\r\n0\r\nX: 1\r\ny:2 \r\nX: 3\r\n\r\n"),
        Answer(b"hello", trailers=((b"X", b"1"), (b"y", b"2"), (b"X", b"3"))),
    ),
    Case("bare LFs end trailers", chunked(b"0\r\nX: 1\nY: 2\n\n"), Answer(trailers=((b"X", b"1"), (b"Y", b"2")))),
    Case("a bare LF ends no trailers", chunked(b"5\r\nhello\r\n0\r\n\n"), Answer(b"hello")),
    Case("a folded trailer", chunked(b"0\r\nX: a\r\n b\r\n\r\n"), Answer(trailers=((b"X", b"a b"),))),
    Case("an empty trailer", chunked(b"0\r\nX:\r\n\r\n"), Answer(trailers=((b"X", b""),))),
    Case(
        "a length in a trailer frames nothing",
        chunked(b"0\r\nContent-Length: 9\r\n\r\n"),
        Answer(trailers=((b"Content-Length", b"9"),)),
    ),
    Case(
        "no length in a trailer is no error",
        chunked(b"0\r\nContent-Length: x\r\n\r\n"),
        Answer(trailers=((b"Content-Length", b"x"),)),
    ),
    Case(
        "a coding in a trailer frames nothing",
        chunked(b"0\r\nTransfer-Encoding: gzip\r\n\r\n"),
        Answer(trailers=((b"Transfer-Encoding", b"gzip"),)),
    ),
    Case(
        "close in a trailer closes nothing",
        chunked(b"0\r\nConnection: close\r\n\r\n"),
        Answer(trailers=((b"Connection", b"close"),)),
    ),
    Case("a fold before the first trailer", chunked(b"0\r\n X: 1\r\n\r\n"), Error()),
    Case("a request for a trailer", chunked(b"0\r\nGET /evil HTTP/1.1\r\n\r\n"), Error()),
    Case("a response for a trailer", chunked(b"0\r\nHTTP/1.1 200 OK\r\n\r\n"), Error()),
    Case("a trailer with a space before the colon", chunked(b"0\r\nX : 1\r\n\r\n"), Error()),
    Case("a trailer without a name", chunked(b"0\r\n: 1\r\n\r\n"), Error()),
    Case("a trailer with NUL", chunked(b"0\r\nX: a\0\r\n\r\n"), Error()),
    Case("a trailer with CR", chunked(b"0\r\nX: a\rb\r\n\r\n"), Error()),
    Case("a bare CR for the last line", chunked(b"0\r\n\rX"), Error()),
    Case("a bare CR ends a trailer, and nothing follows", chunked(b"0\r\nX: a\rb"), Error()),
    Case(
        "a trailer as long as may be",
        chunked(b"0\r\nX: " + b"v" * 37 + b"\r\n\r\n"),
        Answer(trailers=((b"X", b"v" * 37),)),
        limits={"max_line": 40},
    ),
    Case("a trailer too long", chunked(b"0\r\nX: " + b"v" * 38 + b"\r\n\r\n"), Error(), limits={"max_line": 40}),
    Case("a trailer too long and without end", chunked(b"0\r\nX: " + b"v" * 38), Error(), limits={"max_line": 40}),
    Case(
        "as many trailers as may be",
        chunked(b"0\r\n" + b"X: 1\r\n" * 3 + b"\r\n"),
        Answer(trailers=((b"X", b"1"),) * 3),
        limits={"max_headers": 3},
    ),
    Case("a trailer too many", chunked(b"0\r\n" + b"X: 1\r\n" * 4 + b"\r\n"), Error(), limits={"max_headers": 3}),
    Case(
        "trailers as large as may be",
        chunked(b"0\r\n" + b"X: 1\r\n" * 10 + b"\r\n"),
        Answer(trailers=((b"X", b"1"),) * 10),
        limits={"max_head": 62},
    ),
    Case("trailers too large", chunked(b"0\r\n" + b"X: 1\r\n" * 10 + b"\r\n"), Error(), limits={"max_head": 61}),
    Case("trailers without end", chunked(b"0\r\n" + b"X: 1\r\n" * 20), Error(), limits={"max_head": 61}),
]

# The limits that hold when nothing is set. Too large to be split everywhere.
DEFAULT_LIMITS = [
    Case("a chunk line of 16 KiB", chunked(b"5;" + b"a" * (16 * 1024 - 2) + b"\r\nhello\r\n" + END), Answer(b"hello")),
    Case(
        "a chunk line of 16 KiB and one byte", chunked(b"5;" + b"a" * (16 * 1024 - 1) + b"\r\nhello\r\n" + END), Error()
    ),
    Case("an extension of 200 KB", chunked(b"5;" + b"a" * 200_000 + b"\r\nhello\r\n" + END), Error()),
    Case("a size of 200 KB of zeros", chunked(b"0" * 200_000 + b"5\r\nhello\r\n" + END), Error()),
    Case("999 trailers", chunked(b"0\r\n" + b"X: 1\r\n" * 999 + b"\r\n"), Answer(trailers=((b"X", b"1"),) * 999)),
    Case("1,001 trailers", chunked(b"0\r\n" + b"X: 1\r\n" * 1001 + b"\r\n"), Error()),
    Case("a million trailers", chunked(b"0\r\n" + b"X: 1\r\n" * 1_000_000 + b"\r\n"), Error()),
    Case("a trailer of 200 KB", chunked(b"0\r\nX: " + b"v" * 200_000 + b"\r\n\r\n"), Error()),
]

CHUNKS = [*SIZES, *EXTENSIONS, *DATA, *TRAILERS]
