"""The lines of a request (RFC 9112 §3, RFC 9110 §5.5): what is refused is refused before a byte is written.

What doesn't live here: what the fields say of the request's body and connection (`http1`).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE

from cyhttpx._c._scan cimport cyhx_is_value, cyhx_ows, cyhx_token

from cyhttpx._exceptions import LocalProtocolError


cdef int check_request_line(bytes method, bytes target) except -1:
    cdef const char* p = PyBytes_AS_STRING(target)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(method)
    cdef Py_ssize_t i
    if size == 0 or cyhx_token(PyBytes_AS_STRING(method), size) != size:
        raise LocalProtocolError(f"Illegal method characters: {method[:100]!r}")
    if PyBytes_GET_SIZE(target) == 0:
        raise LocalProtocolError("Illegal target characters: the target is empty")
    for i in range(PyBytes_GET_SIZE(target)):
        if <unsigned char>p[i] <= 32 or <unsigned char>p[i] >= 127:
            raise LocalProtocolError(f"Illegal target characters: {target[:100]!r}")
    return 0


cdef Py_ssize_t check_pair(bytes name, bytes value) except -1:
    """Check a request header; return the bytes its line takes."""
    cdef const char* p = PyBytes_AS_STRING(value)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(value)
    cdef Py_ssize_t name_size = PyBytes_GET_SIZE(name)
    if name_size == 0 or cyhx_token(PyBytes_AS_STRING(name), name_size) != name_size:
        raise LocalProtocolError(f"Illegal header name {name[:100]!r}")
    if size and (cyhx_ows(p[0]) or cyhx_ows(p[size - 1]) or not cyhx_is_value(p, size)):
        raise LocalProtocolError(f"Illegal header value {value[:100]!r}")
    return name_size + size + 4


cdef bytes plain_lines(list pairs):
    """The lines of headers that say nothing about framing or the connection, checked; None if one of them does, or is illegal."""
    cdef list lines = []
    cdef tuple pair
    cdef bytes name
    for pair in pairs:
        name = <bytes>pair[1]
        if name == b"connection":
            if <bytes>pair[2] != b"keep-alive":
                return None
        elif name in (b"host", b"content-length", b"transfer-encoding", b"upgrade"):
            return None
        try:
            check_pair(<bytes>pair[0], <bytes>pair[2])
        except LocalProtocolError:
            return None
        lines.append(b"%b: %b\r\n" % (pair[0], pair[2]))
    return b"".join(lines)
