"""Redirects as httpx follows them: what reaches the transport, what is kept of it, and where it ends."""

from __future__ import annotations

from typing import Any

import pytest

from .both import LIBRARIES, Script, agenerate, assert_same_story, generate

OK = (200, {"X-Last": "1"}, b"last")
METHODS = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "purge"]
STATUSES = [300, 301, 302, 303, 304, 305, 306, 307, 308, 399]
LOCATIONS = [
    "/next", "next", "?x=1", "", "#g", "//h2/x", "http://h/next", "http://h:80/", "http://h:81/", "https://h/", "https://h:443/next",
    "https://h:444/", "http://H/", "http://other/", "http://u:p@h/", "http://u:p@other/", "http:///path", "https:///path", "http:",
    "/n\u00e9", "/%C3%A9?\u00fc", "/a b", " /spaces ", "../up", "/a/../b", "ftp://h/", "http://\u00fc.de/",
    "http://h:x/", "http://[::1/", "/tab\there", "http://h/\x7f", "//", "///x", "http://", ":", "/#new", "http://127.0.0.1/",
]  # fmt: skip


def redirect(location: str, status: int = 302, body: bytes = b"moved") -> Any:
    return (status, [(b"Location", location.encode("latin-1"))], body)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("status", STATUSES)
@pytest.mark.parametrize("follow", [True, False])
def test_methods_and_bodies(method: str, status: int, follow: bool) -> None:
    bodies: list[dict[str, Any]] = [{}, {"content": b"bytes"}, {"json": {"a": 1}}, {"data": {"a": "b"}}]
    for body in bodies:
        assert_same_story(
            [redirect("/next", status), OK],
            lambda library, client, body=body: client.request(method, "http://h/p", **body, follow_redirects=follow),
        )


@pytest.mark.parametrize("location", LOCATIONS)
@pytest.mark.parametrize("url", ["http://h/a/b?q#f", "https://h/a", "http://h:81/", "http://u:p@h/a#"])
def test_locations(location: str, url: str) -> None:
    for follow in (True, False):
        assert_same_story(
            [redirect(location), OK], lambda library, client, follow=follow: client.get(url, follow_redirects=follow)
        )


FIELDS = [
    {"Authorization": "secret"},
    [("authorization", "one"), ("AUTHORIZATION", "two")],
    {"Cookie": "own=1"},
    {"Host": "chosen"},
    {"X-Api-Key": "kept", "Referer": "http://h/"},
    {"Content-Type": "x/y", "Content-Length": "5", "Content-Language": "en"},
    {"Transfer-Encoding": "chunked"},
]
TARGETS = ["/next", "http://other/", "https://h/", "http://h:81/", "https://h:444/", "https://other/", "http://H:80/x"]


@pytest.mark.parametrize("fields", FIELDS)
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("status", [302, 307])
def test_fields(fields: Any, target: str, status: int) -> None:
    arguments: list[dict[str, Any]] = [{"headers": fields}, {"headers": fields, "content": b"bytes"}]
    for more in arguments:
        assert_same_story(
            [redirect(target, status), OK],
            lambda library, client, more=more: client.post("http://h/p", **more),
            follow_redirects=True,
        )
    # Of the client, not of the request; and back again.
    assert_same_story(
        [redirect(target, status), redirect("http://h/back", status), OK],
        lambda library, client: client.get("http://h/p"),
        follow_redirects=True,
        headers=fields,
    )


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("auth", [("u", "p"), None])
def test_authentication(target: str, auth: Any) -> None:
    assert_same_story(
        [redirect(target), redirect("http://h/back"), OK],
        lambda library, client: client.get("http://u2:p2@h/p", **({} if auth is None else {"auth": auth})),
        follow_redirects=True,
    )
    assert_same_story(
        [redirect(target), OK], lambda library, client: client.get("http://h/p"), follow_redirects=True, auth=("u", "p")
    )


def test_cookies_on_the_way() -> None:
    answers = [
        (302, [("Location", "/b"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2; Path=/c")], b""),
        (302, [("Location", "http://other.example/c"), ("Set-Cookie", "a=3")], b""),
        (302, [("Location", "http://h.example/c"), ("Set-Cookie", "o=4")], b""),
        (200, [("Set-Cookie", "last=5; Domain=h.example")], b"x"),
    ]
    for follow in (True, False):
        assert_same_story(
            answers,
            lambda library, client, follow=follow: client.get("http://h.example/a", follow_redirects=follow),
            cookies={"c": "0"},
        )


@pytest.mark.filterwarnings("ignore:Setting per-request cookies")
@pytest.mark.parametrize("target", ["/b", "http://other.example/"])
def test_cookies_of_a_request(target: str) -> None:
    assert_same_story(
        [redirect(target), OK],
        lambda library, client: client.get("http://h.example/a", cookies={"own": "1"}),
        follow_redirects=True,
        cookies={"c": "0"},
    )


@pytest.mark.parametrize("limit", [0, 1, 2, 3])
def test_limits(limit: int) -> None:
    answers = [redirect("/1"), redirect("/2"), OK]
    assert_same_story(
        answers, lambda library, client: client.get("http://h/"), follow_redirects=True, max_redirects=limit
    )
    assert_same_story(
        [redirect("/again")],
        lambda library, client: client.get("http://h/"),
        follow_redirects=True,
        max_redirects=limit,
    )
    assert_same_story([redirect("/again")], lambda library, client: client.get("http://h/"), max_redirects=limit)


def test_the_default_limit() -> None:
    assert_same_story([redirect("/again")], lambda library, client: client.get("http://h/"), follow_redirects=True)


@pytest.mark.parametrize("status", [301, 303, 307, 308])
@pytest.mark.parametrize("make", [lambda: agenerate(b"a", b"b"), lambda: generate(b"a"), lambda: [b"a", b"b"]])
def test_streamed_bodies(status: int, make: Any) -> None:
    # Only what can be sent again is. The error of a generator has our own words: compared is its class.
    async def call(library: Any, client: Any) -> Any:
        try:
            return await client.put("http://h/", content=make(), follow_redirects=True)
        except library.StreamConsumed:
            return "StreamConsumed"

    assert_same_story([redirect("/next", status), OK], call)


def test_files_are_sent_again() -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    assert_same_story(
        [redirect("/next", 307), OK],
        lambda library, client: client.post("http://h/", files={"f": b"x"}, headers=headers),
        follow_redirects=True,
    )


@pytest.mark.parametrize("follow", [True, False])
def test_streaming(follow: bool) -> None:
    async def call(library: Any, client: Any) -> Any:
        async with client.stream("GET", "http://h/", follow_redirects=follow) as response:
            seen = [response.is_closed, response.is_stream_consumed, [it.is_closed for it in response.history]]
            seen.append([part async for part in response.aiter_bytes()])
        return [seen, response.status_code, response.is_closed, [it.content for it in response.history]]

    assert_same_story([redirect("/next"), OK], call)


def test_next_request_can_be_sent() -> None:
    async def call(library: Any, client: Any) -> Any:
        response = await client.post("http://h/", content=b"x", headers={"Authorization": "a"})
        while response.next_request is not None:
            response = await client.send(response.next_request)
        return response

    assert_same_story([redirect("/1", 307), redirect("http://other/2", 303), OK], call)


def test_errors_on_the_way() -> None:
    for answer in (
        lambda library: library.ReadTimeout("slow"),
        lambda library: library.HTTPError("x"),
        lambda library: ValueError("own"),
    ):
        assert_same_story(
            [redirect("/next"), answer], lambda library, client: client.get("http://h/"), follow_redirects=True
        )


def test_extensions_go_along() -> None:
    async def call(library: Any, client: Any) -> Any:
        response = await client.get("http://h/", extensions={"mine": 1}, timeout=3)
        return [response.request.extensions, response.history[0].request.extensions]

    assert_same_story([redirect("/next"), OK], call, follow_redirects=True)


@pytest.mark.parametrize("target", ["http://other/", "http://h:81/", "https://h:444/", "https://other/"])
def test_no_secret_leaves_the_origin(target: str) -> None:
    # Also what httpx lets through: the row `redirected-secrets`.
    fields = [("Authorization", "1"), ("authorization", "2"), ("Proxy-Authorization", "3"), ("Cookie", "4")]

    async def play(library: Any) -> list[list[bytes]]:
        script = Script(library, [redirect(target, 307), redirect("http://h/back", 307), OK], follow_redirects=True)
        await script.client.get("http://h/", headers=fields)
        return [[name.lower() for name, _ in seen[2]] for seen in script.seen]

    import asyncio

    first, *others = asyncio.run(play(LIBRARIES["cyhttpx"]))
    assert [first.count(name) for name in (b"authorization", b"proxy-authorization", b"cookie")] == [2, 1, 1]
    assert len(others) == 2
    assert not {b"authorization", b"proxy-authorization", b"cookie"} & {name for names in others for name in names}
