"""A connected, non-blocking socket and TLS over it, compiled. The twin of `cyhttpx/_py/stream.py`: same verbs, same errors.

What lives here: recv and send, encryption, end of file. What doesn't: waiting (the drivers'), addresses, contexts, and what the bytes mean.

TLS is an `ssl.SSLObject` between two MemoryBIOs, so it is the same for every driver and over every stream (TLS inside TLS).
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.memoryview cimport PyMemoryView_FromMemory
from libc.errno cimport EAGAIN, EINTR, errno
from libc.string cimport memset, strerror

from cyhttpx._exceptions import ConnectError, ReadError, WriteError

# The ssl module, once a context has come: who has one has imported it, who has none needn't pay 10 ms.
ssl = None

cdef extern from "Python.h":
    int PyBUF_READ
    int PyBUF_WRITE

cdef extern from "<sys/types.h>":
    ctypedef Py_ssize_t ssize_t

cdef extern from "<sys/uio.h>" nogil:
    cdef struct iovec:
        void* iov_base
        size_t iov_len
    ssize_t readv(int fd, const iovec* parts, int count)

cdef extern from "<sys/socket.h>" nogil:
    int MSG_NOSIGNAL
    int MSG_PEEK
    int MSG_DONTWAIT
    ssize_t recv(int fd, void* room, size_t size, int flags)
    ssize_t send(int fd, const void* data, size_t size, int flags)
    cdef struct msghdr:
        iovec* msg_iov
        size_t msg_iovlen
    ssize_t sendmsg(int fd, const msghdr* message, int flags)

cdef enum:
    # One read of ciphertext: four TLS records. The buffer is the thread's, and empty again before any verb returns.
    CIPHER_SIZE = 65536 + 1024
    # The most plain text that one send encrypts: what the socket doesn't take has to be kept.
    ENCRYPT_SIZE = 65536
    # Parts of a request body that go in one call: a chunk is three.
    PARTS = 8

cdef extern from *:
    """
    #if defined(_MSC_VER)
    static __declspec(thread) char cyhx_cipher[65536 + 1024];
    #else
    static __thread char cyhx_cipher[65536 + 1024];
    #endif
    static inline char *cyhx_own_cipher(void) { return cyhx_cipher; }
    """
    char* own_cipher "cyhx_own_cipher"() noexcept


cdef load_ssl():
    global ssl
    if ssl is None:
        import ssl as module

        ssl = module


cdef class SocketStream:
    """A non-blocking connected socket that it owns, with TLS over it when a context is given.

    Args:
        sock: a connected `socket.socket`; made non-blocking here.
        ssl_context: an `ssl.SSLContext`, or None for a plain stream. Call `handshake` until it is True.
        server_hostname: the name for SNI and for the certificate.
        inner: the stream that carries the ciphertext, in place of the socket (TLS inside TLS).
    """

    def __init__(self, sock, ssl_context=None, server_hostname=None, SocketStream inner=None):
        sock.setblocking(False)
        self.sock = sock
        self.fd = sock.fileno()
        self.inner = inner
        self.ciphertext = b""
        if ssl_context is not None:
            load_ssl()
            if ssl_context.check_hostname and not server_hostname:
                # OpenSSL would then check no name at all, without a word.
                raise ConnectError("check_hostname requires server_hostname")
            self.incoming = ssl.MemoryBIO()
            self.outgoing = ssl.MemoryBIO()
            try:
                self.tls = ssl_context.wrap_bio(self.incoming, self.outgoing, server_hostname=server_hostname)
            except (ssl.SSLError, TypeError, ValueError) as error:
                # A name that can't be one (empty, or not encodable) is met here.
                raise ConnectError(str(error)) from error
            # The methods below SSLObject's own, which do nothing but pass the call on.
            inside = getattr(self.tls, "_sslobj", None) or self.tls
            self.tls_read = inside.read
            self.tls_write = inside.write

    # Verbs for Python.

    def handshake(self):
        """Go one step with the TLS handshake: True when done. False: wait for reading, and for writing if `wants_write`.

        Raises:
            ConnectError: the peer's certificate or its TLS is refused, or it closed.
        """
        cdef Py_ssize_t size
        if self.tls is None:
            return True
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except (ssl.SSLError, ValueError) as error:
                self.try_push()
                raise ConnectError(str(error)) from error
            else:
                self.push_or_fail()
                return True
            self.push_or_fail()
            try:
                size = self.fetch()
            except ReadError as error:
                raise ConnectError(str(error)) from error
            if size == 0:
                raise ConnectError("the peer closed the connection during the TLS handshake")
            if size < 0:
                return False

    def recv(self, Py_ssize_t max_bytes):
        """Receive up to `max_bytes`: None if that would block, b"" at end of file (`clean_eof` says whether an orderly one).

        Raises:
            ReadError: the connection broke.
        """
        cdef bytes room = PyBytes_FromStringAndSize(NULL, max(max_bytes, 1))
        cdef Py_ssize_t size = self.receive_into(PyBytes_AS_STRING(room), PyBytes_GET_SIZE(room), NULL, 0)
        if size < 0:
            return None
        return PyBytes_FromStringAndSize(PyBytes_AS_STRING(room), size)

    def send(self, data):
        """Send what goes without waiting: the number of bytes taken, 0 if that would block.

        Raises:
            WriteError: the connection broke.
        """
        cdef const unsigned char[::1] view = data
        cdef Py_ssize_t size = view.shape[0]
        if size == 0:
            return 0
        return max(0, self.send_from(<const char*>&view[0], size))

    def flush(self):
        """Go on sending the ciphertext that the socket didn't take: True when all is gone.

        Raises:
            WriteError: the connection broke.
        """
        return self.push()

    def fileno(self):
        """The descriptor, -1 once closed."""
        return self.fd

    def close(self):
        """Close the socket; TLS's close_notify is tried once and never waited for. Idempotent."""
        if self.fd < 0:
            return
        if self.tls is not None and (self.clean_eof or not self.saw_eof):
            self.say_goodbye()
        self.fd = -1
        if self.inner is not None:
            self.inner.close()
        self.sock.close()

    def abandon(self):
        """Close the descriptor without a word to the peer. Idempotent."""
        self.fd = -1
        if self.inner is not None:
            self.inner.abandon()
        self.sock.close()

    def get_extra_info(self, info):
        """Facts by name, as httpcore's network streams give them: ssl_object, socket, client_addr, server_addr; else None."""
        if info == "ssl_object":
            return self.tls
        if info == "socket":
            return self.sock
        if info == "client_addr":
            return self.sock.getsockname()
        if info == "server_addr":
            return self.sock.getpeername()
        if info == "is_readable":
            return not self.is_quiet()
        return None

    @property
    def wants_write(self):
        """Whether ciphertext waits for the socket: `flush` when it is writable."""
        return self.waits_for_socket()

    cdef bint waits_for_socket(self) noexcept:
        return self.blocked or (self.inner is not None and self.inner.waits_for_socket())

    @property
    def alpn_protocol(self):
        """The protocol that ALPN chose, None if it chose none."""
        return None if self.tls is None else self.tls.selected_alpn_protocol()

    # Verbs for the compiled core.

    cdef Py_ssize_t receive_into(self, char* room, Py_ssize_t size, char* spare, Py_ssize_t spare_size) except -2:
        """Receive into `room`, and what is more than `size` into `spare`: bytes in both together, 0 at end of file, -1: would block.

        The spare takes what a peer sent behind a body of known length. It has to be seen now: on a connection that is used again
        at once it would be read as the start of the next response.
        """
        cdef Py_ssize_t got
        cdef Py_ssize_t more
        if self.tls is None:
            got = self.raw_receive(room, size, spare, spare_size)
            if got == 0:
                self.saw_eof = self.clean_eof = True
            return got
        got = self.decrypt_into(room, size)
        if got == size and spare_size and self.holds:
            more = self.decrypt_into(spare, spare_size)
            if more > 0:
                got += more
        return got

    cdef Py_ssize_t decrypt_into(self, char* room, Py_ssize_t size) except -2:
        cdef Py_ssize_t got
        if self.clean_eof:
            return 0
        while True:
            if not self.holds:
                if self.fetch() < 0:
                    return -1
            try:
                got = self.tls_read(size, PyMemoryView_FromMemory(room, size, PyBUF_WRITE))
            except ssl.SSLWantReadError:
                self.holds = False
                if self.outgoing.pending:
                    # Reading made something to send: an answer to a key update, or an alert.
                    self.push_or_fail()
                if self.saw_eof:
                    return 0
                continue
            except ssl.SSLZeroReturnError:
                got = 0
            except ssl.SSLEOFError:
                self.saw_eof = True
                return 0
            except ssl.SSLError as error:
                raise ReadError(str(error)) from error
            if got == 0:
                # close_notify: nothing can follow, also when the peer leaves the socket open.
                self.clean_eof = self.saw_eof = True
            # A record gives all it has, up to the room: less than that, and only what came behind it can be left.
            self.holds = got == size or self.incoming.pending > 0
            if self.outgoing.pending:
                self.push_or_fail()
            return got

    cdef Py_ssize_t fetch(self) except -2:
        """Move ciphertext from the socket to the SSLObject: its size, 0 at end of file, -1: would block."""
        cdef char* cipher = own_cipher()
        cdef Py_ssize_t got = self.raw_receive(cipher, CIPHER_SIZE, NULL, 0)
        if got > 0:
            self.incoming.write(PyMemoryView_FromMemory(cipher, got, PyBUF_READ))
            self.holds = True
        elif got == 0 and not self.saw_eof:
            self.saw_eof = True
            self.holds = True
            self.incoming.write_eof()
        return got

    cdef Py_ssize_t send_from(self, const char* data, Py_ssize_t size) except -2:
        """Send some of `data`: the bytes taken, -1 if none could be."""
        if self.tls is None:
            return self.raw_send(data, size)
        if self.waits_for_socket() and not self.push():
            return -1
        size = min(size, ENCRYPT_SIZE)
        try:
            size = self.tls_write(PyMemoryView_FromMemory(<char*>data, size, PyBUF_READ))
        except ssl.SSLWantReadError:
            return -1
        except ssl.SSLError as error:
            raise WriteError(str(error)) from error
        self.push()
        return size

    cdef Py_ssize_t send_parts(self, list parts, Py_ssize_t at) except -2:
        """Send some of `parts`, from `at` of the first on: the bytes taken, -1 if none could be."""
        cdef iovec vector[PARTS]
        cdef msghdr message
        cdef int count = 0
        cdef bytes part
        cdef ssize_t sent
        if len(parts) == 1 or self.tls is not None or self.inner is not None:
            part = <bytes>parts[0]
            return self.send_from(PyBytes_AS_STRING(part) + at, PyBytes_GET_SIZE(part) - at)
        memset(&message, 0, sizeof(message))
        for part in parts:
            vector[count].iov_base = PyBytes_AS_STRING(part) + at
            vector[count].iov_len = PyBytes_GET_SIZE(part) - at
            at = 0
            count += 1
            if count == PARTS:
                break
        while True:
            message.msg_iov = vector
            message.msg_iovlen = count
            sent = sendmsg(self.fd, &message, MSG_NOSIGNAL)
            if sent >= 0:
                return sent
            if errno == EAGAIN:
                return -1
            if errno != EINTR:
                raise WriteError(f"[Errno {errno}] {strerror(errno).decode('ascii', 'replace')}")

    cdef bint push(self) except -1:
        """Hand ciphertext to the socket: True when all of it is gone."""
        cdef Py_ssize_t sent
        cdef Py_ssize_t size
        while self.tls is not None:
            size = PyBytes_GET_SIZE(self.ciphertext)
            if self.ciphertext_at == size:
                self.ciphertext = self.outgoing.read()
                self.ciphertext_at = 0
                size = PyBytes_GET_SIZE(self.ciphertext)
                if size == 0:
                    break
            sent = self.raw_send(PyBytes_AS_STRING(self.ciphertext) + self.ciphertext_at, size - self.ciphertext_at)
            if sent < 0:
                self.blocked = True
                return False
            self.ciphertext_at += sent
            if self.ciphertext_at == size and not self.outgoing.pending:
                self.ciphertext = b""
                self.ciphertext_at = 0
                break
        self.blocked = False
        return self.inner is None or self.inner.push()

    cdef bint is_quiet(self) except -1:
        """Whether an idle connection is as it was left: no bytes, no end of file, no error. Takes nothing from the socket."""
        cdef char byte
        cdef ssize_t got
        if self.fd < 0 or self.saw_eof:
            return False
        if self.holds:
            return False
        got = recv(self.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT)
        return got < 0 and errno == EAGAIN

    cdef Py_ssize_t raw_receive(self, char* room, Py_ssize_t size, char* spare, Py_ssize_t spare_size) except -2:
        cdef iovec parts[2]
        cdef ssize_t got
        if self.inner is not None:
            return self.inner.receive_into(room, size, spare, spare_size)
        if self.fd < 0:
            raise ReadError("the connection is closed")
        while True:
            if spare_size:
                parts[0].iov_base = room
                parts[0].iov_len = <size_t>size
                parts[1].iov_base = spare
                parts[1].iov_len = <size_t>spare_size
                got = readv(self.fd, parts, 2)
            else:
                got = recv(self.fd, room, <size_t>size, 0)
            if got >= 0:
                return got
            if errno == EAGAIN:
                return -1
            if errno != EINTR:
                raise ReadError(f"[Errno {errno}] {strerror(errno).decode('ascii', 'replace')}")

    cdef Py_ssize_t raw_send(self, const char* data, Py_ssize_t size) except -2:
        cdef ssize_t sent
        if self.inner is not None:
            return self.inner.send_from(data, size)
        if self.fd < 0:
            raise WriteError("the connection is closed")
        while True:
            sent = send(self.fd, data, <size_t>size, MSG_NOSIGNAL)
            if sent >= 0:
                return sent
            if errno == EAGAIN:
                return -1
            if errno != EINTR:
                raise WriteError(f"[Errno {errno}] {strerror(errno).decode('ascii', 'replace')}")

    cdef int push_or_fail(self) except -1:
        """Push; a connection that can't be written to any more is met by the next receive, with the better error."""
        try:
            self.push()
        except WriteError:
            self.blocked = False
        return 0

    cdef int try_push(self) except -1:
        """Push an alert, if that goes."""
        try:
            self.push()
        except Exception:
            self.blocked = False
        return 0

    cdef int say_goodbye(self) except -1:
        """Send close_notify if that goes at once; what the peer answers is nobody's business any more."""
        try:
            self.tls.unwrap()
        except (ssl.SSLError, ValueError, OSError):
            pass
        return self.try_push()
