"""Reactor over TLS: what OpenSSL holds is nothing that a loop is told of, and the end of a connection has two layers."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Any

import pytest

from cyhttpx import ReadError, RemoteProtocolError
from cyhttpx._wire import GOAL_BODY, GOAL_HEAD, GOAL_WHOLE, GOAL_WRITABLE, HIGH_WATER

from .peers import Plain
from .reactors import GET_HEAD, UNTIL_CLOSE, Wire, chunked, respond, turns, wired

if TYPE_CHECKING:
    from collections.abc import Sequence

PIECE = bytes(range(256)) * 256
LARGE = 4 * 1024 * 1024


@pytest.fixture
def tls(client_tls: ssl.SSLContext, server_tls: ssl.SSLContext) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return client_tls, server_tls


def send_records(wire: Wire, pieces: Sequence[bytes]) -> None:
    """Send each piece as a TLS record of its own, all of them at once."""
    for piece in pieces:
        assert wire.peer.object.write(piece) == len(piece)
    wire.peer.push()


def pieces_of(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


async def test_exchanges_one_after_the_other(engine: Any, tls: Any) -> None:
    with wired(engine, tls=tls) as wire:
        for number in (1, 2, 3):
            assert await wire.exchange(respond(b"hello")) == b"hello"
            assert wire.received() == GET_HEAD
            assert wire.reactor.exchanges == number
            assert wire.reactor.finish() is True
            assert wire.reactor.is_quiet() is True
        assert wire.owner.lost == []


FORMS = {
    "length": lambda body: respond(body),
    "chunked": lambda body: chunked(*pieces_of(body, 10)),
    "until close": lambda body: UNTIL_CLOSE + body,
}


@pytest.mark.parametrize("record", [1, 100, 16384])
@pytest.mark.parametrize("form", FORMS)
async def test_many_records_in_one_flight_whole(engine: Any, tls: Any, form: str, record: int) -> None:
    body = PIECE[: min(200 * record, 60_000)]
    with wired(engine, tls=tls) as wire:
        wire.get(whole=True)
        waiter = wire.reactor.wait(GOAL_WHOLE, None)
        send_records(wire, pieces_of(FORMS[form](body), record))
        if form == "until close":
            wire.say_goodbye()
        # All of it has arrived. Nothing more comes that could call the loop's attention to it.
        await turns(600)
        assert waiter.done()
        wire.reactor.check()
        assert wire.reactor.take_body() == body
        assert wire.reactor.finish() is (form != "until close")


@pytest.mark.parametrize("record", [1, 100, 16384])
@pytest.mark.parametrize("form", FORMS)
async def test_many_records_in_one_flight_streamed(engine: Any, tls: Any, form: str, record: int) -> None:
    body = PIECE[: min(200 * record, 60_000)]
    with wired(engine, tls=tls) as wire:
        wire.get()
        send_records(wire, pieces_of(FORMS[form](body), record))
        if form == "until close":
            wire.say_goodbye()
        taken = b""
        waiter = wire.reactor.wait(GOAL_HEAD, None)
        while not wire.http1.is_complete or wire.http1.buffered:
            # Some records each turn, for the others' sake.
            await turns(100)
            assert waiter.done()
            wire.reactor.check()
            while piece := wire.reactor.take_body():
                taken += piece
            waiter = wire.reactor.wait(GOAL_BODY, None)
        assert taken == body


async def test_reading_stops_while_nobody_takes_and_goes_on_then(engine: Any, tls: Any) -> None:
    with wired(engine, tls=tls) as wire:
        wire.get()
        wire.send(respond(length=LARGE)[:-4] + b"\r\n\r\n")
        sent = 0
        while sent < LARGE:
            try:
                # Small records: whoever stops reading has some of them, decrypted or not.
                send_records(wire, pieces_of(PIECE[:8000], 1000))
            except BlockingIOError:
                break
            sent += 8000
            await turns(2)
        before = wire.http1.buffered
        assert before >= HIGH_WATER
        await turns(50)
        assert wire.http1.buffered == before
        assert sent - before > 8000
        taken = 0
        while taken < sent:
            waiter = wire.reactor.wait(GOAL_BODY, None)
            await turns()
            assert waiter.done(), "what has come is there to be read"
            wire.reactor.check()
            taken += len(wire.reactor.take_body())


@pytest.mark.parametrize("is_chunked", [True, False])
async def test_a_body_waits_for_a_slow_peer(engine: Any, tls: Any, is_chunked: bool) -> None:
    with wired(engine, tls=tls) as wire:
        wire.post(length=None if is_chunked else LARGE)
        came = b""
        waits = 0
        for _ in range(LARGE // len(PIECE)):
            wire.reactor.write(PIECE)
            if not wire.reactor.is_sending:
                continue
            waits += 1
            waiter = wire.reactor.wait(GOAL_WRITABLE, None)
            await turns()
            assert not waiter.done()
            while not waiter.done():
                came += wire.received()
                await turns(1)
            wire.reactor.check()
        wire.reactor.end()
        assert waits > 2
        # The last of it, as ciphertext, is sent by the loop alone: nobody waits for room any more.
        size = len(came) + 1
        while size != len(came):
            size = len(came)
            await turns()
            came += wire.received()
        _, _, body = came.partition(b"\r\n\r\n")
        if is_chunked:
            assert body.endswith(b"\r\n0\r\n\r\n")
            assert body.count(PIECE) == LARGE // len(PIECE)
        else:
            assert body == PIECE * (LARGE // len(PIECE))
        wire.send(respond(b"ok"))
        await wire.reach()
        assert wire.reactor.finish() is True


# Ends.


@pytest.mark.parametrize("is_clean", [True, False])
async def test_a_body_until_close_needs_a_goodbye(engine: Any, tls: Any, is_clean: bool) -> None:
    with wired(engine, tls=tls) as wire:
        wire.get(whole=True)
        wire.received()
        wire.send(UNTIL_CLOSE + b"hello")
        if is_clean:
            # The socket stays open: close_notify alone says it.
            wire.say_goodbye()
            await wire.reach()
            assert wire.reactor.take_body() == b"hello"
        else:
            wire.raw.close()
            with pytest.raises(RemoteProtocolError, match="without close_notify"):
                await wire.reach()
        assert wire.reactor.finish() is False


@pytest.mark.parametrize("is_clean", [True, False])
@pytest.mark.parametrize("answer", [b"", b"HTT", respond(b"hell", length=5)], ids=["nothing", "head", "body"])
async def test_end_of_file_too_early(engine: Any, tls: Any, answer: bytes, is_clean: bool) -> None:
    with wired(engine, tls=tls) as wire:
        wire.get()
        wire.received()
        if answer:
            wire.send(answer)
        if is_clean:
            wire.say_goodbye()
        else:
            wire.raw.close()
        with pytest.raises(RemoteProtocolError):
            await wire.reach()
        assert wire.reactor.is_unanswered is (not answer)
        assert wire.reactor.finish() is False


async def test_a_broken_record(engine: Any, tls: Any) -> None:
    with wired(engine, tls=tls) as wire:
        wire.get()
        wire.received()
        wire.raw.send(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        with pytest.raises(ReadError):
            await wire.reach()
        assert wire.reactor.finish() is False
        # The alert that says why, and the end.
        with pytest.raises(ssl.SSLError):
            wire.received()


async def test_closing_says_goodbye(engine: Any, tls: Any) -> None:
    with wired(engine, tls=tls) as wire:
        wire.reactor.close()
        assert wire.peer.recv() == b""


# While idle.


@pytest.mark.parametrize("what", ["bytes", "goodbye", "end"])
@pytest.mark.parametrize("turns_of_the_loop", [0, 8])
async def test_an_idle_connection_is_lost(engine: Any, tls: Any, what: str, turns_of_the_loop: int) -> None:
    with wired(engine, tls=tls) as wire:
        assert await wire.exchange(respond(b"hello")) == b"hello"
        wire.received()
        assert wire.reactor.finish() is True
        {"bytes": lambda: wire.send(b"x"), "goodbye": wire.say_goodbye, "end": wire.raw.close}[what]()
        await turns(turns_of_the_loop)
        assert wire.owner.lost == ([wire.reactor] if turns_of_the_loop else [])
        assert wire.reactor.is_quiet() is False
        assert wire.owner.lost == [wire.reactor]
        assert wire.reactor.is_closed is True


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("is_one_record", [True, False])
@pytest.mark.parametrize("answer", [respond(b"hello"), chunked(b"hello"), respond(b"x" * 16384)])
async def test_bytes_behind_a_message(engine: Any, tls: Any, answer: bytes, is_one_record: bool, whole: bool) -> None:
    with wired(engine, tls=tls) as wire:
        wire.get(whole=whole)
        extra = respond(b"injected")
        send_records(wire, [answer + extra] if is_one_record else [answer, extra])
        await wire.reach()
        assert b"injected" not in wire.reactor.take_body()
        assert not (wire.reactor.finish() and wire.reactor.is_quiet())
        assert wire.reactor.is_closed is True


class Holding(Plain):
    """Holds back the second thing that a server sends: the session tickets behind its handshake."""

    sends = 0
    held = b""

    def send(self, data: bytes) -> None:
        self.sends += 1
        if self.sends == 2:
            self.held = data
        else:
            super().send(data)


@pytest.mark.parametrize("turns_of_the_loop", [0, 8])
async def test_housekeeping_of_tls_is_no_reason_to_close(engine: Any, tls: Any, turns_of_the_loop: int) -> None:
    with wired(engine, tls=tls, carrier=Holding) as wire:
        assert wire.reactor.is_quiet() is True
        assert wire.peer.carrier.held
        wire.raw.send(wire.peer.carrier.held)
        await turns(turns_of_the_loop)
        assert wire.reactor.is_quiet() is True
        assert wire.owner.lost == []
        assert await wire.exchange(respond(b"hello")) == b"hello"
        assert wire.reactor.finish() is True


async def test_tickets_that_come_with_an_answer(engine: Any, tls: Any) -> None:
    with wired(engine, tls=tls, carrier=Holding) as wire:
        wire.get(whole=True)
        waiter = wire.reactor.wait(GOAL_WHOLE, None)
        wire.raw.send(wire.peer.carrier.held)
        await turns()
        assert not waiter.done()
        wire.send(respond(b"hello"))
        await waiter
        assert wire.reactor.take_body() == b"hello"
        assert wire.reactor.finish() is True
