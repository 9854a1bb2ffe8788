"""Reactor: what it asks a loop to watch, on a stand-in for a loop that only keeps the books."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any

import pytest

from cyhttpx._wire import GOAL_HEAD

from .peers import Plain, Secure, shake
from .reactors import Owner, respond

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

PIECE = b"x" * 65536


class Future:
    """What a loop's future is to a reactor."""

    def __init__(self) -> None:
        self.results: list[None] = []

    def done(self) -> bool:
        return bool(self.results)

    def set_result(self, result: None) -> None:
        self.results.append(result)


class Books:
    """What a loop is to a reactor. `watched`: the callbacks, by ("reader" or "writer", descriptor). `changes`: of that."""

    def __init__(self) -> None:
        self.watched: dict[tuple[str, int], Any] = {}
        self.changes = 0
        self.closed = False

    def create_future(self) -> Future:
        return Future()

    def is_closed(self) -> bool:
        return self.closed

    def add_reader(self, descriptor: int, callback: Any) -> None:
        self._add("reader", descriptor, callback)

    def add_writer(self, descriptor: int, callback: Any) -> None:
        self._add("writer", descriptor, callback)

    def remove_reader(self, descriptor: int) -> None:
        self._remove("reader", descriptor)

    def remove_writer(self, descriptor: int) -> None:
        self._remove("writer", descriptor)

    @property
    def kinds(self) -> set[str]:
        return {kind for kind, _ in self.watched}

    def _add(self, kind: str, descriptor: int, callback: Any) -> None:
        assert descriptor >= 0
        assert not self.closed
        self.changes += 1
        self.watched[kind, descriptor] = callback

    def _remove(self, kind: str, descriptor: int) -> None:
        assert not self.closed
        self.changes += 1
        del self.watched[kind, descriptor]


class Desk:
    """A reactor, its peer, and the books of its loop."""

    def __init__(self, engine: Any, stream: Any, peer: Any, raw: socket.socket) -> None:
        self.engine = engine
        self.peer = peer
        self.raw = raw
        self.descriptor = stream.fileno()
        self.books = Books()
        self.owner = Owner()
        self.reactor = engine.Reactor(self.books, stream, engine.HTTP1Connection(), self.owner)

    def begin(self, *pairs: tuple[str, str], body: bytes | None = b"") -> None:
        self.reactor.begin(b"POST", b"/", self.engine.Headers([("Host", "h"), *pairs]), body)

    def fill(self) -> None:
        """Begin a request whose body the peer doesn't take."""
        self.begin(("Transfer-Encoding", "chunked"), body=None)
        while self.reactor.write(PIECE):
            pass
        assert self.books.kinds == {"reader", "writer"}

    def drain(self) -> None:
        """Read at the peer's end, and write at ours, until there is nothing more."""
        while self.peer.recv():
            if ("writer", self.descriptor) in self.books.watched:
                self.books.watched["writer", self.descriptor]()


@pytest.fixture(params=["plain", "tls"])
def desk(
    request: pytest.FixtureRequest, engine: Any, client_tls: ssl.SSLContext, server_tls: ssl.SSLContext
) -> Iterator[Desk]:
    ours, theirs = socket.socketpair()
    peer: Any = Plain(theirs)
    stream = engine.SocketStream(ours)
    if request.param == "tls":
        stream = engine.SocketStream(ours, client_tls, "localhost")
        peer = Secure(peer, server_tls)
        shake(stream, peer)
    desk = Desk(engine, stream, peer, theirs)
    yield desk
    desk.reactor.close()
    theirs.close()


def test_a_connection_is_watched_for_reading_all_its_life(desk: Desk) -> None:
    assert set(desk.books.watched) == {("reader", desk.descriptor)}
    for _ in range(3):
        desk.begin()
        waiter = desk.reactor.wait(GOAL_HEAD, None)
        desk.peer.send(respond(b""))
        desk.books.watched["reader", desk.descriptor]()
        assert waiter.results == [None]
        assert desk.reactor.finish() is True
    assert desk.books.changes == 1, "each change is a system call"
    desk.reactor.close()
    assert desk.books.watched == {}


def test_it_is_watched_for_writing_while_there_is_something_to_write(desk: Desk) -> None:
    desk.fill()
    desk.drain()
    assert desk.reactor.is_sending is False
    # At rest: a socket can nearly always be written to, and would call at every turn.
    for _ in range(2):
        if "writer" in desk.books.kinds:
            desk.books.watched["writer", desk.descriptor]()
    assert desk.books.kinds == {"reader"}


def test_a_peer_that_is_gone_is_not_watched_for_writing(desk: Desk) -> None:
    desk.fill()
    desk.raw.close()
    for _ in range(3):
        if "writer" in desk.books.kinds:
            desk.books.watched["writer", desk.descriptor]()
    assert desk.books.kinds == {"reader"}
    desk.books.watched["reader", desk.descriptor]()
    assert desk.books.kinds == set(), "nor for reading, once that has said what it can"


def test_all_is_taken_off_the_books_at_the_end(desk: Desk) -> None:
    desk.fill()
    waiter = desk.reactor.wait(GOAL_HEAD, 5.0)
    desk.reactor.close()
    assert desk.books.watched == {}
    assert waiter.results == [None]


def test_the_books_of_a_closed_loop_are_left_alone(desk: Desk) -> None:
    desk.fill()
    waiter = desk.reactor.wait(GOAL_HEAD, 5.0)
    desk.books.closed = True
    desk.reactor.close()
    assert desk.reactor.is_closed is True
    assert waiter.results == [], "its callbacks can't be called any more"


def test_callbacks_that_come_late_do_nothing(desk: Desk) -> None:
    desk.fill()
    late = list(desk.books.watched.values())
    desk.reactor.close()
    for callback in late:
        callback()
    assert desk.books.watched == {}
    assert desk.owner.lost == []


@pytest.mark.parametrize("is_used", [True, False])
def test_abandoned_after_a_fork(desk: Desk, is_used: bool) -> None:
    # The books and the peer are the parent's: not a word to either.
    if is_used:
        desk.begin()
        while desk.peer.recv():
            pass
    changes = desk.books.changes
    desk.reactor.abandon()
    desk.reactor.close()
    assert desk.reactor.is_closed is True
    assert desk.reactor.is_quiet() is False
    assert desk.books.changes == changes
    assert desk.owner.lost == []
    # The end that closing a descriptor makes, and no alert of TLS before it.
    assert desk.raw.recv(1000) == b""


def test_an_upgraded_connection_is_left_to_someone_else(desk: Desk) -> None:
    desk.begin(("Connection", "upgrade"), ("Upgrade", "x"))
    waiter = desk.reactor.wait(GOAL_HEAD, None)
    desk.peer.send(b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n")
    desk.books.watched["reader", desk.descriptor]()
    assert waiter.results == [None]
    desk.reactor.detach()
    assert desk.books.watched == {}
    desk.peer.send(b"hello")
    assert desk.reactor.stream.recv(100) == b"hello"
    assert desk.reactor.is_closed is False
    desk.reactor.close()
    assert desk.books.watched == {}
