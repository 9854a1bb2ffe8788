"""What `response.extensions["network_stream"]` gives: facts about the connection (https://www.python-httpx.org/advanced/extensions/)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .._engine import SocketStream

__all__ = ["NetworkStream"]


class NetworkStream:
    """The connection under a response, seen from outside."""

    __slots__ = ("_stream",)

    def __init__(self, stream: SocketStream) -> None:
        self._stream = stream

    def get_extra_info(self, info: str) -> Any:
        """Return "ssl_object", "socket", "client_addr" or "server_addr"; None for anything else."""
        return self._stream.get_extra_info(info)
