"""One question put to both libraries: cyhttpx, and the httpx 0.28.1 that is installed beside it."""

from __future__ import annotations

import asyncio
import warnings
from typing import TYPE_CHECKING, Any

import httpx

import cyhttpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

assert httpx.__version__ == "0.28.1", "what cyhttpx is compared with"

LIBRARIES: dict[str, Any] = {"cyhttpx": cyhttpx, "httpx": httpx}


def plain(value: Any) -> Any:
    """Anything as values of built-in types, in which the two libraries can be compared."""
    if isinstance(value, float) and value != value:
        return "NaN"
    if value is None or isinstance(value, (bool, int, float, str, bytes)):
        # Texts may name the library.
        return value.replace("cyhttpx", "httpx") if isinstance(value, str) else value
    if isinstance(value, dict):
        return {plain(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(plain(item) for item in value) if type(value) in (list, tuple) else [plain(i) for i in value]
    if isinstance(value, BaseException):
        return (type(value).__name__, plain(str(value)))
    if isinstance(value, type):
        return value.__name__
    if type(value).__name__ == "Request":
        return request(value)
    if type(value).__name__ == "Response":
        return response(value)
    return (type(value).__name__, plain(repr(value)))


def outcome(question: Callable[..., Any], *arguments: Any) -> Any:
    """What a call gives, or the class and text of its error; and its warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = question(*arguments)
            if asyncio.iscoroutine(result):
                result = asyncio.run(result)
            result = plain(result)
        except Exception as error:
            result = ("raised", *plain(error))
    told = [(item.category.__name__, plain(str(item.message))) for item in caught]
    return (result, told) if told else result


def assert_same(question: Callable[[Any], Any]) -> None:
    """Ask both libraries: `question` is given the module, and returns something, or fails."""
    ours, theirs = outcome(question, cyhttpx), outcome(question, httpx)
    assert ours == theirs, "\n".join(differing(ours, theirs))


def differing(ours: Any, theirs: Any, where: str = "") -> Iterator[str]:
    """What of two plain values is not the same, and where it is."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and list(ours) == list(theirs):
        for key in ours:
            yield from differing(ours[key], theirs[key], f"{where}.{key}")
    elif isinstance(ours, (list, tuple)) and type(ours) is type(theirs) and len(ours) == len(theirs):
        for index, (ours_there, theirs_there) in enumerate(zip(ours, theirs, strict=True)):
            yield from differing(ours_there, theirs_there, f"{where}[{index}]")
    elif ours != theirs:
        yield f"{where} cyhttpx: {ours!r}"
        yield f"{where}   httpx: {theirs!r}"


def attribute(value: Any, name: str) -> Any:
    """An attribute, or how it fails."""
    try:
        return plain(getattr(value, name))
    except Exception as error:
        return ("raised", *plain(error))


def request(it: Any) -> dict[str, Any]:
    """All that users see of a request; its body is not read."""
    return {
        "repr": plain(repr(it)),
        "method": it.method,
        "url": str(it.url),
        "headers": it.headers.raw,
        "extensions": plain(it.extensions),
        "stream": type(it.stream).__name__,
        "content": attribute(it, "content"),
    }


RESPONSE_ATTRIBUTES = [
    "status_code", "reason_phrase", "http_version", "is_informational", "is_success", "is_redirect", "is_client_error",
    "is_server_error", "is_error", "has_redirect_location", "is_closed", "is_stream_consumed", "num_bytes_downloaded", "history",
    "extensions", "default_encoding", "charset_encoding", "links", "content", "encoding", "text", "cookies", "request", "url",
    "next_request", "elapsed",
]  # fmt: skip


def response(it: Any) -> dict[str, Any]:
    """All that users see of a response; its body is not read."""
    return {
        "repr": plain(repr(it)),
        "headers": it.headers.raw,
        "stream": "a stream" if type(it.stream).__name__ in STREAMS else type(it.stream).__name__,
        **{name: attribute(it, name) for name in RESPONSE_ATTRIBUTES},
    }


# A client binds a response's stream to a clock, we don't need to.
STREAMS = ("ByteStream", "BoundAsyncStream", "BoundSyncStream")


async def agenerate(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def generate(*parts: bytes) -> Iterator[bytes]:
    yield from parts


class Parts:
    """An iterable that can be gone over again."""

    def __init__(self, *parts: bytes) -> None:
        self.parts = parts

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.parts)


def sync_stream(library: Any, *parts: bytes) -> Any:
    """A stream of the library's class; `closed` counts."""

    class Stream(library.SyncByteStream):  # type: ignore[misc]
        closed = 0

        def __iter__(self) -> Iterator[bytes]:
            yield from parts

        def close(self) -> None:
            self.closed += 1

    return Stream()


def async_stream(library: Any, *parts: bytes) -> Any:
    """A stream of the library's class; `closed` counts."""

    class Stream(library.AsyncByteStream):  # type: ignore[misc]
        closed = 0

        async def __aiter__(self) -> AsyncIterator[bytes]:
            for part in parts:
                yield part

        async def aclose(self) -> None:
            self.closed += 1

    return Stream()


def own_fields(library: Any, headers: Any) -> list[tuple[bytes, bytes]]:
    """Header fields without the one that names the library."""
    agent = f"python-{library.__name__}/{library.__version__}".encode()
    return [(name, b"default" if value == agent else value) for name, value in headers.raw]


class Script:
    """An AsyncClient over a transport that answers by a script, and what came to that transport.

    `answers`: (status, headers, body), or a function from the library to an exception or such a tuple; the last one is
    repeated.
    """

    def __init__(self, library: Any, answers: list[Any], **of_client: Any) -> None:
        self.library = library
        self.answers = answers
        self.seen: list[Any] = []
        self.streams: list[Any] = []
        script = self

        class Transport(library.AsyncBaseTransport):  # type: ignore[misc]
            async def handle_async_request(self, request: Any) -> Any:
                return await script.answer(request)

        self.client = library.AsyncClient(transport=Transport(), **of_client)

    async def answer(self, request: Any) -> Any:
        body = b"".join([part async for part in request.stream])
        self.seen.append([request.method, str(request.url), own_fields(self.library, request.headers), body])
        answer = self.answers[min(len(self.seen), len(self.answers)) - 1]
        if callable(answer):
            answer = answer(self.library)
        if isinstance(answer, Exception):
            raise answer
        status, headers, content = answer
        stream = async_stream(self.library, *([content] if content else []))
        self.streams.append(stream)
        return self.library.Response(status, headers=headers, stream=stream)

    def story(self, result: Any) -> dict[str, Any]:
        """What the transport saw, what came of it, and what is left in the client."""
        return {
            "seen": self.seen,
            "result": told(result),
            "closed": [stream.closed for stream in self.streams],
            "cookies": repr(self.client.cookies),
            "is_closed": self.client.is_closed,
        }


def told(result: Any) -> Any:
    """A response with its history, or an error with its request."""
    if isinstance(result, BaseException):
        try:
            about = str(result.request.url)  # type: ignore[attr-defined]
        except (AttributeError, RuntimeError) as error:
            about = type(error).__name__
        return [*plain(result), about]
    if type(result).__name__ != "Response":
        return plain(result)
    following = result.next_request
    return {
        "status": result.status_code,
        "url": str(result.url),
        "content": attribute(result, "content"),
        "state": [result.is_closed, result.is_stream_consumed, result.num_bytes_downloaded],
        "history": [told(it) for it in result.history],
        "next": None if following is None else [following.method, str(following.url), own_fields_of(following)],
        "default_encoding": plain(result.default_encoding),
        "elapsed": type(attribute(result, "elapsed")).__name__,
    }


def own_fields_of(request: Any) -> Any:
    return [(name, value) for name, value in request.headers.raw if name.lower() != b"user-agent"]


def assert_same_story(answers: list[Any], call: Callable[[Any, Any], Any], **of_client: Any) -> None:
    """Play a script with both libraries. `call` is given the library and the client, and returns an awaitable.

    Values of `of_client` that are functions named `make` are called with the library.
    """

    async def play(library: Any) -> Any:
        arguments = {
            key: value(library) if getattr(value, "__name__", "") == "make" else value
            for key, value in of_client.items()
        }
        script = Script(library, answers, **arguments)
        try:
            result = await call(library, script.client)
        except Exception as error:
            result = error
        story = script.story(result)
        await script.client.aclose()
        return story

    assert_same(play)


def twice(library: Any, **flags: bool) -> Any:
    """An authentication flow with two requests, made for the library. `flags`: `requires_request_body`, ..."""

    class Flow(library.Auth):  # type: ignore[misc]
        def auth_flow(self, request: Any) -> Any:
            request.headers["X-Body"] = str(attribute(request, "content"))
            response = yield request
            request.headers["X-Answer"] = str(attribute(response, "content"))
            if response.status_code == 401:
                yield request

    for name, value in flags.items():
        setattr(Flow, name, value)
    return Flow()
