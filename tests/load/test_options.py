"""The checks of a load run's options."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from cyhttpx._load.options import LoadError, ensure_descriptors, parse_header, read_data

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("Accept: text/html", ("Accept", "text/html")),
        ("X:y", ("X", "y")),
        ("X-Time: 12:30", ("X-Time", "12:30")),
        ("X-Empty:", ("X-Empty", "")),
    ],
)
def test_a_header_is_split_at_its_first_colon(text: str, pair: tuple[str, str]) -> None:
    assert parse_header(text) == pair


@pytest.mark.parametrize("text", ["", "no colon", ": value", "  : value"])
def test_a_header_without_name_or_colon_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="Name: value"):
        parse_header(text)


def test_data_is_the_text_or_the_bytes_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "body"
    file.write_bytes(b"\x00\xff")
    assert read_data("naïve") == "naïve".encode()
    assert read_data(f"@{file}") == b"\x00\xff"
    with pytest.raises(FileNotFoundError):
        read_data(f"@{file}.missing")


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[int, int]]:
    """The limit of open files as the test sets it, and as it is set."""
    import resource

    state = {"limit": (100, 1000)}
    monkeypatch.setattr(resource, "getrlimit", lambda _: state["limit"])
    monkeypatch.setattr(resource, "setrlimit", lambda _, pair: state.update(limit=pair))
    return state


def test_the_limit_of_open_files_is_raised_as_far_as_needed(limits: dict[str, tuple[int, int]]) -> None:
    ensure_descriptors(20)
    assert limits["limit"] == (100, 1000)
    ensure_descriptors(500)
    assert limits["limit"] == (564, 1000)


def test_more_connections_than_open_files_are_refused(limits: dict[str, tuple[int, int]]) -> None:
    with pytest.raises(LoadError, match="the limit is 1000") as caught:
        ensure_descriptors(1000)
    assert caught.value.exit_code == 2
    assert limits["limit"] == (100, 1000)


def test_systems_without_such_a_limit_have_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resource", None)
    ensure_descriptors(10**9)


def test_an_error_is_one_line() -> None:
    assert str(LoadError("two\n  lines")) == "two lines"
