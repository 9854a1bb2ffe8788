"""Body: the three framings of a response body (RFC 9112 §6.3), and the decoded bytes that nobody has taken yet."""

from libc.stdint cimport int64_t

from cyhttpx._c._head cimport Section


cdef enum:
    # What the next byte belongs to.
    BODY_NONE          # no body: complete at once
    BODY_LENGTH
    BODY_UNTIL_CLOSE
    BODY_CHUNK_SIZE
    BODY_CHUNK_DATA
    BODY_CHUNK_END     # the CRLF behind the data
    BODY_TRAILERS
    BODY_COMPLETE


cdef class Body:
    cdef int state
    cdef int64_t remaining           # bytes of a BODY_LENGTH body or of the chunk
    cdef Py_ssize_t received         # decoded so far, for error texts
    cdef Py_ssize_t max_chunk_line
    cdef Section trailers
    cdef bytes line                  # the part of a chunk-size line, or of the CRLF behind a chunk, that has come

    # The bytes under construction: `content` has room for more than `size`, or is None.
    cdef object content
    cdef Py_ssize_t size
    cdef bint wants_whole

    # Verbs. feed: bytes taken; fewer than given only when the body is complete.
    cdef void begin(self, int state, int64_t length) noexcept
    cdef Py_ssize_t feed(self, const char* data, Py_ssize_t size) except -1
    cdef char* direct_room(self, Py_ssize_t* room) except? NULL
    cdef void direct_received(self, Py_ssize_t size) noexcept
    cdef bytes take(self)

    cdef Py_ssize_t feed_chunked(self, const char* data, Py_ssize_t size) except -1
    cdef Py_ssize_t feed_chunk_size(self, const char* data, Py_ssize_t size) except -1
    cdef Py_ssize_t feed_chunk_end(self, const char* data, Py_ssize_t size) except -1
    cdef int read_chunk_size(self, const char* line, Py_ssize_t size) except -1
    cdef int append(self, const char* data, Py_ssize_t size, Py_ssize_t more) except -1
    cdef int make_room(self, Py_ssize_t wanted) except -1
