"""Headers: raw pairs in wire order and case; built lazily from a response head."""

from libc.stdint cimport int64_t, uint32_t


cdef struct Field:
    # Offsets into the head. A head is at most a few hundred KiB unless the caller raises the limit, and never 4 GiB.
    uint32_t name
    uint32_t name_size
    uint32_t value
    uint32_t value_size


cdef class Headers:
    # Either the wire form (head, fields, count), until someone needs Python objects ...
    cdef bytes head
    cdef Field* fields
    cdef Py_ssize_t count
    # ... or a Host in front of another one's pairs, which nobody changes in place ...
    cdef tuple host
    cdef list base
    # ... or the pairs: a list of (name as given, name in lower case, value).
    cdef list pairs
    # What `http1` would make of them, checked, while they are as they were drafted; and the Content-Length among them (-1: none).
    cdef bytes wire
    cdef bint wire_is_known          # `wire` is None because it can't be made ahead
    cdef int64_t wire_length
    cdef object _encoding
    cdef dict __dict__
    cdef object __weakref__

    cdef Headers with_host(self, tuple host)
    cdef list materialise(self)
    cdef int change(self, list pairs) except -1
    cdef object known_encoding(self)
    cdef bytes key_of(self, object key)
    cdef object lookup(self, object key)


cdef Headers headers_from_wire(bytes head, Field* fields, Py_ssize_t count)
