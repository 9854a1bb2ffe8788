"""Where a redirect leads: the next request, made from the last one and its response (RFC 9110 §15.4, Fetch §4.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._engine import Headers
from .._exceptions import InvalidURL, RemoteProtocolError
from .._request import Request
from .._urls import URL

if TYPE_CHECKING:
    from .._cookies import Cookies
    from .._response import Response

__all__ = ["redirect_request"]

# Meant for one origin: no other one gets them, and none gets them back (RFC 9110 §15.4, "remove ... Authorization, Cookie").
_SECRETS = ("Authorization", "Proxy-Authorization")
_BODY_FIELDS = ("Content-Length", "Transfer-Encoding")


def redirect_request(request: Request, response: Response, cookies: Cookies) -> Request:
    """Return the request that follows `response`; `cookies` are the client's.

    Raises RemoteProtocolError for a Location that is no URL.
    """
    method = _method(request, response)
    url = _url(request, response)
    headers = _headers(request, url, method)
    drops_body = method != request.method and method == "GET"
    return Request(
        method,
        url,
        headers=headers,
        cookies=cookies or None,
        stream=None if drops_body else request.stream,
        extensions=request.extensions,
    )


def _method(request: Request, response: Response) -> str:
    method, status = request.method, response.status_code
    # 303 asks for it; for 302, and for POST after 301, all clients do it, against the letter of RFC 9110.
    if (status in (302, 303) and method not in ("HEAD", "QUERY" if status == 302 else "HEAD")) or (
        status == 301 and method == "POST"
    ):
        return "GET"
    return method


def _url(request: Request, response: Response) -> URL:
    try:
        url = URL(response.headers["Location"])
        if url.scheme and not url.host:
            # "http:///path": the host got lost.
            url = url.copy_with(host=request.url.host)
        if url.is_relative_url:
            url = request.url.join(url)
    except InvalidURL as error:
        raise RemoteProtocolError(f"Invalid URL in location header: {error}.", request=request) from None
    if request.url.fragment and not url.fragment:
        url = url.copy_with(fragment=request.url.fragment)
    return url


def _headers(request: Request, url: URL, method: str) -> Headers:
    headers = Headers(request.headers)
    if url._origin_key != request.url._origin_key:
        if not _is_upgrade(request.url, url):
            for name in _SECRETS:
                headers.pop(name, None)
        headers["Host"] = url._host_header.decode("ascii")
    if method != request.method and method == "GET":
        for name in _BODY_FIELDS:
            headers.pop(name, None)
    # The jar decides anew, whatever the caller put there.
    headers.pop("Cookie", None)
    return headers


def _is_upgrade(url: URL, location: URL) -> bool:
    """Whether the same host sends us from http to https, both on their own ports."""
    scheme, host, port = url._origin_key
    return (scheme, port) == ("http", 80) and location._origin_key == ("https", host, 443)
