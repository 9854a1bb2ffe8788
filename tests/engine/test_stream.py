"""SocketStream over socket pairs: plain, TLS, TLS inside TLS; ends of file, full buffers, handshakes that fail."""

from __future__ import annotations

import socket
import ssl
import struct
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from cyhttpx._exceptions import ConnectError, ReadError, WriteError

from .peers import Plain, Secure, exchange, received, shake

if TYPE_CHECKING:
    from collections.abc import Iterator

READ = 65536


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()


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


def reset(sock: socket.socket) -> None:
    """Close with a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@pytest.fixture
def secured(engine: Any, sockets: Any, client_context: ssl.SSLContext, server_context: ssl.SSLContext) -> Any:
    """A stream and its peer, behind their handshake."""
    stream = engine.SocketStream(sockets[0], client_context, "localhost")
    peer = Secure(Plain(sockets[1]), server_context)
    shake(stream, peer)
    return stream, peer


# Plain.


def test_plain(engine: Any, sockets: Any) -> None:
    ours, theirs = sockets
    stream = engine.SocketStream(ours)
    assert stream.handshake() is True
    assert stream.fileno() == ours.fileno()
    assert ours.getblocking() is False
    assert stream.recv(READ) is None
    theirs.send(b"hello")
    assert stream.recv(2) == b"he"
    assert stream.recv(READ) == b"llo"
    assert stream.recv(READ) is None
    assert stream.clean_eof is False
    assert stream.send(b"world") == 5
    assert theirs.recv(READ) == b"world"
    assert stream.wants_write is False
    assert stream.flush() is True
    assert stream.alpn_protocol is None


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_what_is_sent_may_be_of_any_kind(engine: Any, sockets: Any, kind: Any) -> None:
    stream = engine.SocketStream(sockets[0])
    assert stream.send(kind(b"hello")) == 5
    assert stream.send(kind(b"")) == 0
    assert sockets[1].recv(READ) == b"hello"


def test_the_end_of_a_plain_stream_is_a_clean_one(engine: Any, sockets: Any) -> None:
    stream = engine.SocketStream(sockets[0])
    sockets[1].send(b"hello")
    sockets[1].close()
    assert stream.recv(READ) == b"hello"
    assert stream.clean_eof is False
    for _ in range(2):
        assert stream.recv(READ) == b""
        assert stream.clean_eof is True


def test_a_half_closed_stream_can_still_be_written_to(engine: Any, sockets: Any) -> None:
    stream = engine.SocketStream(sockets[0])
    sockets[1].shutdown(socket.SHUT_WR)
    assert stream.recv(READ) == b""
    assert stream.send(b"hello") == 5
    assert sockets[1].recv(READ) == b"hello"


def test_a_full_buffer_takes_nothing(engine: Any, sockets: Any) -> None:
    stream = engine.SocketStream(sockets[0])
    data = b"x" * 1_000_000
    total = 0
    while sent := stream.send(data):
        total += sent
    assert stream.send(b"x") == 0
    assert total > 0
    assert len(received(Plain(sockets[1]), 0)) == total
    assert stream.send(b"x") == 1


def test_a_connection_that_breaks(engine: Any, tcp: Any) -> None:
    stream = engine.SocketStream(tcp[0])
    reset(tcp[1])
    with pytest.raises(ReadError, match=r"^\[Errno \d+\] \w+"):
        stream.recv(READ)
    with pytest.raises(WriteError, match=r"^\[Errno \d+\] \w+"):
        stream.send(b"x")


def test_no_signal_for_a_broken_pipe(engine: Any, sockets: Any) -> None:
    stream = engine.SocketStream(sockets[0])
    sockets[1].close()
    with pytest.raises(WriteError, match="Broken pipe"):
        stream.send(b"x")


def test_closing(engine: Any, sockets: Any) -> None:
    stream = engine.SocketStream(sockets[0])
    stream.close()
    stream.close()
    assert stream.fileno() == -1
    assert sockets[0].fileno() == -1
    assert sockets[1].recv(READ) == b""
    with pytest.raises(ReadError):
        stream.recv(READ)
    with pytest.raises(WriteError):
        stream.send(b"x")


def test_abandoning(engine: Any, secured: Any) -> None:
    stream, peer = secured
    stream.abandon()
    stream.abandon()
    stream.close()
    assert stream.fileno() == -1
    # Not a word to the peer: no close_notify either.
    with pytest.raises(ssl.SSLEOFError):
        peer.recv()


def test_extra_info(engine: Any, tcp: Any) -> None:
    stream = engine.SocketStream(tcp[0])
    assert stream.get_extra_info("socket") is tcp[0]
    assert stream.get_extra_info("client_addr") == tcp[0].getsockname()
    assert stream.get_extra_info("server_addr") == tcp[1].getsockname()
    assert stream.get_extra_info("ssl_object") is None
    assert stream.get_extra_info("no such thing") is None
    assert stream.get_extra_info("is_readable") is False
    tcp[1].send(b"x")
    assert stream.get_extra_info("is_readable") is True
    # Looking took nothing.
    assert stream.recv(READ) == b"x"
    tcp[1].close()
    assert stream.get_extra_info("is_readable") is True
    stream.close()
    assert stream.get_extra_info("is_readable") is True


# TLS.


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=lambda version: version.name)
def test_tls(
    engine: Any,
    sockets: Any,
    client_context: ssl.SSLContext,
    server_context: ssl.SSLContext,
    version: ssl.TLSVersion,
) -> None:
    client_context.maximum_version = client_context.minimum_version = version
    stream = engine.SocketStream(sockets[0], client_context, "localhost")
    assert stream.alpn_protocol is None
    assert stream.handshake() is False
    peer = Secure(Plain(sockets[1]), server_context)
    shake(stream, peer)
    assert stream.handshake() is True
    assert stream.alpn_protocol == "http/1.1"
    tls = stream.get_extra_info("ssl_object")
    assert tls.version() == version.name.replace("_", ".")
    assert tls.getpeercert()["subjectAltName"] == (("DNS", "localhost"),)
    assert stream.get_extra_info("socket") is sockets[0]
    assert exchange(stream, peer, b"question") == b"question"
    peer.send(b"answer")
    assert stream.recv(READ) == b"answer"
    assert stream.recv(READ) is None
    assert stream.clean_eof is False


@pytest.mark.parametrize("size", [1, 16383, 16384, 16385, 100_000, 3_000_000])
def test_data_of_many_records(secured: Any, size: int) -> None:
    stream, peer = secured
    data = bytes(range(256)) * (size // 256 + 1)
    assert exchange(stream, peer, data[:size]) == data[:size]
    for at in range(0, size, 100_000):
        piece = data[at : min(at + 100_000, size)]
        peer.send(piece)
        # A readiness of the socket is told once: what has come must be had by asking until None.
        assert received(stream, READ) == piece
    assert stream.recv(READ) is None


def test_less_may_be_asked_for_than_a_record_holds(secured: Any) -> None:
    stream, peer = secured
    peer.send(b"hello")
    assert [stream.recv(2) for _ in range(4)] == [b"he", b"ll", b"o", None]


def test_records_that_come_in_pieces(engine: Any, secured: Any, sockets: Any) -> None:
    stream, peer = secured
    peer.object.write(b"hello" * 1000)
    ciphertext = peer.outgoing.read()
    got = b""
    for at in range(0, len(ciphertext), 7):
        sockets[1].send(ciphertext[at : at + 7])
        got += received(stream, READ)
    assert got == b"hello" * 1000


def test_a_full_socket_keeps_ciphertext(secured: Any, sockets: Any) -> None:
    stream, peer = secured
    data = b"x" * 60_000
    total = 0
    while sent := stream.send(data):
        total += sent
        assert sent == len(data)
    assert stream.wants_write is True
    assert stream.flush() is False
    assert stream.send(b"x") == 0
    # Reading goes on meanwhile.
    peer.object.write(b"hello")
    sockets[1].send(peer.outgoing.read())
    assert stream.recv(READ) == b"hello"
    got = b""
    while len(got) < total:
        piece = received(peer, 0)
        assert piece
        got += piece
        stream.flush()
    assert stream.wants_write is False
    assert stream.flush() is True
    assert got == b"x" * total


def test_one_send_encrypts_a_bounded_piece(secured: Any) -> None:
    stream, _ = secured
    assert 0 < stream.send(b"x" * 10_000_000) <= 256 * 1024


def test_close_notify_of_the_peer(secured: Any, sockets: Any) -> None:
    stream, peer = secured
    peer.send(b"hello")
    peer.say_goodbye()
    assert stream.recv(READ) == b"hello"
    assert stream.clean_eof is False
    for _ in range(3):
        # The socket is still open, and yet nothing more can come.
        assert stream.recv(READ) == b""
        assert stream.clean_eof is True
    assert stream.get_extra_info("is_readable") is True


def test_close_notify_of_ours(secured: Any) -> None:
    stream, peer = secured
    exchange(stream, peer, b"hello")
    stream.close()
    stream.close()
    assert peer.recv() == b""


def test_close_notify_is_answered(secured: Any, sockets: Any) -> None:
    stream, peer = secured
    peer.say_goodbye()
    assert stream.recv(READ) == b""
    stream.close()
    # The peer's own shutdown ends well: ours has come too (RFC 8446 §6.1).
    peer.step(peer.object.unwrap)


def test_an_end_without_close_notify(secured: Any, sockets: Any) -> None:
    stream, peer = secured
    peer.send(b"hello")
    sockets[1].close()
    assert stream.recv(READ) == b"hello"
    for _ in range(2):
        assert stream.recv(READ) == b""
        assert stream.clean_eof is False
    stream.close()


def test_an_end_within_a_record(secured: Any, sockets: Any) -> None:
    stream, peer = secured
    peer.object.write(b"hello" * 1000)
    sockets[1].send(peer.outgoing.read()[:-1])
    sockets[1].close()
    assert stream.recv(READ) == b""
    assert stream.clean_eof is False


def test_a_record_that_was_tampered_with(secured: Any, sockets: Any) -> None:
    stream, peer = secured
    peer.object.write(b"hello")
    ciphertext = bytearray(peer.outgoing.read())
    ciphertext[-1] ^= 1
    sockets[1].send(ciphertext)
    with pytest.raises(ReadError, match=r"(?i)decryption failed|bad record mac"):
        stream.recv(READ)
    stream.close()


def test_plain_text_within_tls(secured: Any, sockets: Any) -> None:
    stream, _ = secured
    sockets[1].send(b"HTTP/1.1 408 Request Timeout\r\n\r\n")
    with pytest.raises(ReadError):
        stream.recv(READ)
    stream.close()


def test_a_secure_connection_that_breaks(
    engine: Any, tcp: Any, client_context: ssl.SSLContext, server_context: ssl.SSLContext
) -> None:
    stream = engine.SocketStream(tcp[0], client_context, "localhost")
    peer = Secure(Plain(tcp[1]), server_context)
    for _ in range(1000):
        # TCP takes its time, be it little.
        if stream.handshake() and peer.handshake():
            break
        peer.handshake()
    exchange(stream, peer, b"hello")
    received(stream, READ)
    reset(tcp[1])
    with pytest.raises(ReadError):
        stream.recv(READ)
    with pytest.raises(WriteError):
        stream.send(b"x")
    stream.close()


class Chatty:
    """An SSLContext and SSLObject whose reading makes something to send, as an answer to a key update does."""

    check_hostname = True

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, server_hostname: str | None) -> Chatty:
        self.incoming, self.outgoing = incoming, outgoing
        return self

    def do_handshake(self) -> None:
        pass

    def pending(self) -> int:
        return 0

    def write(self, data: Any) -> int:
        return self.outgoing.write(data)

    def unwrap(self) -> None:
        raise ssl.SSLError("not needed here")

    def read(self, size: int, buffer: Any = None) -> Any:
        data = self.incoming.read(size)
        if data:
            self.outgoing.write(b"key update")
        data = data.replace(b"control", b"")
        if not data:
            raise ssl.SSLWantReadError
        if buffer is None:
            return data
        buffer[: len(data)] = data
        return len(data)


def test_what_reading_makes_is_sent_at_once(engine: Any, sockets: Any) -> None:
    stream = engine.SocketStream(sockets[0], Chatty(), "localhost")
    assert stream.handshake() is True
    sockets[1].send(b"control")
    assert stream.recv(READ) is None
    assert sockets[1].recv(READ) == b"key update"
    sockets[1].send(b"data")
    assert stream.recv(READ) == b"data"
    assert sockets[1].recv(READ) == b"key update"
    assert stream.wants_write is False


def test_session_tickets_are_kept_by_the_session(secured: Any) -> None:
    stream, _ = secured
    tls = stream.get_extra_info("ssl_object")
    assert tls.version() == "TLSv1.3"
    assert tls.session.has_ticket


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
