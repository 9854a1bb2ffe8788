"""The store beneath `Cookies`: http.cookiejar's CookieJar with an index, and requests as that module wants to see them.

Imported by `_cookies` when the first cookie is there, never before: http.cookiejar brings urllib.request and
http.client with it, more than all of this package's import may cost.
"""

from __future__ import annotations

import math
import re
import time
from http.cookiejar import Cookie, CookieJar, DefaultCookiePolicy, request_host  # type: ignore[attr-defined]
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.request import Request as UrllibRequest

    from ._models import Request, Response
    from ._urls import URL

__all__ = ["CookieRequest", "CookieResponse", "IndexedCookieJar", "make_cookie"]

# Paths that http.cookiejar compares as they are; in others it changes escapes first.
_PLAIN_PATH: Final = re.compile(r"/[A-Za-z0-9_.~/;:@&=+$,!*'()-]*")


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


class CookieRequest:
    """A request as http.cookiejar asks for it: the part of urllib.request.Request that it uses."""

    # What a request is that no user could approve, such as an image's in a page (RFC 2965 §3.3.6).
    unverifiable = False

    def __init__(self, request: Request) -> None:
        url = request.url
        self._request = request
        self.type = url.scheme
        self.host = url._host_header.decode("ascii")
        # The host as http.cookiejar makes it from the URL: brackets stay, a port goes. It would take userinfo for
        # a part of the host: none is in this URL.
        self.origin_req_host = _bracketed(url._origin_key[1].lower())
        self.path = url._uri_reference.path or "/"
        self._url = f"{self.type}://{self.host}{url._target.decode('ascii')}"

    def get_full_url(self) -> str:
        return self._url

    def has_header(self, name: str) -> bool:
        return name in self._request.headers

    def get_header(self, name: str, default: str | None = None) -> str | None:
        value: str | None = self._request.headers.get(name, default)
        return value

    def add_unredirected_header(self, name: str, value: str) -> None:
        self._request.headers[name] = value


class CookieResponse:
    """A response as http.cookiejar asks for it."""

    def __init__(self, response: Response) -> None:
        self._headers = response.headers

    def info(self) -> CookieResponse:
        return self

    def get_all(self, name: str, default: Any = None) -> Any:
        return self._headers.get_list(name) or default


def make_cookie(name: str, value: str, domain: str, path: str) -> Cookie:
    """Make a session cookie as a user sets it: for every host where the domain is empty."""
    return Cookie(
        version=0,
        name=name,
        value=value,
        port=None,
        port_specified=False,
        domain=domain,
        domain_specified=bool(domain),
        domain_initial_dot=domain.startswith("."),
        path=path,
        path_specified=bool(path),
        secure=False,
        expires=None,
        discard=True,
        comment=None,
        comment_url=None,
        rest={"HttpOnly": None},  # type: ignore[dict-item]
        rfc2109=False,
    )


class IndexedCookieJar(CookieJar):
    """A CookieJar that looks only at the domains a request's host belongs to, and only sweeps when a cookie expires.

    The stdlib's visits every domain, and every cookie once more in search of expired ones, for each request. Which
    cookies are sent, and in which order, is the same.
    """

    _cookies: dict[str, dict[str, dict[str, Cookie]]]
    _policy: DefaultCookiePolicy
    _now: int
    _cookies_lock: Any

    def __init__(self) -> None:
        super().__init__()
        # The order in which domains came: http.cookiejar sends cookies of equal path length in that order.
        self._ranks: dict[str, int] = {}
        self._next_rank = 0
        self._next_expiry = math.inf

    def __getstate__(self) -> dict[str, Any]:
        # The stdlib's jar can be neither pickled nor copied, for its lock.
        state = self.__dict__.copy()
        del state["_cookies_lock"]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._cookies_lock = RLock()

    def set_cookie(self, cookie: Cookie) -> None:
        """Store a cookie in place of the one with its domain, path and name."""
        with self._cookies_lock:
            if cookie.domain not in self._cookies:
                self._ranks[cookie.domain] = self._next_rank
                self._next_rank += 1
            if cookie.expires is not None and cookie.expires < self._next_expiry:
                self._next_expiry = cookie.expires
            super().set_cookie(cookie)

    def clear(self, domain: str | None = None, path: str | None = None, name: str | None = None) -> None:
        """Remove all cookies, those of a domain, of a path in it, or one; KeyError where there are none."""
        super().clear(domain, path, name)
        if domain is None:
            self._ranks.clear()
            self._next_expiry = math.inf
            return
        # The stdlib leaves the empty dicts, for ever: a crawler meets many domains.
        paths = self._cookies.get(domain)
        if paths is not None and path is not None and not paths.get(path, True):
            del paths[path]
        if not paths:
            self._cookies.pop(domain, None)
            self._ranks.pop(domain, None)

    def clear_expired_cookies(self) -> None:
        """Remove the expired cookies; costs nothing while there are none."""
        now = time.time()
        if now < self._next_expiry:
            return
        with self._cookies_lock:
            self._next_expiry = math.inf
            for cookie in self:
                if cookie.is_expired(now):  # type: ignore[arg-type]
                    self.clear(cookie.domain, cookie.path, cookie.name)
                elif cookie.expires is not None and cookie.expires < self._next_expiry:
                    self._next_expiry = cookie.expires

    def domains_for(self, host: str) -> list[str]:
        """Return the stored domains that a host (lower case, ASCII, IPv6 in brackets) belongs to, oldest first."""
        stored = self._cookies
        # http.cookiejar's "effective" name of a host without dots (RFC 2965 §1).
        dotted = f".{host}" if "." in host else f".{host}.local"
        found = [""] if "" in stored else []
        start = 0
        while start >= 0:
            suffix = dotted[start:]
            if suffix in stored:
                found.append(suffix)
            if suffix[1:] in stored and len(suffix) > 1:
                found.append(suffix[1:])
            start = dotted.find(".", start + 1)
        if len(found) > 1:
            found.sort(key=lambda domain: self._ranks.get(domain, 0))
        return found

    def select(self, url: URL) -> IndexedCookieJar:
        """Return a jar with the cookies of the domains that a URL's host belongs to."""
        chosen = IndexedCookieJar()
        chosen._policy = self._policy
        for domain in self.domains_for(_bracketed(url._origin_key[1].lower())):
            for names in self._cookies[domain].values():
                for cookie in names.values():
                    chosen.set_cookie(cookie)
        return chosen

    def _cookies_for_request(self, request: UrllibRequest | CookieRequest) -> list[Cookie]:
        policy = self._policy
        cookies: list[Cookie] = []
        if isinstance(request, CookieRequest) and _is_default(policy) and _PLAIN_PATH.fullmatch(request.path):
            for domain in self.domains_for(request.origin_req_host):
                self._collect(self._cookies[domain], request, cookies)
            return cookies
        host = request_host(request)
        if type(policy).domain_return_ok is not DefaultCookiePolicy.domain_return_ok or "." not in host:
            # A user's policy may send a domain's cookies to hosts outside it. And to a host without dots a policy may
            # send cookies of its name and of its "effective" name.
            return super()._cookies_for_request(request)  # type: ignore[misc, no-any-return]
        for domain in self.domains_for(host):
            cookies += self._cookies_for_domain(domain, request)  # type: ignore[attr-defined]
        return cookies

    def _collect(self, paths: dict[str, dict[str, Cookie]], request: CookieRequest, cookies: list[Cookie]) -> None:
        """Add the cookies of a domain that DefaultCookiePolicy's methods, as it is by default, would return."""
        now, wanted = self._now, request.path
        secure = request.type in self._policy.secure_protocols  # type: ignore[attr-defined]
        for path, names in paths.items():
            # RFC 6265 §5.1.4
            if not wanted.startswith(path) or not (
                len(path) == len(wanted) or path.endswith("/") or wanted[len(path)] == "/"
            ):
                continue
            for cookie in names.values():
                if cookie.version or cookie.port:
                    if self._policy.return_ok(cookie, request):  # type: ignore[arg-type]
                        cookies.append(cookie)
                elif (secure or not cookie.secure) and (cookie.expires is None or cookie.expires > now):
                    cookies.append(cookie)

    def __iter__(self) -> Iterator[Cookie]:
        for paths in list(self._cookies.values()):
            for names in list(paths.values()):
                yield from list(names.values())

    def __bool__(self) -> bool:
        return any(names for paths in self._cookies.values() for names in paths.values())

    def __len__(self) -> int:
        return sum(len(names) for paths in self._cookies.values() for names in paths.values())


def _is_default(policy: DefaultCookiePolicy) -> bool:
    # What is left of its attributes plays no part in returning cookies to a verifiable request.
    return (
        type(policy) is DefaultCookiePolicy
        and policy.netscape
        and not policy.rfc2965
        and not policy.strict_ns_domain & DefaultCookiePolicy.DomainStrictNonDomain
        and not policy.blocked_domains()
        and policy.allowed_domains() is None
    )
