"""Every intended difference is shown by a call, and explained by the row of the same name in docs/compatibility.md."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest

import cyhttpx

from . import differences, differences_at_work
from .both import outcome
from .rows import ROWS
from .test_names import MORE_ARGUMENTS, MORE_MEMBERS, NOT_YET, OURS

# They fill the list, in this order.
assert differences
assert differences_at_work

DOCUMENT = Path(__file__).parents[2] / "docs" / "compatibility.md"


def rows_of_the_document() -> list[list[str]]:
    table = re.findall(r"^\| `([a-z0-9-]+)` \| (.+) \| (.+) \|$", DOCUMENT.read_text(encoding="utf-8"), re.MULTILINE)
    return [list(cells) for cells in table]


@pytest.mark.parametrize("name", ROWS)
def test_a_row_says_what_is(name: str) -> None:
    show, expected = ROWS[name]
    assert outcome(show, cyhttpx) == expected
    # Where the two agree, the row is to go.
    assert outcome(show, httpx) != expected


def test_the_document_has_the_same_rows() -> None:
    rows = rows_of_the_document()
    assert [name for name, *_ in rows] == list(ROWS)
    assert all(what.strip() and why.strip() for _, what, why in rows)


def test_the_document_names_what_is_more_and_what_is_missing() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    arguments = {argument for arguments in MORE_ARGUMENTS.values() for argument in arguments}
    members = {"query", "origin"} & {member for members in MORE_MEMBERS.values() for member in members}
    for name in NOT_YET | OURS | arguments | members:
        assert re.search(rf"`(\w+\.)?{name}`", text), name
