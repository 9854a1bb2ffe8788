"""What stands in front of h11: the strict reading of heads, trailers and chunk framing (RFC 9112 §4, §5, §7.1).

h11 lets through some of what the wire policy refuses, refuses some of what it accepts, and looks at a line only when
its end has come. So these two read every byte of framing before h11 sees any. Each byte is looked at once, however the
reads split it. A line that cannot become right is refused before its end has come: whoever waits for the rest of it
might wait for ever.

What doesn't live here: what the fields mean (`_framing`), and the state of the exchange (`http1`).
"""

from __future__ import annotations

import re
from typing import Final

from .._exceptions import RemoteProtocolError
from .._wire import MAX_LEADING_EMPTY_LINES, MAX_LENGTH

__all__ = ["Chunks", "Section", "shown"]

OWS: Final = b" \t"
STARTS_RIGHT: Final = b"HTTP/1."

# Possessive, so that a refusal costs no more than an acceptance.
STATUS_LINE: Final = re.compile(rb"HTTP/1\.([0-9]) ([1-9][0-9]{2})(?: ([\t\x20-\x7e\x80-\xff]*+))?")
FIELD: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]++):([\t\x20-\x7e\x80-\xff]*+)")
VALUE: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*+")
CHUNK_LINE: Final = re.compile(rb"([0-9A-Fa-f]++)[ \t]*+(?:;[\t\x20-\x7e\x80-\xff]*+)?+\r\n")
HEX: Final = re.compile(rb"[0-9A-Fa-f]*+")
BLANKS: Final = re.compile(rb"[ \t]*+")

# What the next byte of a chunked body belongs to.
SIZE, BLANK, EXTENSION, SIZE_LF, DATA, DATA_CR, DATA_LF, TRAILERS, COMPLETE = range(9)


def shown(data: bytes | bytearray) -> str:
    """A peer's bytes for an error text: bounded, and escaped as a literal is."""
    return repr(bytes(data[:100]))[1:]


def wrong_start(line: bytes | bytearray) -> RemoteProtocolError:
    """The error for bytes that are no HTTP/1 status line, naming what they look like."""
    if line[:1] in (b"\x15", b"\x16") and line[1:2] in (b"", b"\x03"):
        hint = "the peer speaks TLS: is this an https:// URL?"
    elif line.startswith((b"HTTP/2", b"PRI", b"\x00\x00")):
        hint = "the peer speaks HTTP/2"
    elif line.startswith(b"ICY"):
        hint = "a SHOUTcast answer, not HTTP"
    else:
        hint = "not an HTTP/1 response"
    return RemoteProtocolError(f"illegal status line: {shown(line)} ({hint})")


class Section:
    """The lines of a response head or of a trailer section, gathered over any number of reads."""

    def __init__(self, max_line: int, max_size: int, max_headers: int, is_trailer: bool) -> None:
        self.max_line = max_line
        self.max_size = max_size
        self.max_headers = max_headers
        self.is_trailer = is_trailer
        self.reset()

    def reset(self) -> None:
        """Begin the next section; keeps nothing of the last one."""
        self.pairs: list[tuple[bytes, bytes]] = []
        self.status_code = 0
        self.is_http10 = False
        self.reason = b""
        self._has_status_line = self.is_trailer
        self._empty_lines = 0
        self._line_count = 0
        self._size = 0
        self._partial = bytearray()
        # The field whose value a folded line may still continue.
        self._name = b""
        self._values: list[bytes] = []

    @property
    def is_empty(self) -> bool:
        """Whether not one byte of the section has come."""
        return not (self._has_status_line or self._empty_lines or self._partial)

    def feed(self, data: bytes, at: int) -> int:
        """Read lines from `data[at:]`. Return where the section ends, or -1 when all was taken and more is needed."""
        while True:
            lf = data.find(b"\n", at)
            if lf < 0:
                self._hold(data, at)
                return -1
            line = data[at:lf]
            at = lf + 1
            if self._partial:
                line = bytes(self._partial) + line
                self._partial.clear()
            if self._ends_with(line):
                return at

    def _ends_with(self, line: bytes) -> bool:
        """Read one line, given without its LF; True if it is the blank line that ends the section."""
        size = len(line) + 1
        if line.endswith(b"\r"):
            line = line[:-1]
        if len(line) > self.max_line:
            raise RemoteProtocolError(f"a line of the head is longer than {self.max_line} bytes")
        if not line and not self._has_status_line:
            # Not of the head: empty lines before it have a limit of their own.
            self._empty_lines += 1
            if self._empty_lines > MAX_LEADING_EMPTY_LINES:
                raise RemoteProtocolError("too many empty lines before the status line")
            return False
        self._size += size
        if self._size > self.max_size:
            raise RemoteProtocolError(f"the head is larger than {self.max_size} bytes")
        if not line:
            self._end_field()
            return True
        if self._has_status_line:
            self._read_header_line(line)
        else:
            self._read_status_line(line)
        return False

    def _hold(self, data: bytes, at: int) -> None:
        """Keep the beginning of a line, unless no further byte can mend it."""
        partial = self._partial
        before = len(partial)
        partial += data[at:]
        if len(partial) == before:
            return
        # The CR that came last in an earlier read has to be looked at again: its LF is not here.
        cr = partial.find(b"\r", max(0, before - 1))
        if 0 <= cr < len(partial) - 1:
            raise RemoteProtocolError(f"a bare CR in the head: {shown(partial)}")
        if len(partial) - (cr >= 0) > self.max_line:
            raise RemoteProtocolError(f"a line of the head is longer than {self.max_line} bytes")
        if self._size + len(partial) > self.max_size:
            raise RemoteProtocolError(f"the head is larger than {self.max_size} bytes")
        if self._has_status_line or cr == 0 or before >= len(STARTS_RIGHT):
            return
        # A prefix of `HTTP/1.` may become a status line, nothing else may.
        if not STARTS_RIGHT.startswith(partial[: len(STARTS_RIGHT)]):
            raise wrong_start(partial)

    def _read_status_line(self, line: bytes) -> None:
        """`HTTP/1.` DIGIT SP 3DIGIT, then nothing or SP and a reason (RFC 9112 §4)."""
        match = STATUS_LINE.fullmatch(line)
        if match is None:
            raise wrong_start(line)
        self.is_http10 = match[1] == b"0"
        self.status_code = int(match[2])
        self.reason = match[3] or b""
        self._has_status_line = True

    def _read_header_line(self, line: bytes) -> None:
        """`token ":" OWS value OWS` (RFC 9112 §5.1: no space before the colon), or more of the value before."""
        self._line_count += 1
        if self._line_count > self.max_headers:
            raise RemoteProtocolError(f"more than {self.max_headers} header lines")
        if line[0] in OWS:
            if not self._name:
                raise RemoteProtocolError("a folded line before the first header")
            if VALUE.fullmatch(line) is None:
                raise RemoteProtocolError(f"illegal header value: {shown(line)}")
            self._values.append(line)
            return
        match = FIELD.fullmatch(line)
        if match is None:
            raise RemoteProtocolError(f"illegal header line: {shown(line)}")
        self._end_field()
        self._name = match[1]
        self._values.append(match[2])

    def _end_field(self) -> None:
        """The field under way is whole: each `OWS CRLF 1*(SP / HTAB)` in its value becomes one SP (RFC 9112 §5.2)."""
        if not self._name:
            return
        value = self._values[0]
        if len(self._values) > 1:
            # From the left: the blanks that begin a folded line belong to the fold before it, not to the one behind it.
            value = b" ".join([value.rstrip(OWS), *(line.lstrip(OWS).rstrip(OWS) for line in self._values[1:])])
        self.pairs.append((self._name, value.strip(OWS)))
        self._name = b""
        self._values.clear()


class Chunks:
    """The framing of a chunked body: sizes, line ends and extensions (RFC 9112 §7.1); hands on the data alone."""

    def __init__(self, max_line: int, trailers: Section) -> None:
        self.max_line = max_line
        self.trailers = trailers
        # Of the chunk-size line under way: its size so far, its digits that count, whether it has any.
        self._line_size = 0
        self._significant = b""
        self._has_size = False
        self.begin()

    def begin(self) -> None:
        """Begin the next body."""
        self._state = SIZE
        self._remaining = 0
        self._begin_line()
        self.trailers.reset()

    @property
    def is_complete(self) -> bool:
        return self._state == COMPLETE

    def feed(self, data: bytes, at: int, pieces: list[bytes]) -> int:
        """Read from `data[at:]`, appending chunk data to `pieces`. Return where the body ends, or `len(data)`."""
        end = len(data)
        while at < end and self._state != COMPLETE:
            if self._state == SIZE and not self._line_size:
                at = self._read_whole_chunks(data, at, pieces)
                if at == end:
                    break
            if self._state == DATA:
                step = min(end - at, self._remaining)
                pieces.append(data[at : at + step])
                self._remaining -= step
                at += step
                if not self._remaining:
                    self._state = DATA_CR
            elif self._state == TRAILERS:
                at = self.trailers.feed(data, at)
                if at < 0:
                    return end
                self._state = COMPLETE
            elif self._state in (DATA_CR, DATA_LF):
                if data[at] != (13 if self._state == DATA_CR else 10):
                    raise RemoteProtocolError("a chunk is longer than its size")
                self._state = DATA_LF if self._state == DATA_CR else SIZE
                at += 1
            else:
                at = self._read_part_of_line(data, at)
        return at

    def _read_whole_chunks(self, data: bytes, at: int, pieces: list[bytes]) -> int:
        """The usual case, and all of a flood of small chunks: lines and chunks that lie whole in this read."""
        match_line = CHUNK_LINE.match
        end = len(data)
        max_line = self.max_line
        while True:
            match = match_line(data, at)
            if match is None:
                return at
            begin = match.end()
            if begin - 2 - at > max_line:
                raise self._line_too_long()
            digits = match[1]
            size = int(digits, 16) if len(digits) < 16 else self._size_of(digits.lstrip(b"0"))
            if size == 0 or size > end - begin - 2:
                self._end_line(size)
                return begin
            at = begin + size + 2
            if data[at - 2] != 13 or data[at - 1] != 10:
                pieces.append(data[begin : at - 2])
                raise RemoteProtocolError("a chunk is longer than its size")
            pieces.append(data[begin : at - 2])

    def _read_part_of_line(self, data: bytes, at: int) -> int:
        """A chunk-size line that is split over reads, or that is wrong: one state after the other."""
        start = at
        if self._state == SIZE:
            at = self._matched(HEX, data, at)
            self._significant = (self._significant + data[start:at]).lstrip(b"0")
            self._has_size = self._has_size or at > start
            if len(self._significant) > 16:
                raise RemoteProtocolError("a chunk size of more than 16 hexadecimal digits")
        elif self._state == BLANK:
            at = self._matched(BLANKS, data, at)
        elif self._state == EXTENSION:
            at = self._matched(VALUE, data, at)
        elif data[at] != 10:
            raise RemoteProtocolError("a bare CR in a chunk-size line")
        else:
            self._end_line(self._size_of(self._significant))
            return at + 1
        self._line_size += at - start
        if self._line_size > self.max_line:
            raise self._line_too_long()
        if at < len(data):
            at = self._leave_part(data, at)
        return at

    def _leave_part(self, data: bytes, at: int) -> int:
        """The first byte that doesn't belong to the part of the line under way: which part begins?"""
        if not self._has_size:
            raise RemoteProtocolError(f"illegal chunk size: {shown(data[at : at + 40])}")
        byte = data[at]
        if byte == 13:
            self._state = SIZE_LF
            return at + 1
        if self._state == SIZE and byte in OWS:
            self._state = BLANK
        elif self._state != EXTENSION and byte == 59:
            self._state = EXTENSION
        elif byte == 10:
            raise RemoteProtocolError("a chunk-size line ends with a bare LF")
        else:
            raise RemoteProtocolError(f"illegal chunk-size line: {shown(data[at : at + 40])}")
        return at

    def _matched(self, pattern: re.Pattern[bytes], data: bytes, at: int) -> int:
        # No further than one byte beyond the limit: a line of any length is refused at the same cost.
        match = pattern.match(data, at, at + self.max_line - self._line_size + 1)
        assert match is not None, "the pattern matches nothing at all"
        return match.end()

    def _size_of(self, significant: bytes) -> int:
        if len(significant) > 16:
            raise RemoteProtocolError("a chunk size of more than 16 hexadecimal digits")
        size = int(significant or b"0", 16)
        if size > MAX_LENGTH:
            raise RemoteProtocolError(f"illegal chunk size: {shown(significant)}")
        return size

    def _line_too_long(self) -> RemoteProtocolError:
        return RemoteProtocolError(f"a chunk-size line is longer than {self.max_line} bytes")

    def _begin_line(self) -> None:
        self._line_size = 0
        self._significant = b""
        self._has_size = False

    def _end_line(self, size: int) -> None:
        self._remaining = size
        self._state = DATA if size else TRAILERS
        self._begin_line()
