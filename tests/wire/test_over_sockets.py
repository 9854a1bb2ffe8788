"""The wire policy through AsyncClient and real sockets, plain and TLS: the same cases as in test_policy.

There each engine is asked for all; here is shown that nothing between it and the user adds to it, takes from it, or
uses a connection again that must not be. What a configured limit does, and tunnels, are left to the engines' own
tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import cyhttpx

from ..servers import Close, Cut, Expect, LoopThread, ScriptedServer, Send, Step
from .cases import CASES, SENDING, Answer, Case, Error, Refused, Sends, Written
from .cases.chunks import CHUNKS
from .cases.framing import FRAMINGS
from .playing import bytewise

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

SECOND = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond"
FOREIGN = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nforeign"


def usable(cases: list[Case]) -> list[Case]:
    """Without what only an engine can be told, and tunnels."""
    return [case for case in cases if not case.limits and case.method in (b"GET", b"HEAD")]


def closed_ended(cases: list[Case]) -> list[Case]:
    return [
        case
        for case in usable(cases)
        if isinstance(case.expect, Answer) and not (case.expect.until_close or case.expect.upgraded)
    ]


# Without TLS an end is always an orderly one.
PLAIN = [case for case in usable(CASES) if case.clean]
# Heads are read in one place, whatever the way of the bytes; of bodies each way has its own.
BODIES = [case for case in usable([*FRAMINGS, *CHUNKS]) if case.clean and len(case.data) < 600]
SECURE = usable(FRAMINGS)
CLOSED_ENDED = closed_ended([*FRAMINGS, *CHUNKS])


@pytest.fixture(scope="module")
def thread() -> Iterator[LoopThread]:
    """Where the servers run."""
    with LoopThread() as thread:
        yield thread


def script(case: Case, pieces: list[bytes]) -> list[Step]:
    """The server's part: the bytes, the end where it belongs to the response, and else one more answer."""
    steps: list[Step] = [Expect(), Send(*pieces)]
    expect = case.expect
    if not case.clean:
        return [*steps, Cut()]
    if isinstance(expect, Error):
        return [*steps, Close()] if expect.at_eof else steps
    if expect.until_close:
        return [*steps, Close()]
    return [*steps, Expect(), Send(SECOND)] if expect.reusable else steps


async def ask(client: cyhttpx.AsyncClient, url: str, case: Case, streamed: bool) -> tuple[cyhttpx.Response, bytes]:
    """The case's request: the response, and the body as it came; of a 101 the first bytes behind it."""
    method, headers = case.method.decode(), dict(case.asks)
    if not streamed and case.method != b"CONNECT" and "Upgrade" not in headers:
        response = await client.request(method, url, headers=headers)
        return response, response.content
    async with client.stream(method, url, headers=headers) as response:
        # An upgraded connection has no body, and reading it to its end would be the end of the response and of the connection.
        body = b""
        if response.status_code != 101:
            body = b"".join([piece async for piece in response.aiter_raw()])
        else:
            assert isinstance(case.expect, Answer)
            stream = response.extensions["network_stream"]
            while len(body) < len(case.expect.leftover):
                body += await stream.read(65536)
        return response, body


def compare(response: cyhttpx.Response, body: bytes, expect: Answer) -> None:
    assert response.status_code == expect.status
    assert body == expect.body + expect.leftover
    assert expect.version in (None, response.extensions["http_version"])
    assert expect.reason in (None, response.extensions.get("reason_phrase", b""))
    assert list(response.extensions.get("trailing_headers", [])) == list(expect.trailers)
    for name, value in expect.headers.items():
        assert response.headers[name] == value


async def play(
    thread: LoopThread,
    case: Case,
    pieces: list[bytes],
    streamed: bool,
    server_tls: ssl.SSLContext | None = None,
    client_tls: ssl.SSLContext | bool = True,
) -> None:
    expect = case.expect
    scripts = script(case, pieces), [Expect(), Send(SECOND)]
    with ScriptedServer(*scripts, tls=server_tls, thread=thread) as server:
        async with cyhttpx.AsyncClient(verify=client_tls, timeout=10.0) as client:
            if isinstance(expect, Error):
                with pytest.raises(cyhttpx.RemoteProtocolError) as caught:
                    await ask(client, server.url, case, streamed)
                assert expect.says in str(caught.value)
            else:
                compare(*await ask(client, server.url, case, streamed), expect)
            # Whatever the first brought: the second is answered, and by its own answer.
            response = await client.get(server.url)
            assert response.content == b"second"
        is_used_again = isinstance(expect, Answer) and expect.reusable and case.clean
        assert server.connections == (1 if is_used_again else 2)


@pytest.mark.parametrize("case", PLAIN, ids=lambda case: case.id)
async def test_plain(thread: LoopThread, case: Case) -> None:
    await play(thread, case, [case.data], streamed=False)


@pytest.mark.parametrize("case", BODIES, ids=lambda case: case.id)
async def test_plain_byte_by_byte(thread: LoopThread, case: Case) -> None:
    await play(thread, case, bytewise(case.data), streamed=True)


@pytest.mark.parametrize("case", BODIES, ids=lambda case: case.id)
async def test_head_and_body_apart(thread: LoopThread, case: Case) -> None:
    head, blank, body = case.data.partition(b"\r\n\r\n")
    await play(thread, case, [head + blank, body[:-1], body[-1:]], streamed=False)


@pytest.mark.parametrize("case", SECURE, ids=lambda case: case.id)
async def test_tls(thread: LoopThread, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext, case: Case) -> None:
    await play(thread, case, [case.data], False, server_tls, client_tls)


@pytest.mark.parametrize("streamed", [False, True], ids=["read", "streamed"])
@pytest.mark.parametrize("case", CLOSED_ENDED, ids=lambda case: case.id)
async def test_bytes_behind_a_response_are_nobodys(thread: LoopThread, case: Case, streamed: bool) -> None:
    assert isinstance(case.expect, Answer)
    scripts: list[list[Step]] = [[Expect(), Send(case.data + FOREIGN)], [Expect(), Send(SECOND)]]
    with ScriptedServer(*scripts, thread=thread) as server:
        async with cyhttpx.AsyncClient(timeout=10.0) as client:
            compare(*await ask(client, server.url, case, streamed), case.expect)
            response = await client.get(server.url)
            assert response.content == b"second"
        assert server.connections == 2


# Sending: what the engine refuses is refused before a byte goes out, and the client goes on.


def request_of(case: Sends) -> dict[str, Any]:
    async def pieces() -> Any:
        for piece in case.body:
            yield piece

    return {
        "method": case.method.decode("latin-1"),
        "headers": list(case.headers),
        "content": case.body if isinstance(case.body, bytes) else pieces(),
        "extensions": {"target": case.target},
    }


def is_the_clients(case: Sends) -> bool:
    """Whether the client would not send it so: it adds a Host and a framing, and makes methods capital, as httpx
    does.
    """
    return (
        case.id in ("no Host", "no body and no length", "a tunnel")
        or "without a length" in case.id
        or "and no length" in case.id
        or case.method == b""
        or case.method != case.method.upper()
    )


REQUESTS = [case for case in SENDING if not is_the_clients(case)]


@pytest.mark.parametrize("case", REQUESTS, ids=lambda case: case.id)
async def test_sending(thread: LoopThread, case: Sends) -> None:
    size = len(case.expect.data.partition(b"\r\n\r\n")[2]) if isinstance(case.expect, Written) else 0
    answered: list[Step] = [Expect(more=size), Send(b"HTTP/1.1 204 N\r\n\r\n")]
    with ScriptedServer(answered, [Expect(), Send(SECOND)], thread=thread) as server:
        async with cyhttpx.AsyncClient(timeout=10.0) as client:
            client.headers.clear()
            if isinstance(case.expect, Refused):
                with pytest.raises(cyhttpx.LocalProtocolError):
                    await client.request(url=server.url, **request_of(case))
            else:
                await client.request(url=server.url, **request_of(case))
        # The server's side of it is over now.
    if isinstance(case.expect, Refused):
        assert all(case.expect.after.startswith(received) for received in server.received)
    else:
        assert server.received == [case.expect.data]
