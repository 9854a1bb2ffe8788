"""The exception tree against httpx 0.28's, and that every class survives pickle and copy."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import httpx
import pytest

from cyhttpx import _exceptions
from cyhttpx._exceptions import HTTPStatusError, InvalidURL, ReadTimeout, RequestError, StreamConsumed, request_context

NAMES = _exceptions.__all__
# What stands for them is kept as it is.
REQUEST: Any = "a request"
RESPONSE: Any = "a response"
FIRST: Any = "another request"
OURS = {"TotalTimeout": "TimeoutException", "ResponseTooLarge": "TransportError"}


class Picky(RequestError):
    """A user's subclass: other arguments than its base's, and state."""

    def __init__(self, code: int, *, where: str) -> None:
        super().__init__(f"{code} at {where}")
        self.code = code


def make(name: str) -> Exception:
    cls: type[Exception] = getattr(_exceptions, name)
    if issubclass(cls, HTTPStatusError):
        return cls("boom", request=REQUEST, response=RESPONSE)
    if issubclass(cls, _exceptions.StreamError) and cls is not _exceptions.StreamError:
        return cls()  # type: ignore[call-arg]
    if issubclass(cls, RequestError):
        return cls("boom", request=REQUEST)
    return cls("boom")


def test_has_every_name_of_httpx() -> None:
    assert set(httpx._exceptions.__all__) | set(OURS) == set(NAMES)


@pytest.mark.parametrize("name", httpx._exceptions.__all__)
def test_tree_and_signature_are_those_of_httpx(name: str) -> None:
    ours, theirs = getattr(_exceptions, name), getattr(httpx, name)
    assert [cls.__name__ for cls in ours.__mro__] == [cls.__name__ for cls in theirs.__mro__]
    assert inspect.signature(ours) == inspect.signature(theirs)


@pytest.mark.parametrize(("name", "base"), OURS.items())
def test_additions_are_in_their_place(name: str, base: str) -> None:
    assert getattr(_exceptions, name).__bases__ == (getattr(_exceptions, base),)


@pytest.mark.parametrize("name", ["StreamClosed", "ResponseNotRead", "RequestNotRead"])
def test_fixed_texts_are_those_of_httpx(name: str) -> None:
    assert str(getattr(_exceptions, name)()) == str(getattr(httpx, name)())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickles(name: str, protocol: int) -> None:
    before = make(name)
    after = pickle.loads(pickle.dumps(before, protocol))
    assert type(after) is type(before)
    assert after.args == before.args
    assert str(after) == str(before)
    assert vars(after) == vars(before)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("how", [copy.copy, copy.deepcopy])
def test_copies(name: str, how: object) -> None:
    before = make(name)
    after = how(before)  # type: ignore[operator]
    assert after is not before
    assert type(after) is type(before)
    assert after.args == before.args
    assert vars(after) == vars(before)


def test_pickles_a_subclass_with_a_signature_of_its_own() -> None:
    after = pickle.loads(pickle.dumps(Picky(7, where="home")))
    assert (type(after), str(after), after.code) == (Picky, "7 at home", 7)
    with pytest.raises(RuntimeError):
        _ = after.request


def test_pickles_notes() -> None:
    before = StreamConsumed()
    before.add_note("while testing")
    assert pickle.loads(pickle.dumps(before)).__notes__ == ["while testing"]


def test_status_error_keeps_request_and_response() -> None:
    after = pickle.loads(pickle.dumps(make("HTTPStatusError")))
    assert (after.request, after.response) == (REQUEST, RESPONSE)


def test_request_must_be_set_before_it_is_read() -> None:
    error = ReadTimeout("slow")
    with pytest.raises(RuntimeError) as ours:
        _ = error.request
    with pytest.raises(RuntimeError) as theirs:
        _ = httpx.ReadTimeout("slow").request
    assert str(ours.value) == str(theirs.value)
    error.request = REQUEST
    assert error.request == REQUEST


def test_context_attaches_the_request_to_request_errors() -> None:
    with pytest.raises(ReadTimeout) as caught, request_context(REQUEST):
        raise ReadTimeout("slow")
    assert caught.value.request == REQUEST


def test_context_without_a_request_leaves_the_one_there_is() -> None:
    with pytest.raises(ReadTimeout) as caught, request_context():
        raise ReadTimeout("slow", request=FIRST)
    assert caught.value.request == FIRST


def test_context_leaves_other_errors_alone() -> None:
    with pytest.raises(InvalidURL) as caught, request_context(REQUEST):
        raise InvalidURL("bad")
    assert not hasattr(caught.value, "request")
