"""Every test here runs on every engine."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from ..engines import NAMES, load
from .peers import Plain, Secure, shake

if TYPE_CHECKING:
    from collections.abc import Iterator

    import trustme


@pytest.fixture(params=NAMES, scope="session")
def engine(request: pytest.FixtureRequest) -> Any:
    """One engine's classes."""
    return load(request.param)


# Streams.


@pytest.fixture(scope="session")
def server_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    context.set_alpn_protocols(["http/1.1"])
    return context


@pytest.fixture
def client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


@pytest.fixture
def sockets() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of one connection."""
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def tcp() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Two ends of one TCP connection: what is reset, and has addresses."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def secured(engine: Any, sockets: Any, client_context: ssl.SSLContext, server_context: ssl.SSLContext) -> Any:
    """A stream and its peer, behind their handshake."""
    stream = engine.SocketStream(sockets[0], client_context, "localhost")
    peer = Secure(Plain(sockets[1]), server_context)
    shake(stream, peer)
    return stream, peer
