"""Requests: what is written for them, and which are refused before a byte is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Written:
    """The request is valid; these bytes are written."""

    data: bytes


@dataclass(frozen=True)
class Refused:
    """LocalProtocolError; before it, these bytes were handed out."""

    after: bytes = b""
    says: str = ""


@dataclass(frozen=True)
class Sends:
    """A request, and what must become of it. A list as body: pieces that are sent one by one."""

    id: str
    expect: Written | Refused
    method: bytes = b"GET"
    target: bytes = b"/"
    headers: tuple[tuple[str | bytes, str | bytes], ...] = (("Host", "h"),)
    body: bytes | tuple[bytes, ...] = b""


HOST = ("Host", "h")
TE = ("Transfer-Encoding", "chunked")
TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def length(value: str | bytes) -> tuple[str, str | bytes]:
    return ("Content-Length", value)


LINES = [
    Sends("a GET", Written(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")),
    Sends("a method of all token characters", Written(TOKEN + b" / HTTP/1.1\r\nHost: h\r\n\r\n"), method=TOKEN),
    Sends("a small method stays small", Written(b"get / HTTP/1.1\r\nHost: h\r\n\r\n"), method=b"get"),
    *(
        Sends(f"a method with {title}", Refused(says="method"), method=method)
        for title, method in {
            "nothing": b"",
            "a space": b"GE T",
            "a request behind it": b"GET / HTTP/1.1\r\nX: y\r\n\r\nGET",
            "CR": b"GET\r",
            "LF": b"GET\n",
            "NUL": b"GET\0",
            "a tab": b"GET\t",
            "a high byte": b"GET\xe9",
            "a slash": b"GET/",
            "0x7f": b"GET\x7f",
        }.items()
    ),
    Sends("a target", Written(b"GET /a?b=c HTTP/1.1\r\nHost: h\r\n\r\n"), target=b"/a?b=c"),
    Sends("a target of high bytes", Refused(says="Illegal target characters"), target=b"/\xc3\xa9\xff"),
    Sends("the target *", Written(b"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n"), method=b"OPTIONS", target=b"*"),
    Sends(
        "a tunnel",
        Written(b"CONNECT h:1 HTTP/1.1\r\nHost: h:1\r\n\r\n"),
        method=b"CONNECT",
        target=b"h:1",
        headers=(("Host", "h:1"),),
    ),
    *(
        Sends(f"a target with {title}", Refused(says="target"), target=target)
        for title, target in {
            "nothing": b"",
            "a space": b"/a b",
            "a request behind it": b"/ HTTP/1.1\r\nX: y\r\n\r\n",
            "CR": b"/\r",
            "LF": b"/\n",
            "NUL": b"/\0",
            "a tab": b"/\t",
            "0x1f": b"/\x1f",
            "0x7f": b"/\x7f",
        }.items()
    ),
]

FIELDS = [
    Sends(
        "order and case stay, with Host in front",
        Written(b"GET / HTTP/1.1\r\nhOST: h\r\nZ: 1\r\na: 2\r\nz: 3\r\n\r\n"),
        headers=(("Z", "1"), ("hOST", "h"), ("a", "2"), ("z", "3")),
    ),
    Sends(
        "a name of all token characters",
        Written(b"GET / HTTP/1.1\r\nHost: h\r\n" + TOKEN + b": v\r\n\r\n"),
        headers=(HOST, (TOKEN, "v")),
    ),
    Sends("no Host", Refused(says="Missing mandatory Host: header"), headers=(("X", "1"),)),
    Sends("two Hosts", Refused(says="Found multiple Host: headers"), headers=(HOST, ("X", "1"), ("host", "h"))),
    Sends("an empty Host", Written(b"GET / HTTP/1.1\r\nHost: \r\n\r\n"), headers=(("Host", ""),)),
    Sends("an empty value", Written(b"GET / HTTP/1.1\r\nHost: h\r\nX: \r\n\r\n"), headers=(HOST, ("X", ""))),
    *(
        Sends(
            f"a value with {title}",
            Written(b"GET / HTTP/1.1\r\nHost: h\r\nX: " + value + b"\r\n\r\n"),
            headers=(HOST, ("X", value)),
        )
        for title, value in {
            "a tab in it": b"a\tb",
            "blanks in it": b"a \t b",
            "UTF-8": "\u00e9".encode(),
            "latin-1": b"\xe9",
            "all high bytes": bytes(range(0x80, 0x100)),
            "colons": b":a:",
        }.items()
    ),
    *(
        Sends(f"a value with {title}", Refused(says="header value"), headers=(HOST, ("X", value)))
        for title, value in {
            "a header behind it": b"a\r\nY: b",
            "CR": b"a\rb",
            "LF": b"a\nb",
            "a fold": b"a\r\n b",
            "NUL": b"a\0b",
            "0x01": b"a\1b",
            "a vertical tab": b"a\x0bb",
            "0x7f": b"a\x7f",
            "a space before it": b" a",
            "a space behind it": b"a ",
            "a tab before it": b"\ta",
            "a tab behind it": b"a\t",
            "nothing but a space": b" ",
        }.items()
    ),
    *(
        Sends(f"a name with {title}", Refused(says="header name"), headers=(HOST, (name, "v")))
        for title, name in {
            "nothing": b"",
            "a space": b"X Y",
            "a space behind it": b"X ",
            "a colon": b"X:",
            "a header behind it": b"X: 1\r\nY",
            "CR": b"X\r",
            "LF": b"X\n",
            "NUL": b"X\0",
            "a tab": b"X\t",
            "a high byte": b"X\xe9",
            "a slash": b"X/Y",
        }.items()
    ),
]

START = b"POST / HTTP/1.1\r\nHost: h\r\n"

BODIES = [
    Sends(
        "a body of its length",
        Written(START + b"Content-Length: 5\r\n\r\nhello"),
        b"POST",
        headers=(HOST, length("5")),
        body=b"hello",
    ),
    Sends("a length of 0", Written(START + b"Content-Length: 0\r\n\r\n"), b"POST", headers=(HOST, length("0"))),
    Sends(
        "a length with a leading zero",
        Written(START + b"Content-Length: 05\r\n\r\nhello"),
        b"POST",
        headers=(HOST, length("05")),
        body=b"hello",
    ),
    Sends(
        "a body in pieces of its length",
        Written(START + b"Content-Length: 5\r\n\r\nhello"),
        b"POST",
        headers=(HOST, length("5")),
        body=(b"he", b"", b"llo"),
    ),
    Sends(
        "a chunked body",
        Written(START + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        b"POST",
        headers=(HOST, TE),
        body=b"hello",
    ),
    Sends(
        "an empty chunked body",
        Written(START + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        b"POST",
        headers=(HOST, TE),
    ),
    Sends(
        "a chunked body in pieces",
        Written(START + b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\na\r\n0123456789\r\n0\r\n\r\n"),
        b"POST",
        headers=(HOST, TE),
        body=(b"he", b"", b"0123456789"),
    ),
    Sends(
        "Chunked in capitals stays so",
        Written(START + b"Transfer-Encoding: Chunked\r\n\r\n0\r\n\r\n"),
        b"POST",
        headers=(HOST, ("Transfer-Encoding", "Chunked")),
    ),
    Sends(
        "a length and chunked: only chunked is sent",
        Written(START + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        b"POST",
        headers=(HOST, length("3"), TE),
        body=b"hello",
    ),
    Sends(
        "chunked and two lengths: only chunked is sent",
        Written(START + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"),
        b"POST",
        headers=(HOST, TE, length("3"), ("content-length", "3")),
        body=b"hello",
    ),
    Sends(
        "a length twice: it is sent once",
        Written(START + b"Content-Length: 5\r\nX: 1\r\n\r\nhello"),
        b"POST",
        headers=(HOST, length("5"), ("X", "1"), ("content-length", "5")),
        body=b"hello",
    ),
    Sends("no body and no length", Written(START + b"\r\n"), b"POST"),
    Sends("pieces of nothing, and no length", Written(START + b"\r\n"), b"POST", body=(b"", b"")),
    *(
        Sends(
            f"{title} is no length",
            Refused(says="Content-Length"),
            b"POST",
            headers=(HOST, length(value)),
            body=b"hello",
        )
        for title, value in {
            "nothing": b"",
            "+5": b"+5",
            "-1": b"-1",
            "5.0": b"5.0",
            "0x5": b"0x5",
            "5 5": b"5 5",
            "1_0": b"1_0",
            "5, 5": b"5, 5",
            "five": b"five",
            "an Arabic 5": b"\xd9\xa5",
            "2^63": b"%d" % 2**63,
            "a number of 5,000 digits": b"5" * 5000,
        }.items()
    ),
    Sends(
        "two lengths", Refused(says="Content-Length"), b"POST", headers=(HOST, length("5"), length("6")), body=b"hello"
    ),
    *(
        Sends(
            f"Transfer-Encoding: {title}",
            Refused(says="Transfer-Encoding"),
            b"POST",
            headers=(HOST, ("Transfer-Encoding", value)),
            body=b"hello",
        )
        for title, value in {
            "nothing": "",
            "gzip": "gzip",
            "gzip, chunked": "gzip, chunked",
            "chunked, chunked": "chunked, chunked",
            "identity": "identity",
            "chunked with a parameter": "chunked;a=b",
        }.items()
    ),
    Sends("Transfer-Encoding twice", Refused(says="Transfer-Encoding"), b"POST", headers=(HOST, TE, TE)),
    Sends(
        "a body longer than its length",
        Refused(says="Too much data"),
        b"POST",
        headers=(HOST, length("4")),
        body=b"hello",
    ),
    Sends(
        "a body shorter than its length",
        Refused(says="Too little data"),
        b"POST",
        headers=(HOST, length("6")),
        body=b"hello",
    ),
    Sends("no body for its length", Refused(says="Too little data"), b"POST", headers=(HOST, length("1"))),
    Sends("a body without a length", Refused(says="Too much data"), b"POST", body=b"hello"),
    Sends(
        "pieces longer than their length",
        Refused(START + b"Content-Length: 4\r\n\r\nhe", "Too much data"),
        b"POST",
        headers=(HOST, length("4")),
        body=(b"he", b"llo"),
    ),
    Sends(
        "pieces shorter than their length",
        Refused(START + b"Content-Length: 6\r\n\r\nhello", "Too little data"),
        b"POST",
        headers=(HOST, length("6")),
        body=(b"he", b"llo"),
    ),
    Sends("pieces without a length", Refused(START + b"\r\n", "Too much data"), b"POST", body=(b"he",)),
]

SENDING = [*LINES, *FIELDS, *BODIES]
