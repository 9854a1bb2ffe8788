"""TLS without a socket: an `ssl.SSLObject` between two MemoryBIOs. Ciphertext in, plain text out, and the other way
round.

What doesn't live here: moving the ciphertext (`stream`). Imported only where a stream speaks TLS: `ssl` is slow to
import.
"""

from __future__ import annotations

import ssl

from .._exceptions import ConnectError, ReadError, WriteError

__all__ = ["TLS"]


class TLS:
    """The TLS state of one client connection."""

    def __init__(self, context: ssl.SSLContext, server_hostname: str | None) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        if context.check_hostname and server_hostname is None:
            # wrap_bio, other than wrap_socket, would take any name for the right one.
            raise ConnectError("check_hostname requires server_hostname")
        try:
            self.object = context.wrap_bio(self._incoming, self._outgoing, server_hostname=server_hostname)
        except (ssl.SSLError, ValueError, TypeError) as error:
            # A name that can't be one (empty, with NUL, not encodable) is met here.
            raise ConnectError(str(error)) from error
        self._ciphertext = memoryview(b"")
        self._was_fed_eof = False
        self._is_at_end = False
        self.clean_eof = False

    def handshake(self) -> bool:
        """Go on with the handshake: True when done. False: it needs ciphertext from the peer."""
        try:
            self.object.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except (ssl.SSLError, ValueError) as error:
            raise ConnectError(str(error)) from error
        return True

    def feed(self, ciphertext: bytes) -> None:
        """Take in what came from the peer; `b""`: end of file."""
        if ciphertext:
            self._incoming.write(ciphertext)
        else:
            self._was_fed_eof = True
            self._incoming.write_eof()

    def read(self, max_bytes: int) -> bytes | None:
        """Decrypt: None if that needs more ciphertext, `b""` at the end (`clean_eof`: by close_notify)."""
        if self._is_at_end:
            return b""
        # Asking OpenSSL in vain costs an exception.
        if not self.has_input:
            return None
        try:
            data = self.object.read(max_bytes)
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLZeroReturnError:
            data = b""
        except ssl.SSLEOFError:
            self._is_at_end = True
            return b""
        except ssl.SSLError as error:
            raise ReadError(str(error)) from error
        if not data:
            # close_notify: nothing can follow, also when the peer leaves the socket open.
            self._is_at_end = self.clean_eof = True
        return data

    def write(self, data: memoryview) -> int:
        """Encrypt: the bytes taken. 0: that needs ciphertext from the peer first."""
        try:
            return self.object.write(data)
        except ssl.SSLWantReadError:
            return 0
        except ssl.SSLError as error:
            raise WriteError(str(error)) from error

    def say_goodbye(self) -> None:
        """Make a close_notify, unless there never was a connection."""
        try:
            self.object.unwrap()
        except (ssl.SSLError, ValueError, OSError):
            pass

    @property
    def has_input(self) -> bool:
        """Whether there is something to read, be it the end, that has come already."""
        return bool(self._incoming.pending) or self._was_fed_eof or self._is_at_end or bool(self.object.pending())

    @property
    def wants_write(self) -> bool:
        """Whether there is ciphertext to send."""
        return bool(self._ciphertext) or bool(self._outgoing.pending)

    def ciphertext(self) -> memoryview:
        """What is to be sent next; empty: nothing."""
        if not self._ciphertext:
            self._ciphertext = memoryview(self._outgoing.read())
        return self._ciphertext

    def sent(self, size: int) -> None:
        """Take note that `size` bytes of `ciphertext()` are gone."""
        self._ciphertext = self._ciphertext[size:]
