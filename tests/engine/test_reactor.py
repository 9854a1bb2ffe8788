"""Reactor: exchanges one after the other, bodies whole and streamed, ends of file at each stage, and what comes while
idle.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from cyhttpx import LocalProtocolError, ReadError, ReadTimeout, RemoteProtocolError
from cyhttpx._wire import GOAL_BODY, GOAL_HEAD, GOAL_WHOLE, GOAL_WRITABLE, HIGH_WATER, READ_SIZE

from .reactors import GET_HEAD, UNTIL_CLOSE, Wire, chunked, respond, turns, wired

# Exchanges.


async def test_a_new_connection(engine: Any) -> None:
    with wired(engine) as wire:
        reactor = wire.reactor
        assert isinstance(reactor, engine.PoolEntry)
        assert reactor.exchanges == 0
        assert reactor.in_exchange is False
        assert reactor.is_closed is False
        assert reactor.is_sending is False
        assert reactor.has_written is False
        assert reactor.is_quiet() is True
        assert reactor.http1 is wire.http1
        assert reactor.network_stream is None
        reactor.network_stream = wire
        assert reactor.network_stream is wire
        reactor.network_stream = None


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("answer", [respond(b"hello"), chunked(b"he", b"llo")], ids=["length", "chunked"])
async def test_exchanges_one_after_the_other(engine: Any, answer: bytes, whole: bool) -> None:
    with wired(engine) as wire:
        for number in (1, 2, 3):
            assert await wire.exchange(answer, whole=whole) == b"hello"
            assert wire.received() == GET_HEAD
            assert wire.http1.status_code == 200
            assert wire.reactor.exchanges == number
            assert wire.reactor.in_exchange is True
            assert wire.reactor.has_written is True
            assert wire.reactor.is_unanswered is False
            assert wire.reactor.finish() is True
            assert wire.reactor.in_exchange is False
            assert wire.reactor.is_quiet() is True
        assert wire.owner.lost == []
        assert wire.owner.watched == []


@pytest.mark.parametrize("goal", [GOAL_HEAD, GOAL_BODY, GOAL_WHOLE])
@pytest.mark.parametrize("answer", [respond(b"hello"), chunked(b"he", b"llo")], ids=["length", "chunked"])
async def test_the_waiter_is_woken_when_the_goal_is_reached_and_not_before(
    engine: Any, answer: bytes, goal: int
) -> None:
    head_size = answer.index(b"\r\n\r\n") + 4
    size = {GOAL_HEAD: head_size, GOAL_BODY: answer.index(b"he", head_size) + 1, GOAL_WHOLE: len(answer)}[goal]
    with wired(engine) as wire:
        wire.get()
        waiter = wire.reactor.wait(goal, None)
        for at in range(size):
            assert not waiter.done()
            assert wire.reactor.is_reached(goal) is False
            wire.send(answer[at : at + 1])
            await turns()
        assert waiter.done()
        assert wire.reactor.is_reached(goal) is True


async def test_a_goal_that_is_reached_needs_no_turn_of_the_loop(engine: Any) -> None:
    with wired(engine) as wire:
        wire.get()
        assert wire.reactor.wait(GOAL_WRITABLE, 5.0).done()
        wire.send(respond(b"hello"))
        await wire.reach()
        for goal in (GOAL_HEAD, GOAL_BODY, GOAL_WHOLE):
            assert wire.reactor.wait(goal, 5.0).done()
        assert wire.owner.watched == []


async def test_until_close(engine: Any) -> None:
    with wired(engine) as wire:
        wire.get(whole=True)
        wire.send(UNTIL_CLOSE + b"hello")
        waiter = wire.reactor.wait(GOAL_WHOLE, None)
        await turns()
        assert not waiter.done()
        wire.close()
        await waiter
        wire.reactor.check()
        assert wire.reactor.take_body() == b"hello"
        assert wire.reactor.finish() is False
        assert wire.reactor.is_closed is True


async def test_interim_responses(engine: Any) -> None:
    seen: list[int] = []
    with wired(engine) as wire:
        wire.http1.on_interim = lambda status, headers: seen.append(status)
        wire.get()
        wire.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        waiter = wire.reactor.wait(GOAL_HEAD, None)
        await turns()
        assert seen == [103]
        assert not waiter.done()
        assert wire.reactor.is_unanswered is False
        wire.send(respond(b"hello"))
        await waiter
        assert wire.http1.status_code == 200


async def test_a_request_that_is_refused_leaves_no_trace(engine: Any) -> None:
    with wired(engine) as wire:
        with pytest.raises(LocalProtocolError):
            wire.reactor.begin(b"GET", b"/ ", wire.headers(), b"")
        assert wire.reactor.exchanges == 0
        assert wire.reactor.in_exchange is False
        assert wire.received() == b""


async def test_an_exchange_that_is_not_over_ends_the_connection(engine: Any) -> None:
    with wired(engine) as wire:
        wire.get()
        wire.send(respond(b"he", length=5))
        await wire.reach(GOAL_BODY)
        assert wire.reactor.finish() is False
        assert wire.reactor.is_closed is True
        assert wire.owner.lost == [], "who finishes an exchange needs not be told of its end"


# Streamed bodies.


async def test_a_fast_peer_is_read_without_a_turn_of_the_loop(engine: Any) -> None:
    with wired(engine) as wire:
        wire.get()
        wire.send(respond(length=100))
        await wire.reach(GOAL_HEAD)
        reads = 0
        for number in range(20):
            wire.send(b"%02d" % number)
            if wire.reactor.take_body() != b"%02d" % number:
                break
            reads += 1
        # Not without an end: the loop has others to look after.
        assert 0 < reads < 20
        await wire.reach(GOAL_BODY)
        assert wire.reactor.take_body().startswith(b"%02d" % reads)


@pytest.mark.parametrize("form", ["length", "chunked", "until close"])
async def test_reading_stops_while_nobody_takes_and_goes_on_then(engine: Any, form: str) -> None:
    size = 4 * HIGH_WATER
    piece = b"x" * READ_SIZE
    data = {
        "length": respond(length=size) + piece * (size // len(piece)),
        "chunked": chunked(*[piece] * (size // len(piece))),
        "until close": UNTIL_CLOSE + piece * (size // len(piece)),
    }[form]
    with wired(engine) as wire:
        wire.get()
        sent = 0
        idle = 0
        while idle < 3:
            try:
                sent += wire.raw.send(data[sent : sent + READ_SIZE])
                idle = 0
            except BlockingIOError:
                idle += 1
            await turns()
        assert HIGH_WATER <= wire.http1.buffered <= HIGH_WATER + 2 * READ_SIZE
        assert sent < len(data)
        taken = 0
        while not wire.http1.is_complete or wire.http1.buffered:
            await wire.reach(GOAL_BODY)
            taken += len(wire.reactor.take_body())
            if sent < len(data):
                try:
                    sent += wire.raw.send(data[sent:])
                except BlockingIOError:
                    await turns()
            elif form == "until close":
                wire.close()
        assert taken == size
        assert wire.reactor.finish() is (form != "until close")


async def test_a_whole_body_is_read_however_large(engine: Any) -> None:
    size = 4 * HIGH_WATER
    data = respond(b"x" * size)
    with wired(engine) as wire:
        wire.get(whole=True)
        waiter = wire.reactor.wait(GOAL_WHOLE, None)
        while data:
            try:
                data = data[wire.raw.send(data) :]
            except BlockingIOError:
                await turns(1)
        await waiter
        assert wire.reactor.take_body() == b"x" * size
        assert wire.reactor.finish() is True


# Ends of file, and other ends.

EARLY_ENDS = {
    "nothing": (b"", "Server disconnected without sending a response."),
    "an interim response": (b"HTTP/1.1 100 Continue\r\n\r\n", "in the middle of a response head"),
    "a byte": (b"H", "in the middle of a response head"),
    "a line": (b"HTTP/1.1 200 OK\r\n", "in the middle of a response head"),
    "a head": (respond(length=5), "without sending complete message body"),
    "a part of the body": (respond(b"hell", length=5), "without sending complete message body"),
    "a part of a chunk": (chunked(b"hello")[:-10], "without sending complete message body"),
    "all but the last chunk": (chunked(b"hello")[:-5], "without sending complete message body"),
}


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("stage", EARLY_ENDS)
async def test_end_of_file_too_early(engine: Any, stage: str, whole: bool) -> None:
    answer, text = EARLY_ENDS[stage]
    with wired(engine) as wire:
        wire.get(whole=whole)
        assert wire.received() == GET_HEAD
        wire.send(answer)
        wire.close()
        waiter = wire.reactor.wait(GOAL_WHOLE, None)
        assert await waiter is None
        assert wire.reactor.is_reached(GOAL_HEAD) is True, "what can't be reached any more isn't waited for"
        for _ in range(2):
            with pytest.raises(RemoteProtocolError, match=text):
                wire.reactor.check()
        assert wire.reactor.is_unanswered is (stage == "nothing")
        assert wire.reactor.should_stop_sending is True
        assert wire.reactor.finish() is False
        assert wire.reactor.is_closed is True


@pytest.mark.parametrize("answer", [b"", b"HTT", respond(b"hell", length=5)], ids=["nothing", "head", "body"])
async def test_reset(engine: Any, answer: bytes) -> None:
    with wired(engine, tcp=True) as wire:
        wire.get()
        wire.send(answer)
        waiter = wire.reactor.wait(GOAL_WHOLE, None)
        await turns()
        wire.reset()
        assert await waiter is None
        with pytest.raises(ReadError):
            wire.reactor.check()
        assert wire.reactor.is_unanswered is (not answer)
        assert wire.reactor.finish() is False


@pytest.mark.parametrize(
    "answer",
    [b"SSH", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n", respond(length=5).replace(b"5", b"+5")],
    ids=["start", "line", "field", "length"],
)
async def test_what_breaks_the_protocol_is_an_answer(engine: Any, answer: bytes) -> None:
    # A request that was answered, however badly, was taken: it isn't sent once more.
    with wired(engine) as wire:
        wire.get()
        wire.send(answer)
        with pytest.raises(RemoteProtocolError):
            await wire.reach()
        assert wire.reactor.is_unanswered is False
        assert wire.reactor.finish() is False


async def test_a_fault_in_a_callback_is_an_error_of_the_exchange(engine: Any) -> None:
    def fail(status: int, headers: Any) -> None:
        raise ZeroDivisionError(f"at {status}")

    with wired(engine) as wire:
        wire.http1.on_interim = fail
        wire.get()
        wire.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        with pytest.raises(ZeroDivisionError, match="at 103"):
            await wire.reach()
        assert wire.reactor.finish() is False


# Bytes behind a message, and while idle.

LEFTOVERS = {
    "length": respond(b"hello"),
    "empty": respond(b""),
    "chunked": chunked(b"hello"),
    "204": b"HTTP/1.1 204 N\r\n\r\n",
    "as large as a read": respond(b"x" * READ_SIZE),
    "larger than a read": respond(b"x" * (READ_SIZE + 1)),
}


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("extra", [b"x", respond(b"injected")], ids=["byte", "response"])
@pytest.mark.parametrize("form", LEFTOVERS)
async def test_bytes_behind_a_message(engine: Any, form: str, extra: bytes, whole: bool) -> None:
    with wired(engine) as wire:
        body = await wire.exchange(LEFTOVERS[form] + extra, whole=whole)
        assert body == wire.http1.content_length * body[:1] or form in ("length", "chunked", "204")
        # They may have been seen by now, or are where the next user of the connection looks first.
        assert not (wire.reactor.finish() and wire.reactor.is_quiet())
        assert wire.reactor.is_closed is True


async def test_bytes_behind_a_message_are_kept_for_an_upgrade(engine: Any) -> None:
    with wired(engine) as wire:
        wire.reactor.begin(b"GET", b"/", wire.headers(("Connection", "upgrade"), ("Upgrade", "x")), b"")
        wire.send(b"HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nfirst")
        await wire.reach()
        assert wire.http1.is_upgraded is True
        assert wire.http1.take_leftover() == b"first"
        assert wire.reactor.finish() is False


@pytest.mark.parametrize("what", ["bytes", "end"])
@pytest.mark.parametrize("was_used", [True, False])
async def test_an_idle_connection_is_lost(engine: Any, was_used: bool, what: str) -> None:
    with wired(engine) as wire:
        await be_idle(wire, was_used)
        wire.send(b"\r\n") if what == "bytes" else wire.close()
        await turns()
        assert wire.owner.lost == [wire.reactor]
        assert wire.reactor.is_closed is True
        assert wire.reactor.is_quiet() is False
        await turns()
        assert wire.owner.lost == [wire.reactor], "told once"


@pytest.mark.parametrize("what", ["bytes", "end", "reset"])
@pytest.mark.parametrize("was_used", [True, False])
async def test_an_idle_connection_is_looked_at_before_it_is_used(engine: Any, was_used: bool, what: str) -> None:
    with wired(engine, tcp=True) as wire:
        await be_idle(wire, was_used)
        {"bytes": lambda: wire.send(b"\r\n"), "end": wire.close, "reset": wire.reset}[what]()
        # No turn of the loop in between: the loop has not said anything yet.
        assert wire.reactor.is_quiet() is False
        assert wire.owner.lost == [wire.reactor]
        assert wire.reactor.is_closed is True


async def be_idle(wire: Wire, was_used: bool) -> None:
    if was_used:
        await wire.exchange(respond(b"hello"))
        assert wire.reactor.finish() is True
    assert wire.reactor.is_quiet() is True


async def test_an_idle_connection_that_its_owner_closes(engine: Any) -> None:
    with wired(engine) as wire:
        wire.reactor.close()
        wire.reactor.close()
        assert wire.reactor.is_closed is True
        assert wire.reactor.is_quiet() is False
        assert wire.owner.lost == []
        assert wire.peer.recv() == b""


# Waiting.


async def test_closed_while_somebody_waits(engine: Any) -> None:
    with wired(engine) as wire:
        wire.get()
        waiter = wire.reactor.wait(GOAL_HEAD, 5.0)
        wire.reactor.close()
        assert waiter.done()
        assert waiter.exception() is None
        for _ in range(2):
            wire.reactor.close()
            with pytest.raises(ReadError, match="the connection was closed"):
                wire.reactor.check()
        assert wire.owner.lost == []


@pytest.mark.parametrize("goal", [GOAL_HEAD, GOAL_BODY, GOAL_WHOLE])
async def test_closed_before_anybody_waits(engine: Any, goal: int) -> None:
    # A client is closed while a request's body is being made, or between two pieces of a response.
    with wired(engine) as wire:
        wire.get()
        wire.reactor.close()
        with pytest.raises(ReadError, match="closed"):
            await wire.reach(goal)


@pytest.mark.parametrize("goal", [GOAL_HEAD, GOAL_BODY, GOAL_WHOLE])
@pytest.mark.parametrize("end", ["garbage", "end", "timeout"])
async def test_closed_between_an_error_and_the_turn_of_its_task(engine: Any, end: str, goal: int) -> None:
    # A client is closed in the moment in which a request fails: that must not look like an answer.
    with wired(engine) as wire:
        wire.get(whole=goal == GOAL_WHOLE)
        waiter = wire.reactor.wait(goal, 5.0)
        if end == "timeout":
            wire.reactor.deadline_passed(wire.owner.times[0])
        else:
            wire.send(b"garbage\r\n") if end == "garbage" else wire.close()
            await turns()
        assert waiter.done()
        wire.reactor.close()
        for _ in range(2):
            with pytest.raises((ReadError, ReadTimeout, RemoteProtocolError)):
                wire.reactor.check()


async def test_closed_between_an_answer_and_the_turn_of_its_task(engine: Any) -> None:
    with wired(engine) as wire:
        wire.get(whole=True)
        waiter = wire.reactor.wait(GOAL_WHOLE, 5.0)
        wire.send(respond(b"hello"))
        await turns()
        assert waiter.done()
        wire.reactor.close()
        wire.reactor.check()
        assert wire.reactor.take_body() == b"hello"
        assert wire.reactor.finish() is False


async def test_closed_before_an_exchange_is_finished(engine: Any) -> None:
    with wired(engine) as wire:
        assert await wire.exchange(respond(b"hello")) == b"hello"
        wire.reactor.close()
        assert wire.reactor.finish() is False
        assert wire.reactor.is_closed is True


@pytest.mark.parametrize("end", ["answer", "garbage", "end", "close", "timeout"])
@pytest.mark.parametrize("is_cancelled", [True, False])
async def test_no_future_ever_holds_an_exception(engine: Any, end: str, is_cancelled: bool) -> None:
    # One that its task doesn't fetch would be reported, and so would a result for a future that was cancelled.
    with wired(engine) as wire:
        wire.get()
        waiter = wire.reactor.wait(GOAL_WHOLE, 5.0)
        if is_cancelled:
            waiter.cancel()
        ends = {
            "answer": lambda: wire.send(respond(b"hello")),
            "garbage": lambda: wire.send(b"garbage"),
            "end": wire.close,
            "close": wire.reactor.close,
            "timeout": lambda: wire.reactor.deadline_passed(wire.owner.times[0]),
        }
        ends[end]()
        await turns()
        assert waiter.cancelled() is is_cancelled
        assert is_cancelled or waiter.exception() is None
        if end != "answer":
            with pytest.raises((ReadError, ReadTimeout, RemoteProtocolError)):
                wire.reactor.check()


async def test_a_cancelled_task_leaves_the_connection_to_be_closed(engine: Any) -> None:
    with wired(engine) as wire:
        wire.get()
        task = asyncio.ensure_future(wire.reach())
        await turns()
        task.cancel()
        # In the same moment.
        wire.send(respond(b"hello"))
        with pytest.raises(asyncio.CancelledError):
            await task
        wire.reactor.close()
        await turns()
        assert wire.reactor.is_closed is True
