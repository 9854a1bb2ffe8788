"""MockTransport: handlers of both kinds, for both kinds of client, and what they are given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import cyhttpx
from cyhttpx import MockTransport, Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def answer(request: Request) -> Response:
    return Response(201, json={"method": request.method, "body": request.content.decode()})


async def wait_and_answer(request: Request) -> Response:
    return answer(request)


@pytest.mark.parametrize("handler", [answer, wait_and_answer])
async def test_handlers_of_both_kinds(handler: Any) -> None:
    async with cyhttpx.AsyncClient(transport=MockTransport(handler)) as client:
        response = await client.post("http://h/", content=b"text")
        assert (response.status_code, response.json()) == (201, {"method": "POST", "body": "text"})
        assert response.is_closed
        assert response.elapsed.total_seconds() >= 0


@pytest.mark.parametrize("handler", [answer, wait_and_answer])
async def test_the_handler_finds_the_body_read(handler: Any) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"in "
        yield b"parts"

    async with cyhttpx.AsyncClient(transport=MockTransport(handler)) as client:
        assert (await client.put("http://h/", content=parts())).json()["body"] == "in parts"


async def test_responses_may_be_streamed() -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    transport = MockTransport(lambda request: Response(200, content=parts()))
    async with cyhttpx.AsyncClient(transport=transport) as client, client.stream("GET", "http://h/") as response:
        assert not response.is_closed
        assert [part async for part in response.aiter_raw()] == [b"one", b"two"]


async def test_redirects_cookies_and_hooks_work_as_ever() -> None:
    def handle(request: Request) -> Response:
        if request.url.path == "/":
            return Response(302, headers={"Location": "/next", "Set-Cookie": "a=b"})
        return Response(200, text=request.headers["cookie"])

    seen = []

    async def note(response: Response) -> None:
        seen.append(response.status_code)

    hooks: dict[str, Any] = {"response": [note]}
    async with cyhttpx.AsyncClient(transport=MockTransport(handle), follow_redirects=True, event_hooks=hooks) as client:
        response = await client.get("http://h.example/")
    assert (response.text, [it.status_code for it in response.history], seen) == ("a=b", [302], [302, 200])


async def test_errors_of_the_handler_are_the_caller_s() -> None:
    def fail(request: Request) -> Response:
        raise cyhttpx.ConnectError("mocked")

    async with cyhttpx.AsyncClient(transport=MockTransport(fail)) as client:
        with pytest.raises(cyhttpx.ConnectError, match="mocked") as caught:
            await client.get("http://h/x")
        assert caught.value.request.url.path == "/x"


async def test_what_is_no_response() -> None:
    transport = MockTransport(lambda request: 5)  # type: ignore[arg-type]
    async with cyhttpx.AsyncClient(transport=transport) as client:
        with pytest.raises(TypeError):
            await client.get("http://h/")


def test_without_a_client() -> None:
    request = Request("POST", "http://h/", content=iter([b"a", b"b"]))
    assert MockTransport(answer).handle_request(request).json() == {"method": "POST", "body": "ab"}
    # The coroutine is closed: nothing warns that it was never awaited.
    for handler in (wait_and_answer, lambda request: 5):
        with pytest.raises(TypeError, match="Cannot use an async handler in a sync Client"):
            MockTransport(handler).handle_request(Request("GET", "http://h/"))  # type: ignore[arg-type]


async def test_it_is_a_transport_of_both_kinds() -> None:
    transport = MockTransport(answer)
    assert transport.handler is answer
    assert isinstance(transport, cyhttpx.BaseTransport)
    assert isinstance(transport, cyhttpx.AsyncBaseTransport)
    with transport as entered:
        assert entered is transport
    async with transport as entered:
        assert entered is transport
    transport.close()
    await transport.aclose()


async def test_as_a_mount() -> None:
    main, other = MockTransport(lambda request: Response(200)), MockTransport(lambda request: Response(202))
    async with cyhttpx.AsyncClient(transport=main, mounts={"http://other": other}) as client:
        assert [(await client.get(url)).status_code for url in ("http://h/", "http://other/x")] == [200, 202]
