"""SocketStream: a non-blocking descriptor, and TLS over it."""


cdef class SocketStream:
    cdef int fd                      # -1 once closed
    cdef object sock
    cdef SocketStream inner          # TLS inside another stream's TLS (an https proxy), or None

    # TLS: an SSLObject between two MemoryBIOs; None for plain.
    cdef object tls
    cdef bint holds                  # the SSLObject may hold bytes that were received and not read from it yet
    cdef object tls_read
    cdef object tls_write
    cdef object incoming
    cdef object outgoing
    cdef bytes ciphertext            # made, and not yet taken by the socket
    cdef Py_ssize_t ciphertext_at
    cdef readonly bint clean_eof
    cdef bint blocked                # ciphertext waits for the socket
    cdef bint saw_eof

    # Verbs in C: a count, 0 for end of file (receive) or nothing taken, -1 for "would block".
    cdef Py_ssize_t receive_into(self, char* room, Py_ssize_t size, char* spare, Py_ssize_t spare_size) except -2
    cdef Py_ssize_t send_from(self, const char* data, Py_ssize_t size) except -2
    cdef Py_ssize_t send_parts(self, list parts, Py_ssize_t at) except -2
    cdef bint push(self) except -1
    cdef bint waits_for_socket(self) noexcept
    cdef int push_or_fail(self) except -1
    cdef int try_push(self) except -1
    cdef int say_goodbye(self) except -1
    cdef bint is_quiet(self) except -1

    cdef Py_ssize_t raw_receive(self, char* room, Py_ssize_t size, char* spare, Py_ssize_t spare_size) except -2
    cdef Py_ssize_t raw_send(self, const char* data, Py_ssize_t size) except -2
    cdef Py_ssize_t decrypt_into(self, char* room, Py_ssize_t size) except -2
    cdef Py_ssize_t fetch(self) except -2
