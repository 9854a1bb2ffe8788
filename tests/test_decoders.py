"""Decoders: the codings on every library that is installed, chunks, text and lines; httpx's decoders are the oracle."""

from __future__ import annotations

import gzip
import random
import struct
import sys
import time
import tracemalloc
import zlib
from importlib import import_module
from types import SimpleNamespace
from typing import TYPE_CHECKING

import httpx
import pytest
from httpx import _decoders as oracle
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cyhttpx import _codings, _decoders, _inflate
from cyhttpx._decoders import (
    BrotliDecoder,
    ByteChunker,
    ContentDecoder,
    DeflateDecoder,
    GZipDecoder,
    IdentityDecoder,
    LineDecoder,
    MultiDecoder,
    TextChunker,
    TextDecoder,
    ZStandardDecoder,
    accept_encoding,
    make_decoder,
)
from cyhttpx._exceptions import DecodingError, ResponseTooLarge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_STEP = 1024 * 1024
few = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

INFLATERS = [name for name in _inflate.INFLATE_LIBRARIES if _codings.is_installed(name)]
BROTLIS = [name for name in _codings.CODING_LIBRARIES["br"] if _codings.is_installed(name)]
ZSTDS = [name for name in _codings.CODING_LIBRARIES["zstd"] if _codings.is_installed(name)]


def compress_gzip(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def compress_raw(data: bytes) -> bytes:
    encoder = zlib.compressobj(wbits=-15)
    return encoder.compress(data) + encoder.flush()


def compress_br(data: bytes) -> bytes:
    return bytes(import_module(BROTLIS[0]).compress(data))


def compress_zstd(data: bytes) -> bytes:
    import zstandard

    # As a stream: without the content's size in the header, as servers send it.
    encoder = zstandard.ZstdCompressor(write_checksum=True).compressobj()
    return bytes(encoder.compress(data) + encoder.flush())


# name: (decoder, encoder, httpx's decoder, the libraries that can be behind it)
CODINGS: dict[str, tuple[type[ContentDecoder], Callable[[bytes], bytes], type, list[str]]] = {
    "gzip": (GZipDecoder, compress_gzip, oracle.GZipDecoder, INFLATERS),
    "deflate": (DeflateDecoder, zlib.compress, oracle.DeflateDecoder, INFLATERS),
    "raw deflate": (DeflateDecoder, compress_raw, oracle.DeflateDecoder, INFLATERS),
    "br": (BrotliDecoder, compress_br, oracle.BrotliDecoder, BROTLIS),
    "zstd": (ZStandardDecoder, compress_zstd, oracle.ZStandardDecoder, ZSTDS),
}
CASES = [(name, library) for name, case in CODINGS.items() for library in case[3]]


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Put one library behind the decoders."""

    def put(library: str) -> None:
        if library in INFLATERS:
            monkeypatch.setattr(_inflate, "_backend", _inflate.load_inflate(library))
        coding = "br" if library in BROTLIS else "zstd"
        if library in BROTLIS + ZSTDS:
            monkeypatch.setitem(_codings.CODING_LIBRARIES, coding, (library,))

    return put


def pieces(data: bytes, *cuts: int) -> list[bytes]:
    ends = sorted({cut % (len(data) + 1) for cut in cuts} | {len(data)})
    return [data[start:end] for start, end in zip([0, *ends], ends, strict=False)]


def run(decoder: ContentDecoder, parts: list[bytes]) -> bytes:
    return b"".join([*(decoder.decode(part) for part in parts), decoder.flush()])


def run_steps(decoder: ContentDecoder, parts: list[bytes]) -> bytes:
    plain = []
    for part in parts:
        for step in decoder.decode_steps(part):
            assert 0 < len(step) <= MAX_STEP
            plain.append(step)
    return b"".join([*plain, decoder.flush()])


# Good input


@pytest.mark.parametrize(("name", "library"), CASES)
@few
@given(
    plain=st.binary(max_size=2000), repeat=st.sampled_from([1, 50]), cuts=st.lists(st.integers(0, 1 << 16), max_size=5)
)
def test_decodes_as_httpx(
    use: Callable[[str], None], name: str, library: str, plain: bytes, repeat: int, cuts: list[int]
) -> None:
    use(library)
    decoder, encode, httpx_decoder, _ = CODINGS[name]
    plain *= repeat
    coded = encode(plain)
    parts = pieces(coded, *cuts)
    assert run(httpx_decoder(), [coded]) == plain
    assert run(decoder(), parts) == plain
    assert run_steps(decoder(), parts) == plain
    assert decoder().decode_whole(coded) == plain


@pytest.mark.parametrize(("name", "library"), CASES)
def test_decodes_byte_by_byte(use: Callable[[str], None], name: str, library: str) -> None:
    use(library)
    decoder, encode, _, _ = CODINGS[name]
    plain = random.Random(1).randbytes(700) + b"a" * 1000
    parts = [bytes([byte]) for byte in encode(plain)]
    assert run(decoder(), parts) == plain
    assert run_steps(decoder(), [b"", *parts, b""]) == plain


@pytest.mark.parametrize(("name", "library"), CASES)
def test_an_empty_body_is_empty(use: Callable[[str], None], name: str, library: str) -> None:
    use(library)
    decoder, encode, httpx_decoder, _ = CODINGS[name]
    assert run(httpx_decoder(), []) == b""
    assert run(decoder(), []) == run(decoder(), [b""]) == run_steps(decoder(), [b""]) == b""
    assert decoder().decode_whole(b"") == decoder().decode_whole(encode(b"")) == b""


def test_identity() -> None:
    assert run(IdentityDecoder(), [b"a", b"", b"bc"]) == b"abc"
    large = b"x" * (2 * MAX_STEP + 1)
    assert run_steps(IdentityDecoder(), [large]) == IdentityDecoder().decode_whole(large) == large


# Corrupt and truncated input


@pytest.mark.parametrize(("name", "library"), CASES)
def test_truncation_at_every_byte_is_an_error(use: Callable[[str], None], name: str, library: str) -> None:
    use(library)
    decoder, encode, _, _ = CODINGS[name]
    coded = encode(b"hello, world " * 10 + bytes(range(200)))
    for end in range(1, len(coded)):
        for parts in ([coded[:end]], pieces(coded[:end], end // 2)):
            with pytest.raises(DecodingError):
                run(decoder(), parts)
        with pytest.raises(DecodingError):
            run_steps(decoder(), [coded[:end]])
        with pytest.raises(DecodingError):
            decoder().decode_whole(coded[:end])


@pytest.mark.parametrize(("name", "library"), CASES)
def test_garbage_is_an_error(use: Callable[[str], None], name: str, library: str) -> None:
    use(library)
    decoder, _, httpx_decoder, _ = CODINGS[name]
    garbage = b"not a coded body at all, no library would take it for one"
    with pytest.raises(httpx.DecodingError):
        run(httpx_decoder(), [garbage])
    for act in (
        lambda: run(decoder(), [garbage]),
        lambda: run_steps(decoder(), pieces(garbage, 1, 2, 3)),
        lambda: decoder().decode_whole(garbage),
    ):
        with pytest.raises(DecodingError) as caught:
            act()
        assert str(caught.value)


@pytest.mark.parametrize(("name", "library"), [case for case in CASES if case[0] in ("gzip", "deflate", "zstd")])
@few
@given(position=st.integers(0, 1 << 16), flip=st.integers(1, 255), cut=st.integers(0, 1 << 16))
def test_a_changed_byte_never_gives_wrong_content(
    use: Callable[[str], None], name: str, library: str, position: int, flip: int, cut: int
) -> None:
    use(library)
    decoder, encode, _, _ = CODINGS[name]
    plain = b"The quick brown fox jumps over the lazy dog. " * 20
    coded = bytearray(encode(plain))
    coded[position % len(coded)] ^= flip
    if name == "deflate":
        coded[0] = 0x78  # else it may be bare deflate data, which has no checksum
    try:
        content = run(decoder(), pieces(bytes(coded), cut))
    except DecodingError:
        return
    assert content == plain  # a field that means nothing, like the time in a gzip header


@pytest.mark.parametrize("library", INFLATERS)
@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"\x1f\x8c\x08\x00", "incorrect header check"),
        (b"\x1f\x8b\x07\x00", "unknown compression method"),
        (b"\x1f\x8b\x08\x80", "unknown header flags set"),
    ],
)
def test_gzip_header_errors_are_the_same_for_all_libraries(
    use: Callable[[str], None], library: str, header: bytes, reason: str
) -> None:
    use(library)
    coded = header + compress_gzip(b"hello")[4:]
    with pytest.raises(httpx.DecodingError) as expected:
        oracle.GZipDecoder().decode(coded)
    for parts in (pieces(coded), pieces(coded, *range(len(coded)))):
        with pytest.raises(DecodingError) as caught:
            run(GZipDecoder(), parts)
        assert str(caught.value) == str(expected.value) == f"Error -3 while decompressing data: {reason}"


@pytest.mark.parametrize("library", INFLATERS)
@pytest.mark.parametrize("flags", range(32))
def test_optional_gzip_header_fields(use: Callable[[str], None], library: str, flags: int) -> None:
    use(library)
    plain_header, body = compress_gzip(b"hello")[:10], compress_gzip(b"hello")[10:]
    for extra in (b"", b"\0extra\0"):
        header = plain_header[:3] + bytes([flags]) + plain_header[4:]
        header += (struct.pack("<H", len(extra)) + extra) if flags & 4 else b""
        header += b"name\0" if flags & 8 else b""
        header += b"\0" if flags & 16 else b""
        wrong = header + struct.pack("<H", (zlib.crc32(header) & 0xFFFF) ^ 1)
        header += struct.pack("<H", zlib.crc32(header) & 0xFFFF) if flags & 2 else b""
        coded = (header + body) * 2
        assert gzip.decompress(coded) == b"hellohello"
        assert run(GZipDecoder(), [coded]) == GZipDecoder().decode_whole(coded) == b"hellohello"
        assert run(GZipDecoder(), pieces(coded, *range(len(coded)))) == b"hellohello"
        if flags & 2:
            with pytest.raises(DecodingError, match="header crc mismatch"):
                run(GZipDecoder(), [wrong + body])


@pytest.mark.parametrize("library", INFLATERS)
def test_an_endless_gzip_file_name_costs_no_memory(use: Callable[[str], None], library: str) -> None:
    use(library)
    decoder = GZipDecoder()
    assert decoder.decode(b"\x1f\x8b\x08\x0a" + bytes(6)) == b""
    tracemalloc.start()
    for _ in range(100):
        assert decoder.decode(b"n" * 100_000) == b""
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 400_000
    with pytest.raises(DecodingError):
        decoder.flush()


# Several members, several frames, and what comes after


@pytest.mark.parametrize("library", INFLATERS)
@few
@given(
    members=st.lists(st.binary(max_size=3000), min_size=1, max_size=6),
    cuts=st.lists(st.integers(0, 1 << 16), max_size=4),
)
def test_all_gzip_members(use: Callable[[str], None], library: str, members: list[bytes], cuts: list[int]) -> None:
    use(library)
    coded = b"".join(map(compress_gzip, members))
    assert run(GZipDecoder(), pieces(coded, *cuts)) == b"".join(members) == gzip.decompress(coded)
    assert GZipDecoder().decode_whole(coded) == b"".join(members)


@pytest.mark.parametrize("library", INFLATERS)
@pytest.mark.parametrize("between", [b"", b"\0", b"\0" * 511, b"\0" * 100_000])
def test_zero_padding_between_and_after_gzip_members(use: Callable[[str], None], library: str, between: bytes) -> None:
    use(library)
    coded = (compress_gzip(b"one") + between) * 3
    assert run(GZipDecoder(), [coded]) == GZipDecoder().decode_whole(coded) == b"oneoneone"
    assert run(GZipDecoder(), pieces(coded, 1, 20, 24, 30, 600)) == b"oneoneone"


@pytest.mark.parametrize("library", INFLATERS)
@pytest.mark.parametrize(
    "after", [b"x", b"garbage" * 100, b"\0\0x", b"\x1fx", b"\x8b\x1f", b"\r\n", b"x" + compress_gzip(b"two")]
)
def test_garbage_after_a_gzip_member_is_ignored(use: Callable[[str], None], library: str, after: bytes) -> None:
    use(library)
    coded = compress_gzip(b"one") + after
    assert run(GZipDecoder(), [coded]) == GZipDecoder().decode_whole(coded) == b"one"
    assert run(GZipDecoder(), pieces(coded, *range(len(coded)))) == b"one"


@pytest.mark.parametrize("library", INFLATERS)
@pytest.mark.parametrize(
    "after", [b"\x1f", b"\x1f\x8b", b"\x1f\x8b\x00", b"\0\x1f\x8b\x08", compress_gzip(b"two")[:-1]]
)
def test_a_gzip_member_that_begins_must_be_whole(use: Callable[[str], None], library: str, after: bytes) -> None:
    use(library)
    coded = compress_gzip(b"one") + after
    for parts in ([coded], pieces(coded, *range(len(coded)))):
        with pytest.raises(DecodingError):
            run(GZipDecoder(), parts)
    with pytest.raises(DecodingError):
        GZipDecoder().decode_whole(coded)


@pytest.mark.parametrize("library", INFLATERS)
@pytest.mark.parametrize("compress", [zlib.compress, compress_raw])
def test_what_follows_a_deflate_stream_is_ignored(
    use: Callable[[str], None], library: str, compress: Callable[[bytes], bytes]
) -> None:
    use(library)
    coded = compress(b"hello") + b"garbage"
    assert run(oracle.DeflateDecoder(), [coded]) == b"hello"
    assert run(DeflateDecoder(), [coded]) == DeflateDecoder().decode_whole(coded) == b"hello"
    assert run(DeflateDecoder(), pieces(coded, *range(len(coded)))) == b"hello"


@pytest.mark.parametrize("library", INFLATERS)
@pytest.mark.parametrize("header", [b"\x88\x1c", b"\x78\x9d", b"\x78\xbb"])
def test_two_bytes_that_are_no_zlib_header_for_http(use: Callable[[str], None], library: str, header: bytes) -> None:
    # a window of 64 KiB, a wrong check, a preset dictionary
    use(library)
    with pytest.raises(DecodingError):
        run(DeflateDecoder(), [header + zlib.compress(b"hello")[2:]])


@pytest.mark.parametrize("library", BROTLIS)
def test_what_follows_a_brotli_stream_is_an_error(use: Callable[[str], None], library: str) -> None:
    use(library)
    for parts in ([compress_br(b"hello") + b"x"], [compress_br(b"hello"), b"x"]):
        with pytest.raises(httpx.DecodingError):
            run(oracle.BrotliDecoder(), parts)
        with pytest.raises(DecodingError):
            run(BrotliDecoder(), parts)


def zstd_frame(*blocks: tuple[int, int, bytes]) -> bytes:
    """A frame without content size and checksum: blocks are (type, size, data)."""
    coded = b"\x28\xb5\x2f\xfd\x00\x58"
    for number, (kind, size, data) in enumerate(blocks, 1):
        coded += struct.pack("<I", (number == len(blocks)) | kind << 1 | size << 3)[:3] + data
    return coded


SKIPPABLE = struct.pack("<II", 0x184D2A5F, 5) + b"12345"
EMPTY_SKIPPABLE = struct.pack("<II", 0x184D2A50, 0)


@pytest.mark.parametrize("library", ZSTDS)
@few
@given(
    frames=st.lists(
        st.one_of(
            st.binary(max_size=3000).map(lambda plain: (compress_zstd(plain), plain)),
            st.binary(max_size=300).map(lambda plain: (zstd_frame((0, len(plain), plain)), plain)),
            st.sampled_from(
                [(SKIPPABLE, b""), (EMPTY_SKIPPABLE, b""), (zstd_frame((1, 9, b"x"), (0, 0, b"")), b"x" * 9)]
            ),
        ),
        max_size=6,
    ),
    cuts=st.lists(st.integers(0, 1 << 14), max_size=5),
)
def test_all_zstd_frames(
    use: Callable[[str], None], library: str, frames: list[tuple[bytes, bytes]], cuts: list[int]
) -> None:
    use(library)
    coded, plain = b"".join(frame for frame, _ in frames), b"".join(content for _, content in frames)
    assert run(ZStandardDecoder(), pieces(coded, *cuts)) == plain
    assert run_steps(ZStandardDecoder(), pieces(coded, *cuts)) == plain
    assert ZStandardDecoder().decode_whole(coded) == plain


@pytest.mark.parametrize("library", ZSTDS)
@pytest.mark.parametrize("level", [1, 3, 19])
@pytest.mark.parametrize("size", [0, 1, 255, 256, 65_791, 65_792, 1_000_000])
def test_zstd_frames_that_name_their_size(use: Callable[[str], None], library: str, level: int, size: int) -> None:
    import zstandard

    use(library)
    plain = random.Random(size).randbytes(size // 2).ljust(size, b".")
    coded = zstandard.ZstdCompressor(level=level, write_checksum=level > 1).compress(plain)
    assert run(ZStandardDecoder(), pieces(coded, *range(0, len(coded), 40_000))) == plain
    assert ZStandardDecoder().decode_whole(coded * 2) == plain * 2


@pytest.mark.parametrize("library", ZSTDS)
@pytest.mark.parametrize(
    "coded",
    [
        compress_zstd(b"one") + b"garbage",
        compress_zstd(b"one") + b"\0",
        compress_zstd(b"one")[:-1] + b"\0",
        SKIPPABLE[:-1],
        SKIPPABLE + b"\x50",
        zstd_frame((3, 1, b"x")),
        zstd_frame((1, 128 * 1024 + 1, b"x")),
        zstd_frame((0, 128 * 1024 + 1, b"x" * (128 * 1024 + 1))),
        zstd_frame((2, 5, b"xxxxx")),
    ],
)
def test_corrupt_zstd_data(use: Callable[[str], None], library: str, coded: bytes) -> None:
    use(library)
    for parts in ([coded], pieces(coded, *range(min(len(coded), 100)))):
        with pytest.raises(DecodingError):
            run(ZStandardDecoder(), parts)


@pytest.mark.parametrize("library", ZSTDS)
def test_a_zstd_window_above_8_mib_is_refused(use: Callable[[str], None], library: str) -> None:
    import zstandard

    use(library)
    for window_log, is_fine in ((23, True), (24, False)):
        parameters = zstandard.ZstdCompressionParameters(window_log=window_log)
        encoder = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
        coded = encoder.compress(b"hello") + encoder.flush()
        if is_fine:
            assert run(ZStandardDecoder(), [coded]) == b"hello"
        else:
            with pytest.raises(DecodingError):
                run(ZStandardDecoder(), [coded])


# Linear time, bounded memory


def seconds(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


TINY = {
    "gzip": compress_gzip(b""),
    "gzip padded": compress_gzip(b"") + b"\0",
    "zstd": zstd_frame((0, 0, b"")),
    "zstd skippable": EMPTY_SKIPPABLE,
}


@pytest.mark.parametrize(
    ("name", "library"), [(name, lib) for name in TINY for lib in (INFLATERS if "gzip" in name else ZSTDS)]
)
def test_very_many_empty_members_take_linear_time(use: Callable[[str], None], name: str, library: str) -> None:
    use(library)
    decoder = GZipDecoder if "gzip" in name else ZStandardDecoder
    count = 100_000 if "gzip" in name else 20_000
    small, large = TINY[name] * (count // 10), TINY[name] * count
    first = min(seconds(lambda: decoder().decode_whole(small)) for _ in range(2))
    last = seconds(lambda: decoder().decode_whole(large))
    # Quadratic would be 100 times as much; this is a guard against that, not a benchmark.
    assert last < 30 * first + 0.2
    assert run(decoder(), [large[start : start + 65_536] for start in range(0, len(large), 65_536)]) == b""


def bomb_parts(name: str) -> Iterator[bytes]:
    """64 MiB of zeros, coded."""
    if name == "gzip":
        yield compress_gzip(bytes(64 * MAX_STEP))
    elif name == "gzip members":
        yield compress_gzip(bytes(MAX_STEP)) * 64
    elif name == "deflate":
        yield zlib.compress(bytes(64 * MAX_STEP))
    elif name == "raw deflate":
        yield compress_raw(bytes(64 * MAX_STEP))
    elif name == "br":
        yield compress_br(bytes(64 * MAX_STEP))
    elif name == "zstd":
        yield compress_zstd(bytes(64 * MAX_STEP))
    else:
        yield zstd_frame(*[(1, 128 * 1024, b"\0")] * 512)


BOMBS = [
    *CASES,
    *(("gzip members", library) for library in INFLATERS),
    *(("zstd blocks", library) for library in ZSTDS),
]


@pytest.mark.parametrize(("name", "library"), BOMBS)
def test_a_bomb_comes_in_bounded_steps(use: Callable[[str], None], name: str, library: str) -> None:
    use(library)
    decoder = CODINGS[name.removesuffix(" members").removesuffix(" blocks")][0]()
    parts = list(bomb_parts(name))
    total = most = 0
    tracemalloc.start()
    for part in parts:
        for step in decoder.decode_steps(part):
            total += len(step)
            most = max(most, len(step))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert decoder.flush() == b""
    assert total == 64 * MAX_STEP
    assert most <= MAX_STEP
    assert peak < 6 * MAX_STEP


@pytest.mark.parametrize(("name", "library"), BOMBS)
def test_max_size_stops_a_bomb(use: Callable[[str], None], name: str, library: str) -> None:
    use(library)
    kind = CODINGS[name.removesuffix(" members").removesuffix(" blocks")][0]
    (coded,) = bomb_parts(name)
    tracemalloc.start()
    with pytest.raises(ResponseTooLarge, match="1000000 bytes"):
        kind().decode_whole(coded, max_size=1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * MAX_STEP


@pytest.mark.parametrize(("name", "library"), CASES)
def test_max_size_is_exact(use: Callable[[str], None], name: str, library: str) -> None:
    use(library)
    kind, encode, _, _ = CODINGS[name]
    for plain in (b"", b"x", bytes(1000), random.Random(2).randbytes(300_000)):
        coded = encode(plain)
        assert kind().decode_whole(coded, len(plain)) == kind().decode_whole(coded, len(plain) + 1) == plain
        if plain:
            with pytest.raises(ResponseTooLarge):
                kind().decode_whole(coded, len(plain) - 1)


def test_max_size_counts_all_members_and_no_coding_at_all() -> None:
    coded = compress_gzip(b"12345") * 3
    assert GZipDecoder().decode_whole(coded, 15) == b"12345" * 3
    with pytest.raises(ResponseTooLarge, match="14 bytes"):
        GZipDecoder().decode_whole(coded, 14)
    with pytest.raises(ResponseTooLarge):
        IdentityDecoder().decode_whole(b"123", 2)
    with pytest.raises(ResponseTooLarge):
        MultiDecoder([GZipDecoder(), DeflateDecoder()]).decode_whole(zlib.compress(coded), 14)


# Which decoder


@few
@given(
    plain=st.binary(max_size=500),
    names=st.lists(st.sampled_from(sorted(CODINGS)), min_size=2, max_size=5),
    cut=st.integers(0, 600),
)
def test_several_codings(plain: bytes, names: list[str], cut: int) -> None:
    coded = plain
    for name in names:
        coded = CODINGS[name][1](coded)
    values = ", ".join(name.removeprefix("raw ").upper() for name in names)
    assert run(make_decoder([values]), pieces(coded, cut)) == plain
    assert run_steps(make_decoder(values.split(",")), pieces(coded, cut)) == plain
    assert make_decoder([values]).decode_whole(coded) == plain
    if "zstd" not in names:
        theirs = httpx.Response(200, headers={"content-encoding": values}, content=coded)
        assert theirs.content == plain
    assert run(make_decoder([values]), []) == b""


def test_codings_on_top_of_each_other_run_lazily() -> None:
    bomb = compress_gzip(compress_gzip(bytes(64 * MAX_STEP)))
    decoder = make_decoder(["gzip", "gzip"])
    tracemalloc.start()
    assert sum(map(len, decoder.decode_steps(bomb))) == 64 * MAX_STEP
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6 * MAX_STEP


def test_truncation_below_another_coding() -> None:
    for coded in (zlib.compress(compress_gzip(b"hello")[:-1]), zlib.compress(compress_gzip(b"hello"))[:-1]):
        decoder = make_decoder(["gzip, deflate"])
        with pytest.raises(DecodingError):
            run_steps(decoder, [coded])


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([], IdentityDecoder),
        ([""], IdentityDecoder),
        (["identity"], IdentityDecoder),
        ([" , identity,, "], IdentityDecoder),
        (["gzip"], GZipDecoder),
        (["GZip"], GZipDecoder),
        (["x-gzip"], GZipDecoder),
        (["X-GZIP, identity"], GZipDecoder),
        (["deflate"], DeflateDecoder),
        (["br"], BrotliDecoder),
        (["zstd"], ZStandardDecoder),
        (["identity", "gzip"], GZipDecoder),
        (["unknown"], IdentityDecoder),
        (["unknown, gzip"], GZipDecoder),
        (["gzip, unknown"], IdentityDecoder),
        (["gzip, br"], MultiDecoder),
        (["gzip, gzip", "gzip, x-gzip, gzip"], MultiDecoder),
    ],
)
def test_make_decoder(values: list[str], kind: type[ContentDecoder]) -> None:
    assert type(make_decoder(values)) is kind


def test_more_than_five_codings_are_an_error() -> None:
    for values in (["gzip"] * 6, ["gzip, br, gzip, br, gzip, br"], ["gzip," * 100_000]):
        with pytest.raises(DecodingError, match="5"):
            make_decoder(values)
    with pytest.raises(DecodingError):
        MultiDecoder([IdentityDecoder() for _ in range(6)])


def test_decoders_of_the_user() -> None:
    class Upper(ContentDecoder):
        def decode(self, data: bytes) -> bytes:
            return data.upper()

        def flush(self) -> bytes:
            return b"."

    assert Upper().decode_whole(b"abc") == b"ABC."
    assert Upper().decode_whole(b"abc", 4) == b"ABC."
    with pytest.raises(ResponseTooLarge):
        Upper().decode_whole(b"abc", 2)
    multi = MultiDecoder([Upper(), GZipDecoder()])
    assert run_steps(multi, [compress_gzip(b"abc")]) == b"ABC."
    for method in (lambda: ContentDecoder().decode(b""), lambda: ContentDecoder().flush()):
        with pytest.raises(NotImplementedError):
            method()


def test_accept_encoding_is_httpx_s() -> None:
    from httpx._client import ACCEPT_ENCODING

    assert accept_encoding() == ACCEPT_ENCODING == "gzip, deflate, br, zstd"
    assert list(_decoders.SUPPORTED_DECODERS) == list(oracle.SUPPORTED_DECODERS)
    assert {key: kind.__name__ for key, kind in _decoders.SUPPORTED_DECODERS.items()} == {
        key: kind.__name__ for key, kind in oracle.SUPPORTED_DECODERS.items()
    }


def test_what_is_not_installed_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(_decoders, "SUPPORTED_DECODERS", raising=False)
    for name in (*_codings.CODING_LIBRARIES["br"], *_codings.CODING_LIBRARIES["zstd"]):
        monkeypatch.setitem(sys.modules, name, None)
    try:
        assert accept_encoding() == "gzip, deflate"
        assert type(make_decoder(["br"])) is IdentityDecoder
        with pytest.raises(ImportError, match=r"cyhttpx\[brotli\]"):
            BrotliDecoder()
        with pytest.raises(ImportError, match=r"cyhttpx\[zstd\]"):
            ZStandardDecoder()
    finally:
        monkeypatch.undo()
        vars(_decoders).pop("SUPPORTED_DECODERS", None)
    assert accept_encoding() == "gzip, deflate, br, zstd"


def test_a_coding_can_be_taken_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(_decoders.SUPPORTED_DECODERS, "br")
    assert accept_encoding() == "gzip, deflate, zstd"
    assert type(make_decoder(["br"])) is IdentityDecoder


def test_asking_what_is_installed_imports_nothing() -> None:
    import subprocess

    script = (
        "import sys\n"
        "from cyhttpx import _decoders\n"
        "assert _decoders.accept_encoding() == 'gzip, deflate, br, zstd'\n"
        "loaded = {'brotli', 'brotlicffi', 'zstandard', 'isal', 'zlib_ng', 'backports.zstd'} & set(sys.modules)\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": ":".join(sys.path)}, check=False)
    assert done.returncode == 0


def test_is_installed() -> None:
    assert _codings.is_installed("zlib")
    assert _codings.is_installed("json.decoder")
    for name in ("no_such_module", "json.no_such_module", "no_such.module", "zlib.module"):
        assert not _codings.is_installed(name)


def test_the_slower_zlib_is_taken_when_the_faster_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_inflate, "_backend", None)
    assert _inflate.inflate_backend().name == INFLATERS[0]
    monkeypatch.setattr(_inflate, "_backend", None)
    for name in ("isal.isal_zlib", "zlib_ng.zlib_ng"):
        monkeypatch.setitem(sys.modules, name, None)
    assert _inflate.inflate_backend().name == "zlib"
    assert run(GZipDecoder(), [compress_gzip(b"hello")]) == b"hello"
    monkeypatch.setattr(_inflate, "_backend", None)
    monkeypatch.setattr(_inflate, "INFLATE_LIBRARIES", ("no_such_module",))
    with pytest.raises(ImportError):
        GZipDecoder()


def test_a_brotli_without_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    # brotli before 1.2: no output_buffer_limit
    class Old:
        def __init__(self) -> None:
            self._inner = import_module(BROTLIS[0]).Decompressor()
            self.is_finished = self._inner.is_finished

        def process(self, data: bytes) -> bytes:
            return bytes(self._inner.process(data))

    library = SimpleNamespace(Decompressor=Old, error=import_module(BROTLIS[0]).error)
    monkeypatch.setattr(_codings, "_load_library", lambda coding: library)
    plain = bytes(3 * MAX_STEP + 5)
    assert run_steps(BrotliDecoder(), pieces(compress_br(plain), 10)) == plain
    with pytest.raises(DecodingError):
        run(BrotliDecoder(), [b"not brotli at all"])


# Chunks, text, lines


@few
@given(parts=st.lists(st.binary(max_size=50)), size=st.one_of(st.none(), st.integers(1, 60)))
def test_byte_chunker_as_httpx(parts: list[bytes], size: int | None) -> None:
    ours, theirs = ByteChunker(size), oracle.ByteChunker(size)
    for part in parts:
        assert ours.decode(part) == theirs.decode(part)
    assert ours.flush() == theirs.flush()


@few
@given(parts=st.lists(st.text(max_size=50)), size=st.one_of(st.none(), st.integers(1, 60)))
def test_text_chunker_as_httpx(parts: list[str], size: int | None) -> None:
    ours, theirs = TextChunker(chunk_size=size), oracle.TextChunker(chunk_size=size)
    for part in parts:
        assert ours.decode(part) == theirs.decode(part)
    assert ours.flush() == theirs.flush()


def test_chunks_have_a_size() -> None:
    for size in (0, -1):
        with pytest.raises(ValueError, match="chunk_size"):
            ByteChunker(size)


@few
@given(
    data=st.binary(max_size=200),
    cuts=st.lists(st.integers(0, 200), max_size=4),
    encoding=st.sampled_from(["utf-8", "utf-16-be", "shift_jis", "ascii", "gb18030"]),
)
def test_text_decoder_as_httpx(data: bytes, cuts: list[int], encoding: str) -> None:
    ours, theirs = TextDecoder(encoding), oracle.TextDecoder(encoding)
    for part in pieces(data, *cuts):
        assert ours.decode(part) == theirs.decode(part)
    assert ours.flush() == theirs.flush()


@few
@given(data=st.binary(max_size=40), cuts=st.lists(st.integers(0, 40), max_size=4))
@pytest.mark.parametrize(
    ("encoding", "marks"), [("UTF-16", (b"\xff\xfe", b"\xfe\xff")), ("utf_32", (b"\xff\xfe\0\0", b"\0\0\xfe\xff"))]
)
def test_text_without_a_byte_order_mark(
    encoding: str, marks: tuple[bytes, bytes], data: bytes, cuts: list[int]
) -> None:
    for content in (data, *(mark + data for mark in marks)):
        decoder = TextDecoder(encoding)
        text = "".join([*map(decoder.decode, pieces(content, *cuts)), decoder.flush()])
        name = encoding if content.startswith(marks) else f"{encoding}-le"
        assert text == content.decode(name, errors="replace")


def test_text_decoder_errors() -> None:
    decoder = TextDecoder()
    assert decoder.decode(b"\xe2\x82") + decoder.decode(b"\xac \xff \xe2") + decoder.flush() == "\u20ac \ufffd \ufffd"
    for name in ("no-such-codec", "base64", "rot13", "zlib", "idna", "punycode", "undefined"):
        with pytest.raises(LookupError):
            TextDecoder(name)


line_text = st.text(alphabet="ab\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029", max_size=12)


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(line_text, max_size=8))
def test_line_decoder_as_splitlines_and_httpx(parts: list[str]) -> None:
    ours, theirs = LineDecoder(), oracle.LineDecoder()
    lines: list[str] = []
    for part in parts:
        got = ours.decode(part)
        assert got == theirs.decode(part)
        lines += got
    rest = ours.flush()
    assert rest == theirs.flush()
    assert lines + rest == "".join(parts).splitlines()


def test_line_decoder_is_linear() -> None:
    def act(count: int) -> None:
        decoder = LineDecoder()
        for _ in range(count):
            assert decoder.decode("some text ") == []
        assert decoder.decode("\n" * 10) == ["some text " * count, *[""] * 9]

    small = min(seconds(lambda: act(20_000)) for _ in range(2))
    assert seconds(lambda: act(200_000)) < 40 * small + 0.2
