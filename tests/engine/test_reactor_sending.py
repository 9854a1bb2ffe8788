"""Reactor: requests with bodies, peers that read slowly, answer early, or are gone."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from cyhttpx import LocalProtocolError, NetworkError, WriteError
from cyhttpx._wire import GOAL_HEAD, GOAL_WHOLE, GOAL_WRITABLE

from .reactors import Wire, respond, turns, wired

if TYPE_CHECKING:
    from collections.abc import Iterator

PIECE = bytes(range(256)) * 256
# More than the buffers between two sockets hold.
LARGE = 8 * 1024 * 1024


def unchunked(data: bytes) -> Iterator[bytes]:
    """The chunks of a body that has come whole."""
    at = 0
    while True:
        line_end = data.index(b"\r\n", at)
        size = int(data[at:line_end], 16)
        at = line_end + 2 + size
        assert data[at : at + 2] == b"\r\n"
        yield data[line_end + 2 : at]
        at += 2
        if not size:
            assert at == len(data)
            return


def body_of(request: bytes) -> bytes:
    """The body of a request that has come whole."""
    head, _, body = request.partition(b"\r\n\r\n")
    if b"chunked" in head:
        return b"".join(unchunked(body))
    assert b"Content-Length: %d" % len(body) in head
    return body


async def fill(wire: Wire, pieces: int = LARGE // len(PIECE)) -> int:
    """Write until the peer takes no more. Return how many pieces were written."""
    for number in range(1, pieces + 1):
        if not wire.reactor.write(PIECE):
            return number
    raise AssertionError("nothing holds so much")


@pytest.mark.parametrize("length", [None, 12], ids=["chunked", "length"])
async def test_a_body_in_pieces(engine: Any, length: int | None) -> None:
    with wired(engine) as wire:
        wire.post(length=length)
        assert wire.reactor.is_sending is False
        assert wire.reactor.write(b"hello ") is True
        assert wire.reactor.write(b"") is True
        assert wire.reactor.write(b"world!") is True
        assert wire.reactor.end() is True
        await wire.reach(GOAL_WRITABLE)
        assert body_of(wire.received()) == b"hello world!"
        wire.send(respond(b"ok"))
        await wire.reach()
        assert wire.reactor.finish() is True


@pytest.mark.parametrize("size", [0, 1, 65536, 65537, LARGE])
@pytest.mark.parametrize("is_chunked", [True, False])
async def test_a_body_that_is_there(engine: Any, is_chunked: bool, size: int) -> None:
    body = (PIECE * (size // len(PIECE) + 1))[:size]
    framing = ("Transfer-Encoding", "chunked") if is_chunked else ("Content-Length", str(size))
    with wired(engine) as wire:
        wire.reactor.begin(b"POST", b"/", wire.headers(framing), body, True)
        assert wire.reactor.is_sending is (size == LARGE)
        request = wire.received()
        waiter = wire.reactor.wait(GOAL_WRITABLE, None)
        while not waiter.done():
            await turns(1)
            request += wire.received()
        wire.reactor.check()
        assert wire.reactor.is_sending is False
        assert body_of(request + wire.received()) == body
        wire.send(respond(b"ok"))
        await wire.reach()
        assert wire.reactor.finish() is True


@pytest.mark.parametrize("is_chunked", [True, False])
async def test_a_body_waits_for_a_slow_peer(engine: Any, is_chunked: bool) -> None:
    sent, came = hashlib.sha256(), bytearray()
    with wired(engine) as wire:
        wire.post(length=None if is_chunked else LARGE)
        waits = 0
        for number in range(LARGE // len(PIECE)):
            piece = bytes([number % 256]) + PIECE[1:]
            sent.update(piece)
            if wire.reactor.write(piece):
                assert wire.reactor.is_sending is False
                continue
            waits += 1
            assert wire.reactor.is_sending is True
            waiter = wire.reactor.wait(GOAL_WRITABLE, None)
            await turns()
            assert not waiter.done()
            came += wire.received()
            assert await waiter is None
            wire.reactor.check()
            assert wire.reactor.is_sending is False
        wire.reactor.end()
        came += wire.received()
        await wire.reach(GOAL_WRITABLE)
        came += wire.received()
        assert waits > 2
        assert hashlib.sha256(body_of(bytes(came))).digest() == sent.digest()
        # Nothing is left that calls back: the next exchange starts from rest.
        wire.send(respond(b"ok"))
        await wire.reach()
        assert wire.reactor.finish() is True
        assert await wire.exchange(respond(b"again")) == b"again"


@pytest.mark.parametrize("piece", ["text", bytearray(b"x"), memoryview(b"x"), None, 1])
async def test_a_piece_that_is_no_bytes(engine: Any, piece: Any) -> None:
    with wired(engine) as wire:
        wire.post()
        head = wire.received()
        assert head
        with pytest.raises(TypeError):
            wire.reactor.write(piece)
        assert wire.received() == b""


async def test_a_body_longer_than_its_length(engine: Any) -> None:
    with wired(engine) as wire:
        wire.post(length=5)
        with pytest.raises(LocalProtocolError):
            wire.reactor.write(b"hello!")
        assert b"hello" not in wire.received()
        assert wire.reactor.finish() is False


async def test_a_body_shorter_than_its_length(engine: Any) -> None:
    with wired(engine) as wire:
        wire.post(length=5)
        wire.reactor.write(b"hell")
        with pytest.raises(LocalProtocolError):
            wire.reactor.end()
        assert wire.reactor.finish() is False


@pytest.mark.parametrize("body", [b"x" * 4, b"x" * 70_000])
async def test_a_body_that_does_not_fit_its_length_is_refused_whole(engine: Any, body: bytes) -> None:
    with wired(engine) as wire:
        with pytest.raises(LocalProtocolError):
            wire.reactor.begin(b"POST", b"/", wire.headers(("Content-Length", "5")), body, True)
        assert wire.received() == b""
        assert wire.reactor.exchanges == 0


# Early answers.


@pytest.mark.parametrize("is_closed_by_peer", [True, False])
async def test_an_answer_before_the_body_is_sent(engine: Any, is_closed_by_peer: bool) -> None:
    with wired(engine) as wire:
        wire.post()
        await fill(wire)
        waiter = wire.reactor.wait(GOAL_WRITABLE, None)
        assert wire.reactor.should_stop_sending is False
        await turns()
        assert not waiter.done()
        # The peer doesn't read on: what frees the sender is the head alone.
        wire.send(respond(b"too large", 413))
        if is_closed_by_peer:
            # With bytes unread, so this is a reset behind the answer.
            wire.raw.close()
        await waiter
        wire.reactor.check()
        assert wire.reactor.should_stop_sending is True
        await wire.reach(GOAL_WHOLE)
        assert wire.http1.status_code == 413
        assert wire.reactor.take_body() == b"too large"
        assert wire.reactor.finish() is False
        assert wire.reactor.is_closed is True


async def test_an_early_answer_that_goes_on(engine: Any) -> None:
    with wired(engine) as wire:
        wire.post()
        await fill(wire)
        wire.send(respond(b"too", 413, length=9))
        await wire.reach(GOAL_WRITABLE)
        waiter = wire.reactor.wait(GOAL_WHOLE, None)
        await turns()
        assert not waiter.done()
        wire.send(b" large")
        await waiter
        assert wire.reactor.take_body() == b"too large"
        assert wire.reactor.finish() is False


async def test_an_answer_before_all_of_a_ready_body_is_sent(engine: Any) -> None:
    # The request is framed to its end, and yet a part of it never left: the next one would be read as that part.
    with wired(engine) as wire:
        wire.reactor.begin(b"POST", b"/", wire.headers(("Content-Length", str(LARGE))), b"x" * LARGE, True)
        assert wire.reactor.is_sending is True
        wire.send(respond(b"no", 403))
        await wire.reach(GOAL_WRITABLE)
        await wire.reach(GOAL_WHOLE)
        assert wire.http1.can_reuse is True
        assert wire.reactor.take_body() == b"no"
        assert wire.reactor.finish() is False
        assert wire.reactor.is_closed is True


@pytest.mark.parametrize("tcp", [True, False], ids=["tcp", "unix"])
async def test_an_answer_goes_before_a_failed_write(engine: Any, tcp: bool) -> None:
    with wired(engine, tcp=tcp) as wire:
        wire.post()
        wire.received()
        wire.send(respond(b"no", 403))
        wire.raw.close()
        # No turn of the loop: the answer lies in the socket while writing fails, at the second piece at the latest.
        for _ in range(3):
            wire.reactor.write(PIECE)
        assert wire.reactor.is_sending is False
        await wire.reach(GOAL_WRITABLE)
        await wire.reach(GOAL_WHOLE)
        assert wire.http1.status_code == 403
        assert wire.reactor.take_body() == b"no"
        assert wire.reactor.finish() is False


# Peers that are gone.


async def test_a_write_that_fails_without_an_answer(engine: Any) -> None:
    with wired(engine) as wire:
        wire.close()
        wire.post()
        assert wire.reactor.has_written is False
        assert wire.reactor.should_stop_sending is True
        assert wire.reactor.write(PIECE) is True, "there is nothing to wait for"
        await wire.reach(GOAL_WRITABLE)
        waiter = wire.reactor.wait(GOAL_HEAD, None)
        assert await waiter is None
        # That reading ended says less.
        with pytest.raises(WriteError):
            wire.reactor.check()
        assert wire.reactor.is_unanswered is True
        assert wire.reactor.finish() is False


async def test_a_write_that_fails_while_waiting_for_room(engine: Any) -> None:
    with wired(engine) as wire:
        wire.post()
        await fill(wire)
        waiter = wire.reactor.wait(GOAL_WRITABLE, None)
        wire.raw.close()
        assert await waiter is None
        assert wire.reactor.should_stop_sending is True
        with pytest.raises(NetworkError):
            await wire.reach(GOAL_HEAD)
        assert wire.reactor.has_written is True
        assert wire.reactor.is_unanswered is True
        assert wire.reactor.finish() is False


async def test_written_bytes_are_counted_for_each_exchange(engine: Any) -> None:
    with wired(engine) as wire:
        assert await wire.exchange(respond(b"hello")) == b"hello"
        assert wire.reactor.has_written is True
        assert wire.reactor.finish() is True
        wire.close()
        wire.get()
        assert wire.reactor.has_written is False
        assert wire.reactor.is_unanswered is True
        assert wire.reactor.exchanges == 2
