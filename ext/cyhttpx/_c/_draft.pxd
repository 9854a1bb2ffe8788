"""Making the usual request in compiled code: what `BaseClient.build_request` makes, for the arguments that most calls have."""

from cyhttpx._c.fields cimport ClientFields, RequestFields
from cyhttpx._c.headers cimport Headers


cdef class Draft:
    """A request, and what the core needs of it, already in the core's terms."""
    cdef RequestFields request
    cdef bytes method
    cdef bytes target
    cdef object origin_key
    cdef Headers headers
    cdef bytes body
    cdef object timeout


cdef Draft draft(
    ClientFields client, str method, object url, object content, object json, object params, object headers, object timeout
)
cdef Draft draft_of(object request)
