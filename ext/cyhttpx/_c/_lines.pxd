"""The lines of a request: checked, and written."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.string cimport memcpy


cdef inline char* put(char* write, bytes part) noexcept:
    memcpy(write, PyBytes_AS_STRING(part), PyBytes_GET_SIZE(part))
    return write + PyBytes_GET_SIZE(part)


cdef int check_request_line(bytes method, bytes target) except -1
cdef Py_ssize_t check_pair(bytes name, bytes value) except -1
cdef bytes plain_lines(list pairs)
