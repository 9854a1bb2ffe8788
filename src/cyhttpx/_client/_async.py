"""AsyncClient: sending, with authentication, redirects and hooks, on an event loop."""

from __future__ import annotations

from contextlib import asynccontextmanager
from time import monotonic, perf_counter
from typing import TYPE_CHECKING, Any, Self

from .._auth import Auth
from .._config import DEFAULT_LIMITS, DEFAULT_MAX_REDIRECTS, DEFAULT_TIMEOUT_CONFIG
from .._content import ByteStream
from .._drivers import total_limit
from .._engine import embark, originals
from .._exceptions import InvalidURL, RequestError, TooManyRedirects, TotalTimeout
from .._exchange import BodyStream
from .._transports.base import AsyncBaseTransport
from .._transports.default import AsyncHTTPTransport
from .._types import AsyncByteStream
from .._utils import URLPattern
from ._base import BaseClient
from ._defaults import USE_CLIENT_DEFAULT, ClientState, UseClientDefault
from ._redirects import redirect_request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from ssl import SSLContext
    from types import TracebackType

    from .._config import Limits, Proxy
    from .._request import Request
    from .._response import Response
    from .._types import (
        AuthTypes,
        CertTypes,
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
    from .._urls import URL
    from ._base import EventHook

__all__ = ["AsyncClient"]

_INFO = 20


class AsyncClient(BaseClient):
    """An HTTP client with a connection pool, for programs on an event loop (https://www.python-httpx.org/async/).

    ```
    async with cyhttpx.AsyncClient() as client:
        response = await client.get("https://example.org")
    ```

    One client serves any number of tasks at once.

    Args:
        auth: (name, password), a function from request to request, or an `Auth`.
        params, headers, cookies: go with every request.
        verify, cert, http1, http2, limits, proxy: see `AsyncHTTPTransport`.
        mounts: transports for URL patterns ("all://", "https://host:port", ...); None: the default transport.
        timeout: seconds without progress before a timeout, or a `Timeout`; None: none. Default 5 s.
        follow_redirects, max_redirects: whether redirects are followed, and how many (20).
        event_hooks: {"request": [...], "response": [...]}, coroutine functions.
        base_url: what relative URLs are appended to.
        transport: what sends the requests, in place of connections of our own.
        trust_env: whether environment variables (proxies, certificates) and netrc count.
        default_encoding: of text without a charset: a name, or a function from the body to a name.
        json_loads, json_dumps: in place of the standard library's. Not in httpx.
    """

    def __init__(
        self,
        *,
        auth: AuthTypes | None = None,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        verify: SSLContext | str | bool = True,
        cert: CertTypes | None = None,
        http1: bool = True,
        http2: bool = False,
        proxy: ProxyTypes | None = None,
        mounts: Mapping[str, AsyncBaseTransport | None] | None = None,
        timeout: TimeoutTypes = DEFAULT_TIMEOUT_CONFIG,
        follow_redirects: bool = False,
        limits: Limits = DEFAULT_LIMITS,
        max_redirects: int = DEFAULT_MAX_REDIRECTS,
        event_hooks: Mapping[str, list[EventHook]] | None = None,
        base_url: URL | str = "",
        transport: AsyncBaseTransport | None = None,
        trust_env: bool = True,
        default_encoding: str | Callable[[bytes], str] = "utf-8",
        json_loads: Callable[..., Any] | None = None,
        json_dumps: Callable[[Any], str | bytes] | None = None,
    ) -> None:
        super().__init__(
            auth=auth,
            params=params,
            headers=headers,
            cookies=cookies,
            timeout=timeout,
            follow_redirects=follow_redirects,
            max_redirects=max_redirects,
            event_hooks=event_hooks,
            base_url=base_url,
            trust_env=trust_env,
            default_encoding=default_encoding,
            json_loads=json_loads,
            json_dumps=json_dumps,
        )
        settings: dict[str, Any] = {
            "verify": verify, "cert": cert, "trust_env": trust_env, "http1": http1, "http2": http2, "limits": limits,
        }  # fmt: skip
        self._transport = AsyncHTTPTransport(**settings) if transport is None else transport
        if proxy is not None:
            raise NotImplementedError("AsyncClient(proxy=...) is not supported by this version of cyhttpx")
        mounted: dict[URLPattern, AsyncBaseTransport | None] = {}
        for key, route in self._get_proxy_map(proxy, trust_env and transport is None).items():
            mounted[URLPattern(key)] = None if route is None else self._init_proxy_transport(route, **settings)
        for key, mount in (mounts or {}).items():
            mounted[URLPattern(key)] = mount
        self._mounts = dict(sorted(mounted.items()))

    def _init_proxy_transport(self, proxy: Proxy, **settings: Any) -> AsyncBaseTransport:
        return _ProxyToCome(proxy)

    def _transport_for_url(self, url: URL) -> AsyncBaseTransport:
        default: AsyncBaseTransport = self._transport
        for pattern, transport in self._mounts.items():
            if pattern.matches(url):
                return default if transport is None else transport
        return default

    async def request(
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
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
        timeout: TimeoutTypes | UseClientDefault = USE_CLIENT_DEFAULT,
        extensions: RequestExtensions | None = None,
    ) -> Response:
        """Build a request, send it, and return the response with its body read.

        Args:
            method, url: what to ask; a relative URL is appended to `base_url`.
            content: a raw body: bytes, text, or an (asynchronous) iterable of bytes.
            data: a form. files: files, with `data` as multipart/form-data. json: anything that JSON can express.
            params, headers, cookies: merged with the client's.
            auth, follow_redirects, timeout: in place of the client's.
            extensions: for the transport.

        Raises RequestError and its kin (ConnectError, ReadTimeout, RemoteProtocolError, ...), InvalidURL.
        """
        if cookies is not None:
            import warnings

            warnings.warn(
                "Setting per-request cookies=<...> is being deprecated, because the expected behaviour on cookie "
                "persistence is ambiguous. Set cookies directly on the client instance instead.",
                DeprecationWarning,
                stacklevel=2,
            )
        request = self.build_request(
            method,
            url,
            content=content,
            data=data,
            files=files,
            json=json,
            params=params,
            headers=headers,
            cookies=cookies,
            timeout=timeout,
            extensions=extensions,
        )
        return await self.send(request, auth=auth, follow_redirects=follow_redirects)

    @asynccontextmanager
    async def stream(
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
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
        timeout: TimeoutTypes | UseClientDefault = USE_CLIENT_DEFAULT,
        extensions: RequestExtensions | None = None,
    ) -> AsyncIterator[Response]:
        """Send a request and give the response before its body has come; it is closed at the end of the block.

        Arguments and errors are those of `request`. (https://www.python-httpx.org/async/#streaming-responses)
        """
        request = self.build_request(
            method,
            url,
            content=content,
            data=data,
            files=files,
            json=json,
            params=params,
            headers=headers,
            cookies=cookies,
            timeout=timeout,
            extensions=extensions,
        )
        response = await self.send(request, auth=auth, follow_redirects=follow_redirects, stream=True)
        try:
            yield response
        finally:
            await response.aclose()

    async def send(
        self,
        request: Request,
        *,
        stream: bool = False,
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
    ) -> Response:
        """Send a request as it is, with authentication and redirects. `stream`: don't read the body.

        Raises what `request` does, and RuntimeError on a closed client.
        """
        if self._state is ClientState.CLOSED:
            raise RuntimeError("Cannot send a request, as the client has been closed.")
        self._state = ClientState.OPENED
        follows = self.follow_redirects if isinstance(follow_redirects, UseClientDefault) else follow_redirects
        self._set_timeout(request)
        chosen_auth = self._build_request_auth(request, auth)
        total = request._total_timeout
        if total is None:
            return await self._send_and_read(request, stream, chosen_auth, follows)
        ends_at = monotonic() + total
        try:
            async with total_limit(total):
                response = await self._send_and_read(request, stream, chosen_auth, follows)
        except TotalTimeout as error:
            error.request = request
            raise
        if isinstance(response.stream, BodyStream):
            response.stream.ends_at = ends_at
        return response

    async def _send_and_read(self, request: Request, stream: bool, auth: Auth, follow_redirects: bool) -> Response:
        # A body that is going to be read anyway is waited for in one go; hooks see responses before that.
        whole = not stream and not self._event_hooks["response"]
        if type(auth) is Auth:
            response = await self._send_handling_redirects(request, follow_redirects, [], whole)
        else:
            response = await self._send_handling_auth(request, auth, follow_redirects, whole)
        if not stream:
            try:
                await response.aread()
            except BaseException:
                await response.aclose()
                raise
        return response

    async def _send_handling_auth(self, request: Request, auth: Auth, follow_redirects: bool, whole: bool) -> Response:
        history: list[Response] = []
        flow = auth.async_auth_flow(request)
        try:
            request = await flow.__anext__()
            while True:
                response = await self._send_handling_redirects(request, follow_redirects, history, whole)
                try:
                    try:
                        request = await flow.asend(response)
                    except StopAsyncIteration:
                        return response
                    response.history = list(history)
                    await _read_for_history(response)
                    history.append(response)
                except BaseException:
                    await response.aclose()
                    raise
        finally:
            await flow.aclose()

    async def _send_handling_redirects(
        self, request: Request, follow_redirects: bool, history: list[Response], whole: bool
    ) -> Response:
        response: Response | None = None
        while response is None or follow_redirects:
            if len(history) > self.max_redirects:
                raise TooManyRedirects("Exceeded maximum allowed redirects.", request=request)
            for hook in self._event_hooks["request"]:
                await hook(request)
            response = await self._send_single_request(request, whole)
            try:
                for hook in self._event_hooks["response"]:
                    await hook(response)
                if history:
                    response.history = list(history)
                if not response.has_redirect_location:
                    break
                request = redirect_request(request, response, self._cookies)
                if follow_redirects:
                    await _read_for_history(response)
                    history = [*history, response]
                else:
                    response.next_request = request
            except BaseException:
                await response.aclose()
                raise
        return response

    async def _follow(self, request: Request, response: Response, follow_redirects: bool) -> Response:
        """Go on from a response that came whole, without hooks or authentication, and redirects."""
        request = redirect_request(request, response, self._cookies)
        if not follow_redirects:
            response.next_request = request
            return response
        return await self._send_handling_redirects(request, True, [response], True)

    async def _send_single_request(self, request: Request, whole: bool = False) -> Response:
        if type(request.stream) is not ByteStream and not isinstance(request.stream, AsyncByteStream):
            raise RuntimeError("Attempted to send an sync request with an AsyncClient instance.")
        transport = self._transport_for_url(request.url) if self._mounts else self._transport
        request._wants_whole = whole
        started = perf_counter()
        try:
            response = await transport.handle_async_request(request)
        except (RequestError, InvalidURL) as error:
            error.request = request  # type: ignore[union-attr]
            raise
        if not isinstance(response.stream, AsyncByteStream):
            raise RuntimeError("Attempted to read a sync response with an AsyncClient instance.")
        response._request = request
        if response.is_closed:
            response._seconds = perf_counter() - started
        else:
            response._started = started
        self._note(request, response)
        return response

    def _note(self, request: Request, response: Response) -> None:
        """Take note of a response: its cookies, and a line in the log; give it what the client knows of bodies."""
        if response._sets_cookies():
            self._cookies.extract_cookies(response)
        if self._marks_responses:
            response.default_encoding = self._default_encoding
            response._json_loads = self._json_loads
        if self._logger.isEnabledFor(_INFO):
            self._log(request, response)

    async def get(
        self,
        url: URL | str,
        *,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
        timeout: TimeoutTypes | UseClientDefault = USE_CLIENT_DEFAULT,
        extensions: RequestExtensions | None = None,
    ) -> Response:
        """Send a GET request (RFC 9110 §9.3.1). Arguments and errors are those of `request`."""
        trip = embark(
            self,
            "GET",
            url,
            None,
            None,
            None,
            None,
            params,
            headers,
            cookies,
            auth,
            follow_redirects,
            timeout,
            extensions,
        )
        if trip is not None:
            return await trip
        return await self.request(
            "GET",
            url,
            params=params,
            headers=headers,
            cookies=cookies,
            auth=auth,
            follow_redirects=follow_redirects,
            timeout=timeout,
            extensions=extensions,
        )

    async def options(
        self,
        url: URL | str,
        *,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
        timeout: TimeoutTypes | UseClientDefault = USE_CLIENT_DEFAULT,
        extensions: RequestExtensions | None = None,
    ) -> Response:
        """Send an OPTIONS request (RFC 9110 §9.3.7). Arguments and errors are those of `request`."""
        trip = embark(
            self,
            "OPTIONS",
            url,
            None,
            None,
            None,
            None,
            params,
            headers,
            cookies,
            auth,
            follow_redirects,
            timeout,
            extensions,
        )
        if trip is not None:
            return await trip
        return await self.request(
            "OPTIONS",
            url,
            params=params,
            headers=headers,
            cookies=cookies,
            auth=auth,
            follow_redirects=follow_redirects,
            timeout=timeout,
            extensions=extensions,
        )

    async def head(
        self,
        url: URL | str,
        *,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
        timeout: TimeoutTypes | UseClientDefault = USE_CLIENT_DEFAULT,
        extensions: RequestExtensions | None = None,
    ) -> Response:
        """Send a HEAD request (RFC 9110 §9.3.2). Arguments and errors are those of `request`."""
        trip = embark(
            self,
            "HEAD",
            url,
            None,
            None,
            None,
            None,
            params,
            headers,
            cookies,
            auth,
            follow_redirects,
            timeout,
            extensions,
        )
        if trip is not None:
            return await trip
        return await self.request(
            "HEAD",
            url,
            params=params,
            headers=headers,
            cookies=cookies,
            auth=auth,
            follow_redirects=follow_redirects,
            timeout=timeout,
            extensions=extensions,
        )

    async def post(
        self,
        url: URL | str,
        *,
        content: RequestContent | None = None,
        data: RequestData | None = None,
        files: RequestFiles | None = None,
        json: Any | None = None,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
        timeout: TimeoutTypes | UseClientDefault = USE_CLIENT_DEFAULT,
        extensions: RequestExtensions | None = None,
    ) -> Response:
        """Send a POST request (RFC 9110 §9.3.3). Arguments and errors are those of `request`."""
        trip = embark(
            self,
            "POST",
            url,
            content,
            data,
            files,
            json,
            params,
            headers,
            cookies,
            auth,
            follow_redirects,
            timeout,
            extensions,
        )
        if trip is not None:
            return await trip
        return await self.request(
            "POST",
            url,
            content=content,
            data=data,
            files=files,
            json=json,
            params=params,
            headers=headers,
            cookies=cookies,
            auth=auth,
            follow_redirects=follow_redirects,
            timeout=timeout,
            extensions=extensions,
        )

    async def put(
        self,
        url: URL | str,
        *,
        content: RequestContent | None = None,
        data: RequestData | None = None,
        files: RequestFiles | None = None,
        json: Any | None = None,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
        timeout: TimeoutTypes | UseClientDefault = USE_CLIENT_DEFAULT,
        extensions: RequestExtensions | None = None,
    ) -> Response:
        """Send a PUT request (RFC 9110 §9.3.4). Arguments and errors are those of `request`."""
        trip = embark(
            self,
            "PUT",
            url,
            content,
            data,
            files,
            json,
            params,
            headers,
            cookies,
            auth,
            follow_redirects,
            timeout,
            extensions,
        )
        if trip is not None:
            return await trip
        return await self.request(
            "PUT",
            url,
            content=content,
            data=data,
            files=files,
            json=json,
            params=params,
            headers=headers,
            cookies=cookies,
            auth=auth,
            follow_redirects=follow_redirects,
            timeout=timeout,
            extensions=extensions,
        )

    async def patch(
        self,
        url: URL | str,
        *,
        content: RequestContent | None = None,
        data: RequestData | None = None,
        files: RequestFiles | None = None,
        json: Any | None = None,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
        timeout: TimeoutTypes | UseClientDefault = USE_CLIENT_DEFAULT,
        extensions: RequestExtensions | None = None,
    ) -> Response:
        """Send a PATCH request (RFC 5789). Arguments and errors are those of `request`."""
        trip = embark(
            self,
            "PATCH",
            url,
            content,
            data,
            files,
            json,
            params,
            headers,
            cookies,
            auth,
            follow_redirects,
            timeout,
            extensions,
        )
        if trip is not None:
            return await trip
        return await self.request(
            "PATCH",
            url,
            content=content,
            data=data,
            files=files,
            json=json,
            params=params,
            headers=headers,
            cookies=cookies,
            auth=auth,
            follow_redirects=follow_redirects,
            timeout=timeout,
            extensions=extensions,
        )

    async def delete(
        self,
        url: URL | str,
        *,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
        timeout: TimeoutTypes | UseClientDefault = USE_CLIENT_DEFAULT,
        extensions: RequestExtensions | None = None,
    ) -> Response:
        """Send a DELETE request (RFC 9110 §9.3.5). Arguments and errors are those of `request`."""
        trip = embark(
            self,
            "DELETE",
            url,
            None,
            None,
            None,
            None,
            params,
            headers,
            cookies,
            auth,
            follow_redirects,
            timeout,
            extensions,
        )
        if trip is not None:
            return await trip
        return await self.request(
            "DELETE",
            url,
            params=params,
            headers=headers,
            cookies=cookies,
            auth=auth,
            follow_redirects=follow_redirects,
            timeout=timeout,
            extensions=extensions,
        )

    async def query(
        self,
        url: URL | str,
        *,
        content: RequestContent | None = None,
        data: RequestData | None = None,
        files: RequestFiles | None = None,
        json: Any | None = None,
        params: QueryParamTypes | None = None,
        headers: HeaderTypes | None = None,
        cookies: CookieTypes | None = None,
        auth: AuthTypes | UseClientDefault | None = USE_CLIENT_DEFAULT,
        follow_redirects: bool | UseClientDefault = USE_CLIENT_DEFAULT,
        timeout: TimeoutTypes | UseClientDefault = USE_CLIENT_DEFAULT,
        extensions: RequestExtensions | None = None,
    ) -> Response:
        """Send a QUERY request: a GET with a body. Not in httpx. Arguments and errors are those of `request`."""
        trip = embark(
            self,
            "QUERY",
            url,
            content,
            data,
            files,
            json,
            params,
            headers,
            cookies,
            auth,
            follow_redirects,
            timeout,
            extensions,
        )
        if trip is not None:
            return await trip
        return await self.request(
            "QUERY",
            url,
            content=content,
            data=data,
            files=files,
            json=json,
            params=params,
            headers=headers,
            cookies=cookies,
            auth=auth,
            follow_redirects=follow_redirects,
            timeout=timeout,
            extensions=extensions,
        )

    async def aclose(self) -> None:
        """Close the transports. The client can't be used any more."""
        if self._state is not ClientState.CLOSED:
            self._state = ClientState.CLOSED
            await self._transport.aclose()
            for transport in self._mounts.values():
                if transport is not None:
                    await transport.aclose()

    async def __aenter__(self) -> Self:
        if self._state is ClientState.OPENED:
            raise RuntimeError("Cannot open a client instance more than once.")
        if self._state is ClientState.CLOSED:
            raise RuntimeError("Cannot reopen a client instance, once it has been closed.")
        self._state = ClientState.OPENED
        await self._transport.__aenter__()
        for transport in self._mounts.values():
            if transport is not None:
                await transport.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None = None,
        exc_value: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        self._state = ClientState.CLOSED
        await self._transport.__aexit__(exc_type, exc_value, traceback)
        for transport in self._mounts.values():
            if transport is not None:
                await transport.__aexit__(exc_type, exc_value, traceback)


class _ProxyToCome(AsyncBaseTransport):
    """Stands for a proxy that the environment names: going round it in silence would be worse than not going."""

    def __init__(self, proxy: Proxy) -> None:
        self._proxy = proxy

    async def handle_async_request(self, request: Request) -> Response:
        raise NotImplementedError(
            f"The environment asks for the proxy {self._proxy.url!r}, and this version of cyhttpx has none: "
            "list the host in NO_PROXY, or use trust_env=False"
        )


originals(AsyncClient, ("request", "send", "build_request", "_send_handling_redirects", "_send_single_request"))


async def _read_for_history(response: Response) -> None:
    """Read a response that is only kept for the record. One that came whole is decoded by whoever looks at it."""
    if response._coded is None:
        await response.aread()
