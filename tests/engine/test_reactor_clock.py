"""Reactor: timeouts. The owner's watch is the test, and so is the clock: it says when a deadline has passed."""

from __future__ import annotations

from time import monotonic
from typing import Any

import pytest

from cyhttpx import ReadTimeout, WriteTimeout
from cyhttpx._wire import GOAL_BODY, GOAL_HEAD, GOAL_WHOLE, GOAL_WRITABLE

from .reactors import Wire, respond, turns, wired

PIECE = b"x" * 65536


def fill(wire: Wire) -> None:
    """Begin a request whose body the peer doesn't take."""
    wire.post()
    while wire.reactor.write(PIECE):
        pass


@pytest.mark.parametrize("goal", [GOAL_HEAD, GOAL_BODY, GOAL_WHOLE])
async def test_reading_takes_too_long(engine: Any, goal: int) -> None:
    with wired(engine) as wire:
        wire.get(whole=goal == GOAL_WHOLE)
        before = monotonic()
        waiter = wire.reactor.wait(goal, 5.0)
        (at,) = wire.owner.times
        assert before + 5.0 <= at <= monotonic() + 5.0
        assert wire.owner.watched == [(wire.reactor, at)]
        wire.reactor.deadline_passed(at)
        assert waiter.done()
        assert waiter.exception() is None
        for _ in range(2):
            with pytest.raises(ReadTimeout) as caught:
                wire.reactor.check()
            assert str(caught.value) == ""
        assert wire.reactor.is_unanswered is True
        assert wire.reactor.should_stop_sending is True
        assert wire.owner.times == [at]
        assert wire.reactor.finish() is False
        assert wire.reactor.is_closed is True


async def test_writing_takes_too_long(engine: Any) -> None:
    with wired(engine) as wire:
        fill(wire)
        waiter = wire.reactor.wait(GOAL_WRITABLE, 5.0)
        wire.reactor.deadline_passed(wire.owner.times[0])
        assert waiter.done()
        with pytest.raises(WriteTimeout) as caught:
            wire.reactor.check()
        assert str(caught.value) == ""
        assert wire.reactor.finish() is False


@pytest.mark.parametrize("goal", [GOAL_HEAD, GOAL_WRITABLE])
async def test_no_timeout(engine: Any, goal: int) -> None:
    with wired(engine) as wire:
        fill(wire)
        waiter = wire.reactor.wait(goal, None)
        assert wire.owner.watched == []
        wire.reactor.deadline_passed(monotonic() + 1e9)
        assert not waiter.done()
        assert wire.owner.watched == []


async def test_called_too_early_it_asks_to_be_called_again(engine: Any) -> None:
    with wired(engine) as wire:
        wire.get()
        waiter = wire.reactor.wait(GOAL_HEAD, 5.0)
        (at,) = wire.owner.times
        wire.reactor.deadline_passed(at - 0.001)
        assert not waiter.done()
        assert wire.owner.times == [at, at]
        wire.reactor.deadline_passed(at + 0.001)
        assert waiter.done()


async def test_every_byte_that_comes_starts_the_clock_again(engine: Any) -> None:
    answer = respond(b"hello")
    with wired(engine) as wire:
        wire.get(whole=True)
        waiter = wire.reactor.wait(GOAL_WHOLE, 5.0)
        for at in range(len(answer) - 1):
            wire.send(answer[at : at + 1])
            await turns()
            assert len(wire.owner.watched) == at + 1, "a deadline that moves isn't told until it is asked for"
            # The time that the last deadline was for: by now there is a later one.
            wire.reactor.deadline_passed(wire.owner.times[-1])
            assert not waiter.done()
        assert wire.owner.times == sorted(set(wire.owner.times))
        wire.reactor.deadline_passed(wire.owner.times[-1])
        with pytest.raises(ReadTimeout):
            wire.reactor.check()


async def test_every_byte_that_goes_starts_the_clock_again(engine: Any) -> None:
    with wired(engine) as wire:
        fill(wire)
        wire.reactor.write(PIECE * 64)
        waiter = wire.reactor.wait(GOAL_WRITABLE, 5.0)
        (first,) = wire.owner.times
        await turns()
        assert not waiter.done()
        wire.received()
        await turns()
        assert not waiter.done(), "more waits than the socket took"
        wire.reactor.deadline_passed(first)
        assert not waiter.done()
        (_, second) = wire.owner.times
        assert second > first
        # Nothing has gone since: this is the end.
        wire.reactor.deadline_passed(second)
        with pytest.raises(WriteTimeout):
            wire.reactor.check()


async def test_the_watch_holds_a_connection_once(engine: Any) -> None:
    with wired(engine) as wire:
        for number in range(3):
            wire.get()
            waiter = wire.reactor.wait(GOAL_WHOLE, 5.0 + number)
            wire.send(respond(b"hello"))
            await waiter
            assert wire.reactor.finish() is True
        # Its first deadline is still on the heap: until then there is nothing to ask for.
        (at,) = wire.owner.times
        wire.reactor.deadline_passed(at)
        assert wire.owner.times == [at], "nobody waits"
        wire.get()
        wire.reactor.wait(GOAL_WHOLE, 5.0)
        assert len(wire.owner.times) == 2


async def test_a_shorter_timeout_is_told_at_once(engine: Any) -> None:
    with wired(engine) as wire:
        wire.get()
        waiter = wire.reactor.wait(GOAL_HEAD, 100.0)
        wire.send(respond(length=5))
        await waiter
        waiter = wire.reactor.wait(GOAL_WHOLE, 1.0)
        late, early = wire.owner.times
        assert early < late
        wire.reactor.deadline_passed(early)
        with pytest.raises(ReadTimeout):
            wire.reactor.check()
        # The later one isn't wanted any more.
        assert wire.owner.forgotten == [(wire.reactor, late)]


@pytest.mark.parametrize("is_waited_for", [True, False])
async def test_a_closed_connection_is_forgotten(engine: Any, is_waited_for: bool) -> None:
    # The watch would keep it, and all that it holds, for as long as its timeout is.
    with wired(engine) as wire:
        wire.get()
        waiter = wire.reactor.wait(GOAL_WHOLE, 5.0)
        if not is_waited_for:
            wire.send(respond(b"hello"))
            await waiter
        for _ in range(2):
            wire.reactor.close()
            assert wire.owner.forgotten == wire.owner.watched
            assert len(wire.owner.forgotten) == 1


async def test_an_alarm_that_has_rung_is_not_forgotten_again(engine: Any) -> None:
    with wired(engine) as wire:
        wire.get()
        wire.reactor.wait(GOAL_WHOLE, 5.0)
        wire.reactor.deadline_passed(wire.owner.times[0])
        wire.reactor.close()
        assert wire.owner.forgotten == []


@pytest.mark.parametrize("end", ["reached", "finished", "closed"])
async def test_a_deadline_ends_with_the_wait(engine: Any, end: str) -> None:
    with wired(engine) as wire:
        wire.get()
        waiter = wire.reactor.wait(GOAL_WHOLE, 5.0)
        (at,) = wire.owner.times
        if end != "closed":
            wire.send(respond(b"hello"))
            await waiter
        if end == "finished":
            assert wire.reactor.finish() is True
        if end == "closed":
            wire.reactor.close()
        wire.reactor.deadline_passed(at)
        assert wire.owner.times == [at]
        if end != "closed":
            wire.reactor.check()
            assert wire.reactor.is_closed is False


async def test_a_goal_reached_in_the_moment_of_the_deadline(engine: Any) -> None:
    with wired(engine) as wire:
        wire.get()
        waiter = wire.reactor.wait(GOAL_WHOLE, 5.0)
        wire.send(respond(b"hello"))
        await turns()
        assert waiter.done()
        wire.reactor.deadline_passed(wire.owner.times[0])
        wire.reactor.check()
        assert wire.reactor.take_body() == b"hello"
