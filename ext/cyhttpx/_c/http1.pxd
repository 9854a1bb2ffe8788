"""HTTP1Connection: the protocol state of one client connection. Bytes in, progress out."""

from libc.stdint cimport int64_t

from cyhttpx._c._body cimport Body
from cyhttpx._c._head cimport Section
from cyhttpx._c.headers cimport Headers


cdef enum:
    # What the next received byte belongs to.
    READ_IDLE        # no exchange: it belongs to nobody
    READ_HEAD
    READ_BODY
    READ_DONE        # after a complete message
    READ_TUNNEL      # after a 101 or a CONNECT 2xx: it belongs to the tunnel

cdef enum:
    # What the next sent body byte belongs to.
    SEND_IDLE
    SEND_LENGTH
    SEND_CHUNKED
    SEND_ENDED
    SEND_FAILED


cdef class HTTP1Connection:
    cdef Section head
    cdef Body body
    cdef Py_ssize_t max_interim
    cdef Py_ssize_t interim_count

    # The request under way.
    cdef int sending
    cdef int64_t unsent              # bytes of a SEND_LENGTH body
    cdef bint is_head_request
    cdef bint is_connect
    cdef bint asked_upgrade
    cdef bint asked_close

    # The response.
    cdef int reading
    cdef bint keeps_alive
    cdef bint saw_eof
    cdef str failure                 # the text of the error, once one was raised
    cdef bytes leftover
    cdef bint took_leftover
    cdef readonly bint has_head
    cdef readonly bint is_complete
    cdef readonly bint is_upgraded
    cdef readonly bint has_set_cookie
    cdef readonly bint has_content_encoding
    cdef readonly int status_code
    cdef readonly int keep_alive_timeout
    cdef readonly int64_t content_length
    cdef readonly bytes reason_phrase
    cdef readonly bytes http_version
    cdef Headers response_headers
    cdef list trailer_pairs
    cdef public object on_interim

    # Sending: start, then count_sent and finish for a body that the caller frames.
    cdef bytes start(self, bytes method, bytes target, Headers headers, object body)
    cdef int count_sent(self, Py_ssize_t size) except -1
    cdef int finish(self) except -1
    cdef bint reusable(self) noexcept
    cdef int frame_request(self, list pairs) except -1
    cdef bytes serialise(self, bytes method, bytes target, list pairs, bytes body)
    cdef bytes serialise_drafted(self, bytes method, bytes target, Headers headers, bytes body)
    cdef bytes with_body(self, bytes head, bytes body)

    # Receiving, for those who hold a buffer of their own.
    cdef int feed(self, const char* data, Py_ssize_t size) except -1
    cdef char* direct_room(self, Py_ssize_t* room) except? NULL
    cdef int direct_received(self, Py_ssize_t size) except -1
    cdef int eof(self, bint clean) except -1
    cdef str early_end(self)
    cdef Py_ssize_t feed_head(self, const char* data, Py_ssize_t size) except -1
    cdef int begin_response(self) except -1
    cdef bytes reason(self)
    cdef int read_framing(self, Headers headers, bint has_body) except -1
    cdef int read_connection(self, const char* value, Py_ssize_t size) except -1
    cdef int end_message(self) noexcept
    cdef int keep_trailers(self) noexcept
