"""SocketStream over socket pairs, plain and TLS: ends of file, full buffers, broken connections.

Handshakes that fail and TLS inside TLS are in test_stream_tls.
"""

from __future__ import annotations

import socket
import ssl
from typing import Any

import pytest

from cyhttpx._exceptions import ReadError, WriteError

from .peers import Plain, Secure, exchange, received, reset, shake

READ = 65536


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
