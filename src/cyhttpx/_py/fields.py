"""The hot attributes of `BaseClient`, `Request` and `Response`. The twin of `ext/cyhttpx/_c/fields.pyx`.

The compiled core reads and writes them as C members; here they are attributes like all others, with the same defaults.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .headers import Headers

__all__ = ["ClientFields", "RequestFields", "ResponseFields"]


class ClientFields:
    """Attributes of a client that every request looks at."""

    _auth: Any
    _state: Any
    _mounts: Any
    _event_hooks: dict[str, list[Any]]
    _transport: Any
    _has_params: bool
    _cookies: Any
    _headers: Headers
    _timeout: Any
    follow_redirects: bool
    _marks_responses: bool
    _logger: Any
    _json_dumps: Any


class RequestFields:
    """Attributes of a request. `_content` is None until the body has been read, `_extensions` until someone has looked."""

    _FIELDS = ("method", "url", "headers", "_content")

    method: str
    url: Any
    headers: Headers
    _timeout: Any = None
    _content: bytes | None = None
    _extensions: dict[str, Any] | None = None


class ResponseFields:
    """Attributes of a response. `_content` is None until the body has been read."""

    _FIELDS = (
        "status_code",
        "headers",
        "_request",
        "_content",
        "_coded",
        "_seconds",
        "is_stream_consumed",
        "_num_bytes_downloaded",
        "history",
    )

    status_code: int
    headers: Headers
    _request: Any = None
    _content: bytes | None = None
    _coded: bytes | None = None
    _seconds: float | None = None
    is_closed: bool = False
    is_stream_consumed: bool = False
    _num_bytes_downloaded: int = 0
    _history: list[Any] | None = None
    _extensions: dict[str, Any] | None = None
    _http_version: bytes | None = None
    _reason: bytes | None = None
    _network_stream: Any = None
    _trailers: list[tuple[bytes, bytes]] | None = None

    @property
    def history(self) -> list[Any]:
        """The responses that redirected or challenged before this one, oldest first."""
        if self._history is None:
            self._history = []
        return self._history

    @history.setter
    def history(self, value: list[Any]) -> None:
        self._history = value

    @property
    def extensions(self) -> dict[str, Any]:
        """What the transport has to say of it, by name (https://www.python-httpx.org/advanced/extensions/)."""
        if self._extensions is None:
            self._extensions = {}
            if self._http_version is not None:
                self._extensions["http_version"] = self._http_version
                self._extensions["reason_phrase"] = self._reason
                self._extensions["network_stream"] = self._network_stream
            if self._trailers is not None:
                self._extensions["trailing_headers"] = self._trailers
        return self._extensions

    @extensions.setter
    def extensions(self, value: dict[str, Any]) -> None:
        self._extensions = value
