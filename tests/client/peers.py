"""The other side of a connection, written down as a script: what a test wants a server to do, byte by byte.

Each connection has a thread with a blocking socket, so a script says in plain order what happens. Nothing here waits
for ever: a read that takes longer than `PATIENCE` is an error of the script, and is raised where the server is closed.
"""

from __future__ import annotations

import asyncio
import contextlib
import selectors
import socket
import struct
import threading
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable
    from types import TracebackType

PATIENCE: Final = 30


class Gone(Exception):
    """The client has closed the connection."""


class Received:
    """A request as it came."""

    def __init__(self, head: bytes) -> None:
        first, *lines = head.decode("latin-1").split("\r\n")
        self.method, self.target, self.version = first.split(" ")
        self.headers = [tuple(line.split(": ", 1)) for line in lines if line]
        self.head = head
        self.body = b""

    @property
    def path(self) -> str:
        return self.target.partition("?")[0]

    def get(self, name: str) -> str | None:
        """The value of a field, None without it; a repeated one fails."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(values) <= 1, f"{name} came {len(values)} times"
        return values[0] if values else None


class Peer:
    """The server's end of one connection. `number`: of the connection, from 1."""

    def __init__(self, sock: socket.socket, number: int, server: Server) -> None:
        self.sock = sock
        self.number = number
        self.server = server
        self._buffer = b""

    def read_head(self) -> Received:
        """Read one request head; the body stays where it is. Raises Gone."""
        while b"\r\n\r\n" not in self._buffer:
            self._more()
        head, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        request = Received(head)
        self.server.note(request)
        return request

    def read_request(self) -> Received:
        """Read one request and its body. Raises Gone."""
        request = self.read_head()
        if request.get("Transfer-Encoding") == "chunked":
            request.body = self._read_chunked()
        else:
            request.body = self.read_exactly(int(request.get("Content-Length") or 0))
        return request

    def read_exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._more()
        data, self._buffer = self._buffer[:size], self._buffer[size:]
        return data

    def read_line(self) -> bytes:
        while b"\r\n" not in self._buffer:
            self._more()
        line, _, self._buffer = self._buffer.partition(b"\r\n")
        return line

    def _read_chunked(self) -> bytes:
        body = b""
        while size := int(self.read_line(), 16):
            body += self.read_exactly(size)
            assert self.read_line() == b""
        assert self.read_line() == b""
        return body

    def _more(self) -> None:
        try:
            data = self.sock.recv(65536)
        except ConnectionError as error:
            raise Gone from error
        if not data:
            raise Gone
        self._buffer += data

    def send(self, data: bytes) -> None:
        try:
            self.sock.sendall(data)
        except ConnectionError as error:
            raise Gone from error

    def wait_for_close(self) -> bytes:
        """Read until the client closes; return what came before that."""
        with contextlib.suppress(Gone):
            while True:
                self._more()
        return self._buffer

    def close(self) -> None:
        """Close in good order: what was sent arrives, then the end."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
        self.sock.close()

    def reset(self) -> None:
        """Break the connection: the client gets a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


class Server:
    """A listening socket on a free port; each connection is played by `script(peer)` in a thread of its own.

    `context`: TLS. `before_tls`: called with the bare socket of a connection before its handshake.
    Counted: `accepted` connections, `open` ones, the most that were open at once (`peak`), those whose end is on
    its way (`closed`), and `requests`.
    """

    def __init__(
        self,
        script: Callable[[Peer], None],
        *,
        context: ssl.SSLContext | None = None,
        before_tls: Callable[[int, socket.socket], None] | None = None,
        family: int = socket.AF_INET,
        address: object = ("127.0.0.1", 0),
    ) -> None:
        self._script = script
        self._context = context
        self._before_tls = before_tls
        self.accepted = self.open = self.peak = self.closed = 0
        self.requests: list[Received] = []
        self._errors: list[BaseException] = []
        self._peers: set[socket.socket] = set()
        self._changed = threading.Condition()
        self._closing = False
        self._threads: list[threading.Thread] = []
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.bind(address)
        self._listener.listen(1024)
        self._listener.setblocking(False)
        self._waker, self._wakened = socket.socketpair()
        self._acceptor = threading.Thread(target=self._accept)

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"{'http' if self._context is None else 'https'}://127.0.0.1:{self.port}"

    def note(self, request: Received) -> None:
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()

    def wait_until(self, is_so: Callable[[Server], bool]) -> None:
        """Block until something is true of the server's counts."""
        with self._changed:
            assert self._changed.wait_for(lambda: is_so(self), PATIENCE), (self.accepted, self.open, len(self.requests))

    async def until(self, is_so: Callable[[Server], bool]) -> None:
        """`wait_until`, for a coroutine."""
        await asyncio.to_thread(self.wait_until, is_so)

    def __enter__(self) -> Self:
        self._acceptor.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with self._changed:
            self._closing = True
            for sock in self._peers:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        self._waker.send(b"x")
        self._acceptor.join(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)
        for sock in (self._listener, self._waker, self._wakened):
            sock.close()
        alive = [thread.name for thread in (self._acceptor, *self._threads) if thread.is_alive()]
        if error is None:
            assert not alive, f"scripts that don't end: {alive}"
            if self._errors:
                raise self._errors[0]

    def _accept(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._wakened, selectors.EVENT_READ)
            while not self._closing:
                selector.select()
                with contextlib.suppress(BlockingIOError, ConnectionError):
                    sock, _ = self._listener.accept()
                    self._begin(sock)

    def _begin(self, sock: socket.socket) -> None:
        with self._changed:
            if self._closing:
                sock.close()
                return
            self.accepted += 1
            self.open += 1
            self.peak = max(self.peak, self.open)
            self._peers.add(sock)
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            thread = threading.Thread(target=self._play, args=(sock, self.accepted))
            self._threads.append(thread)
            self._changed.notify_all()
        thread.start()

    def _play(self, sock: socket.socket, number: int) -> None:
        bare = sock
        try:
            sock.settimeout(PATIENCE)
            if self._before_tls is not None:
                self._before_tls(number, sock)
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_side=True)
            self._script(Peer(sock, number, self))
        except (Gone, ConnectionError):
            pass
        except OSError as error:
            # A handshake that the client refuses is an OSError (ssl.SSLError) too, and the test's own business.
            if isinstance(error, TimeoutError) and not self._closing:
                self._errors.append(error)
        except BaseException as error:
            if not self._closing:
                self._errors.append(error)
        finally:
            with self._changed:
                # Counted before the client can see the end: it may open the next one at once.
                self.open -= 1
                self._peers.discard(bare)
                self._changed.notify_all()
            sock.close()
            bare.close()
            with self._changed:
                self.closed += 1
                self._changed.notify_all()


def respond(
    body: bytes = b"", status: int | str = 200, headers: Iterable[tuple[str, str]] = (), *, length: int | None = None
) -> bytes:
    """A response with a Content-Length: of the body, unless `length` says another. `status`: may include the reason."""
    line = f"{status} Reason" if isinstance(status, int) else status
    fields = [*headers, ("Content-Length", str(len(body) if length is None else length))]
    head = f"HTTP/1.1 {line}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    return head.encode("latin-1") + body


def chunked(*pieces: bytes, headers: Iterable[tuple[str, str]] = (), end: bytes = b"0\r\n\r\n") -> bytes:
    """A chunked response."""
    fields = [*headers, ("Transfer-Encoding", "chunked")]
    head = "HTTP/1.1 200 OK\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    return head.encode("latin-1") + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + end


def answering(answer: Callable[[Received], bytes]) -> Callable[[Peer], None]:
    """A script that answers every request of a connection by what `answer` returns."""

    def script(peer: Peer) -> None:
        while True:
            peer.send(answer(peer.read_request()))

    return script


def serving(answer: Callable[[Received], bytes], **options: object) -> Server:
    """A server whose every connection is kept alive and answered by `answer`."""
    return Server(answering(answer), **options)  # type: ignore[arg-type]


async def happened(event: threading.Event) -> None:
    """Wait, beside the loop, for something a script says."""
    assert await asyncio.to_thread(event.wait, PATIENCE), "the script never came so far"
