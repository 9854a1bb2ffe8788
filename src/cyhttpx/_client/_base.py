"""What a client is apart from waiting: its configuration, and how a request is made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..__version__ import __version__
from .._auth import Auth, BasicAuth, FunctionAuth
from .._config import DEFAULT_MAX_REDIRECTS, DEFAULT_TIMEOUT_CONFIG, Proxy, Timeout
from .._cookies import Cookies, set_cookie_header
from .._decoders import accept_encoding
from .._engine import ClientFields, Headers
from .._query import QueryParams
from .._request import Request
from .._urls import URL, cached_url, with_params
from .._utils import get_environment_proxies
from ._defaults import USE_CLIENT_DEFAULT, ClientState, UseClientDefault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .._response import Response
    from .._types import (
        AuthTypes,
        CookieTypes,
        HeaderTypes,
        ProxyTypes,
        QueryParamTypes,
        RequestContent,
        RequestData,
        RequestExtensions,
        RequestFiles,
        TimeoutTypes,
    )

__all__ = ["BaseClient"]

EventHook = Any

# An Auth of this very class adds nothing: its flow need not be run.
NO_AUTH = Auth()


def _default_headers() -> list[tuple[bytes, bytes]]:
    return [
        (b"Accept", b"*/*"),
        (b"Accept-Encoding", accept_encoding().encode("ascii")),
        (b"Connection", b"keep-alive"),
        (b"User-Agent", f"python-cyhttpx/{__version__}".encode("ascii")),
    ]


class BaseClient(ClientFields):
    """Configuration that `AsyncClient` and `Client` share, and the making of requests."""

    def __init__(
        self,
        *,
        auth: AuthTypes | None = None,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        timeout: TimeoutTypes = DEFAULT_TIMEOUT_CONFIG,
        follow_redirects: bool = False,
        max_redirects: int = DEFAULT_MAX_REDIRECTS,
        event_hooks: Mapping[str, list[EventHook]] | None = None,
        base_url: URL | str = "",
        trust_env: bool = True,
        default_encoding: str | Callable[[bytes], str] = "utf-8",
        json_loads: Callable[..., Any] | None = None,
        json_dumps: Callable[[Any], str | bytes] | None = None,
    ) -> None:
        # Not at the top: a program that only imports the package shouldn't pay for it.
        import logging

        self._logger = logging.getLogger("httpx")
        self._base_url = _with_trailing_slash(URL(base_url))
        self._auth = self._build_auth(auth)
        self.params = QueryParams(params)
        self.headers = Headers(headers)
        self._cookies = Cookies(cookies)
        self._timeout = Timeout(timeout)
        self.follow_redirects = follow_redirects
        self.max_redirects = max_redirects
        self.event_hooks = {} if event_hooks is None else event_hooks
        self._trust_env = trust_env
        self._default_encoding = default_encoding
        self._json_loads = json_loads
        self._json_dumps = json_dumps
        # Whether responses have to be told anything about decoding text or JSON.
        self._marks_responses = default_encoding != "utf-8" or json_loads is not None
        self._state = ClientState.UNOPENED

    @property
    def is_closed(self) -> bool:
        """Whether the client has been closed."""
        return self._state is ClientState.CLOSED

    @property
    def trust_env(self) -> bool:
        """Whether environment variables and the user's netrc count."""
        return self._trust_env

    @property
    def timeout(self) -> Timeout:
        """The timeouts of requests that name none of their own."""
        timeout: Timeout = self._timeout
        return timeout

    @timeout.setter
    def timeout(self, timeout: TimeoutTypes) -> None:
        self._timeout = Timeout(timeout)

    @property
    def event_hooks(self) -> dict[str, list[EventHook]]:
        """Functions called with each request before it is sent, and with each response before it is read."""
        return self._event_hooks

    @event_hooks.setter
    def event_hooks(self, event_hooks: Mapping[str, list[EventHook]]) -> None:
        self._event_hooks = {
            "request": list(event_hooks.get("request", [])),
            "response": list(event_hooks.get("response", [])),
        }

    @property
    def auth(self) -> Auth | None:
        """Authentication of requests that name none of their own."""
        auth: Auth | None = self._auth
        return auth

    @auth.setter
    def auth(self, auth: AuthTypes) -> None:
        self._auth = self._build_auth(auth)

    @property
    def base_url(self) -> URL:
        """What relative URLs are appended to; its path ends in a slash."""
        return self._base_url

    @base_url.setter
    def base_url(self, url: URL | str) -> None:
        self._base_url = _with_trailing_slash(URL(url))

    @property
    def headers(self) -> Headers:
        """Fields of every request."""
        return self._headers

    @headers.setter
    def headers(self, headers: HeaderTypes) -> None:
        merged = Headers(_default_headers())
        merged.update(headers)
        self._headers = merged

    @property
    def cookies(self) -> Cookies:
        """The cookie jar: what is sent with requests, and what responses set."""
        cookies: Cookies = self._cookies
        return cookies

    @cookies.setter
    def cookies(self, cookies: CookieTypes) -> None:
        self._cookies = Cookies(cookies)

    @property
    def params(self) -> QueryParams:
        """Query parameters of every request."""
        return self._params

    @params.setter
    def params(self, params: QueryParamTypes) -> None:
        self._params = QueryParams(params)
        self._has_params = bool(self._params)

    def build_request(
        self,
        method: str,
        url: URL | str,
        *,
        content: RequestContent | None = None,
        data: RequestData | None = None,
        files: RequestFiles | None = None,
        json: Any | None = None,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        timeout: TimeoutTypes | UseClientDefault = USE_CLIENT_DEFAULT,
        extensions: RequestExtensions | None = None,
    ) -> Request:
        """Return a request made of the arguments and the client's configuration.

        `params`, `headers` and `cookies` are merged with the client's, a relative `url` is appended to `base_url`.
        (https://www.python-httpx.org/advanced/clients/#request-instances)

        Raises InvalidURL; TypeError and ValueError for a body that can't be encoded.
        """
        merged_url = self._merge_url(url)
        if params is not None or self._has_params:
            merged_url = self._merge_params(merged_url, params)
        request = Request._prepared(
            method.upper(),
            merged_url,
            self._merge_headers(headers),
            self._timeout if timeout is USE_CLIENT_DEFAULT else Timeout(timeout),  # type: ignore[arg-type]
        )
        if extensions is not None:
            request.extensions = {**extensions} if "timeout" in extensions else {**extensions, **request.extensions}
        if cookies or self._cookies:
            set_cookie_header(request, self._cookies, cookies)
        request._encode_body(content, data, files, json, self._json_dumps)
        return request

    def _merge_headers(self, headers: HeaderTypes | None) -> Headers:
        merged = Headers(self._headers)
        if headers is not None:
            merged.update(headers)
        return merged

    def _merge_url(self, url: URL | str) -> URL:
        """Append a relative URL to `base_url`: "/path" too goes below the base's path, as in httpx."""
        merged = cached_url(url) if type(url) is str else URL(url)
        if merged._origin_key[0] and merged._origin_key[1]:
            return merged
        return self._base_url.copy_with(raw_path=self._base_url.raw_path + merged.raw_path.lstrip(b"/"))

    def _merge_params(self, url: URL, params: QueryParamTypes | None) -> URL:
        merged = self._merge_queryparams(params)
        # They replace the URL's own query, also with nothing where they are none: as in httpx.
        if merged and url._uri_reference.query is None:
            return with_params(url, merged)
        return url.copy_with(params=merged)

    def _merge_queryparams(self, params: QueryParamTypes | None) -> QueryParamTypes | None:
        return self._params.merge(params) if self._params else params

    def _build_auth(self, auth: AuthTypes | None) -> Auth | None:
        if auth is None or isinstance(auth, Auth):
            return auth
        if isinstance(auth, tuple):
            return BasicAuth(username=auth[0], password=auth[1])
        if callable(auth):
            return FunctionAuth(func=auth)
        raise TypeError(f'Invalid "auth" argument: {auth!r}')

    def _build_request_auth(
        self, request: Request, auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT
    ) -> Auth:
        chosen = self._auth if isinstance(auth, UseClientDefault) else self._build_auth(auth)
        if chosen is not None:
            return chosen
        url = request.url
        if url._uri_reference.userinfo and (url.username or url.password):
            return BasicAuth(username=url.username, password=url.password)
        return NO_AUTH

    def _set_timeout(self, request: Request) -> None:
        """Give a request that wasn't built here the client's timeouts, unless it has its own."""
        if request._extensions is not None and "timeout" not in request._extensions:
            request.extensions = {**request._extensions, "timeout": self._timeout.as_dict()}

    def _get_proxy_map(self, proxy: ProxyTypes | None, allow_env_proxies: bool) -> dict[str, Proxy | None]:
        if proxy is not None:
            return {"all://": proxy if isinstance(proxy, Proxy) else Proxy(url=proxy)}
        if not allow_env_proxies:
            return {}
        return {key: None if url is None else Proxy(url=url) for key, url in get_environment_proxies().items()}

    def _log(self, request: Request, response: Response) -> None:
        """One line a request, under httpx's name for the logger. Passwords are masked."""
        url = request.url
        self._logger.info(
            'HTTP Request: %s %s "%s %d %s"',
            request.method,
            repr(url)[5:-2] if url._uri_reference.userinfo else str(url),
            response.http_version,
            response.status_code,
            response.reason_phrase,
        )


def _with_trailing_slash(url: URL) -> URL:
    raw_path = url.raw_path
    return url if raw_path.endswith(b"/") else url.copy_with(raw_path=raw_path + b"/")
