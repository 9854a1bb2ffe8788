"""A connected, non-blocking socket and TLS over it, in pure Python. The twin of `cyhttpx/_c/stream.pyx`: same verbs,
same errors.

What lives here: recv and send, flushing, end of file. What doesn't: encryption (`_tls`), waiting (the drivers'),
addresses, contexts, and what the bytes mean.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .._exceptions import ConnectError, ReadError, WriteError

if TYPE_CHECKING:
    import socket
    import ssl

    from ._tls import TLS

__all__ = ["SocketStream"]

# One read of ciphertext: four TLS records.
CIPHER_SIZE: Final = 65536 + 1024
# The most plain text that one send encrypts: what the socket doesn't take has to be kept.
ENCRYPT_SIZE: Final = 65536


class SocketStream:
    """A non-blocking connected socket that it owns, with TLS over it when a context is given.

    Args:
        sock: a connected `socket.socket`; made non-blocking here.
        ssl_context: an `ssl.SSLContext`, or None for a plain stream. Call `handshake` until it is True.
        server_hostname: the name for SNI and for the certificate.
        inner: the stream that carries the ciphertext, in place of the socket (TLS inside TLS).
    """

    __slots__ = ("_fd", "_inner", "_sock", "_tls", "clean_eof")

    def __init__(
        self,
        sock: socket.socket,
        ssl_context: ssl.SSLContext | None = None,
        server_hostname: str | None = None,
        inner: SocketStream | None = None,
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._fd = sock.fileno()
        self._inner = inner
        self.clean_eof = False
        self._tls: TLS | None = None
        if ssl_context is not None:
            from ._tls import TLS

            self._tls = TLS(ssl_context, server_hostname)

    def handshake(self) -> bool:
        """Go one step with the TLS handshake: True when done. False: wait for reading, and for writing if
        `wants_write`.

        Raises:
            ConnectError: the peer's certificate or its TLS is refused, or it closed.
        """
        if self._tls is None:
            return True
        while True:
            try:
                is_done = self._tls.handshake()
            finally:
                # Also after an error: the peer is told why, by an alert.
                self._flush_or_fail()
            if is_done:
                return True
            try:
                ciphertext = self._receive(CIPHER_SIZE)
            except ReadError as error:
                raise ConnectError(str(error)) from error
            if ciphertext is None:
                return False
            if not ciphertext:
                raise ConnectError("the peer closed the connection during the TLS handshake")
            self._tls.feed(ciphertext)

    def recv(self, max_bytes: int) -> bytes | None:
        """Receive up to `max_bytes`: None if that would block, b"" at end of file (`clean_eof` says whether an
        orderly one).

        Raises:
            ReadError: the connection broke.
        """
        max_bytes = max(max_bytes, 1)
        tls = self._tls
        if tls is None:
            data = self._receive(max_bytes)
            if data == b"":
                self.clean_eof = True
            return data
        while True:
            data = self._recv_held(max_bytes)
            if data is not None:
                return data
            ciphertext = self._receive(CIPHER_SIZE)
            if ciphertext is None:
                return None
            tls.feed(ciphertext)

    def send(self, data: bytes | bytearray | memoryview) -> int:
        """Send what goes without waiting: the number of bytes taken, 0 if that would block.

        Raises:
            WriteError: the connection broke.
        """
        if not data:
            return 0
        if self._tls is None:
            return self._send(data)
        if self.wants_write and not self.flush():
            return 0
        taken = self._tls.write(memoryview(data)[:ENCRYPT_SIZE])
        self.flush()
        return taken

    @property
    def wants_write(self) -> bool:
        """Whether ciphertext waits for the socket: `flush` when it is writable."""
        if self._tls is None:
            return False
        return self._tls.wants_write or (self._inner is not None and self._inner.wants_write)

    def flush(self) -> bool:
        """Go on sending the ciphertext that the socket didn't take: True when all is gone.

        Raises:
            WriteError: the connection broke.
        """
        if self._tls is None:
            return True
        while ciphertext := self._tls.ciphertext():
            sent = self._send(ciphertext)
            if sent == 0:
                return False
            self._tls.sent(sent)
        return self._inner is None or self._inner.flush()

    def fileno(self) -> int:
        """The descriptor, -1 once closed."""
        return self._fd

    def close(self) -> None:
        """Close the socket; TLS's close_notify is tried once and never waited for. Idempotent."""
        if self._fd < 0:
            return
        if self._tls is not None:
            self._tls.say_goodbye()
            self._flush_or_fail()
        self._fd = -1
        if self._inner is not None:
            self._inner.close()
        self._sock.close()

    def abandon(self) -> None:
        """Close the descriptor without a word to the peer. Idempotent."""
        self._fd = -1
        if self._inner is not None:
            self._inner.abandon()
        self._sock.close()

    def get_extra_info(self, info: str) -> Any:
        """Facts by name, as httpcore's network streams give them: ssl_object, socket, client_addr, server_addr; else
        None.
        """
        match info:
            case "ssl_object":
                return None if self._tls is None else self._tls.object
            case "socket":
                return self._sock
            case "client_addr":
                return self._sock.getsockname()
            case "server_addr":
                return self._sock.getpeername()
            case "is_readable":
                return not self._is_quiet()
        return None

    @property
    def alpn_protocol(self) -> str | None:
        """The protocol that ALPN chose, None if it chose none."""
        return None if self._tls is None else self._tls.object.selected_alpn_protocol()

    def _is_quiet(self) -> bool:
        """Whether an idle connection is as it was left: no bytes, no end of file, no error. Takes nothing from the
        socket.
        """
        import socket

        if self._fd < 0 or (self._tls is not None and self._tls.has_input):
            return False
        try:
            self._sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            pass
        return False

    @property
    def _is_tls(self) -> bool:
        return self._tls is not None

    def _recv_held(self, max_bytes: int) -> bytes | None:
        """`recv` of what TLS has already taken from the socket, which is left alone: None if that is less than a
        record.
        """
        tls = self._tls
        if tls is None:
            return None
        while True:
            data = tls.read(max_bytes)
            if tls.wants_write:
                # Reading made something to send: an answer to a key update, or an alert.
                self._flush_or_fail()
            if data is not None:
                self.clean_eof = tls.clean_eof
                return data
            ciphertext = None if self._inner is None else self._inner._recv_held(CIPHER_SIZE)
            if ciphertext is None:
                return None
            tls.feed(ciphertext)

    def _flush_or_fail(self) -> None:
        # A connection that can't be written to any more is met by the next receive, with the better error.
        try:
            self.flush()
        except WriteError:
            pass

    def _receive(self, max_bytes: int) -> bytes | None:
        """What carries this stream, received: the inner stream, or the socket."""
        if self._inner is not None:
            return self._inner.recv(max_bytes)
        if self._fd < 0:
            raise ReadError("the connection is closed")
        try:
            return self._sock.recv(max_bytes)
        except BlockingIOError:
            return None
        except OSError as error:
            raise ReadError(str(error)) from error

    def _send(self, data: bytes | bytearray | memoryview) -> int:
        if self._inner is not None:
            return self._inner.send(data)
        if self._fd < 0:
            raise WriteError("the connection is closed")
        try:
            return self._sock.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise WriteError(str(error)) from error
