"""Authentication: flows that are given responses and yield requests, without I/O, and so the same for both clients.

Which credentials a request gets, and when a redirect takes them away, is decided by the client.
"""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Any, Final

from ._exceptions import ProtocolError
from ._utils import to_bytes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Generator

    from ._models import Request, Response

__all__ = ["Auth", "BasicAuth", "DigestAuth", "FunctionAuth", "NetRCAuth"]


class Auth:
    """Base of all authentication (https://www.python-httpx.org/advanced/authentication/#custom-authentication-schemes).

    Override `auth_flow`: it yields a request, is given the response to it, may yield another request, and so on; the
    last response is the user's. If it looks at bodies, set `requires_request_body` or `requires_response_body`: they
    are read before the flow sees them. If it waits for something else, override `sync_auth_flow` and `async_auth_flow`
    instead.
    """

    requires_request_body = False
    requires_response_body = False

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Yield the request with its credentials; by default as it is."""
        yield request

    def sync_auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Run `auth_flow` for `Client`, reading bodies as it requires."""
        if self.requires_request_body:
            request.read()
        flow = self.auth_flow(request)
        request = next(flow)
        while True:
            response = yield request
            if self.requires_response_body:
                response.read()
            try:
                request = flow.send(response)
            except StopIteration:
                return

    async def async_auth_flow(self, request: Request) -> AsyncGenerator[Request, Response]:
        """Run `auth_flow` for `AsyncClient`, reading bodies as it requires."""
        if self.requires_request_body:
            await request.aread()
        flow = self.auth_flow(request)
        request = next(flow)
        while True:
            response = yield request
            if self.requires_response_body:
                await response.aread()
            try:
                request = flow.send(response)
            except StopIteration:
                return


class FunctionAuth(Auth):
    """Authentication by a function that takes the request and returns it changed."""

    def __init__(self, func: Callable[[Request], Request]) -> None:
        self._func = func

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Yield what the function returns."""
        yield self._func(request)


def _basic(username: str | bytes, password: str | bytes) -> str:
    from binascii import b2a_base64

    credentials = to_bytes(username) + b":" + to_bytes(password)
    return "Basic " + b2a_base64(credentials, newline=False).decode("ascii")


class BasicAuth(Auth):
    """Basic authentication (RFC 7617), sent with the first request; text is encoded as UTF-8."""

    def __init__(self, username: str | bytes, password: str | bytes) -> None:
        self._auth_header = _basic(username, password)

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Yield the request with its credentials."""
        request.headers["Authorization"] = self._auth_header
        yield request


class NetRCAuth(Auth):
    """Basic authentication with the credentials that a netrc file has for the URL's host, or by default.

    file: its path; by default `.netrc` in the home directory. It is read at once; errors are those of the netrc module.
    """

    def __init__(self, file: str | None = None) -> None:
        from netrc import netrc

        self._netrc_info = netrc(file)

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Yield the request, with credentials if there are any."""
        # The host as it is connected to, never a piece of the URL's text: `http://known.host:80@evil/` goes to evil.
        found = self._netrc_info.authenticators(request.url.host)
        if found is not None and found[2]:
            request.headers["Authorization"] = _basic(found[0], found[2])
        yield request


# RFC 7616 §6.1 and, from httpx, the plain SHA family; each also as "-SESS".
_HASHES: Final = {
    "MD5": "md5",
    "SHA": "sha1",
    "SHA-256": "sha256",
    "SHA-512": "sha512",
    "SHA-512-256": "sha512_256",
}

# What a client that visits ever more origins may remember of them.
_MAX_CHALLENGES: Final = 256


class _Challenge:
    """A Digest challenge that can be answered; `_counter` numbers the requests that use its nonce."""

    __slots__ = ("_counter", "algorithm", "hash_name", "nonce", "opaque", "qop", "realm")

    def __init__(self, parameters: dict[str, str], hash_name: str) -> None:
        self.realm = parameters["realm"].encode()
        self.nonce = parameters["nonce"].encode()
        self.algorithm = parameters.get("algorithm", "MD5")
        self.opaque = parameters.get("opaque", "").encode()
        self.qop = parameters.get("qop")
        self.hash_name = hash_name
        # A counter that no two threads can get the same number from: a server takes the second for a replay.
        self._counter = count(1)

    def next_count(self) -> int:
        return next(self._counter)


class DigestAuth(Auth):
    """Digest authentication (RFC 7616): MD5, SHA, SHA-256, SHA-512 and SHA-512-256, each also as session variant.

    A challenge is answered if it comes from the origin that the request was made to. It is remembered for that origin:
    later requests are sent with an answer at once. `qop=auth-int` alone raises NotImplementedError, as in httpx; a
    challenge that makes no sense raises ProtocolError; one with an unknown algorithm is not answered.
    """

    def __init__(self, username: str | bytes, password: str | bytes) -> None:
        self._username = to_bytes(username)
        self._password = to_bytes(password)
        self._challenges: dict[Any, _Challenge] = {}

    def auth_flow(self, request: Request) -> Generator[Request, Response, None]:
        """Yield the request, and once more if the response is a challenge."""
        origin = _origin(request)
        known = self._challenges.get(origin)
        if known is not None:
            _authorize(request, self._build_auth_header(request, known))
        response = yield request

        if response.status_code != 401 or "www-authenticate" not in response.headers:
            return
        # With redirects followed inside the flow, the challenge may be another server's: the credentials are not for
        # it.
        answered = _request_of(response)
        if answered is not None and _origin(answered) != origin:
            return
        challenge = self._parse_challenge(request, response)
        if challenge is None:
            return
        header = self._build_auth_header(request, challenge)
        self._challenges.pop(origin, None)
        if len(self._challenges) >= _MAX_CHALLENGES:
            self._challenges.pop(next(iter(self._challenges)), None)
        self._challenges[origin] = challenge
        _authorize(request, header)
        if answered is not None and "set-cookie" in response.headers:
            from ._cookies import Cookies

            Cookies(response.cookies).set_cookie_header(request)
        yield request

    def _parse_challenge(self, request: Request, response: Response) -> _Challenge | None:
        # RFC 7616 §3.7: the server lists what it prefers first; a client uses the first that it knows.
        for field in response.headers.get_list("www-authenticate"):
            for scheme, parameters in _parse_challenges(field):
                if scheme.lower() != "digest" or parameters == {}:
                    continue
                if parameters is None or not parameters.keys() >= {"realm", "nonce"}:
                    raise ProtocolError("Malformed Digest WWW-Authenticate header", request=request)
                hash_name = _hash_name(parameters.get("algorithm", "MD5"))
                if hash_name is not None:
                    return _Challenge(parameters, hash_name)
        return None

    def _build_auth_header(self, request: Request, challenge: _Challenge) -> str:
        from hashlib import new

        def digest(*parts: bytes) -> bytes:
            # "Not for security": else a FIPS build of OpenSSL refuses MD5, which the protocol asks for.
            return new(challenge.hash_name, b":".join(parts), usedforsecurity=False).hexdigest().encode()

        qop = self._resolve_qop(challenge.qop, request)
        uri = request.url.raw_path
        number = challenge.next_count()
        cnonce = self._get_client_nonce(number, challenge.nonce)
        first = digest(self._username, challenge.realm, self._password)
        if challenge.algorithm.lower().endswith("-sess"):
            first = digest(first, challenge.nonce, cnonce)
        second = digest(request.method.encode(), uri)
        between = [challenge.nonce] if qop is None else [challenge.nonce, b"%08x" % number, cnonce, qop]
        fields = [
            ("username", _quote(self._username)),
            ("realm", _quote(challenge.realm)),
            ("nonce", _quote(challenge.nonce)),
            ("uri", _quote(uri)),
            ("response", _quote(digest(first, *between, second))),
            ("algorithm", challenge.algorithm.encode()),
        ]
        if challenge.opaque:
            fields.append(("opaque", _quote(challenge.opaque)))
        if qop is not None:
            fields += [("qop", qop), ("nc", b"%08x" % number), ("cnonce", _quote(cnonce))]
        return "Digest " + ", ".join(f"{name}={value.decode()}" for name, value in fields)

    def _get_client_nonce(self, nonce_count: int, nonce: bytes) -> bytes:
        from os import urandom

        return urandom(8).hex().encode()

    def _resolve_qop(self, qop: str | None, request: Request) -> bytes | None:
        if qop is None:
            return None  # RFC 2069
        offered = re.split("[ \t]*,[ \t]*", qop.strip())
        if "auth" in offered:
            return b"auth"
        if offered == ["auth-int"]:
            raise NotImplementedError("Digest auth-int support is not yet implemented")
        raise ProtocolError(f'Unexpected qop value "{qop.encode()!r}" in digest auth', request=request)


def _request_of(response: Response) -> Request | None:
    try:
        return response.request
    except RuntimeError:  # made by hand
        return None


def _origin(request: Request) -> tuple[str, str, int | None]:
    url = request.url
    return url.scheme, url.host, url.port


def _authorize(request: Request, header: str) -> None:
    if not header.isascii():
        # A user name or realm in UTF-8; the encoding of headers that were looked at before may be ASCII.
        request.headers.encoding = "utf-8"
    request.headers["Authorization"] = header


def _hash_name(algorithm: str) -> str | None:
    name = _HASHES.get(algorithm.upper().removesuffix("-SESS"))
    if name == "sha512_256":
        import hashlib

        return name if name in hashlib.algorithms_available else None
    return name


def _quote(value: bytes) -> bytes:
    # RFC 9110 §5.6.4
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_STRING = r'"((?:[^"\\]|\\.)*)"'


def _parse_challenges(field: str) -> list[tuple[str, dict[str, str] | None]]:
    """Return the challenges of a WWW-Authenticate field: scheme and parameters, None for parameters that make no sense.

    RFC 9110 §11.6.1: one list holds the challenges and the parameters of each. What begins with a token that no "="
    follows is a new challenge.
    """
    challenges: list[tuple[str, dict[str, str] | None]] = []
    for element in _split(field):
        begin = re.fullmatch(rf"({_TOKEN})(?:[ \t]+([^= \t].*))?", element, re.DOTALL)
        if begin is not None:
            challenges.append((begin[1], {}))
            element = begin[2]
        if element is None or not challenges:
            continue
        scheme, parameters = challenges[-1]
        parameter = _parse_parameter(element)
        if parameter is None:
            challenges[-1] = scheme, None
        elif parameters is not None:
            parameters[parameter[0].lower()] = parameter[1]
    return challenges


def _split(field: str) -> list[str]:
    """Split a list at its commas, but for those in quotes; without the empty elements."""
    elements = []
    start = 0
    # A string without an end goes on to the end of the field: the pattern never fails late, so the time is linear.
    for piece in re.finditer(r'(?s)"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|[^",]+|(,)', field):
        if piece[1] is not None:
            elements.append(field[start : piece.start()].strip(" \t"))
            start = piece.end()
    elements.append(field[start:].strip(" \t"))
    return list(filter(None, elements))


def _parse_parameter(element: str) -> tuple[str, str] | None:
    match = re.fullmatch(rf'({_TOKEN})[ \t]*=[ \t]*(?:{_STRING}|([^"]*))', element, re.DOTALL)
    if match is None:
        return None
    name, quoted, plain = match.groups()
    return name, plain if quoted is None else re.sub(r"(?s)\\(.)", r"\1", quoted)
