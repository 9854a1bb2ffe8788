"""Section: the lines of a response head or of a trailer section, gathered over any number of reads."""

from cyhttpx._c.headers cimport Field, Headers


cdef class Section:
    # What it may hold (docs/engine-contract.md, "limits").
    cdef Py_ssize_t max_line
    cdef Py_ssize_t max_size
    cdef Py_ssize_t max_headers
    cdef bint is_trailer

    # Lines read so far. Offsets count from the first byte of the section, be it in the caller's buffer or in `kept`.
    cdef Py_ssize_t line_start       # of the line under way
    cdef Py_ssize_t head_start       # of the status line, behind the empty ones
    cdef Py_ssize_t searched         # bytes of that line known to hold no LF
    cdef Py_ssize_t line_count       # header lines, folds included
    cdef Py_ssize_t empty_lines      # before the status line
    cdef bint has_status_line
    cdef bint has_fold
    cdef Field* fields
    cdef Py_ssize_t field_count
    cdef Py_ssize_t field_room

    # The bytes of a section that did not come in one read.
    cdef char* kept
    cdef Py_ssize_t kept_size
    cdef Py_ssize_t kept_room

    # Once complete.
    cdef bytes content
    cdef int status_code
    cdef bint is_http10
    cdef Py_ssize_t reason_start
    cdef Py_ssize_t reason_size

    # Verbs. feed: bytes taken from `data` when the section is complete, -1 when more is needed.
    cdef void reset(self) noexcept
    cdef bint is_empty(self) noexcept
    cdef Py_ssize_t feed(self, const char* data, Py_ssize_t size) except -2
    cdef Headers take_headers(self)
    cdef list take_pairs(self)

    cdef Py_ssize_t scan(self, const char* base, Py_ssize_t size) except -2
    cdef bint read_line(self, const char* base, Py_ssize_t start, Py_ssize_t end) except -1
    cdef int read_status_line(self, const char* base, Py_ssize_t start, Py_ssize_t end) except -1
    cdef int read_field(self, const char* base, Py_ssize_t start, Py_ssize_t end) except -1
    cdef int read_fold(self, const char* base, Py_ssize_t start, Py_ssize_t end) except -1
    cdef int check_partial(self, const char* base, Py_ssize_t size) except -1
    cdef int complete(self, const char* base, Py_ssize_t size) except -1
    cdef int unfold(self) except -1
    cdef int add_field(self) except -1
    cdef int keep(self, const char* data, Py_ssize_t size) except -1
