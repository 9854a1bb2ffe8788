"""Sizes that servers and clients must agree on.

Numbers only. The process that is measured imports this, and must not have allocated and freed anything large: glibc
raises its mmap threshold with every large block that is freed, which makes each later `recv` of a 256 KiB buffer
three times cheaper.
"""

from __future__ import annotations

from typing import Final

KIBIBYTE: Final = 1024
MEBIBYTE: Final = 1024 * KIBIBYTE

SMALL: Final = 112
STREAM: Final = 1024 * MEBIBYTE
FILE: Final = 64 * KIBIBYTE
TINY_CHUNKS: Final = 16_384
TINY_CHUNK: Final = 64
UPLOAD_CHUNK: Final = 64 * KIBIBYTE
UPLOAD_CHUNKS: Final = 4_096
