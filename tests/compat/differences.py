"""The intended differences from httpx 0.28.1: one row each, with what shows it. docs/compatibility.md has the same rows, and the reasons.

A row is a function that is given the library. `expected`: what cyhttpx does; httpx does something else. A difference that isn't here, or
in `differences_at_work`, is a defect.
"""

from __future__ import annotations

import gzip
import io
import os
import pickle
import warnings
from functools import partial
from typing import Any

import certifi

from .both import agenerate, generate, sync_stream
from .rows import afailing, failing, refused, row

# URLs


@row("backslash-in-authority", refused("InvalidURL", "Invalid character '\\' in URL authority: 'a\\\\b'"))
def _(library: Any) -> Any:
    return str(library.URL("http://a\\b/"))


@row("port-range", refused("InvalidURL", "Invalid port: '65536'"))
def _(library: Any) -> Any:
    return str(library.URL("http://h:65536/"))


@row("port-digits", ["InvalidURL"] * 4)
def _(library: Any) -> Any:
    return [failing(lambda port=port: library.URL(f"http://h:{port}/")) for port in ("+80", "-1", "8_0", "８０")]


@row("ipv6-zone", refused("InvalidURL", "Invalid IPv6 address: '[fe80::1%a b]'"))
def _(library: Any) -> Any:
    return str(library.URL("http://[fe80::1%a b]/"))


@row("lone-surrogate", refused("InvalidURL", "Invalid text in URL, it has no UTF-8 encoding: '\\ud800'"))
def _(library: Any) -> Any:
    return str(library.URL("http://h/\ud800"))


@row("undecodable-idna", "xn--")
def _(library: Any) -> Any:
    return library.URL("http://xn--/").host


@row("ipv6-netloc", "http://[::1]:81/")
def _(library: Any) -> Any:
    return str(library.URL("http://h/").copy_with(netloc=b"[::1]:81"))


# Requests


@row("multipart-sources", ["no error", "TypeError", "TypeError"])
def _(library: Any) -> Any:
    found = []
    for file in (generate(b"x"), 5, ["x"]):
        found.append(failing(lambda file=file: library.Request("POST", "http://h", files={"f": file})))
    return found


@row("multipart-headers", ["ValueError"] * 3)
def _(library: Any) -> Any:
    headers = [{"X": "a\r\nY: b"}, {"X\r\n": "a"}, {"X": "\x00"}]
    return [
        failing(lambda it=it: library.Request("POST", "http://h", files={"f": ("n", b"x", None, it)})) for it in headers
    ]


@row("multipart-boundary", "ValueError")
def _(library: Any) -> Any:
    headers = [(b"Content-Type", b'multipart/form-data; boundary="a\x01"')]
    return failing(lambda: library.Request("POST", "http://h", files={"f": b"x"}, headers=headers))


@row("iterators-used-up", "StreamConsumed")
def _(library: Any) -> Any:
    request = library.Request("POST", "http://h", content=iter([b"a"]))
    return [b"".join(request.stream), failing(lambda: list(request.stream))][1]


@row("files-are-rewound", [b"cdef", b"cdef"])
def _(library: Any) -> Any:
    file = io.BytesIO(b"abcdef")
    file.seek(2)
    request = library.Request("POST", "http://h", content=file)
    return [b"".join(request.stream), b"".join(request.stream)]


@row("file-position", "4")
def _(library: Any) -> Any:
    file = io.BytesIO(b"abcdef")
    file.seek(2)
    return library.Request("POST", "http://h", content=file).headers["Content-Length"]


@row("pipes-have-no-length", ["transfer-encoding", b"through the pipe"])
def _(library: Any) -> Any:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as end:
        end.write(b"through the pipe")
    with os.fdopen(reading, "rb") as pipe:
        request = library.Request("POST", "http://h", content=pipe)
        return [next(name for name in request.headers if name != "host"), b"".join(request.stream)]


@row("text-files", refused("TypeError", "A file given as content must be opened in binary mode, not text mode."))
def _(library: Any) -> Any:
    return library.Request("POST", "http://h", content=io.StringIO("text")).headers.raw


@row("other-bytes", [b"abc", b"abc"])
def _(library: Any) -> Any:
    return [
        library.Request("POST", "http://h", content=content).content
        for content in (bytearray(b"abc"), memoryview(b"abc"))
    ]


@row("request-read", ["RuntimeError", "RuntimeError"])
def _(library: Any) -> Any:
    async def both() -> Any:
        asynchronous = library.Request("POST", "http://h", content=agenerate(b"a"))
        synchronous = library.Request("POST", "http://h", content=generate(b"a"))
        return [failing(asynchronous.read), await afailing(synchronous.aread())]

    return both()


@row("relative-urls-and-cookies", [(b"Cookie", b"a=b")])
def _(library: Any) -> Any:
    return library.Request("GET", "/relative", cookies={"a": "b"}).headers.raw


# Responses


@row("unknown-codings", b"not known")
def _(library: Any) -> Any:
    # What a coding nobody knows has made isn't what the coding before it made.
    coded = gzip.compress(b"not known")
    return library.Response(200, content=coded, headers={"Content-Encoding": "gzip, unheard-of, gzip"}).content


@row("gzip-members", b"onetwo")
def _(library: Any) -> Any:
    coded = gzip.compress(b"one") + gzip.compress(b"two")
    return library.Response(200, content=coded, headers={"Content-Encoding": "gzip"}).content


@row("x-gzip", b"body")
def _(library: Any) -> Any:
    return library.Response(200, content=gzip.compress(b"body"), headers={"Content-Encoding": "x-gzip"}).content


@row("truncated-codings", "DecodingError")
def _(library: Any) -> Any:
    return failing(
        lambda: library.Response(200, content=gzip.compress(b"body")[:-4], headers={"Content-Encoding": "gzip"}).content
    )


@row("many-codings", "DecodingError")
def _(library: Any) -> Any:
    return failing(
        lambda: library.Response(200, content=b"x", headers={"Content-Encoding": ", ".join(["gzip"] * 6)}).content
    )


@row("charset-is-no-text", ["utf-8", "a"])
def _(library: Any) -> Any:
    response = library.Response(200, content=b"a", headers={"Content-Type": "text/plain; charset=rot13"})
    return [response.encoding, response.text]


@row("utf-16-without-mark", "é")
def _(library: Any) -> Any:
    return library.Response(200, content=b"\xe9\x00", headers={"Content-Type": "text/plain; charset=utf-16"}).text


@row("links", {"x": {"url": "u;v", "title": "a;b,c", "rel": "x"}})
def _(library: Any) -> Any:
    return library.Response(200, headers={"Link": '<u;v>; title="a;b,c"; rel=x'}).links


@row("chunk-size", ["ValueError", [b"a", b"b"]])
def _(library: Any) -> Any:
    streamed = library.Response(200, content=generate(b"ab"))
    return [failing(lambda: list(streamed.iter_bytes(0))), list(library.Response(200, content=b"ab").iter_bytes(0))]


@row("abandoned-iterator", [True, 1])
def _(library: Any) -> Any:
    stream = sync_stream(library, b"a", b"b")
    response = library.Response(200, stream=stream)
    pieces = response.iter_raw()
    next(pieces)
    pieces.close()
    return [response.is_closed, stream.closed]


@row("closed-after-an-error", [True, 1])
def _(library: Any) -> Any:
    stream = sync_stream(library, b"not gzip")
    response = library.Response(200, stream=stream, headers={"Content-Encoding": "gzip"})
    failing(response.read)
    return [response.is_closed, stream.closed]


@row("text-of-stream-consumed", [True, True])
def _(library: Any) -> Any:
    begin, _, explanation = str(library.StreamConsumed()).partition(". ")
    return [begin.endswith("the content has already been streamed"), explanation.startswith("A generator")]


# Copies


@row("pickled-cookies", {"a": "b"})
def _(library: Any) -> Any:
    return dict(pickle.loads(pickle.dumps(library.Cookies({"a": "b"}))))


@row("pickled-errors", ["HTTPStatusError", "text", 500])
def _(library: Any) -> Any:
    request = library.Request("GET", "http://h")
    error = library.HTTPStatusError("text", request=request, response=library.Response(500, request=request))
    after = pickle.loads(pickle.dumps(error))
    return [type(after), str(after), after.response.status_code]


# Configuration


@row("timeouts-are-numbers", ["ValueError", "ValueError", "TypeError", "TypeError"])
def _(library: Any) -> Any:
    wrong: list[Any] = [-1, float("nan"), "5", {}]
    return [failing(partial(library.Timeout, value)) for value in wrong]


@row("proxy-repr", "Proxy('http://p', headers={'proxy-authorization': '[secure]'})")
def _(library: Any) -> Any:
    return repr(library.Proxy("http://p", headers={"Proxy-Authorization": "secret"}))


@row("cert-with-a-path", "FileNotFoundError")
def _(library: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return failing(lambda: library.create_ssl_context(verify=certifi.where(), cert="/nowhere/client.pem"))


@row("user-agent", b"python-cyhttpx")
def _(library: Any) -> Any:
    client = library.AsyncClient(transport=library.MockTransport(len))
    return client.headers["User-Agent"].encode().partition(b"/")[0]
