"""The status codes against httpx 0.28's."""

from __future__ import annotations

import pickle

import httpx
import pytest

from cyhttpx._status_codes import codes

RENAMED = {
    "CONTENT_TOO_LARGE": "REQUEST_ENTITY_TOO_LARGE",
    "URI_TOO_LONG": "REQUEST_URI_TOO_LONG",
    "RANGE_NOT_SATISFIABLE": "REQUESTED_RANGE_NOT_SATISFIABLE",
    "UNPROCESSABLE_CONTENT": "UNPROCESSABLE_ENTITY",
}
QUESTIONS = ["is_informational", "is_success", "is_redirect", "is_client_error", "is_server_error", "is_error"]


def test_members_are_those_of_httpx() -> None:
    assert [(repr(code), str(code), code.phrase) for code in codes] == [
        (repr(code), str(code), code.phrase)  # type: ignore[attr-defined]
        for code in httpx.codes
    ]
    assert set(codes.__members__) == set(httpx.codes.__members__) | set(RENAMED)


@pytest.mark.parametrize("name", list(codes.__members__))
def test_lower_case_names_are_plain_integers(name: str) -> None:
    value = getattr(codes, name.lower())
    assert type(value) is int
    assert value == codes[name]


@pytest.mark.parametrize(("new", "old"), RENAMED.items())
def test_new_names_are_aliases(new: str, old: str) -> None:
    assert codes[new] is codes[old]


def test_phrases_of_every_number_are_those_of_httpx() -> None:
    for value in range(-1, 1100):
        assert codes.get_reason_phrase(value) == httpx.codes.get_reason_phrase(value)


@pytest.mark.parametrize("question", QUESTIONS)
def test_classes_of_every_number_are_those_of_httpx(question: str) -> None:
    for value in range(90, 610):
        assert getattr(codes, question)(value) is getattr(httpx.codes, question)(value)


def test_is_an_integer_that_pickles() -> None:
    assert codes.NOT_FOUND + 0 == 404
    assert f"{codes.NOT_FOUND}" == "404"
    assert codes(404) is codes.NOT_FOUND
    assert pickle.loads(pickle.dumps(codes.NOT_FOUND)) is codes.NOT_FOUND
    with pytest.raises(ValueError, match="299"):
        codes(299)
