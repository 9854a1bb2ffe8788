"""What the values of framing and connection fields mean (RFC 9112 §6, §9; RFC 9110 §8.6): strict, for two readers must not differ."""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t

from cyhttpx._c._scan cimport cyhx_ows, cyhx_token, decimal

from cyhttpx._exceptions import RemoteProtocolError


cdef bint has_option(bytes value, bytes option):
    """Whether a Connection value names the option: a list of tokens, case-insensitive (RFC 9110 §7.6.1)."""
    cdef bytes folded = value.lower()
    if folded == option:
        return True
    return b"," in folded and option in [part.strip(b" \t") for part in folded.split(b",")]


cdef int keep_alive_seconds(const char* value, Py_ssize_t size) except? -2:
    """`timeout=N` of a Keep-Alive field, -1 if there is none."""
    cdef bytes text = PyBytes_FromStringAndSize(value, size)
    cdef bytes part
    cdef int64_t seconds
    for part in text.lower().split(b","):
        part = part.strip(b" \t")
        if part.startswith(b"timeout="):
            part = part[8:]
            if not part.isdigit():
                return -1
            seconds = decimal(PyBytes_AS_STRING(part), PyBytes_GET_SIZE(part))
            return <int>seconds if 0 <= seconds < 0x7FFFFFFF else 0x7FFFFFFF
    return -1


cdef int64_t read_length(const char* value, Py_ssize_t size, int64_t known) except? -1:
    """A Content-Length line: equal values, one or a list of them, also equal to the `known` one of an earlier line (RFC 9110 §8.6)."""
    cdef Py_ssize_t start = 0
    cdef Py_ssize_t end
    cdef Py_ssize_t first
    cdef Py_ssize_t last
    cdef int64_t length
    while start <= size:
        end = start
        while end < size and value[end] != 44:
            end += 1
        first = start
        last = end
        while first < last and cyhx_ows(value[first]):
            first += 1
        while last > first and cyhx_ows(value[last - 1]):
            last -= 1
        length = decimal(value + first, last - first)
        if length < 0 or (known >= 0 and length != known):
            raise RemoteProtocolError(f"bad Content-Length: {PyBytes_FromStringAndSize(value, min(size, 100))!r}")
        known = length
        start = end + 1
    return known


cdef bint ends_chunked(list lines) except -1:
    """Whether the Transfer-Encoding lines frame the body by chunks; else it reaches until close (RFC 9112 §6.1, §6.3)."""
    cdef bytes coding
    cdef bytes line
    cdef list codings
    for line in lines:
        if line.lower() != b"chunked":
            break
    else:
        # The same line twice is a common mistake of proxies, and has one meaning only.
        return True
    codings = [coding.strip(b" \t") for coding in b",".join(lines).lower().split(b",")]
    for coding in codings:
        if not coding or cyhx_token(PyBytes_AS_STRING(coding), PyBytes_GET_SIZE(coding)) != PyBytes_GET_SIZE(coding):
            raise RemoteProtocolError(f"malformed Transfer-Encoding: {b', '.join(lines)[:100]!r}")
    return codings[len(codings) - 1] == b"chunked" and codings.count(b"chunked") == 1
