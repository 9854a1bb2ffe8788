"""`cyhttpx load` on the command line: its options (click), its exit codes, and what a signal does to it.

Exit codes: 0 the run is over; 1 the host cannot be reached, every request failed, or the report cannot be written;
2 bad arguments; 130 ended early by Ctrl-C and 143 by SIGTERM, both after the report.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from rich.console import Console

from .._run import run
from .demo import demo_server
from .options import LoadError, Options, parse_header, read_data
from .report import Display, print_report, write_json
from .runner import run_load

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .stats import Report

DEFAULT_SECONDS: Final = 10.0
DEMO_SECONDS: Final = 3.0
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


def _parse_headers(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> list[tuple[str, str]]:
    try:
        return [parse_header(value) for value in values]
    except ValueError as exc:
        raise click.BadParameter(str(exc)) from exc


def _read_data(_: click.Context, __: click.Parameter, value: str | None) -> bytes | None:
    try:
        return None if value is None else read_data(value)
    except (OSError, ValueError) as exc:
        raise click.BadParameter(str(exc)) from exc


def _check_json_path(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    # Before the run rather than after it, when all that is left to say is that its report is lost.
    if value is not None and value != "-" and (Path(value).is_dir() or not Path(value).absolute().parent.is_dir()):
        raise click.BadParameter(f"{value!r} is not a file in a directory that exists")
    return value


@click.command("load")
@click.argument("url", required=False)
@click.option("--demo", is_flag=True, help="Load a server of our own, started for the run on a free port of 127.0.0.1.")
@click.option(
    "-c", "--connections", type=click.IntRange(min=1), default=64, show_default=True, help="Requests at once."
)
@click.option("-n", "--requests", type=click.IntRange(min=1), help="Stop after so many requests.")
@click.option(
    "-d",
    "--duration",
    type=click.FloatRange(min=0, min_open=True),
    help=f"Stop after so many seconds. [default: {DEFAULT_SECONDS:g}, with --demo {DEMO_SECONDS:g}; none with -n]",
)
@click.option("-X", "--method", help="Method. [default: GET, with --data POST]")
@click.option(
    "-H", "--header", "headers", multiple=True, callback=_parse_headers, help="'Name: value', any number of times."
)
@click.option(
    "--data", callback=_read_data, help="Request body, or @ and the name of a file. No Content-Type is added."
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=5.0,
    show_default=True,
    help="Seconds to connect, and to wait for bytes.",
)
@click.option("--insecure", is_flag=True, help="Do not verify the server's certificate.")
@click.option(
    "--json", "json_path", callback=_check_json_path, metavar="OUT", help="Write the report as JSON too; - is stdout."
)
@click.pass_context
def load(
    context: click.Context,
    url: str | None,
    demo: bool,
    connections: int,
    requests: int | None,
    duration: float | None,
    method: str | None,
    headers: list[tuple[str, str]],
    data: bytes | None,
    timeout: float,
    insecure: bool,
    json_path: str | None,
) -> None:
    """Send many requests at once to URL and report rate, latency, statuses and errors.

    Ctrl-C ends a run early and still prints its report (exit code 130). Redirects are not followed, and proxies
    of the environment not used.
    """
    if demo == (url is not None):
        raise click.UsageError("give a URL or --demo" + (", not both" if demo else ""))
    if requests is not None and duration is not None:
        raise click.UsageError("give -n/--requests or -d/--duration, not both")
    if requests is None and duration is None:
        duration = DEMO_SECONDS if demo else DEFAULT_SECONDS
    with contextlib.ExitStack() as stack:
        options = Options(
            url=stack.enter_context(demo_server()) if url is None else url,
            method=method or ("GET" if data is None else "POST"),
            headers=headers,
            content=data,
            connections=connections,
            requests=requests,
            seconds=duration,
            timeout=timeout,
            verify=not insecure,
        )
        report, received_signal = _run(options)
    _show(report, json_path)
    if received_signal is not None:
        context.exit(128 + received_signal)
    if not report.completed:
        raise LoadError("no request succeeded")


def _run(options: Options) -> tuple[Report, int | None]:
    received: list[int] = []

    async def main(display: Display | None) -> Report:
        stop = asyncio.Event()
        with _stopping(stop, received):
            return await run_load(options, stop=stop, on_progress=None if display is None else display.show)

    if not sys.stderr.isatty():
        return run(main(None)), None if not received else received[0]
    with Display(Console(stderr=True)) as display:
        report = run(main(display))
    return report, None if not received else received[0]


@contextlib.contextmanager
def _stopping(stop: asyncio.Event, received: list[int]) -> Iterator[None]:
    """Let the first signal set `stop`; a second one of its kind does what it always did."""
    loop = asyncio.get_running_loop()
    before: dict[int, Any] = {}

    def on_signal(number: int, _: object) -> None:
        received.append(number)
        signal.signal(number, before[number])
        loop.call_soon_threadsafe(stop.set)

    for number in SIGNALS:
        # Not through the loop: add_signal_handler is not there on Windows, and hides the handler that is in place.
        before[number] = signal.signal(number, on_signal)
    try:
        yield
    finally:
        for restored, handler in before.items():
            signal.signal(restored, handler)


def _show(report: Report, json_path: str | None) -> None:
    # With "--json -" stdout is for a program to read.
    print_report(report, Console(stderr=json_path == "-", highlight=False))
    if json_path is not None:
        try:
            write_json(report, json_path)
        except OSError as exc:
            raise LoadError(f"cannot write the report: {exc}") from exc
