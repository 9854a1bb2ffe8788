"""The numbers of a load run: counters that the run adds to, and the report they become. No output, no clock."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

# Recording costs 1.5 µs a value in the histogram and 0.08 µs in a Counter that is handed 1,024 at once (measured), so
# values are counted first. A batch takes below 0.1 ms: short enough not to show up in the latencies it counts.
BATCH: Final = 1024
# Distinct values kept outside of the histogram. A batch adds at most BATCH of them, and then as many move on.
MAX_DISTINCT: Final = 8192
# One hour, at three significant digits.
MAX_MICROSECONDS: Final = 3_600_000_000

PERCENTILES: Final = (("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("p99.9", 99.9))


class Latencies:
    """Latencies in whole microseconds: put each into `buffer`, and `fold` whenever that holds a BATCH."""

    def __init__(self) -> None:
        from hdrh.histogram import HdrHistogram

        self.buffer: list[int] = []
        self.count = 0
        self._total = 0
        self._distinct: Counter[int] = Counter()
        self._histogram: Any = HdrHistogram(1, MAX_MICROSECONDS, 3)

    def fold(self) -> None:
        """Count what is in the buffer and empty it."""
        self.count += len(self.buffer)
        self._total += sum(self.buffer)
        distinct = self._distinct
        distinct.update(self.buffer)
        self.buffer.clear()
        if len(distinct) > MAX_DISTINCT:
            self._record(BATCH)

    def _record(self, count: int) -> None:
        distinct = self._distinct
        for _ in range(min(count, len(distinct))):
            value, times = distinct.popitem()
            self._histogram.record_value(min(max(value, 1), MAX_MICROSECONDS), times)

    def summary(self) -> dict[str, float] | None:
        """Return mean, percentiles and maximum in microseconds; None where nothing was recorded."""
        self.fold()
        self._record(len(self._distinct))
        if not self.count:
            return None
        found = {"mean": round(self._total / self.count, 1)}
        # A bucket answers with its upper end, which may lie above the largest value in it.
        longest = self._histogram.max_value
        for name, percentile in PERCENTILES:
            found[name] = min(self._histogram.get_value_at_percentile(percentile), longest)
        found["max"] = longest
        return found


@dataclass
class Counters:
    """What a run counts while it goes on."""

    latencies: Latencies = field(default_factory=Latencies)
    statuses: Counter[int] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    # The text of the first error of each class: "ReadTimeout: 40" alone explains nothing.
    examples: dict[str, str] = field(default_factory=dict)
    bytes_received: int = 0

    @property
    def completed(self) -> int:
        """Requests that got a whole response, whatever its status."""
        return self.statuses.total()

    @property
    def failed(self) -> int:
        """Requests that ended in an exception."""
        return self.errors.total()

    def add_error(self, error: Exception) -> None:
        """Count a failed request."""
        name = type(error).__name__
        self.errors[name] += 1
        self.examples.setdefault(name, str(error))


@dataclass(frozen=True)
class Report:
    """A run that is over."""

    url: str
    method: str
    connections: int
    engine: str
    loop: str
    version: str
    seconds: float
    cpu_seconds: float
    completed: int
    failed: int
    unfinished: int
    bytes_received: int
    latency: dict[str, float] | None
    statuses: dict[int, int]
    errors: dict[str, int]
    error_examples: dict[str, str]
    ended_early: bool

    @property
    def requests_per_second(self) -> float:
        """Whole responses per second of the run."""
        return self.completed / self.seconds if self.seconds > 0 else 0.0

    @property
    def cpu_microseconds_per_request(self) -> float | None:
        """CPU time of this process, user and system, per request that ended."""
        ended = self.completed + self.failed
        return self.cpu_seconds * 1e6 / ended if ended else None

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON has it; latencies in microseconds."""
        cpu = self.cpu_microseconds_per_request
        return {
            "url": self.url,
            "method": self.method,
            "connections": self.connections,
            "version": self.version,
            "engine": self.engine,
            "loop": self.loop,
            "ended_early": self.ended_early,
            "seconds": round(self.seconds, 6),
            "requests": self.completed + self.failed,
            "completed": self.completed,
            "failed": self.failed,
            "unfinished": self.unfinished,
            "requests_per_second": round(self.requests_per_second, 3),
            "bytes_received": self.bytes_received,
            "latency_us": self.latency,
            "statuses": {str(status): count for status, count in sorted(self.statuses.items())},
            "errors": dict(sorted(self.errors.items())),
            "error_examples": dict(sorted(self.error_examples.items())),
            "cpu_seconds": round(self.cpu_seconds, 6),
            "cpu_us_per_request": None if cpu is None else round(cpu, 3),
        }
