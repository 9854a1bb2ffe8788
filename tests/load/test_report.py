"""How a report and a run that goes on are shown."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from cyhttpx._load.report import Display, format_bytes, format_microseconds, print_report, write_json
from cyhttpx._load.runner import Progress

from .test_stats import report

if TYPE_CHECKING:
    from pathlib import Path

LATENCY = {"mean": 1200.5, "p50": 900, "p90": 2000, "p99": 5000, "p99.9": 7000, "max": 2_500_000}


def printed(**changes: object) -> str:
    file = io.StringIO()
    print_report(report(**changes), Console(file=file, width=100))
    return file.getvalue()


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 µs"), (999, "999 µs"), (1000, "1.00 ms"), (12_345, "12.35 ms"), (2_500_000, "2.50 s")]
)
def test_durations(value: float, text: str) -> None:
    assert format_microseconds(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 * 2**20, "5.0 MiB"), (2**41, "2.0 TiB")]
)
def test_sizes(value: float, text: str) -> None:
    assert format_bytes(value) == text


def test_a_report_says_all_that_was_counted() -> None:
    text = printed(latency=LATENCY)
    for word in ("GET http://h/", "2 at once", "engine c", "loop uvloop", "4.0 per second", "100.0 µs", "1.20 ms"):
        assert word in text
    for name in ("mean", "p50", "p90", "p99", "p99.9", "max", "200", "500", "ReadTimeout: slow", "Unfinished"):
        assert name in text
    assert "early" not in text


def test_a_report_of_nothing_is_still_one() -> None:
    text = printed(completed=0, failed=0, unfinished=0, statuses={}, errors={}, error_examples={}, ended_early=True)
    assert "0.0 per second" in text
    assert "per request" not in text
    assert "Unfinished" not in text
    assert "Ended early." in text


def test_an_error_without_a_text_is_its_class_and_brackets_stay_brackets() -> None:
    text = printed(errors={"ReadError": 1, "ValueError": 1}, error_examples={"ReadError": "", "ValueError": "[red]x"})
    assert "ReadError\n" in text.replace(" ", "")
    assert "ValueError: [red]x" in text


def test_json_goes_to_a_file_or_to_stdout(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_json(report(), str(tmp_path / "out.json"))
    write_json(report(), "-")
    assert json.loads((tmp_path / "out.json").read_text()) == json.loads(capsys.readouterr().out) == report().as_dict()


def test_the_display_is_one_line_that_is_gone_afterwards() -> None:
    file = io.StringIO()
    with Display(Console(file=file, force_terminal=True, width=120)) as display:
        display.show(Progress(2.0, 1000, 0, 2048, 0.5))
        display.show(Progress(3.0, 1500, 7, 2048, None))
    text = file.getvalue()
    assert "1,000 requests" in text
    assert "500/s" in text
    assert "━" in text
    assert "7 failed" in text
    assert text.endswith("\x1b[2K")
