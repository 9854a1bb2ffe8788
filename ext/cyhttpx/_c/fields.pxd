"""What the short way reads and writes of ordinary Python classes: their hot attributes, as C members."""

cdef extern from *:
    """
    /* cls.__new__(cls), without looking it up. `no_arguments` is the empty tuple. */
    static inline PyObject *cyhx_new(PyObject *cls, PyObject *no_arguments) {
        return ((PyTypeObject *)cls)->tp_new((PyTypeObject *)cls, no_arguments, NULL);
    }
    """
    object cyhx_new(object cls, object no_arguments)


cdef inline object new_instance(object cls):
    return cyhx_new(cls, ())


cdef class ClientFields:
    cdef public object _auth
    cdef public object _state
    cdef public object _mounts
    cdef public dict _event_hooks
    cdef object transport
    cdef public object _has_params
    cdef public object _cookies
    cdef public object _headers
    cdef public object _timeout
    cdef public object follow_redirects
    cdef public object _marks_responses
    cdef public object _logger
    cdef public object _json_dumps


cdef class RequestFields:
    cdef public object method
    cdef public object url
    cdef public object headers
    cdef public object _timeout
    cdef public object _content
    cdef public object _extensions


cdef class ResponseFields:
    cdef public object status_code
    cdef public object headers
    cdef public object _request
    cdef public object _content
    cdef public object _coded
    cdef public object _seconds
    cdef public bint is_closed
    cdef public bint is_stream_consumed
    cdef public Py_ssize_t _num_bytes_downloaded
    cdef public object _history
    cdef public object _extensions
    # What `extensions` is made from when someone looks.
    cdef public object _http_version
    cdef public object _reason
    cdef public object _network_stream
    cdef public object _trailers
