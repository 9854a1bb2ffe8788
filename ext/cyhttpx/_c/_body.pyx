"""Reading a response body: by length, by chunks, until close (RFC 9112 §6, §7.1).

The decoded bytes gather in one bytes object under construction. For a body of known length whose whole is wanted it has the final size
from the start, and the stream receives straight into it: one copy, kernel to user.

What doesn't live here: which framing a message has, and what an early end of file means (`http1`).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport int64_t, uint64_t
from libc.string cimport memchr, memcpy

from cyhttpx._c._head cimport Section
from cyhttpx._c._scan cimport cyhx_hex, cyhx_is_value, cyhx_ows

from cyhttpx._exceptions import RemoteProtocolError
from cyhttpx import _wire

cdef extern from "Python.h":
    int _PyBytes_Resize(PyObject** content, Py_ssize_t size) except -1

# What a length alone may make us allocate: a peer can name any. Beyond it the object doubles as the bytes come.
cdef Py_ssize_t TRUSTED_SIZE = 1024 * 1024
cdef Py_ssize_t READ_SIZE = _wire.READ_SIZE


cdef class Body:
    def __cinit__(self, Py_ssize_t max_chunk_line, Section trailers):
        self.max_chunk_line = max_chunk_line
        self.trailers = trailers
        self.begin(BODY_COMPLETE, 0)

    cdef void begin(self, int state, int64_t length) noexcept:
        """Start the body of the next message; what of the last one was not taken is dropped."""
        self.state = state
        self.remaining = length
        self.received = 0
        self.line = b""
        self.content = None
        self.size = 0
        if state == BODY_NONE or (state == BODY_LENGTH and length == 0):
            self.state = BODY_COMPLETE

    cdef Py_ssize_t feed(self, const char* data, Py_ssize_t size) except -1:
        cdef Py_ssize_t taken
        if self.state == BODY_LENGTH:
            taken = size if size < self.remaining else <Py_ssize_t>self.remaining
            self.append(data, taken, 0 if not self.wants_whole else <Py_ssize_t>min(self.remaining - taken, TRUSTED_SIZE))
            self.remaining -= taken
            if self.remaining == 0:
                self.state = BODY_COMPLETE
            return taken
        if self.state == BODY_UNTIL_CLOSE:
            self.append(data, size, 0)
            return size
        if self.state == BODY_COMPLETE:
            return 0
        return self.feed_chunked(data, size)

    cdef Py_ssize_t feed_chunked(self, const char* data, Py_ssize_t size) except -1:
        cdef Py_ssize_t at = 0
        cdef Py_ssize_t step
        while at < size and self.state != BODY_COMPLETE:
            if self.state == BODY_CHUNK_SIZE:
                at += self.feed_chunk_size(data + at, size - at)
            elif self.state == BODY_CHUNK_DATA:
                step = size - at if size - at < self.remaining else <Py_ssize_t>self.remaining
                # The rest of this read is the most that it can still decode to: room is made once a read.
                self.append(data + at, step, size - at - step)
                self.remaining -= step
                at += step
                if self.remaining == 0:
                    self.state = BODY_CHUNK_END
            elif self.state == BODY_CHUNK_END:
                at += self.feed_chunk_end(data + at, size - at)
            else:
                step = self.trailers.feed(data + at, size - at)
                if step < 0:
                    return size
                at += step
                self.state = BODY_COMPLETE
        return at

    cdef Py_ssize_t feed_chunk_size(self, const char* data, Py_ssize_t size) except -1:
        cdef const char* found = <const char*>memchr(data, 10, <size_t>size)
        cdef Py_ssize_t taken = size if found == NULL else found - data + 1
        cdef Py_ssize_t before = PyBytes_GET_SIZE(self.line)
        cdef const char* line = data
        cdef Py_ssize_t line_size = taken
        cdef const char* cr
        if before:
            self.line = self.line + PyBytes_FromStringAndSize(data, taken)
            line = PyBytes_AS_STRING(self.line)
            line_size = PyBytes_GET_SIZE(self.line)
        if found != NULL:
            if line_size < 2 or line[line_size - 2] != 13:
                raise RemoteProtocolError("a chunk-size line ends with a bare LF")
            self.read_chunk_size(line, line_size - 2)
            self.line = b""
            return taken
        cr = <const char*>memchr(line, 13, <size_t>line_size)
        if cr != NULL and cr != line + line_size - 1:
            raise RemoteProtocolError("a bare CR in a chunk-size line")
        if line_size - (1 if cr != NULL else 0) > self.max_chunk_line:
            raise RemoteProtocolError(f"a chunk-size line is longer than {self.max_chunk_line} bytes")
        if not before:
            self.line = PyBytes_FromStringAndSize(data, taken)
        return taken

    cdef int read_chunk_size(self, const char* line, Py_ssize_t size) except -1:
        """`1*HEXDIG`, optional white space, optional extension (skipped), without the CRLF."""
        cdef uint64_t value = 0
        cdef Py_ssize_t i = 0
        cdef int significant = 0
        cdef int digit
        if size > self.max_chunk_line:
            raise RemoteProtocolError(f"a chunk-size line is longer than {self.max_chunk_line} bytes")
        while i < size:
            digit = cyhx_hex(line[i])
            if digit < 0:
                break
            if significant or digit:
                significant += 1
            # 16 hex digits fill 64 bits exactly: the 17th is refused before it could shift one out.
            if significant > 16:
                raise RemoteProtocolError("a chunk size of more than 16 hexadecimal digits")
            value = (value << 4) | <uint64_t>digit
            i += 1
        if i == 0 or value > 0x7FFFFFFFFFFFFFFFULL:
            raise RemoteProtocolError(f"illegal chunk size: {PyBytes_FromStringAndSize(line, min(size, 40))!r}")
        while i < size and cyhx_ows(line[i]):
            i += 1
        if i < size and (line[i] != 59 or not cyhx_is_value(line + i, size - i)):
            raise RemoteProtocolError(f"illegal chunk-size line: {PyBytes_FromStringAndSize(line, min(size, 40))!r}")
        self.remaining = <int64_t>value
        if value:
            self.state = BODY_CHUNK_DATA
        else:
            self.state = BODY_TRAILERS
            self.trailers.reset()
        return 0

    cdef Py_ssize_t feed_chunk_end(self, const char* data, Py_ssize_t size) except -1:
        """CRLF behind the data of a chunk, and nothing else: anything else is a length that lied."""
        if PyBytes_GET_SIZE(self.line) == 0:
            if data[0] != 13:
                raise RemoteProtocolError("a chunk is longer than its size")
            if size == 1:
                self.line = b"\r"
                return 1
            data += 1
        if data[0] != 10:
            raise RemoteProtocolError("a chunk is longer than its size")
        size = 2 - PyBytes_GET_SIZE(self.line)
        self.line = b""
        self.state = BODY_CHUNK_SIZE
        return size

    cdef char* direct_room(self, Py_ssize_t* room) except? NULL:
        """Where the stream may receive body bytes straight into, or NULL when the next bytes must be looked at first."""
        cdef Py_ssize_t wanted
        if self.state == BODY_LENGTH or (self.state == BODY_CHUNK_DATA and self.remaining >= READ_SIZE):
            # Streams hand on what one read brought; a whole body wants its final object.
            wanted = <Py_ssize_t>min(self.remaining, TRUSTED_SIZE if self.wants_whole else READ_SIZE)
        elif self.state == BODY_UNTIL_CLOSE:
            wanted = READ_SIZE
        else:
            return NULL
        if self.content is None or PyBytes_GET_SIZE(self.content) == self.size:
            self.make_room(wanted)
        room[0] = PyBytes_GET_SIZE(self.content) - self.size
        if self.state != BODY_UNTIL_CLOSE and room[0] > self.remaining:
            room[0] = <Py_ssize_t>self.remaining
        return PyBytes_AS_STRING(self.content) + self.size

    cdef void direct_received(self, Py_ssize_t size) noexcept:
        self.size += size
        self.received += size
        if self.state == BODY_UNTIL_CLOSE:
            return
        self.remaining -= size
        if self.remaining == 0:
            self.state = BODY_COMPLETE if self.state == BODY_LENGTH else BODY_CHUNK_END

    cdef bytes take(self):
        """All decoded bytes so far, as one object; the next ones start a new one."""
        cdef PyObject* content
        if self.size == 0 or self.content is None:
            return b""
        taken = self.content
        self.content = None
        if PyBytes_GET_SIZE(taken) != self.size:
            # Nobody else has seen the object yet, so it may be cut to size in place.
            content = <PyObject*>taken
            Py_INCREF(taken)
            taken = None
            _PyBytes_Resize(&content, self.size)
            taken = <object>content
            Py_DECREF(taken)
        self.size = 0
        return <bytes>taken

    cdef int append(self, const char* data, Py_ssize_t size, Py_ssize_t more) except -1:
        """Copy decoded bytes in; `more` is how many are likely to follow soon."""
        if size == 0:
            return 0
        if self.content is None or PyBytes_GET_SIZE(self.content) - self.size < size:
            self.make_room(size + more)
        memcpy(PyBytes_AS_STRING(self.content) + self.size, data, size)
        self.size += size
        self.received += size
        return 0

    cdef int make_room(self, Py_ssize_t wanted) except -1:
        """Room for `wanted` bytes more; a growing object at least doubles, so that the copying stays linear."""
        cdef PyObject* content
        if self.content is None:
            self.content = PyBytes_FromStringAndSize(NULL, wanted)
            return 0
        if wanted < self.size:
            wanted = self.size
            if self.state == BODY_LENGTH and wanted > self.remaining:
                wanted = <Py_ssize_t>self.remaining
        grown = self.content
        self.content = None
        content = <PyObject*>grown
        Py_INCREF(grown)
        grown = None
        _PyBytes_Resize(&content, self.size + wanted)
        self.content = <object>content
        Py_DECREF(self.content)
        return 0
