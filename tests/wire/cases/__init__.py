"""The wire policy as data: every row of docs/engine-contract.md's table, as bytes and what must become of them."""

from __future__ import annotations

from . import chunks, framing, heads
from .case import Answer, Case, Error
from .sending import SENDING, Refused, Sends, Written

__all__ = ["CASES", "LARGE_CASES", "SENDING", "Answer", "Case", "Error", "Refused", "Sends", "Written"]

# Small enough to be split at every position.
CASES: list[Case] = [*heads.HEADS, *framing.FRAMINGS, *chunks.CHUNKS]
# Too large for that.
LARGE_CASES: list[Case] = [*heads.DEFAULT_LIMITS, *chunks.DEFAULT_LIMITS]
