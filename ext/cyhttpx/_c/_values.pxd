"""What the values of framing and connection fields mean."""

from libc.stdint cimport int64_t


cdef bint has_option(bytes value, bytes option)
cdef int keep_alive_seconds(const char* value, Py_ssize_t size) except? -2
cdef int64_t read_length(const char* value, Py_ssize_t size, int64_t known) except? -1
cdef bint ends_chunked(list lines) except -1
