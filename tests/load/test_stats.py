"""The numbers of a load run."""

from __future__ import annotations

import random
from typing import Any

import pytest

from cyhttpx._load.stats import BATCH, MAX_DISTINCT, MAX_MICROSECONDS, Counters, Latencies, Report


def recorded(values: list[int]) -> Latencies:
    latencies = Latencies()
    for value in values:
        latencies.buffer.append(value)
        if len(latencies.buffer) >= BATCH:
            latencies.fold()
    return latencies


def report(**changes: Any) -> Report:
    fields: dict[str, Any] = {
        "url": "http://h/",
        "method": "GET",
        "connections": 2,
        "engine": "c",
        "loop": "uvloop",
        "version": "1",
        "seconds": 2.0,
        "cpu_seconds": 0.001,
        "completed": 8,
        "failed": 2,
        "unfinished": 1,
        "bytes_received": 80,
        "latency": None,
        "statuses": {500: 1, 200: 7},
        "errors": {"ReadTimeout": 2},
        "error_examples": {"ReadTimeout": "slow"},
        "ended_early": False,
    }
    return Report(**{**fields, **changes})


@pytest.mark.parametrize("highest", [500, 5_000_000], ids=["few-values", "more-values-than-are-kept"])
def test_percentiles_are_those_of_the_sorted_values_within_a_thousandth(highest: int) -> None:
    source = random.Random(1)
    values = [source.randint(1, highest) for _ in range(4 * MAX_DISTINCT)]
    summary = recorded(values).summary()
    assert summary is not None
    ordered = sorted(values)
    for name, fraction in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999)):
        assert summary[name] == pytest.approx(ordered[int(len(ordered) * fraction)], rel=0.005)
    assert summary["mean"] == pytest.approx(sum(values) / len(values), abs=0.05)
    assert summary["max"] == ordered[-1]


def test_values_are_counted_whatever_is_still_in_the_buffer() -> None:
    latencies = recorded([7] * (BATCH + 1))
    assert len(latencies.buffer) == 1
    assert latencies.summary() == {"mean": 7.0, "p50": 7, "p90": 7, "p99": 7, "p99.9": 7, "max": 7}
    assert latencies.count == BATCH + 1


def test_memory_is_bounded_in_distinct_values() -> None:
    latencies = recorded(list(range(1, 20 * MAX_DISTINCT)))
    assert len(latencies._distinct) <= MAX_DISTINCT


def test_values_outside_of_the_histogram_are_recorded_at_its_ends() -> None:
    summary = recorded([0, 2 * MAX_MICROSECONDS]).summary()
    assert summary is not None
    assert summary["p50"] == 1
    assert summary["max"] == MAX_MICROSECONDS


def test_percentiles_never_exceed_the_maximum() -> None:
    summary = recorded([1_000_001]).summary()
    assert summary is not None
    assert {summary[name] for name in ("p50", "p90", "p99", "p99.9", "max")} == {1_000_001}


def test_nothing_recorded_has_no_summary() -> None:
    assert Latencies().summary() is None


def test_errors_are_counted_by_class_with_the_first_text_of_each() -> None:
    counters = Counters()
    for error in (ValueError("one"), ValueError("two"), KeyError()):
        counters.add_error(error)
    assert counters.errors == {"ValueError": 2, "KeyError": 1}
    assert counters.examples == {"ValueError": "one", "KeyError": ""}
    assert counters.failed == 3


def test_a_report_as_json_has_every_count_and_rate() -> None:
    found = report().as_dict()
    assert found["requests"] == 10
    assert found["requests_per_second"] == 4.0
    assert found["cpu_us_per_request"] == 100.0
    assert list(found["statuses"]) == ["200", "500"]
    assert found["latency_us"] is None


def test_a_report_of_nothing_has_no_cpu_per_request() -> None:
    found = report(completed=0, failed=0, seconds=0.0)
    assert found.requests_per_second == 0.0
    assert found.as_dict()["cpu_us_per_request"] is None
