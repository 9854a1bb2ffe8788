"""`python -m benchmarks.compare`: clients side by side, one table per scenario, as docs/benchmarks.md describes it."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from benchmarks.clients import CLIENTS
from benchmarks.measure import Job, Result, run_job
from benchmarks.scenarios import Scenario, Servers, named
from benchmarks.servers import servers
from benchmarks.sizes import MEBIBYTE

if TYPE_CHECKING:
    from collections.abc import Sequence


# Costs that may not grow: so much is left to caches that get colder.
FLAT: Final = 1.25
VERDICTS: Final = {True: "reached", False: "MISSED", None: "not told"}


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.compare", description=__doc__)
    parser.add_argument("--scenario", action="append", default=[], help="name, or how names start; again for more")
    parser.add_argument("--clients", default=",".join(CLIENTS), help="names with commas between (%(default)s)")
    parser.add_argument("--rounds", type=int, default=3, help="figures of which the least counts (%(default)s)")
    parser.add_argument("--requests", type=int, default=0, help="of a fast client; default: the scenario's own")
    parser.add_argument("--loop", choices=("uvloop", "asyncio"), default="uvloop")
    parser.add_argument("--timeout", type=float, default=150.0, help="seconds for one figure (%(default)s)")
    parser.add_argument("--json", metavar="OUT", help="write all figures as JSON")
    parser.add_argument("--list", action="store_true", help="name the scenarios and end")
    options = parser.parse_args(arguments)
    options.clients = options.clients.split(",")
    unknown = [name for name in options.clients if name not in CLIENTS]
    if unknown:
        parser.error(f"no client is called {unknown[0]!r}")
    try:
        options.scenarios = named(options.scenario)
    except ValueError as exc:
        parser.error(str(exc))
    return options


def cores() -> tuple[int | None, int | None]:
    """Return the core of the servers and that of the client; None for both where there is one core only."""
    available = sorted(os.sched_getaffinity(0))
    return (available[0], available[-1]) if len(available) > 1 else (None, None)


def compare(
    scenario: Scenario, options: argparse.Namespace, found: Servers, cpu: int | None
) -> dict[str, list[Result]]:
    """Measure every client in turn, round after round."""
    results: dict[str, list[Result]] = {name: [] for name in options.clients}
    for _ in range(options.rounds):
        for name in options.clients:
            if results[name] and results[name][-1].value is None:
                # What is absent or took too long once does so again.
                continue
            job = Job(scenario.name, name, options.loop, cpu, asdict(found), options.requests)
            results[name].append(run_job(job, options.timeout))
    return results


def least(results: Sequence[Result]) -> float | None:
    """Return the least figure."""
    values = [result.value for result in results if result.value is not None]
    return min(values, default=None)


def table(scenario: Scenario, results: dict[str, list[Result]]) -> list[str]:
    """Return the lines of a scenario's table."""
    raw = least(results.get("raw", []))
    rows = [("client", scenario.unit.name, "× raw", "rounds", "")]
    for name, taken in results.items():
        value = least(taken)
        last = taken[-1]
        reason = f"absent: {last.absent}" if last.absent else last.error or "does not do this"
        if value is None:
            rows.append((name, "–", "", "", reason))
            continue
        ratio = f"{value / raw:.2f}" if raw else ""
        rounds = " ".join(_number(one.value * scenario.unit.factor) for one in taken if one.value is not None)
        note = taken[0].version if last.value is not None else f"{taken[0].version}; then {reason}"
        if scenario.most_memory:
            note += f"; memory +{max(one.memory for one in taken) / MEBIBYTE:.1f} MiB"
        rows.append((name, _number(value * scenario.unit.factor), ratio, rounds, note))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:>{widths[2]}}  {row[3]:<{widths[3]}}  {row[4]}".rstrip()
        for row in rows
    ]


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def marks(scenario: Scenario, results: dict[str, list[Result]]) -> list[dict[str, Any]]:
    """Return the marks that can be told from these figures, and whether they are reached."""
    found: list[dict[str, Any]] = []
    for mark in scenario.marks:
        value = least(results.get(mark.client, []))
        of = least(results.get(mark.of, [])) if mark.of else 0.0
        terms = [f"{mark.times:g} × {mark.of}"] * bool(mark.of) + [f"{mark.plus:g}"] * bool(mark.plus)
        words = f"{mark.client} ≤ {' + '.join(terms)}"
        if value is None or of is None:
            found.append({"mark": f"{words}: a figure is missing", "reached": None})
            continue
        limit = mark.times * of * scenario.unit.factor + mark.plus
        if mark.of and not mark.plus:
            words += f": {value / of:.2f}"
        else:
            words += f": {_number(value * scenario.unit.factor)} (mark {_number(limit)})"
        found.append({"mark": words, "reached": value * scenario.unit.factor <= limit})
    for name, taken in results.items():
        if scenario.most_memory and name.startswith("cyhttpx") and least(taken) is not None:
            grown = max(one.memory for one in taken)
            words = f"{name} memory ≤ {scenario.most_memory / MEBIBYTE:g} MiB: {grown / MEBIBYTE:.1f}"
            found.append({"mark": words, "reached": grown <= scenario.most_memory})
    return found


def growth(all_results: dict[str, dict[str, list[Result]]], scenarios: Sequence[Scenario]) -> list[dict[str, Any]]:
    """Return, for every group of growing numbers and every client, the cost at each as a ratio to the first."""
    found: list[dict[str, Any]] = []
    for group in dict.fromkeys(scenario.group for scenario in scenarios if scenario.group):
        members = [scenario for scenario in scenarios if scenario.group == group]
        for name in all_results[members[0].name]:
            values = [least(all_results[member.name][name]) for member in members]
            if len(values) < 2 or values[0] is None:
                continue
            ratios = [None if value is None else value / values[0] for value in values]
            steps = " ".join("–" if ratio is None else f"{ratio:.2f}" for ratio in ratios)
            is_flat = None not in ratios and max(filter(None, ratios)) <= FLAT
            found.append({"mark": f"{group} {name}: {steps} × the first", "client": name, "reached": is_flat})
    return found


def environment(options: argparse.Namespace, found: Servers, client_cpu: int | None) -> dict[str, Any]:
    """Return what the figures depend on."""
    return {
        "server": found.name,
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "system": platform.platform(),
        "processor": _processor(),
        "loop": options.loop,
        "rounds": options.rounds,
        "pinned": client_cpu is not None,
    }


def _processor() -> str:
    with open("/proc/cpuinfo") as file:
        return next((line.partition(":")[2].strip() for line in file if line.startswith("model name")), "unknown")


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare and print; 1 where a mark is missed."""
    options = parse(arguments)
    if options.list:
        for scenario in options.scenarios:
            print(f"{scenario.name:<28}{scenario.title}")
        return 0
    server_cpu, client_cpu = cores()
    output: dict[str, Any] = {}
    all_results: dict[str, dict[str, list[Result]]] = {}
    missed = 0
    with servers(server_cpu) as found:
        output["environment"] = environment(options, found, client_cpu)
        print(", ".join(f"{key}: {value}" for key, value in output["environment"].items()))
        if client_cpu is None:
            print("one core only: the server's work and the client's disturb each other, read no figure but roughly")
        output["scenarios"] = {}
        for scenario in options.scenarios:
            print(f"\n{scenario.name}: {scenario.title}", flush=True)
            if scenario.needs_tls and not found.tls:
                print("left out: no TLS server (that takes nginx, and trustme or openssl for its certificate)")
                continue
            results = all_results[scenario.name] = compare(scenario, options, found, client_cpu)
            verdicts = marks(scenario, results)
            missed += sum(one["reached"] is False for one in verdicts)
            lines = table(scenario, results)
            lines += [f"{VERDICTS[one['reached']]}: {one['mark']}" for one in verdicts]
            print("\n".join(lines), flush=True)
            output["scenarios"][scenario.name] = {
                "title": scenario.title,
                "unit": scenario.unit.name,
                "factor": scenario.unit.factor,
                "clients": {name: [asdict(one) for one in taken] for name, taken in results.items()},
                "marks": verdicts,
            }
    output["growth"] = growth(all_results, [one for one in options.scenarios if one.name in all_results])
    for one in output["growth"]:
        is_ours = one["client"].startswith("cyhttpx")
        missed += is_ours and not one["reached"]
        print(f"{VERDICTS[one['reached']] + ': ' if is_ours else ''}{one['mark']}")
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(output, file, indent=1)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
