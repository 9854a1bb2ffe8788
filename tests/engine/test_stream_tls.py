"""SocketStream: handshakes that fail, and TLS inside TLS."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any

import pytest

from cyhttpx._exceptions import ConnectError

from .peers import Plain, Secure, exchange, received, reset, shake

if TYPE_CHECKING:
    import trustme

READ = 65536

# Handshakes that fail.


def attempt(stream: Any, peer: Any) -> None:
    """Step both until one of them gives up."""
    for _ in range(20):
        stream.handshake()
        peer.handshake()


def test_an_unknown_authority(engine: Any, sockets: Any, server_context: ssl.SSLContext) -> None:
    stream = engine.SocketStream(sockets[0], ssl.create_default_context(), "localhost")
    peer = Secure(Plain(sockets[1]), server_context)
    with pytest.raises(ConnectError, match="CERTIFICATE_VERIFY_FAILED") as caught:
        attempt(stream, peer)
    assert isinstance(caught.value.__cause__, ssl.SSLCertVerificationError)
    # The peer is told why.
    with pytest.raises(ssl.SSLError, match=r"(?i)unknown ca"):
        peer.handshake()
    stream.close()


def test_a_certificate_for_another_name(
    engine: Any, sockets: Any, client_context: ssl.SSLContext, server_context: ssl.SSLContext
) -> None:
    stream = engine.SocketStream(sockets[0], client_context, "example.org")
    with pytest.raises(ConnectError, match="Hostname mismatch"):
        attempt(stream, Secure(Plain(sockets[1]), server_context))
    stream.close()


def test_no_common_version(engine: Any, sockets: Any, client_context: ssl.SSLContext, authority: trustme.CA) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(old)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    client_context.minimum_version = ssl.TLSVersion.TLSv1_3
    stream = engine.SocketStream(sockets[0], client_context, "localhost")
    peer = Secure(Plain(sockets[1]), old)
    assert stream.handshake() is False
    with pytest.raises(ssl.SSLError):
        peer.handshake()
    with pytest.raises(ConnectError):
        stream.handshake()
    stream.close()


@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x15\x03\x01\x00\x02\x02\x28", b"\0" * 100])
def test_a_peer_that_answers_otherwise(
    engine: Any, sockets: Any, client_context: ssl.SSLContext, answer: bytes
) -> None:
    stream = engine.SocketStream(sockets[0], client_context, "localhost")
    assert stream.handshake() is False
    sockets[1].send(answer)
    with pytest.raises(ConnectError):
        stream.handshake()
    stream.close()


def test_a_peer_that_closes(engine: Any, sockets: Any, client_context: ssl.SSLContext) -> None:
    stream = engine.SocketStream(sockets[0], client_context, "localhost")
    assert stream.handshake() is False
    assert sockets[1].recv(READ)
    sockets[1].close()
    with pytest.raises(ConnectError):
        stream.handshake()
    stream.close()


def test_a_peer_that_resets(engine: Any, tcp: Any, client_context: ssl.SSLContext) -> None:
    stream = engine.SocketStream(tcp[0], client_context, "localhost")
    assert stream.handshake() is False
    reset(tcp[1])
    with pytest.raises(ConnectError):
        stream.handshake()
    stream.close()


@pytest.mark.parametrize("name", ["", None, ".example.org", "a" * 64 + ".org", "a\0b"], ids=repr)
def test_a_name_that_cannot_be_one(engine: Any, sockets: Any, client_context: ssl.SSLContext, name: str | None) -> None:
    def connect() -> None:
        stream = engine.SocketStream(sockets[0], client_context, name)
        stream.handshake()

    with pytest.raises(ConnectError):
        connect()


def test_closing_amid_a_handshake(engine: Any, sockets: Any, client_context: ssl.SSLContext) -> None:
    stream = engine.SocketStream(sockets[0], client_context, "localhost")
    assert stream.handshake() is False
    stream.close()
    assert stream.fileno() == -1


# TLS inside TLS.


@pytest.fixture
def nested(secured: Any, engine: Any, sockets: Any, client_context: Any, server_context: Any) -> Any:
    """A stream within another, and the peer of each."""
    inner, inner_peer = secured
    stream = engine.SocketStream(sockets[0], client_context, "localhost", inner)
    peer = Secure(inner_peer, server_context)
    shake(stream, peer)
    return stream, peer, inner, inner_peer


def test_tls_inside_tls(nested: Any, sockets: Any) -> None:
    stream, peer, inner, _ = nested
    assert stream.get_extra_info("ssl_object") is not inner.get_extra_info("ssl_object")
    assert stream.fileno() == sockets[0].fileno()
    data = bytes(range(256)) * 400
    assert exchange(stream, peer, data) == data
    peer.send(data)
    assert received(stream, READ) == data
    assert stream.recv(READ) is None
    peer.say_goodbye()
    assert stream.recv(READ) == b""
    assert stream.clean_eof is True
    assert inner.clean_eof is False
    stream.close()
    assert stream.fileno() == inner.fileno() == -1


def test_an_end_of_the_outer_tls_alone_is_not_clean(nested: Any) -> None:
    stream, _, inner, inner_peer = nested
    inner_peer.say_goodbye()
    assert stream.recv(READ) == b""
    assert stream.clean_eof is False
    assert inner.clean_eof is True


def test_both_goodbyes_are_said(nested: Any) -> None:
    stream, peer, _, inner_peer = nested
    stream.close()
    assert peer.recv() == b""
    assert inner_peer.recv() == b""


def test_ciphertext_that_waits_within(nested: Any, sockets: Any) -> None:
    stream, peer, inner, _ = nested
    sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    assert stream.send(b"x" * 60_000) == 60_000
    # All of it is the inner stream's now, which waits for the socket. Whoever doesn't see that here stops waiting, and
    # the peer waits for ever.
    assert inner.wants_write is True
    assert stream.wants_write is True
    assert stream.flush() is False
    assert stream.send(b"x") == 0
    got = b""
    while stream.wants_write:
        got += received(peer, 0)
        stream.flush()
    got += received(peer, 0)
    assert got == b"x" * 60_000
