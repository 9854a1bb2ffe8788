"""The other end of a stream under test: a socket, and TLS over it, stepped by hand. No threads, so nothing to wait
for.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from typing import Any, Protocol


class Carrier(Protocol):
    """What carries a peer's bytes."""

    def recv(self) -> bytes | None:
        """None: nothing there; `b""`: the end."""

    def send(self, data: bytes) -> None:
        """All of it."""


class Plain:
    """A socket's end."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock

    def recv(self) -> bytes | None:
        try:
            return self.sock.recv(1 << 20)
        except BlockingIOError:
            return None

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)


class Secure:
    """The server's end of TLS, over a socket's or over another TLS."""

    def __init__(self, carrier: Carrier, context: ssl.SSLContext) -> None:
        self.carrier = carrier
        self.incoming = ssl.MemoryBIO()
        self.outgoing = ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def step(self, verb: Any, *arguments: Any) -> Any:
        """Take in what has come, do it, send what that makes. None: more must come first."""
        while data := self.carrier.recv():
            self.incoming.write(data)
        if data == b"":
            self.incoming.write_eof()
        try:
            return verb(*arguments)
        except ssl.SSLWantReadError:
            return None
        finally:
            # An alert, or nothing: who has gone needs neither.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self.push()

    def push(self) -> None:
        if self.outgoing.pending:
            self.carrier.send(self.outgoing.read())

    def handshake(self) -> bool:
        def verb() -> bool:
            self.object.do_handshake()
            return True

        return bool(self.step(verb))

    def recv(self) -> bytes | None:
        return self.step(self.object.read, 1 << 20)  # type: ignore[no-any-return]

    def send(self, data: bytes) -> None:
        sent = 0
        while sent < len(data):
            sent += self.object.write(data[sent:])
        self.push()

    def say_goodbye(self) -> None:
        """close_notify; the answer is `recv`'s to see."""
        self.step(self.object.unwrap)


def reset(sock: socket.socket) -> None:
    """Close with a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def shake(stream: Any, peer: Secure) -> None:
    """Step both through the handshake."""
    is_done = [False, False]
    for _ in range(20):
        is_done[0] = is_done[0] or stream.handshake()
        is_done[1] = is_done[1] or peer.handshake()
        if all(is_done):
            # Session tickets of TLS 1.3 have come behind it: they are no data, and no end.
            assert stream.recv(65536) is None
            return
    raise AssertionError("no handshake in 20 steps")


def received(end: Any, size: int) -> bytes:
    """All that has come, up to the end of file."""
    data = b""
    while piece := end.recv(size) if size else end.recv():
        data += piece
    return data


def exchange(sender: Any, receiver: Any, data: bytes) -> bytes:
    """Send `data` from a stream to a peer, with both ends' buffers as they are. Return what has come."""
    sent = 0
    got = b""
    while len(got) < len(data):
        before = len(got), sent
        if sent < len(data):
            sent += sender.send(memoryview(data)[sent:])
        elif sender.wants_write:
            sender.flush()
        got += receiver.recv() or b""
        assert (len(got), sent) != before, "neither end moves"
    return got
