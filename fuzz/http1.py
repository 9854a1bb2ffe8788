"""`python -m fuzz.http1`: both engines on the same broken bytes, for as long as you like.

Each round takes a case of tests/wire, mutates its bytes (flips, cuts, repeats, splices with another case), feeds them to both engines, each
in its own random pieces, and asks for the same outcome: an error or none, and if none the same response. Any other exception than
RemoteProtocolError, and a response that is neither complete nor an error, is a finding too (`tests.wire.playing.play` asserts it).

    python -m fuzz.http1 --seconds 3600
    python -m fuzz.http1 --seed 12345 --rounds 1      # one round again, as a finding names it
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from tests.engines import load
from tests.wire.cases import CASES, Case
from tests.wire.playing import Outcome, play

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LONGEST = 4096
INTERESTING = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b":",
    b";",
    b",",
    b"0",
    b"chunked",
    b"Content-Length: 5\r\n",
    b"\xff",
)


def flip(data: bytearray, other: bytes, rng: random.Random) -> None:
    data[rng.randrange(len(data))] = rng.randrange(256)


def insert(data: bytearray, other: bytes, rng: random.Random) -> None:
    at = rng.randrange(len(data) + 1)
    data[at:at] = rng.choice(INTERESTING)


def cut(data: bytearray, other: bytes, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    del data[at : at + rng.randrange(1, 16)]


def repeat(data: bytearray, other: bytes, rng: random.Random) -> None:
    at = rng.randrange(len(data))
    data[at:at] = data[at : at + rng.randrange(1, 64)]


def splice(data: bytearray, other: bytes, rng: random.Random) -> None:
    at, there = rng.randrange(len(data)), rng.randrange(len(other) + 1)
    data[at:] = other[there:]


MUTATIONS: Sequence[Callable[[bytearray, bytes, random.Random], None]] = (
    flip,
    flip,
    insert,
    insert,
    cut,
    repeat,
    splice,
)


def mutated(case: Case, rng: random.Random) -> Case:
    """A case whose bytes are no longer what they were; what it expects means nothing any more."""
    data = bytearray(case.data[:LONGEST])
    for _ in range(rng.randrange(1, 5)):
        if data:
            rng.choice(MUTATIONS)(data, rng.choice(CASES).data[:LONGEST], rng)
    return replace(case, data=bytes(data))


def pieces(data: bytes, rng: random.Random) -> list[bytes]:
    """The bytes as reads might bring them: whole, one by one, or cut anywhere."""
    kind = rng.randrange(4)
    if kind == 0:
        return [data]
    if kind == 1:
        return [data[at : at + 1] for at in range(len(data))]
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(1, 8)))
    return [data[start:end] for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def seen(outcome: Outcome) -> Outcome:
    """What must be the same: of an error, that there is one; its text and its moment are each engine's own."""
    return Outcome(error="error") if outcome.error is not None else outcome


def one_round(seed: int) -> str | None:
    """Play one mutated case on both engines: None, or what differs."""
    rng = random.Random(seed)
    case = mutated(rng.choice(CASES), rng)
    outcomes = {name: seen(play(load(name), case, pieces(case.data, rng))) for name in ("c", "py")}
    if outcomes["c"] == outcomes["py"]:
        return None
    return f"seed {seed}: {case.method!r} {case.asks} {case.limits} clean={case.clean}\n{case.data!r}\n" + "\n".join(
        f"{name}: {outcome}" for name, outcome in outcomes.items()
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz.http1", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="how long (%(default)s)")
    parser.add_argument("--rounds", type=int, default=0, help="how many; 0: as many as the time allows")
    parser.add_argument("--seed", type=int, default=None, help="of the first round; the next ones count on from it")
    options = parser.parse_args()
    seed = first = random.SystemRandom().randrange(2**40) if options.seed is None else options.seed
    ends_at = time.monotonic() + options.seconds
    while time.monotonic() < ends_at and (not options.rounds or seed < first + options.rounds):
        finding = one_round(seed)
        if finding:
            sys.stdout.write(finding + "\n")
            return 1
        seed += 1
    sys.stdout.write(f"{seed - first} rounds from seed {first}: no difference\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
