"""`Cookies`: what users see of cookies. Storing and matching them is `_cookiejar`'s, loaded with the first cookie."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping
from typing import TYPE_CHECKING, Any

from ._exceptions import CookieConflict

if TYPE_CHECKING:
    from http.cookiejar import CookieJar

    from ._models import Request, Response
    from ._types import CookieTypes

__all__ = ["Cookies", "set_cookie_header"]


class Cookies(MutableMapping[str, str]):
    """Cookies, as a mutable mapping from names to values; the store is `jar`, an http.cookiejar.CookieJar.

    cookies: a dict, a list of pairs, Cookies (copied), a CookieJar (kept, not copied), or None.
    """

    __slots__ = ("__weakref__", "_jar")

    _jar: CookieJar | None

    def __init__(self, cookies: CookieTypes | None = None) -> None:
        self._jar = None
        if cookies is not None:
            if isinstance(cookies, (dict, list, Cookies)):
                self.update(cookies)
            else:
                self._jar = cookies

    @property
    def jar(self) -> CookieJar:
        """The store."""
        if self._jar is None:
            from ._cookiejar import IndexedCookieJar

            self._jar = IndexedCookieJar()
        return self._jar

    @jar.setter
    def jar(self, jar: CookieJar) -> None:
        self._jar = jar

    def extract_cookies(self, response: Response) -> None:
        """Store the cookies that a response sets (RFC 6265 §5.3)."""
        headers = response.headers
        if "set-cookie" in headers or "set-cookie2" in headers:
            from ._cookiejar import CookieRequest, CookieResponse

            self.jar.extract_cookies(CookieResponse(response), CookieRequest(response.request))  # type: ignore[arg-type]

    def set_cookie_header(self, request: Request) -> None:
        """Give a request the Cookie field its URL calls for (RFC 6265 §5.4), unless it has one."""
        if self._jar is not None:
            from ._cookiejar import CookieRequest

            self._jar.add_cookie_header(CookieRequest(request))  # type: ignore[arg-type]

    def set(self, name: str, value: str, domain: str = "", path: str = "/") -> None:
        """Store a cookie; without a domain it is sent to every host."""
        from ._cookiejar import make_cookie

        self.jar.set_cookie(make_cookie(name, value, domain, path))

    def get(  # type: ignore[override]
        self, name: str, default: str | None = None, domain: str | None = None, path: str | None = None
    ) -> str | None:
        """Return a cookie's value, or the default; CookieConflict where several match."""
        value = None
        for cookie in () if self._jar is None else self._jar:
            if (
                cookie.name == name
                and (domain is None or cookie.domain == domain)
                and (path is None or cookie.path == path)
            ):
                if value is not None:
                    raise CookieConflict(f"Multiple cookies exist with name={name}")
                value = cookie.value
        return default if value is None else value

    def delete(self, name: str, domain: str | None = None, path: str | None = None) -> None:
        """Remove every cookie that matches; KeyError where domain and path are given and there is none."""
        if domain is not None and path is not None:
            self.jar.clear(domain, path, name)
            return
        for cookie in [] if self._jar is None else list(self._jar):
            if (
                cookie.name == name
                and (domain is None or cookie.domain == domain)
                and (path is None or cookie.path == path)
            ):
                self.jar.clear(cookie.domain, cookie.path, cookie.name)

    def clear(self, domain: str | None = None, path: str | None = None) -> None:
        """Remove all cookies, those of a domain, or those of a path in a domain; KeyError where there are none."""
        if domain is None:
            assert path is None, "A path can only be cleared within a domain."
            if self._jar is not None:
                self._jar.clear()
        elif path is None:
            self.jar.clear(domain)
        else:
            self.jar.clear(domain, path)

    def update(self, cookies: CookieTypes | None = None) -> None:  # type: ignore[override]
        """Store all of the given cookies, in any of the forms `Cookies` takes."""
        if cookies is None:
            return
        if isinstance(cookies, dict):
            for name, value in cookies.items():
                self.set(name, value)
        elif isinstance(cookies, list):
            for name, value in cookies:
                self.set(name, value)
        else:
            jar = cookies._jar if isinstance(cookies, Cookies) else cookies
            for cookie in () if jar is None else jar:
                self.jar.set_cookie(cookie)

    def __getitem__(self, name: str) -> str:
        value = self.get(name)
        if value is None:
            raise KeyError(name)
        return value

    def __setitem__(self, name: str, value: str) -> None:
        self.set(name, value)

    def __delitem__(self, name: str) -> None:
        self.delete(name)

    def __len__(self) -> int:
        return 0 if self._jar is None else len(self._jar)

    def __iter__(self) -> Iterator[str]:
        return iter(()) if self._jar is None else (cookie.name for cookie in self._jar)

    def __bool__(self) -> bool:
        jar = self._jar
        if jar is None or hasattr(jar, "__bool__"):
            return bool(jar)
        # The stdlib's jar has a length, but counts its cookies for it.
        return any(True for _ in jar)

    def __repr__(self) -> str:
        cookies: Any = () if self._jar is None else self._jar
        shown = ", ".join([f"<Cookie {cookie.name}={cookie.value} for {cookie.domain} />" for cookie in cookies])
        return f"<Cookies[{shown}]>"


def set_cookie_header(request: Request, stored: Cookies, cookies: CookieTypes | None = None) -> None:
    """Give a request the Cookie field that `stored`, updated with `cookies`, calls for; neither is changed.

    Equal to `merged = Cookies(stored); merged.update(cookies); merged.set_cookie_header(request)`, but copies no more
    than the request's host can get.
    """
    if cookies is None or (isinstance(cookies, (dict, list, Cookies)) and not cookies):
        stored.set_cookie_header(request)
        return
    from ._cookiejar import IndexedCookieJar

    if isinstance(stored._jar, IndexedCookieJar):
        merged = Cookies(stored._jar.select(request.url))
    else:
        merged = Cookies(stored)
    merged.update(cookies)
    merged.set_cookie_header(request)
