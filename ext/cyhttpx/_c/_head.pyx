"""Reading the lines of a response head or trailer section (RFC 9112 §4, §5, §7.1.2).

Strict where a peer could be misunderstood (names, control characters, bare CR), lenient where nobody can (bare LF, obs-fold, reason).
Each byte is looked at once however the reads split it. A line that cannot become right is refused before its end has come:
whoever waits for the rest of it might wait for ever.

What doesn't live here: what the fields mean (`http1`).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from libc.stdint cimport uint32_t
from libc.stdlib cimport free, realloc
from libc.string cimport memchr, memcpy

from cyhttpx._c._scan cimport cyhx_is_value, cyhx_ows, cyhx_token
from cyhttpx._c.headers cimport Field, Headers, headers_from_wire

from cyhttpx._exceptions import RemoteProtocolError
from cyhttpx._wire import MAX_LEADING_EMPTY_LINES

cdef Py_ssize_t EMPTY_LINES = MAX_LEADING_EMPTY_LINES


cdef str shown(const char* data, Py_ssize_t size):
    """A peer's bytes for an error text: bounded, and escaped as a literal is."""
    return repr(PyBytes_FromStringAndSize(data, min(size, 100)))[1:]


cdef object wrong_start(const char* data, Py_ssize_t size):
    """The error for bytes that are no HTTP/1 status line, naming what they look like."""
    cdef bytes start = PyBytes_FromStringAndSize(data, min(size, 24))
    if start[:1] in (b"\x15", b"\x16") and start[1:2] in (b"", b"\x03"):
        hint = "the peer speaks TLS: is this an https:// URL?"
    elif start.startswith((b"HTTP/2", b"PRI", b"\x00\x00")):
        hint = "the peer speaks HTTP/2"
    elif start.startswith(b"ICY"):
        hint = "a SHOUTcast answer, not HTTP"
    else:
        hint = "not an HTTP/1 response"
    return RemoteProtocolError(f"illegal status line: {shown(data, size)} ({hint})")


cdef class Section:
    def __cinit__(self, Py_ssize_t max_line, Py_ssize_t max_size, Py_ssize_t max_headers, bint is_trailer):
        self.max_line = max_line
        self.max_size = max_size
        self.max_headers = max_headers
        self.is_trailer = is_trailer
        self.reset()

    def __dealloc__(self):
        free(self.fields)
        free(self.kept)

    cdef void reset(self) noexcept:
        """Begin the next section; keeps no memory of the last one."""
        self.line_start = 0
        self.searched = 0
        self.line_count = 0
        self.empty_lines = 0
        self.head_start = 0
        self.has_status_line = self.is_trailer
        self.has_fold = False
        self.field_count = 0
        self.kept_size = 0
        self.content = None
        if self.kept_room:
            free(self.kept)
            self.kept = NULL
            self.kept_room = 0

    cdef bint is_empty(self) noexcept:
        """Whether not one byte of the section has come."""
        return self.kept_size == 0 and self.empty_lines == 0

    cdef Py_ssize_t feed(self, const char* data, Py_ssize_t size) except -2:
        cdef Py_ssize_t before = self.kept_size
        cdef Py_ssize_t end
        if before == 0:
            end = self.scan(data, size)
            if end < 0:
                # Leading empty lines are not kept: they are read, and count for nothing but their limit.
                self.keep(data, size)
            return end
        self.keep(data, size)
        end = self.scan(self.kept, self.kept_size)
        return end if end < 0 else end - before

    cdef Py_ssize_t scan(self, const char* base, Py_ssize_t size) except -2:
        """Read the lines that are whole. Return the section's size when its blank line has come, else -1."""
        cdef const char* found
        cdef Py_ssize_t end
        cdef Py_ssize_t next_line
        while True:
            found = <const char*>memchr(
                base + self.line_start + self.searched, 10, <size_t>(size - self.line_start - self.searched)
            )
            if found == NULL:
                self.check_partial(base, size)
                self.searched = size - self.line_start
                return -1
            end = found - base
            next_line = end + 1
            if end > self.line_start and base[end - 1] == 13:
                end -= 1
            if end - self.line_start > self.max_line:
                raise RemoteProtocolError(f"a line of the head is longer than {self.max_line} bytes")
            if not self.has_status_line:
                # Empty lines in front don't count.
                self.head_start = self.line_start
            if next_line - self.head_start > self.max_size:
                raise RemoteProtocolError(f"the head is larger than {self.max_size} bytes")
            if self.read_line(base, self.line_start, end):
                self.complete(base, next_line)
                return next_line
            self.line_start = next_line
            self.searched = 0

    cdef bint read_line(self, const char* base, Py_ssize_t start, Py_ssize_t end) except -1:
        """Read one line without its end; True if it is the blank line that ends the section."""
        if not self.has_status_line:
            if start == end:
                self.empty_lines += 1
                if self.empty_lines > EMPTY_LINES:
                    raise RemoteProtocolError("too many empty lines before the status line")
            else:
                self.read_status_line(base, start, end)
            return False
        if start == end:
            return True
        self.line_count += 1
        if self.line_count > self.max_headers:
            raise RemoteProtocolError(f"more than {self.max_headers} header lines")
        if cyhx_ows(base[start]):
            self.read_fold(base, start, end)
        else:
            self.read_field(base, start, end)
        return False

    cdef int read_status_line(self, const char* base, Py_ssize_t start, Py_ssize_t end) except -1:
        """`HTTP/1.` DIGIT SP 3DIGIT, then nothing or SP and a reason (RFC 9112 §4)."""
        cdef const char* line = base + start
        cdef Py_ssize_t size = end - start
        cdef Py_ssize_t i
        if size < 12 or not starts_right(line, size) or not (48 <= line[7] <= 57) or line[8] != 32:
            raise wrong_start(line, size)
        self.status_code = 0
        for i in range(9, 12):
            if not 48 <= line[i] <= 57:
                raise wrong_start(line, size)
            self.status_code = self.status_code * 10 + (line[i] - 48)
        if self.status_code < 100 or (size > 12 and line[12] != 32) or not cyhx_is_value(line + 12, size - 12):
            raise wrong_start(line, size)
        self.is_http10 = line[7] == 48
        self.reason_start = start + min(13, size)
        self.reason_size = end - self.reason_start
        self.has_status_line = True
        return 0

    cdef int read_field(self, const char* base, Py_ssize_t start, Py_ssize_t end) except -1:
        """`token ":" OWS value OWS` (RFC 9112 §5.1: no space before the colon)."""
        cdef Py_ssize_t name_size = cyhx_token(base + start, end - start)
        cdef Py_ssize_t value = start + name_size + 1
        cdef Field* field
        if name_size == 0 or value > end or base[value - 1] != 58:
            raise RemoteProtocolError(f"illegal header line: {shown(base + start, end - start)}")
        while value < end and cyhx_ows(base[value]):
            value += 1
        while end > value and cyhx_ows(base[end - 1]):
            end -= 1
        if not cyhx_is_value(base + value, end - value):
            raise RemoteProtocolError(f"illegal header value: {shown(base + start, end - start)}")
        self.add_field()
        field = &self.fields[self.field_count - 1]
        field.name = <uint32_t>start
        field.name_size = <uint32_t>name_size
        field.value = <uint32_t>value
        field.value_size = <uint32_t>(end - value)
        return 0

    cdef int read_fold(self, const char* base, Py_ssize_t start, Py_ssize_t end) except -1:
        """A line that continues the one before (obs-fold): the value reaches to its end; `unfold` puts the SP in."""
        cdef Field* field
        if self.field_count == 0:
            raise RemoteProtocolError("a folded line before the first header")
        if not cyhx_is_value(base + start, end - start):
            raise RemoteProtocolError(f"illegal header value: {shown(base + start, end - start)}")
        field = &self.fields[self.field_count - 1]
        field.value_size = <uint32_t>(end - field.value)
        self.has_fold = True
        return 0

    cdef int check_partial(self, const char* base, Py_ssize_t size) except -1:
        """Refuse what no further byte can mend in the line under way."""
        cdef const char* line = base + self.line_start
        cdef Py_ssize_t line_size = size - self.line_start
        cdef const char* cr
        if line_size == 0:
            return 0
        cr = <const char*>memchr(line + self.searched, 13, <size_t>(line_size - self.searched))
        if self.searched and line[self.searched - 1] == 13:
            cr = line + self.searched - 1
        if cr != NULL and cr != line + line_size - 1:
            raise RemoteProtocolError(f"a bare CR in the head: {shown(line, line_size)}")
        if line_size - (1 if cr != NULL else 0) > self.max_line:
            raise RemoteProtocolError(f"a line of the head is longer than {self.max_line} bytes")
        if size - (self.head_start if self.has_status_line else self.line_start) > self.max_size:
            raise RemoteProtocolError(f"the head is larger than {self.max_size} bytes")
        if not self.has_status_line and line[0] != 13 and not starts_right(line, line_size):
            raise wrong_start(line, line_size)
        return 0

    cdef int complete(self, const char* base, Py_ssize_t size) except -1:
        """All lines are in: the section becomes one bytes object, folds become spaces."""
        self.content = PyBytes_FromStringAndSize(base, size)
        if self.has_fold:
            self.unfold()
        return 0

    cdef int unfold(self) except -1:
        """Rewrite every `OWS CRLF 1*(SP / HTAB)` inside a value to one SP, in the section's own copy (RFC 9112 §5.2)."""
        cdef char* base = PyBytes_AS_STRING(self.content)
        cdef Field* field
        cdef Py_ssize_t i
        cdef char* read
        cdef char* end
        cdef char* write
        cdef char* floor
        for i in range(self.field_count):
            field = &self.fields[i]
            read = base + field.value
            end = read + field.value_size
            write = floor = read
            while read < end:
                if read[0] != 10 and read[0] != 13:
                    write[0] = read[0]
                    write += 1
                    read += 1
                    continue
                while write > floor and cyhx_ows((write - 1)[0]):
                    write -= 1
                while read < end and (read[0] == 13 or read[0] == 10):
                    read += 1
                while read < end and cyhx_ows(read[0]):
                    read += 1
                write[0] = 32
                write += 1
                floor = write
            read = base + field.value
            while read < write and cyhx_ows(read[0]):
                read += 1
            while write > read and cyhx_ows((write - 1)[0]):
                write -= 1
            field.value = <uint32_t>(read - base)
            field.value_size = <uint32_t>(write - read)
        return 0

    cdef Headers take_headers(self):
        """Hand over the fields; the section is to be reset next."""
        cdef Headers headers = headers_from_wire(self.content, self.fields, self.field_count)
        self.fields = NULL
        self.field_room = 0
        self.field_count = 0
        return headers

    cdef list take_pairs(self):
        cdef Headers headers = self.take_headers()
        return headers.raw

    cdef int add_field(self) except -1:
        cdef Field* grown
        if self.field_count == self.field_room:
            self.field_room = self.field_room * 2 if self.field_room else 16
            grown = <Field*>realloc(self.fields, self.field_room * sizeof(Field))
            if grown == NULL:
                raise MemoryError
            self.fields = grown
        self.field_count += 1
        return 0

    cdef int keep(self, const char* data, Py_ssize_t size) except -1:
        cdef char* grown
        cdef Py_ssize_t wanted = self.kept_size + size
        if wanted > self.kept_room:
            wanted = max(wanted, 2 * self.kept_room, 512)
            grown = <char*>realloc(self.kept, wanted)
            if grown == NULL:
                raise MemoryError
            self.kept = grown
            self.kept_room = wanted
        memcpy(self.kept + self.kept_size, data, size)
        self.kept_size += size
        return 0


cdef inline bint starts_right(const char* line, Py_ssize_t size) noexcept:
    """Whether `line` can still become a status line: a prefix of, or more than, `HTTP/1.`."""
    cdef const char* wanted = b"HTTP/1."
    cdef Py_ssize_t i
    for i in range(min(size, 7)):
        if line[i] != wanted[i]:
            return False
    return True
