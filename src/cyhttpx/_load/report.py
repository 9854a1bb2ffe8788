"""How a load run shows itself: the live display, the report for people (both rich), and the report as JSON."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Self, TextIO

from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console
    from rich.live import Live

    from .runner import Progress
    from .stats import Report

BAR_WIDTH = 30


def format_microseconds(value: float) -> str:
    """Return a duration with three digits or more and the unit that suits it."""
    if value < 1000:
        return f"{value:.0f} µs"
    if value < 1_000_000:
        return f"{value / 1000:.2f} ms"
    return f"{value / 1_000_000:.2f} s"


def format_bytes(value: float) -> str:
    """Return a size in binary units."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


class Display:
    """One line on a terminal that `show` redraws; a context manager that leaves no trace of it."""

    def __init__(self, console: Console) -> None:
        from rich.live import Live

        # Redrawn by `show` alone. Live's own thread would take the interpreter away from the requests it reports on.
        self._live: Live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._live.stop()

    def show(self, progress: Progress) -> None:
        """Draw the line anew."""
        line = Text()
        if progress.fraction is not None:
            done = round(progress.fraction * BAR_WIDTH)
            line.append("━" * done, "cyan").append("━" * (BAR_WIDTH - done), "bright_black").append("  ")
        rate = progress.completed / max(progress.seconds, 1e-9)
        line.append(f"{progress.seconds:.1f} s  {progress.completed:,} requests  {rate:,.0f}/s")
        line.append(f"  {format_bytes(progress.bytes_received)}")
        if progress.failed:
            line.append(f"  {progress.failed:,} failed", "red")
        self._live.update(line, refresh=True)


def print_report(report: Report, console: Console) -> None:
    """Print the report for people."""
    seconds = max(report.seconds, 1e-9)
    cpu = report.cpu_microseconds_per_request
    console.print(
        Text(f"{report.method} {report.url}", "bold"), Text(f"· {report.connections} at once · {seconds:.2f} s")
    )
    console.print(Text(f"cyhttpx {report.version} · engine {report.engine} · loop {report.loop}"), end="\n\n")
    table = Table.grid(padding=(0, 3))
    table.add_column()
    table.add_column(justify="right")
    table.add_column(overflow="fold")
    table.add_row("Requests", f"{report.completed:,}", f"{report.requests_per_second:,.1f} per second")
    table.add_row("Received", format_bytes(report.bytes_received), f"{format_bytes(report.bytes_received / seconds)}/s")
    if cpu is not None:
        table.add_row("Client CPU", format_microseconds(cpu) if cpu >= 1000 else f"{cpu:.1f} µs", "per request")
    for index, (name, value) in enumerate((report.latency or {}).items()):
        table.add_row("" if index else "Latency", format_microseconds(value), name)
    for index, (status, count) in enumerate(sorted(report.statuses.items())):
        table.add_row("" if index else "Status", f"{count:,}", str(status))
    table.add_row("Errors", f"{report.failed:,}", "", style="red" if report.failed else "")
    for name, count in sorted(report.errors.items()):
        example = report.error_examples[name]
        table.add_row("", f"{count:,}", Text(f"{name}: {example}" if example else name))
    if report.unfinished:
        table.add_row("Unfinished", f"{report.unfinished:,}", "under way when the run ended")
    console.print(table)
    if report.ended_early:
        console.print("\nEnded early.")


def write_json(report: Report, path: str) -> None:
    """Write the report as one JSON object to a file, or to stdout where `path` is "-"; raises `OSError`."""
    text = json.dumps(report.as_dict(), indent=2) + "\n"
    if path == "-":
        _write(sys.stdout, text)
        return
    with open(path, "w", encoding="utf-8") as file:
        _write(file, text)


def _write(file: TextIO, text: str) -> None:
    file.write(text)
    file.flush()
