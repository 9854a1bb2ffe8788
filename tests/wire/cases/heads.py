"""Response heads: status line, line ends, names, values, folds, limits."""

from __future__ import annotations

from .case import Answer, Case, Error, response

HELLO = b"Content-Length: 5\r\n\r\nhello"
OK = b"HTTP/1.1 200 OK\r\n"


def hello(start: bytes) -> bytes:
    """A response of five bytes that begins with this status line."""
    return start + b"\r\n" + HELLO


VERSIONS = [
    Case("HTTP/1.1", hello(b"HTTP/1.1 200 OK"), Answer(b"hello", version=b"HTTP/1.1")),
    Case("HTTP/1.0 closes", hello(b"HTTP/1.0 200 OK"), Answer(b"hello", version=b"HTTP/1.0", reusable=False)),
    Case(
        "HTTP/1.0 with keep-alive stays",
        hello(b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive"),
        Answer(b"hello", version=b"HTTP/1.0"),
    ),
    Case(
        "HTTP/1.0 with keep-alive and no length closes",
        response(b"Connection: keep-alive", status=b"HTTP/1.0 200 OK", body=b"hello"),
        Answer(b"hello", version=b"HTTP/1.0", reusable=False, until_close=True),
    ),
    Case("HTTP/1.2 counts as HTTP/1.1", hello(b"HTTP/1.2 200 OK"), Answer(b"hello", version=b"HTTP/1.1")),
    Case("HTTP/1.9 counts as HTTP/1.1", hello(b"HTTP/1.9 200 OK"), Answer(b"hello", version=b"HTTP/1.1")),
    *(
        Case(f"{title} is no HTTP/1", start + b"\r\n" + HELLO, Error(says="illegal status line"))
        for title, start in {
            "HTTP/2.0": b"HTTP/2.0 200 OK",
            "HTTP/0.9": b"HTTP/0.9 200 OK",
            "http/1.1": b"http/1.1 200 OK",
            "Http/1.1": b"Http/1.1 200 OK",
            "HTTP/1.10": b"HTTP/1.10 200 OK",
            "HTTP/1.x": b"HTTP/1.x 200 OK",
            "HTTP/1": b"HTTP/1 200 OK",
            "HTTP/11": b"HTTP/11 200 OK",
            "HTTP 1.1": b"HTTP 1.1 200 OK",
            "HTTP /1.1": b"HTTP /1.1 200 OK",
            "a space before the version": b" HTTP/1.1 200 OK",
            "a byte order mark": b"\xef\xbb\xbfHTTP/1.1 200 OK",
            "a version alone": b"HTTP/1.1",
            "a version and a space": b"HTTP/1.1 ",
            "HTML": b"<html>",
            "a request": b"GET / HTTP/1.1",
        }.items()
    ),
    Case("ICY is no HTTP/1", hello(b"ICY 200 OK"), Error(says="illegal status line")),
    Case("a TLS alert is named", b"\x15\x03\x01\x00\x02\x02\x46", Error(says="TLS")),
    Case("a TLS handshake is named", b"\x16\x03\x01\x00\xf4", Error(says="TLS")),
    Case("an HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Error()),
    Case("HTTP/2 settings", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00", Error()),
    Case("a start that can become nothing is refused at once", b"SSH-2.0-OpenSSH_9.6", Error()),
    Case("a first byte that can become nothing is refused at once", b"h", Error()),
]

STATUSES = [
    Case("a reason of one word", hello(b"HTTP/1.1 200 OK"), Answer(b"hello", reason=b"OK")),
    Case("a reason of several words", hello(b"HTTP/1.1 200 Very Well"), Answer(b"hello", reason=b"Very Well")),
    Case("an empty reason", hello(b"HTTP/1.1 200 "), Answer(b"hello", reason=b"")),
    Case("no reason and no space", hello(b"HTTP/1.1 200"), Answer(b"hello", reason=b"")),
    Case("a reason keeps its spaces", hello(b"HTTP/1.1 200  OK \t"), Answer(b"hello", reason=b" OK \t")),
    Case("a reason in latin-1", hello(b"HTTP/1.1 200 \xe9t\xe9"), Answer(b"hello", reason=b"\xe9t\xe9")),
    Case("a reason of all high bytes", hello(b"HTTP/1.1 200 \x80\xff"), Answer(b"hello", reason=b"\x80\xff")),
    Case("status 200", hello(b"HTTP/1.1 200 OK"), Answer(b"hello", status=200)),
    Case("status 205 has a body", hello(b"HTTP/1.1 205 R"), Answer(b"hello", status=205)),
    Case("status 599", hello(b"HTTP/1.1 599 R"), Answer(b"hello", status=599)),
    Case("status 600", hello(b"HTTP/1.1 600 R"), Answer(b"hello", status=600)),
    Case("status 999", hello(b"HTTP/1.1 999 R"), Answer(b"hello", status=999)),
    *(
        Case(f"{title} is no status", hello(start), Error(says="illegal status line"))
        for title, start in {
            "099": b"HTTP/1.1 099 R",
            "000": b"HTTP/1.1 000 R",
            "99": b"HTTP/1.1 99 R",
            "20": b"HTTP/1.1 20",
            "2000": b"HTTP/1.1 2000 R",
            "-20": b"HTTP/1.1 -20 R",
            "2x0": b"HTTP/1.1 2x0 R",
            "0x2": b"HTTP/1.1 0x2 R",
            "two spaces and 200": b"HTTP/1.1  200 OK",
            "a tab and 200": b"HTTP/1.1\t200 OK",
            "200 and a tab": b"HTTP/1.1 200\tOK",
            "200OK": b"HTTP/1.1 200OK",
            "three Arabic digits": "HTTP/1.1 \u0662\u0660\u0660 R".encode(),
        }.items()
    ),
    *(
        Case(f"a reason with {title}", hello(b"HTTP/1.1 200 a" + byte + b"b"), Error())
        for title, byte in {
            "NUL": b"\0",
            "0x01": b"\1",
            "a vertical tab": b"\x0b",
            "0x7f": b"\x7f",
            "CR": b"\r",
        }.items()
    ),
]

LINE_ENDS = [
    Case("bare LFs end lines", b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", Answer(b"hello")),
    Case("CRLF lines and a bare LF as the blank one", OK + b"Content-Length: 5\r\n\nhello", Answer(b"hello")),
    Case("LF lines and a CRLF as the blank one", b"HTTP/1.1 200 OK\nContent-Length: 5\n\r\nhello", Answer(b"hello")),
    Case("one empty line before the status line", b"\r\n" + OK + HELLO, Answer(b"hello")),
    Case("one bare LF before the status line", b"\n" + OK + HELLO, Answer(b"hello")),
    Case("four empty lines before the status line", b"\r\n\n\r\n\n" + OK + HELLO, Answer(b"hello")),
    Case("five empty lines before the status line", b"\r\n" * 5 + OK + HELLO, Error()),
    Case("empty lines without end", b"\r\n" * 1000, Error()),
    Case("a blank before the status line", b" \r\n" + OK + HELLO, Error()),
    Case("a bare CR before the status line", b"\r" + OK + HELLO, Error()),
    Case("a bare CR ends the status line", b"HTTP/1.1 200 OK\rContent-Length: 0\r\n\r\n", Error()),
    Case("a bare CR ends the status line, and nothing follows", b"HTTP/1.1 200 OK\rContent-Length: 0", Error()),
    Case("a bare CR as the blank line", OK + b"Content-Length: 0\r\n\rX", Error()),
    Case("a bare CR ends a header line", OK + b"X: a\rContent-Length: 0\r\n\r\n", Error()),
    Case("a CR before a CRLF", OK + b"X: a\r\r\n" + HELLO, Error()),
    Case("a CR before the blank CRLF", OK + b"Content-Length: 0\r\n\r\r\n", Error()),
    Case("LF and CR change places", b"HTTP/1.1 200 OK\n\rContent-Length: 0\n\r\n\r", Error()),
]

TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

NAMES = [
    Case(
        "a name of all token characters",
        OK + TOKEN + b": v\r\n" + HELLO,
        Answer(b"hello", headers={TOKEN.decode().lower(): "v"}),
    ),
    Case("a header in capitals", response(b"CONTENT-LENGTH: 5", body=b"hello"), Answer(b"hello")),
    Case("a header in small letters", response(b"content-length: 5", body=b"hello"), Answer(b"hello")),
    *(
        Case(f"a name with {title}", OK + b"X" + byte + b"Y: v\r\n" + HELLO, Error())
        for title, byte in {
            "a space": b" ",
            "a tab": b"\t",
            "NUL": b"\0",
            "0x7f": b"\x7f",
            "a slash": b"/",
            "parentheses": b"()",
            "a quote": b'"',
            "a comma": b",",
            "an equals sign": b"=",
            "a high byte": b"\xe9",
            "a letter of UTF-8": "\u00e9".encode(),
        }.items()
    ),
    Case("an empty name", OK + b": v\r\n" + HELLO, Error()),
    Case("a colon alone", OK + b":\r\n" + HELLO, Error()),
    Case("a line without a colon", OK + b"X\r\n" + HELLO, Error()),
    Case("a line without a colon, and nothing follows", OK + b"X\r\n", Error()),
    Case("a space before the colon", OK + b"Content-Length : 5\r\n\r\nhello", Error()),
    Case("a tab before the colon", OK + b"Content-Length\t: 5\r\n\r\nhello", Error()),
    Case("a path for a name", OK + b"get-ban/forum.php: v\r\n" + HELLO, Error()),
    Case("a second status line", OK + OK + HELLO, Error()),
]

VALUES = [
    Case("no blank before a value", OK + b"X:v\r\n" + HELLO, Answer(b"hello", headers={"x": "v"})),
    Case("blanks around a value", OK + b"X: \t v \t\r\n" + HELLO, Answer(b"hello", headers={"x": "v"})),
    Case("blanks within a value", OK + b"X: a \t b\r\n" + HELLO, Answer(b"hello", headers={"x": "a \t b"})),
    Case("an empty value", OK + b"X:\r\n" + HELLO, Answer(b"hello", headers={"x": ""})),
    Case("a value of blanks", OK + b"X: \t \r\n" + HELLO, Answer(b"hello", headers={"x": ""})),
    Case("colons in a value", OK + b"X: a:b::c\r\n" + HELLO, Answer(b"hello", headers={"x": "a:b::c"})),
    Case("a value in UTF-8", OK + "X: \u00e9\r\n".encode() + HELLO, Answer(b"hello", headers={"x": "\u00e9"})),
    Case("a value in latin-1", OK + b"X: \xe9\r\n" + HELLO, Answer(b"hello", headers={"x": "\u00e9"})),
    Case("all high bytes in a value", OK + b"X: " + bytes(range(0x80, 0x100)) + b"\r\n" + HELLO, Answer(b"hello")),
    Case(
        "all printable characters in a value",
        OK + b"X: " + bytes(range(0x21, 0x7F)) + b"\r\n" + HELLO,
        Answer(b"hello", headers={"x": bytes(range(0x21, 0x7F)).decode()}),
    ),
    Case("a name twice", OK + b"X: a\r\nX: b\r\n" + HELLO, Answer(b"hello", headers={"x": "a, b"})),
    *(
        Case(f"a value with {title}", OK + b"X: a" + byte + b"b\r\n" + HELLO, Error())
        for title, byte in {
            "NUL": b"\0",
            "CR": b"\r",
            "0x01": b"\1",
            "a backspace": b"\x08",
            "a vertical tab": b"\x0b",
            "a form feed": b"\x0c",
            "an escape": b"\x1b",
            "0x7f": b"\x7f",
        }.items()
    ),
    Case("a value that ends with NUL", OK + b"X: a\0\r\n" + HELLO, Error()),
    Case("a value that begins with a vertical tab", OK + b"X: \x0ba\r\n" + HELLO, Error()),
]

FOLDS = [
    Case("a folded value", OK + b"X: a\r\n b\r\n" + HELLO, Answer(b"hello", headers={"x": "a b"})),
    Case("a value folded by a tab", OK + b"X: a\r\n\tb\r\n" + HELLO, Answer(b"hello", headers={"x": "a b"})),
    Case("a value folded at a bare LF", OK + b"X: a\n b\n" + HELLO, Answer(b"hello", headers={"x": "a b"})),
    Case("blanks around a fold", OK + b"X: a \t\r\n \t b\r\n" + HELLO, Answer(b"hello", headers={"x": "a b"})),
    Case("a value folded twice", OK + b"X: a\r\n b\r\n c\r\n" + HELLO, Answer(b"hello", headers={"x": "a b c"})),
    Case("a fold around nothing", OK + b"X: a\r\n \r\n b\r\n" + HELLO, Answer(b"hello", headers={"x": "a  b"})),
    Case("a fold before a value", OK + b"X:\r\n a\r\n" + HELLO, Answer(b"hello", headers={"x": "a"})),
    Case("a fold behind a value", OK + b"X: a\r\n \r\n" + HELLO, Answer(b"hello", headers={"x": "a"})),
    Case(
        "a fold that looks like a header", OK + b"X: a\r\n Y: b\r\n" + HELLO, Answer(b"hello", headers={"x": "a Y: b"})
    ),
    Case("two folded headers", OK + b"X: a\r\n b\r\nY: c\r\n d\r\n" + HELLO, Answer(b"hello", headers={"y": "c d"})),
    Case("a folded Transfer-Encoding", OK + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", Answer()),
    Case("a folded Content-Length", OK + b"Content-Length:\r\n 5\r\n\r\nhello", Answer(b"hello")),
    Case("a Content-Length folded in two", OK + b"Content-Length: 5\r\n 5\r\n\r\nhello", Error()),
    Case("a Transfer-Encoding folded in two", OK + b"Transfer-Encoding: chun\r\n ked\r\n\r\n0\r\n\r\n", Error()),
    Case("a fold before the first header", OK + b" X: a\r\n" + HELLO, Error()),
    Case("a tab before the first header", OK + b"\tX: a\r\n" + HELLO, Error()),
    Case("a name folded", OK + b"X\r\n : a\r\n" + HELLO, Error()),
    Case("NUL in a fold", OK + b"X: a\r\n b\0\r\n" + HELLO, Error()),
    Case("CR in a fold", OK + b"X: a\r\n b\rc\r\n" + HELLO, Error()),
]


def sized(name: str, size: int) -> bytes:
    """A header line of this size, without its end."""
    return name.encode() + b": " + b"v" * (size - len(name) - 2)


# `OK` is 15 bytes and its end, "Content-Length: 0" 17: small limits make every split worth trying.
ZERO = b"Content-Length: 0"
LIMITS = [
    Case("a header line as long as may be", response(sized("X", 40), ZERO), Answer(), limits={"max_line": 40}),
    Case("a header line too long", response(sized("X", 41), ZERO), Error(), limits={"max_line": 40}),
    Case("a header line too long and without end", OK + sized("X", 41), Error(), limits={"max_line": 40}),
    Case(
        "a header line as long as may be, at a bare LF",
        b"HTTP/1.1 200 OK\n" + sized("X", 40) + b"\n" + ZERO + b"\n\n",
        Answer(),
        limits={"max_line": 40},
    ),
    Case(
        "a status line as long as may be",
        response(ZERO, status=b"HTTP/1.1 200 " + b"r" * 27),
        Answer(reason=b"r" * 27),
        limits={"max_line": 40},
    ),
    Case(
        "a status line too long", response(ZERO, status=b"HTTP/1.1 200 " + b"r" * 28), Error(), limits={"max_line": 40}
    ),
    Case(
        "a value too long, in folded lines that are not",
        response(b"X: a", *[b" " + b"a" * 30] * 3, ZERO),
        Answer(),
        limits={"max_line": 40},
    ),
    Case("a fold too long", response(b"X: a", b" " + b"a" * 40, ZERO), Error(), limits={"max_line": 40}),
    Case("a head as large as may be", response(sized("X", 80), ZERO), Answer(), limits={"max_head": 17 + 82 + 19 + 2}),
    Case("a head too large by one", response(sized("X", 80), ZERO), Error(), limits={"max_head": 17 + 82 + 19 + 1}),
    Case("a head too large by its blank line", response(ZERO), Error(), limits={"max_head": 17 + 19 + 1}),
    Case("a head too large and without end", OK + b"X: 1\r\n" * 20, Error(), limits={"max_head": 100}),
    Case(
        "empty lines before a head as large as may be",
        b"\r\n\r\n\r\n\r\n" + response(ZERO),
        Answer(),
        limits={"max_head": 17 + 19 + 2},
    ),
    Case(
        "empty lines before a status line as large as a head may be",
        b"\r\n\r\n\r\n\r\n" + b"HTTP/1.1 200 " + b"r" * 60 + b"\n\n",
        Answer(reason=b"r" * 60, until_close=True, reusable=False),
        limits={"max_head": 75},
    ),
    Case("as many headers as may be", response(*[b"X: 1"] * 9, ZERO), Answer(), limits={"max_headers": 10}),
    Case("a header too many", response(*[b"X: 1"] * 10, ZERO), Error(), limits={"max_headers": 10}),
    Case("a fold too many", response(*[b"X: 1", b" 1"] * 5, ZERO), Error(), limits={"max_headers": 10}),
    Case("headers without end", OK + b"X: 1\r\n" * 11, Error(), limits={"max_headers": 10}),
    Case(
        "limits hold for each head alone",
        response(sized("X", 40), status=b"HTTP/1.1 103 Early Hints") * 3 + response(ZERO),
        Answer(interim=(103, 103, 103)),
        limits={"max_head": 70, "max_headers": 1},
    ),
]

# The limits that hold when nothing is set. Too large to be split everywhere.
DEFAULT_LIMITS = [
    Case("a reason of 60 KiB", hello(b"HTTP/1.1 200 " + b"r" * 60 * 1024), Answer(b"hello")),
    Case("a reason of 200 KB", hello(b"HTTP/1.1 200 " + b"r" * 200_000), Error()),
    Case("a header of 60 KiB", OK + sized("X", 60 * 1024) + b"\r\n" + HELLO, Answer(b"hello")),
    Case("a header line of 64 KiB", OK + sized("X", 64 * 1024) + b"\r\n" + HELLO, Answer(b"hello")),
    Case("a header line of 64 KiB and one byte", OK + sized("X", 64 * 1024 + 1) + b"\r\n" + HELLO, Error()),
    Case("a header of 200 KB", OK + sized("X", 200_000) + b"\r\n" + HELLO, Error()),
    Case("a head of 240 KiB", OK + (sized("X", 60 * 1024) + b"\r\n") * 4 + HELLO, Answer(b"hello")),
    Case("a head of 300 KiB", OK + (sized("X", 60 * 1024) + b"\r\n") * 5 + HELLO, Error()),
    Case("999 headers", OK + b"X: 1\r\n" * 999 + HELLO, Answer(b"hello")),
    Case("1,001 headers", OK + b"X: 1\r\n" * 1000 + HELLO, Error()),
    Case("5,000 headers", OK + b"X: 1\r\n" * 5000 + HELLO, Error()),
    Case("a head of folds", OK + b"X: 1\r\n" + b" 1\r\n" * 5000 + HELLO, Error()),
    Case(
        "a hundred interim responses",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100 + OK + HELLO,
        Answer(b"hello", interim=(100,) * 100),
    ),
    Case("a flood of interim responses", b"HTTP/1.1 100 Continue\r\n\r\n" * 101, Error()),
    Case("a line of blanks that ends in NUL", OK + b"X:" + b" " * 30000 + b"a" * 30000 + b"\0\r\n" + HELLO, Error()),
]

HEADS = [*VERSIONS, *STATUSES, *LINE_ENDS, *NAMES, *VALUES, *FOLDS, *LIMITS]
