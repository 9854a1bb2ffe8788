"""Authentication flows, driven by hand: Basic, netrc, functions and Digest, with httpx's flows as oracle."""

from __future__ import annotations

import asyncio
import hashlib
import re
import urllib.request
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyhttpx import _auth
from cyhttpx._auth import Auth, BasicAuth, DigestAuth, FunctionAuth, NetRCAuth
from cyhttpx._exceptions import ProtocolError
from cyhttpx._models import Request, Response

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator
    from pathlib import Path

few = settings(max_examples=100, deadline=None)
URL = "http://example.org/dir/index.html?x=1"


class Exchange:
    """One flow, driven as a client would; either package."""

    def __init__(self, package: Any, auth: Any, url: str = URL, method: str = "GET", **arguments: Any) -> None:
        self.package = package
        self.request = package.Request(method, url, **arguments)
        self.flow = auth.sync_auth_flow(self.request)
        self.sent = next(self.flow)
        assert self.sent is self.request

    @property
    def authorization(self) -> str | None:
        return self.sent.headers.get("Authorization")

    def respond(self, status: int, *challenges: str, url: str | None = None, cookies: tuple[str, ...] = ()) -> bool:
        """Answer the request; whether the flow sends another one."""
        answered = self.request if url is None else self.package.Request("GET", url)
        headers = [("WWW-Authenticate", challenge) for challenge in challenges] + [("Set-Cookie", c) for c in cookies]
        try:
            self.sent = self.flow.send(self.package.Response(status, headers=headers, request=answered))
        except StopIteration:
            return False
        return True


class Package:
    Request, Response = Request, Response


OURS, THEIRS = Package, httpx


def fields_of(header: str | None) -> dict[str, str]:
    assert header is not None
    scheme, _, rest = header.partition(" ")
    assert scheme == "Digest"
    return urllib.request.parse_keqv_list(urllib.request.parse_http_list(rest))


@pytest.fixture(autouse=True)
def fixed_nonce(monkeypatch: pytest.MonkeyPatch) -> None:
    for kind in (DigestAuth, httpx.DigestAuth):
        monkeypatch.setattr(
            kind, "_get_client_nonce", lambda self, nonce_count, nonce: b"%d-" % nonce_count + b"cnonce"
        )


# The base class


def test_a_flow_yields_the_request_by_default() -> None:
    exchange = Exchange(OURS, Auth())
    assert not exchange.respond(401, 'Basic realm="x"')
    assert exchange.authorization is None


def test_bodies_are_read_before_the_flow_sees_them() -> None:
    class Signing(Auth):
        requires_request_body = True
        requires_response_body = True

        def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
            request.headers["X-Signature"] = hashlib.sha256(request.content).hexdigest()
            response = yield request
            request.headers["X-Token"] = response.text
            yield request

    def parts() -> Generator[bytes, None, None]:
        yield b"to"
        yield b"ken"

    async def asynchronous() -> AsyncGenerator[bytes, None]:
        for part in parts():
            yield part

    request = Request("POST", URL, content=parts())
    flow = Signing().sync_auth_flow(request)
    assert next(flow).headers["X-Signature"] == hashlib.sha256(b"token").hexdigest()
    assert flow.send(Response(200, content=parts())).headers["X-Token"] == "token"
    with pytest.raises(StopIteration):
        flow.send(Response(200, content=parts()))

    async def act() -> None:
        request = Request("POST", URL, content=asynchronous())
        flow = Signing().async_auth_flow(request)
        assert (await anext(flow)).headers["X-Signature"] == hashlib.sha256(b"token").hexdigest()
        assert (await flow.asend(Response(200, content=asynchronous()))).headers["X-Token"] == "token"
        with pytest.raises(StopAsyncIteration):
            await flow.asend(Response(200, content=asynchronous()))

    asyncio.run(act())


def test_an_asynchronous_digest_flow() -> None:
    async def act() -> None:
        request = Request("GET", URL)
        flow = DigestAuth("user", "pass").async_auth_flow(request)
        assert "Authorization" not in (await anext(flow)).headers
        response = Response(401, headers={"WWW-Authenticate": 'Digest realm="r", nonce="n"'}, request=request)
        assert fields_of((await flow.asend(response)).headers["Authorization"])["realm"] == "r"
        with pytest.raises(StopAsyncIteration):
            await flow.asend(Response(200, request=request))

    asyncio.run(act())


def test_function_auth() -> None:
    def sign(request: Request) -> Request:
        request.headers["X-Signature"] = request.method
        return request

    exchange = Exchange(OURS, FunctionAuth(sign))
    assert exchange.sent.headers["X-Signature"] == "GET"
    assert not exchange.respond(401)


# Basic


@few
@given(
    username=st.one_of(st.text(max_size=9), st.binary(max_size=9)),
    password=st.one_of(st.text(max_size=90), st.binary(max_size=90)),
)
def test_basic_auth_as_httpx(username: Any, password: Any) -> None:
    try:
        expected = Exchange(THEIRS, httpx.BasicAuth(username, password)).authorization
    except UnicodeEncodeError:  # a lone surrogate
        with pytest.raises(UnicodeEncodeError):
            BasicAuth(username, password)
        return
    exchange = Exchange(OURS, BasicAuth(username, password))
    assert exchange.authorization == expected
    assert not exchange.respond(401, 'Basic realm="x"')


@pytest.fixture
def netrc_file(tmp_path: Path) -> str:
    file = tmp_path / "netrc"
    file.write_text(
        "machine netrc.example.org login user password pass\n"
        "machine empty.example.org login user\n"
        "machine 127.0.0.1 login local password host\n"
        "machine ::1 login six password host\n"
    )
    file.chmod(0o600)
    return str(file)


@pytest.mark.parametrize(
    ("url", "is_found"),
    [
        ("http://netrc.example.org/", True),
        ("https://NETRC.example.org:8443/", True),
        ("http://user@netrc.example.org/", True),
        ("http://127.0.0.1:80/", True),
        ("http://[::1]:8080/", True),
        ("http://example.org/", False),
        ("http://empty.example.org/", False),
        ("http://netrc.example.org.evil/", False),
        ("http://netrc.example.org@evil/", False),
        ("http://netrc.example.org:@evil/", False),
        ("http://netrc.example.org:80@evil/", False),
        ("http://evil/netrc.example.org", False),
        ("http://evil/@netrc.example.org", False),
        ("http://evil?@netrc.example.org", False),
        ("http://evil#@netrc.example.org", False),
    ],
)
def test_netrc_looks_up_the_host_alone(netrc_file: str, url: str, is_found: bool) -> None:
    exchange = Exchange(OURS, NetRCAuth(netrc_file), url)
    assert exchange.authorization == Exchange(THEIRS, httpx.NetRCAuth(netrc_file), url).authorization
    assert (exchange.authorization is not None) == is_found
    assert not exchange.respond(401)


def test_netrc_default_and_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / ".netrc"
    file.write_text("default login anybody password x\n")
    file.chmod(0o600)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    assert Exchange(OURS, NetRCAuth()).authorization == Exchange(THEIRS, httpx.NetRCAuth()).authorization
    assert Exchange(OURS, NetRCAuth()).authorization is not None
    with pytest.raises(FileNotFoundError):
        NetRCAuth(str(tmp_path / "absent"))


# Digest: what httpx answers, we answer the same

CHALLENGES = [
    'Digest realm="r", nonce="n"',
    'Digest realm="r", nonce="n", qop="auth"',
    "Digest realm=r, nonce=n, qop=auth",
    'digest realm="r", nonce="n", qop="auth, auth-int"',
    'DIGEST realm="r", nonce="n", qop="auth-int,auth"',
    'Digest realm="r",nonce="n",opaque="o",algorithm=MD5,qop="auth"',
    'Digest qop="auth",  stale=true ,nonce="a,b=c",realm="with space, and = comma",domain="/ http://x/"',
    'Digest realm="", nonce="", opaque="", qop="auth"',
    *(
        f'Digest realm="r", nonce="n", algorithm={algorithm}, opaque="o"{qop}'
        for algorithm in ("MD5", "md5", '"MD5"', "SHA", "SHA-256", "sha-512")
        for qop in ("", ', qop="auth"')
    ),
    *(
        f'Digest realm="r", nonce="n", algorithm={name}-SESS, qop="auth"'
        for name in ("MD5", "SHA", "SHA-256", "SHA-512")
    ),
    'Digest realm="r", nonce="n", algorithm=SHA-512-sess',
]


@pytest.mark.parametrize("challenge", CHALLENGES)
def test_digest_answers_as_httpx(challenge: str) -> None:
    ours, theirs = DigestAuth("us er", b"pass:word"), httpx.DigestAuth("us er", b"pass:word")
    for method, url in (("GET", URL), ("POST", URL + "&y=%20z#fragment"), ("GET", "http://example.org")):
        exchange = Exchange(OURS, ours, url, method)
        expected = Exchange(THEIRS, theirs, url, method)
        assert exchange.authorization == expected.authorization
        assert exchange.respond(401, challenge)
        assert expected.respond(401, challenge)
        assert exchange.authorization == expected.authorization
        assert not exchange.respond(401, challenge)
        # And now with a request that comes with an answer at once.
        assert Exchange(OURS, ours, url).authorization == Exchange(THEIRS, theirs, url).authorization


safe = st.text(st.characters(min_codepoint=32, max_codepoint=126, exclude_characters='"\\'), max_size=12)


@few
@given(
    realm=safe,
    nonce=safe,
    opaque=st.one_of(st.none(), safe),
    username=safe,
    password=st.text(max_size=12, alphabet=st.characters(exclude_categories=["Cs"])),
    algorithm=st.sampled_from(["", "MD5", "SHA-256-SESS"]),
    qop=st.sampled_from(["", "auth", "auth-int, auth"]),
)
def test_any_digest_challenge_as_httpx(
    realm: str, nonce: str, opaque: str | None, username: str, password: str, algorithm: str, qop: str
) -> None:
    challenge = f'Digest realm="{realm}", nonce="{nonce}"'
    challenge += "" if opaque is None else f', opaque="{opaque}"'
    challenge += f", algorithm={algorithm}" if algorithm else ""
    challenge += f', qop="{qop}"' if qop else ""
    exchange = Exchange(OURS, DigestAuth(username, password))
    expected = Exchange(THEIRS, httpx.DigestAuth(username, password))
    assert exchange.respond(401, challenge)
    assert expected.respond(401, challenge)
    assert exchange.authorization == expected.authorization


@pytest.mark.parametrize(
    ("status", "challenges"),
    [
        (200, ['Digest realm="r", nonce="n"']),
        (403, ['Digest realm="r", nonce="n"']),
        (407, ['Digest realm="r", nonce="n"']),
        (401, []),
        (401, ['Basic realm="r"']),
        (401, ["Digest"]),
        (401, ["Negotiate", 'Basic realm="Digest"']),
        (401, ["Negotiate dG9rZW4="]),
        (401, [""]),
    ],
)
def test_no_digest_challenge_no_answer(status: int, challenges: list[str]) -> None:
    for package, auth in ((OURS, DigestAuth("u", "p")), (THEIRS, httpx.DigestAuth("u", "p"))):
        exchange = Exchange(package, auth)
        assert not exchange.respond(status, *challenges)
        assert exchange.authorization is None
        assert Exchange(package, auth).authorization is None


@pytest.mark.parametrize(
    ("challenge", "error"),
    [
        ('Digest realm="r"', "Malformed Digest WWW-Authenticate header"),
        ('Digest nonce="n"', "Malformed Digest WWW-Authenticate header"),
        ('Digest realm="r", qop="auth,au', "Malformed Digest WWW-Authenticate header"),
        ('Digest realm="r", nonce="n", qop="other"', "Unexpected qop value \"b'other'\" in digest auth"),
        ('Digest realm="r", nonce="n", qop=""', "Unexpected qop value \"b''\" in digest auth"),
    ],
)
def test_digest_errors_as_httpx(challenge: str, error: str) -> None:
    for package, auth, kind in (
        (OURS, DigestAuth("u", "p"), ProtocolError),
        (THEIRS, httpx.DigestAuth("u", "p"), httpx.ProtocolError),
    ):
        exchange = Exchange(package, auth)
        with pytest.raises(kind) as caught:
            exchange.respond(401, challenge)
        assert str(caught.value) == error
        assert caught.value.request is exchange.request


@pytest.mark.parametrize(
    "challenge",
    [
        'Digest realm="r", nonce="n", qop="auth,au',
        'Digest realm="r", nonce="n" junk',
        'Digest realm="r", nonce="n", =x',
        'Digest realm="r", nonce="n", "x"',
        'Digest realm="r", nonce="n", x=a"b',
        'Digest realm="r", nonce="n\\"',
        "Digest dG9rZW4=",
        'Digest realm="r", other, nonce="n"',
    ],
)
def test_a_challenge_that_makes_no_sense(challenge: str) -> None:
    exchange = Exchange(OURS, DigestAuth("u", "p"))
    with pytest.raises(ProtocolError, match="Malformed Digest") as caught:
        exchange.respond(401, challenge)
    assert caught.value.request is exchange.request
    assert exchange.authorization is None


def test_auth_int_alone_is_not_implemented_as_in_httpx() -> None:
    for package, auth in ((OURS, DigestAuth("u", "p")), (THEIRS, httpx.DigestAuth("u", "p"))):
        with pytest.raises(NotImplementedError, match="Digest auth-int support is not yet implemented"):
            Exchange(package, auth).respond(401, 'Digest realm="r", nonce="n", qop="auth-int"')


# Digest: the RFC's examples


def test_the_example_of_rfc_2617(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(DigestAuth, "_get_client_nonce", lambda self, nonce_count, nonce: b"0a4f113b")
    exchange = Exchange(OURS, DigestAuth("Mufasa", "Circle Of Life"), "http://www.nowhere.org/dir/index.html")
    assert exchange.respond(
        401,
        'Digest realm="testrealm@host.com", qop="auth,auth-int", '
        'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"',
    )
    fields = fields_of(exchange.authorization)
    assert fields["response"] == "6629fae49393a05397450978507c4ef1"
    assert fields["nc"] == "00000001"
    assert fields["opaque"] == "5ccc069c403ebaf9f0171e9517f40e41"


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_rfc_7616(monkeypatch: pytest.MonkeyPatch, algorithm: str, response: str) -> None:
    cnonce = b"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    monkeypatch.setattr(DigestAuth, "_get_client_nonce", lambda self, nonce_count, nonce: cnonce)
    exchange = Exchange(OURS, DigestAuth("Mufasa", "Circle of Life"), "http://www.example.org/dir/index.html")
    common = (
        'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
        'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
    )
    assert exchange.respond(401, f"Digest {common}, algorithm={algorithm}")
    fields = fields_of(exchange.authorization)
    assert fields["response"] == response
    assert fields["algorithm"] == algorithm


def test_sha_512_256() -> None:
    exchange = Exchange(OURS, DigestAuth("u", "p"))
    is_answered = exchange.respond(401, 'Digest realm="r", nonce="n", algorithm=SHA-512-256')
    assert is_answered == ("sha512_256" in hashlib.algorithms_available)
    if is_answered:

        def digest(*parts: str) -> str:
            return hashlib.new("sha512_256", ":".join(parts).encode()).hexdigest()

        expected = digest(digest("u", "r", "p"), "n", digest("GET", "/dir/index.html?x=1"))
        assert fields_of(exchange.authorization)["response"] == expected


# Digest: beyond httpx


@pytest.mark.parametrize(
    ("challenges", "realm"),
    [
        (['Basic realm="b", Digest realm="d", nonce="n"'], "d"),
        (['Basic realm="b"', 'Digest realm="d", nonce="n"'], "d"),
        (['Negotiate, Digest realm="d", nonce="n", Basic realm="b"'], "d"),
        (['Negotiate dG9rZW4=, Digest realm="d", nonce="n"'], "d"),
        (['Digest realm="d", nonce="n", Negotiate'], "d"),
        (['Digest , realm = "d" ,, nonce\t=\t"n",'], "d"),
        (['Digest REALM="d", Nonce="n", ALGORITHM=MD5'], "d"),
        (['Digest realm="x", nonce="n", algorithm=UNKNOWN', 'Digest realm="d", nonce="n"'], "d"),
        (['Digest realm="x", nonce="n", algorithm=UNKNOWN, Digest realm="d", nonce="n", algorithm=SHA-256'], "d"),
        (['Digest realm="first", nonce="n", algorithm=SHA-256', 'Digest realm="second", nonce="n"'], "first"),
    ],
)
def test_the_first_challenge_that_can_be_answered_is(challenges: list[str], realm: str) -> None:
    exchange = Exchange(OURS, DigestAuth("u", "p"))
    assert exchange.respond(401, *challenges)
    assert fields_of(exchange.authorization)["realm"] == realm


def test_an_unknown_algorithm_is_not_answered() -> None:
    exchange = Exchange(OURS, DigestAuth("u", "p"))
    assert not exchange.respond(401, 'Digest realm="r", nonce="n", algorithm=UNKNOWN')
    assert exchange.authorization is None


def test_quotes_and_backslashes_are_escaped() -> None:
    exchange = Exchange(OURS, DigestAuth('u"\\', "p"))
    assert exchange.respond(401, r'Digest realm="a\"b\\c", nonce="\n\"", opaque="\\", qop=auth')
    assert exchange.authorization is not None
    for part in (r'username="u\"\\"', r'realm="a\"b\\c"', r'nonce="n\""', r'opaque="\\"'):
        assert f" {part}, " in exchange.authorization

    def digest(*parts: str) -> str:
        return hashlib.md5(":".join(parts).encode()).hexdigest()

    # The digest is over the values, without the quotes and backslashes that carry them.
    expected = digest(
        digest('u"\\', 'a"b\\c', "p"), 'n"', "00000001", "1-cnonce", "auth", digest("GET", "/dir/index.html?x=1")
    )
    assert f'response="{expected}"' in exchange.authorization


@few
@given(realm=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12))
def test_any_realm_comes_back(realm: str) -> None:
    quoted = '"' + re.sub(r'(["\\])', r"\\\1", realm) + '"'
    exchange = Exchange(OURS, DigestAuth("u", "p"))
    assert exchange.respond(401, f"Digest realm={quoted}, nonce={quoted}")
    assert exchange.authorization is not None
    assert f"realm={quoted}, nonce={quoted}, uri=" in exchange.authorization


def test_names_that_are_not_ascii() -> None:
    exchange = Exchange(OURS, DigestAuth("\xfcser", "p\xe4ss"))
    assert exchange.request.headers.encoding == "ascii"
    assert exchange.respond(401, 'Digest realm="r", nonce="n"')
    raw = dict(exchange.sent.headers.raw)[b"Authorization"]
    assert 'username="\xfcser"'.encode() in raw

    def digest(*parts: str) -> bytes:
        return hashlib.md5(":".join(parts).encode()).hexdigest().encode()

    first, second = digest("\xfcser", "r", "p\xe4ss"), digest("GET", "/dir/index.html?x=1")
    assert hashlib.md5(first + b":n:" + second).hexdigest().encode() in raw


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_realm_that_is_not_ascii(encoding: str) -> None:
    request = Request("GET", URL)
    flow = DigestAuth("u", "p").sync_auth_flow(request)
    next(flow)
    headers = [(b"WWW-Authenticate", 'Digest realm="caf\xe9", nonce="n"'.encode(encoding))]
    sent = flow.send(Response(401, headers=headers, request=request))
    raw = dict(sent.headers.raw)[b"Authorization"]
    assert 'realm="caf\xe9"'.encode() in raw
    first, second = hashlib.md5("u:caf\xe9:p".encode()).hexdigest(), hashlib.md5(b"GET:/dir/index.html?x=1").hexdigest()
    assert hashlib.md5(f"{first}:n:{second}".encode()).hexdigest().encode() in raw


def test_the_nonce_count() -> None:
    auth = DigestAuth("u", "p")
    exchange = Exchange(OURS, auth)
    assert exchange.respond(401, 'Digest realm="r", nonce="one", qop="auth"')
    counts = [fields_of(exchange.authorization)["nc"]]
    counts += [fields_of(Exchange(OURS, auth).authorization)["nc"] for _ in range(3)]
    assert counts == ["00000001", "00000002", "00000003", "00000004"]
    # A new nonce, because the old one was stale: counting starts again.
    exchange = Exchange(OURS, auth)
    assert fields_of(exchange.authorization)["nonce"] == "one"
    assert exchange.respond(401, 'Digest realm="r", nonce="two", qop="auth", stale=true')
    fields = fields_of(exchange.authorization)
    assert (fields["nonce"], fields["nc"]) == ("two", "00000001")
    # That was the only second chance.
    assert not exchange.respond(401, 'Digest realm="r", nonce="three", qop="auth"')
    assert fields_of(Exchange(OURS, auth).authorization)["nonce"] == "two"


@pytest.mark.parametrize(
    "other",
    [
        "http://evil.org/dir/index.html",
        "http://example.org:8080/dir/index.html",
        "https://example.org/dir/index.html",
        "http://sub.example.org/",
    ],
)
def test_a_challenge_from_another_origin_is_not_answered(other: str) -> None:
    auth = DigestAuth("u", "p")
    exchange = Exchange(OURS, auth)
    assert not exchange.respond(401, 'Digest realm="r", nonce="n"', url=other)
    assert exchange.authorization is None
    assert Exchange(OURS, auth).authorization is None
    assert Exchange(OURS, auth, other).authorization is None


def test_challenges_are_kept_by_origin() -> None:
    auth = DigestAuth("u", "p")
    origins = ["http://a.org", "http://a.org:8080", "https://a.org", "http://b.org"]
    for number, origin in enumerate(origins):
        exchange = Exchange(OURS, auth, f"{origin}/")
        assert exchange.authorization is None
        assert exchange.respond(401, f'Digest realm="r{number}", nonce="n", qop=auth')
    for number, origin in enumerate(origins):
        fields = fields_of(Exchange(OURS, auth, f"{origin}/path").authorization)
        assert (fields["realm"], fields["nc"]) == (f"r{number}", "00000002")
    assert fields_of(Exchange(OURS, auth, "http://a.org:80/").authorization)["realm"] == "r0"


def test_not_all_origins_are_remembered_for_ever() -> None:
    auth = DigestAuth("u", "p")
    for number in range(_auth._MAX_CHALLENGES + 10):
        assert Exchange(OURS, auth, f"http://host{number}/").respond(401, 'Digest realm="r", nonce="n"')
    assert len(auth._challenges) == _auth._MAX_CHALLENGES
    assert Exchange(OURS, auth, "http://host0/").authorization is None
    assert Exchange(OURS, auth, "http://host100/").authorization is not None


def test_redirects_within_the_origin_are_answered() -> None:
    exchange = Exchange(OURS, DigestAuth("u", "p"))
    assert exchange.respond(401, 'Digest realm="r", nonce="n"', url="http://example.org:80/elsewhere")
    assert fields_of(exchange.authorization)["uri"] == "/dir/index.html?x=1"


def test_a_response_made_by_hand_is_answered() -> None:
    request = Request("GET", URL)
    flow = DigestAuth("u", "p").sync_auth_flow(request)
    next(flow)
    sent = flow.send(Response(401, headers={"WWW-Authenticate": 'Digest realm="r", nonce="n"', "Set-Cookie": "a=b"}))
    assert sent.headers["Authorization"].startswith("Digest ")


@pytest.mark.parametrize(
    ("arguments", "cookies"),
    [
        ({}, ()),
        ({}, ("a=b",)),
        ({}, ("a=b; Path=/", "c=d; Path=/elsewhere", "e=f; Secure")),
        ({"cookies": {"x": "y"}}, ("a=b",)),
        ({"headers": {"Cookie": "x=y"}}, ("a=b; Path=/",)),
    ],
)
def test_cookies_are_carried_over_as_in_httpx(arguments: Any, cookies: tuple[str, ...]) -> None:
    sent = []
    for package, auth in ((OURS, DigestAuth("u", "p")), (THEIRS, httpx.DigestAuth("u", "p"))):
        exchange = Exchange(package, auth, **arguments)
        assert exchange.respond(401, 'Digest realm="r", nonce="n"', cookies=cookies)
        sent.append(exchange.sent.headers.get("Cookie"))
    assert sent[0] == sent[1]


def test_client_nonces_are_random(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    auth = DigestAuth("u", "p")
    nonces = {auth._get_client_nonce(1, b"n") for _ in range(100)}
    assert len(nonces) == 100
    assert all(re.fullmatch(rb"[0-9a-f]{16}", nonce) for nonce in nonces)


@pytest.mark.parametrize(
    "text",
    [
        '"' * 50_000,
        "a " * 50_000,
        "a=" * 50_000,
        '"\\' * 50_000,
        ", " * 50_000,
        "a,a=b," * 20_000,
        'a"b"' * 30_000,
        "a" * 100_000 + "=",
        " " * 100_000 + "=",
    ],
)
def test_parsing_a_challenge_takes_linear_time(text: str) -> None:
    # 100 KB are parsed in some 10 ms; backtracking would take minutes, and the test with it.
    _auth._parse_challenges("Digest " + text)


@few
@given(st.text(alphabet='Digest realm="\\,x= \tnonce', max_size=60))
def test_any_challenge_is_answered_or_refused(text: str) -> None:
    auth = DigestAuth("u", "p")
    exchange = Exchange(OURS, auth)
    refused: ProtocolError | None = None
    is_answered = False
    try:
        is_answered = exchange.respond(401, "Digest " + text)
    except ProtocolError as error:
        refused = error
    assert refused is None or refused.request is exchange.request
    assert is_answered == (exchange.authorization is not None) == bool(auth._challenges)
