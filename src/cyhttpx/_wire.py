"""Numbers of the wire policy that both engines must agree on (docs/engine-contract.md).

Only constants live here: a limit or a size that is written in one engine's file alone would be a divergence waiting to happen.
"""

from __future__ import annotations

from typing import Final

# Raised with every change of a verb, field or meaning that the twins and the drivers share. `_engine` refuses a compiled
# engine built for another contract: a stale `.so` in a source checkout is the usual cause.
CONTRACT: Final = 1

# Limits, per RFC 9110 §5.4 ("a client MAY discard or truncate"): we refuse. For scale: aiohttp and node stop at 8 and 16 KiB
# for a line or head, h11 at 16 KiB (100 KiB under httpcore); real heads of several large cookies pass 64 KiB.
MAX_LINE_SIZE: Final = 64 * 1024
MAX_HEAD_SIZE: Final = 256 * 1024
MAX_HEADERS: Final = 1000
MAX_CHUNK_LINE_SIZE: Final = 16 * 1024
MAX_INTERIM_RESPONSES: Final = 100
MAX_LEADING_EMPTY_LINES: Final = 4

# The largest length a Content-Length or a chunk may name: it must fit a signed 64-bit integer everywhere it goes.
MAX_LENGTH: Final = 2**63 - 1

# One read: a bytes object of 64 KiB comes from the heap again and again (malloc's mmap threshold is 128 KiB at start), so it stays
# in the second-level cache and costs no page faults.
READ_SIZE: Final = 64 * 1024

# Reading for a stream that nobody consumes stops at this many bytes of decoded body, until someone takes them.
HIGH_WATER: Final = 256 * 1024

# What an exchange waits for (`Reactor.wait`, the drivers' one verb).
GOAL_NONE: Final = 0
GOAL_HEAD: Final = 1
GOAL_BODY: Final = 2
GOAL_WHOLE: Final = 3
GOAL_WRITABLE: Final = 4
