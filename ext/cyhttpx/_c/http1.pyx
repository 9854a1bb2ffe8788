"""One client connection's HTTP/1.1, compiled. The twin of `cyhttpx/_py/http1.py`: same verbs, same decisions, same errors.

What lives here: which request may be sent, which framing a response has, whether the connection can serve again. Reading lines is
`_head`'s, reading bodies `_body`'s; waiting, clocks and sockets are nobody's on this floor. The decisions are the table of
docs/engine-contract.md.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t

from cyhttpx._c._body cimport (
    BODY_CHUNK_SIZE,
    BODY_COMPLETE,
    BODY_LENGTH,
    BODY_NONE,
    BODY_UNTIL_CLOSE,
    Body,
)
from cyhttpx._c._head cimport Section
from cyhttpx._c._lines cimport check_pair, check_request_line, put
from cyhttpx._c._scan cimport decimal, is_named
from cyhttpx._c._values cimport ends_chunked, has_option, keep_alive_seconds, read_length
from cyhttpx._c.headers cimport Field, Headers

from cyhttpx import _wire
from cyhttpx._exceptions import LocalProtocolError, RemoteProtocolError

CONTRACT = 1

cdef bytes HTTP11 = b"HTTP/1.1"
cdef bytes HTTP10 = b"HTTP/1.0"
# Reason phrases are few: the usual one costs no object.
cdef bytes OK = b"OK"


cdef inline Py_ssize_t limit(object value) except -1:
    """A limit as an offset that fits the fields' 32 bits."""
    return max(0, min(value, 0x7FFFFFFF))


cdef class HTTP1Connection:
    """The protocol state of one HTTP/1.1 client connection, one exchange after the other.

    Args:
        max_line: bytes of a status line or header line (64 KiB).
        max_head: bytes of a head or of a trailer section (256 KiB).
        max_headers: lines of a head or of a trailer section (1,000).
        max_chunk_line: bytes of a chunk-size line with its extensions (16 KiB).
        max_interim: 1xx responses before the final one (100).
    """

    def __init__(
        self,
        *,
        max_line=_wire.MAX_LINE_SIZE,
        max_head=_wire.MAX_HEAD_SIZE,
        max_headers=_wire.MAX_HEADERS,
        max_chunk_line=_wire.MAX_CHUNK_LINE_SIZE,
        max_interim=_wire.MAX_INTERIM_RESPONSES,
    ):
        self.head = Section(limit(max_line), limit(max_head), limit(max_headers), False)
        self.body = Body(limit(max_chunk_line), Section(limit(max_line), limit(max_head), limit(max_headers), True))
        self.max_interim = limit(max_interim)
        self.sending = SEND_IDLE
        self.reading = READ_IDLE
        self.keeps_alive = True
        self.reason_phrase = b""
        self.http_version = HTTP11
        self.leftover = b""
        self.keep_alive_timeout = -1
        self.content_length = -1

    # Sending.

    def send_request(self, bytes method not None, bytes target not None, Headers headers not None, bytes body=None):
        """Start an exchange: the head, and the framed body when `body` is bytes. Next: `receive`; `send_data` for a body of None.

        Raises:
            LocalProtocolError: the request can't be sent as it is, or the connection isn't free for one.
        """
        return self.start(method, target, headers, body)

    def send_data(self, bytes data not None):
        """Frame a piece of the request body: what to write, in order. Next: more, or `end_request`.

        Raises:
            LocalProtocolError: the body is longer than its Content-Length, or no body is under way.
        """
        cdef Py_ssize_t size = PyBytes_GET_SIZE(data)
        if size == 0 and self.sending in (SEND_LENGTH, SEND_CHUNKED):
            return []
        self.count_sent(size)
        if self.sending == SEND_CHUNKED:
            return [b"%x\r\n" % size, data, b"\r\n"]
        return [data]

    def end_request(self):
        """End the request body: the last bytes to write.

        Raises:
            LocalProtocolError: the body is shorter than its Content-Length.
        """
        cdef int before = self.sending
        self.finish()
        return b"0\r\n\r\n" if before == SEND_CHUNKED else b""

    cdef bytes start(self, bytes method, bytes target, Headers headers, object body):
        cdef bytes request
        if not self.reusable():
            self.sending = SEND_FAILED
            raise LocalProtocolError("the connection is not free for another request")
        self.sending = SEND_FAILED
        if headers.wire is not None:
            request = self.serialise_drafted(method, target, headers, body)
        else:
            self.frame_request(headers.materialise())
            request = self.serialise(method, target, headers.materialise(), body)
        self.is_head_request = method == b"HEAD"
        self.is_connect = method == b"CONNECT"
        self.reading = READ_HEAD
        self.has_head = False
        self.is_complete = False
        self.is_upgraded = False
        self.status_code = 0
        self.interim_count = 0
        self.response_headers = None
        self.trailer_pairs = None
        self.content_length = -1
        self.keep_alive_timeout = -1
        self.has_set_cookie = False
        self.has_content_encoding = False
        self.head.reset()
        self.body.begin(BODY_NONE, 0)
        return request

    cdef int frame_request(self, list pairs) except -1:
        """Read the request's own framing fields: how its body will be sent, and what it asks of the connection."""
        cdef tuple pair
        cdef bytes name
        cdef bytes value
        cdef int64_t length = -1
        cdef int64_t other
        cdef int hosts = 0
        cdef bint chunked = False
        self.asked_close = False
        self.asked_upgrade = False
        for pair in pairs:
            name = <bytes>pair[1]
            value = <bytes>pair[2]
            if name == b"host":
                hosts += 1
            elif name == b"content-length":
                other = decimal(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value))
                if other < 0 or (length >= 0 and other != length):
                    raise LocalProtocolError("bad Content-Length")
                length = other
            elif name == b"transfer-encoding":
                if chunked or value.lower() != b"chunked":
                    raise LocalProtocolError("Only Transfer-Encoding: chunked is supported")
                chunked = True
            elif name == b"connection":
                if value != b"keep-alive" and has_option(value, b"close"):
                    self.asked_close = True
            elif name == b"upgrade":
                self.asked_upgrade = True
        if hosts != 1:
            raise LocalProtocolError("Missing mandatory Host: header" if hosts == 0 else "Found multiple Host: headers")
        self.unsent = 0 if chunked or length < 0 else length
        self.sending = SEND_CHUNKED if chunked else SEND_LENGTH
        return 0

    cdef bytes serialise(self, bytes method, bytes target, list pairs, bytes body):
        """Request line, headers and, if it is there, the framed body as one bytes object; everything checked before anything is kept."""
        cdef int framing = self.sending
        cdef Py_ssize_t size = PyBytes_GET_SIZE(method) + PyBytes_GET_SIZE(target) + 13
        cdef tuple pair
        cdef bytes request
        cdef char* write
        cdef bint wrote_length = framing == SEND_CHUNKED
        self.sending = SEND_FAILED
        check_request_line(method, target)
        for pair in pairs:
            size += check_pair(<bytes>pair[0], <bytes>pair[2])
        # A skipped Content-Length only leaves room over; the result is cut to what was written.
        request = PyBytes_FromStringAndSize(NULL, size)
        write = PyBytes_AS_STRING(request)
        write = put(put(put(put(write, method), b" "), target), b" HTTP/1.1\r\n")
        # Host goes first, wherever the caller put it (RFC 9110 §7.2): there is exactly one.
        for pair in pairs:
            if <bytes>pair[1] == b"host":
                write = put(put(put(put(write, <bytes>pair[0]), b": "), <bytes>pair[2]), b"\r\n")
                break
        for pair in pairs:
            if <bytes>pair[1] == b"host":
                continue
            if <bytes>pair[1] == b"content-length":
                if wrote_length:
                    continue
                wrote_length = True
            write = put(put(put(put(write, <bytes>pair[0]), b": "), <bytes>pair[2]), b"\r\n")
        write = put(write, b"\r\n")
        if write - PyBytes_AS_STRING(request) != size:
            request = PyBytes_FromStringAndSize(PyBytes_AS_STRING(request), write - PyBytes_AS_STRING(request))
        self.sending = framing
        if body is None:
            return request
        return self.with_body(request, body)

    cdef bytes serialise_drafted(self, bytes method, bytes target, Headers headers, bytes body):
        """`frame_request` and `serialise` for headers whose lines were made and checked ahead."""
        cdef bytes request
        cdef char* write
        check_request_line(method, target)
        self.asked_close = False
        self.asked_upgrade = False
        request = PyBytes_FromStringAndSize(
            NULL, PyBytes_GET_SIZE(method) + PyBytes_GET_SIZE(target) + PyBytes_GET_SIZE(headers.wire) + 14
        )
        write = PyBytes_AS_STRING(request)
        write = put(put(put(put(write, method), b" "), target), b" HTTP/1.1\r\n")
        put(put(write, headers.wire), b"\r\n")
        self.unsent = max(headers.wire_length, 0)
        self.sending = SEND_LENGTH
        return request if body is None else self.with_body(request, body)

    cdef bytes with_body(self, bytes head, bytes body):
        cdef Py_ssize_t size = PyBytes_GET_SIZE(body)
        cdef bytes made
        cdef bint chunked = self.sending == SEND_CHUNKED
        if size:
            self.count_sent(size)
        self.finish()
        if chunked:
            return b"%b%x\r\n%b\r\n0\r\n\r\n" % (head, size, body) if size else head + b"0\r\n\r\n"
        if size == 0:
            return head
        made = PyBytes_FromStringAndSize(NULL, PyBytes_GET_SIZE(head) + size)
        put(put(PyBytes_AS_STRING(made), head), body)
        return made

    cdef int count_sent(self, Py_ssize_t size) except -1:
        """Take note of body bytes that are about to be written."""
        if self.sending == SEND_LENGTH:
            if size > self.unsent:
                self.sending = SEND_FAILED
                raise LocalProtocolError("Too much data for declared Content-Length")
            self.unsent -= size
        elif self.sending != SEND_CHUNKED:
            self.sending = SEND_FAILED
            raise LocalProtocolError("no request body is under way")
        return 0

    cdef int finish(self) except -1:
        if self.sending == SEND_LENGTH and self.unsent:
            self.sending = SEND_FAILED
            raise LocalProtocolError("Too little data for declared Content-Length")
        if self.sending != SEND_LENGTH and self.sending != SEND_CHUNKED:
            self.sending = SEND_FAILED
            raise LocalProtocolError("no request body is under way")
        self.sending = SEND_ENDED
        return 0

    # Receiving.

    def receive(self, bytes data not None):
        """Take in what came from the peer, split anyhow. Next: look at `has_head`, `is_complete`, `take_body`.

        Raises:
            RemoteProtocolError: the peer broke the protocol; every later call raises it again.
        """
        self.feed(PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))

    def receive_eof(self, clean=True):
        """Take in that the peer closed; `clean=False`: a TLS stream that ended without close_notify.

        Raises:
            RemoteProtocolError: that was too early.
        """
        self.eof(clean)

    def take_body(self):
        """Take all decoded body bytes that have come and weren't taken yet."""
        return self.body.take()

    def take_leftover(self):
        """Take the bytes behind the message: the first ones of a tunnel or of an upgraded connection."""
        leftover, self.leftover = self.leftover, b""
        if leftover:
            self.took_leftover = True
        return leftover

    cdef int feed(self, const char* data, Py_ssize_t size) except -1:
        cdef Py_ssize_t at = 0
        if self.failure is not None:
            raise RemoteProtocolError(self.failure)
        try:
            while at < size:
                if self.reading == READ_HEAD:
                    at += self.feed_head(data + at, size - at)
                elif self.reading == READ_BODY:
                    at += self.body.feed(data + at, size - at)
                    if self.body.state == BODY_COMPLETE:
                        self.end_message()
                else:
                    self.leftover = self.leftover + PyBytes_FromStringAndSize(data + at, size - at)
                    return 0
        except BaseException as error:
            # Also a MemoryError: bytes are lost, so the message can't be trusted any more. The text is kept, not the error:
            # its traceback would tie this object into a cycle.
            self.failure = str(error) or type(error).__name__
            raise
        return 0

    cdef char* direct_room(self, Py_ssize_t* room) except? NULL:
        """Where the next bytes may be received straight into, or NULL: then `feed` must see them."""
        if self.reading != READ_BODY or self.failure is not None:
            return NULL
        return self.body.direct_room(room)

    cdef int direct_received(self, Py_ssize_t size) except -1:
        self.body.direct_received(size)
        if self.body.state == BODY_COMPLETE:
            self.end_message()
        return 0

    cdef int eof(self, bint clean) except -1:
        self.saw_eof = True
        if self.failure is not None:
            raise RemoteProtocolError(self.failure)
        if self.reading == READ_BODY and self.body.state == BODY_UNTIL_CLOSE and clean:
            self.end_message()
        elif self.reading == READ_HEAD or self.reading == READ_BODY:
            self.failure = self.early_end()
            raise RemoteProtocolError(self.failure)
        return 0

    cdef str early_end(self):
        if self.reading == READ_HEAD:
            if self.head.is_empty() and self.interim_count == 0:
                return "Server disconnected without sending a response."
            return "peer closed connection in the middle of a response head"
        if self.body.state == BODY_UNTIL_CLOSE:
            return "peer ended TLS without close_notify: the body may be incomplete"
        if self.body.state == BODY_LENGTH:
            return (
                "peer closed connection without sending complete message body "
                f"(received {self.body.received} bytes, expected {self.content_length})"
            )
        return "peer closed connection without sending complete message body (incomplete chunked read)"

    cdef Py_ssize_t feed_head(self, const char* data, Py_ssize_t size) except -1:
        cdef Py_ssize_t taken = self.head.feed(data, size)
        if taken < 0:
            return size
        self.begin_response()
        return taken

    cdef int begin_response(self) except -1:
        """A head is complete: skip it if it is interim, else decide what follows it."""
        cdef int status = self.head.status_code
        cdef bint has_body
        cdef Headers headers
        self.status_code = status
        if status < 200 and status != 101:
            self.interim_count += 1
            if self.interim_count > self.max_interim:
                raise RemoteProtocolError(f"more than {self.max_interim} interim responses")
            headers = self.head.take_headers()
            self.head.reset()
            if self.on_interim is not None:
                self.on_interim(status, headers)
            return 0
        self.http_version = HTTP10 if self.head.is_http10 else HTTP11
        self.keeps_alive = not self.head.is_http10
        self.reason_phrase = self.reason()
        self.is_upgraded = (self.is_connect and status < 300) or (status == 101 and self.asked_upgrade)
        if status == 101 and not self.asked_upgrade:
            raise RemoteProtocolError("101 Switching Protocols that nobody asked for")
        has_body = not (self.is_head_request or self.is_upgraded or status == 204 or status == 304)
        headers = self.head.take_headers()
        self.read_framing(headers, has_body)
        self.response_headers = headers
        self.head.reset()
        self.has_head = True
        self.reading = READ_BODY
        if self.body.state == BODY_COMPLETE:
            self.end_message()
        return 0

    cdef bytes reason(self):
        cdef const char* reason = PyBytes_AS_STRING(self.head.content) + self.head.reason_start
        if self.head.reason_size == 2 and reason[0] == 79 and reason[1] == 75:
            return OK
        return PyBytes_FromStringAndSize(reason, self.head.reason_size)

    cdef int read_framing(self, Headers headers, bint has_body) except -1:
        """Look at each field once; then begin the body as RFC 9112 §6.3 orders it."""
        cdef const char* base = PyBytes_AS_STRING(headers.head)
        cdef const char* name
        cdef const char* value
        cdef Py_ssize_t size
        cdef Py_ssize_t i
        cdef Field field
        cdef int64_t length = -1
        cdef list codings = None
        for i in range(headers.count):
            field = headers.fields[i]
            name = base + field.name
            value = base + field.value
            size = field.value_size
            # By length first: seven of ten fields of a usual head end here.
            if field.name_size == 10:
                if is_named(name, 10, b"connection", 10):
                    self.read_connection(value, size)
                elif is_named(name, 10, b"set-cookie", 10):
                    self.has_set_cookie = True
                elif is_named(name, 10, b"keep-alive", 10):
                    self.keep_alive_timeout = keep_alive_seconds(value, size)
            elif field.name_size == 14:
                if has_body and is_named(name, 14, b"content-length", 14):
                    length = read_length(value, size, length)
            elif field.name_size == 16:
                if size and is_named(name, 16, b"content-encoding", 16):
                    self.has_content_encoding = True
            elif field.name_size == 17:
                if has_body and is_named(name, 17, b"transfer-encoding", 17):
                    codings = [] if codings is None else codings
                    codings.append(PyBytes_FromStringAndSize(value, size))
        if not has_body:
            self.content_length = 0
            self.body.begin(BODY_NONE, 0)
        elif codings is not None:
            if length >= 0 or self.head.is_http10:
                self.keeps_alive = False
            self.body.begin(BODY_CHUNK_SIZE if ends_chunked(codings) else BODY_UNTIL_CLOSE, 0)
        elif length >= 0:
            self.content_length = length
            self.body.begin(BODY_LENGTH, length)
        else:
            self.body.begin(BODY_UNTIL_CLOSE, 0)
        if self.body.state == BODY_UNTIL_CLOSE:
            self.keeps_alive = False
        return 0

    cdef int read_connection(self, const char* value, Py_ssize_t size) except -1:
        cdef bytes options
        if not self.head.is_http10 and is_named(value, size, b"keep-alive", 10):
            return 0
        options = PyBytes_FromStringAndSize(value, size)
        if has_option(options, b"close"):
            self.asked_close = True
        elif self.head.is_http10 and has_option(options, b"keep-alive"):
            self.keeps_alive = True
        return 0

    cdef int end_message(self) noexcept:
        self.is_complete = True
        self.reading = READ_TUNNEL if self.is_upgraded else READ_DONE
        if self.body.trailers.content is not None:
            self.keep_trailers()
        return 0

    cdef int keep_trailers(self) noexcept:
        self.trailer_pairs = self.body.trailers.take_pairs()
        self.body.trailers.reset()
        return 0

    cdef bint reusable(self) noexcept:
        if self.saw_eof or self.failure is not None or self.took_leftover or PyBytes_GET_SIZE(self.leftover):
            return False
        if self.reading == READ_IDLE:
            return self.sending == SEND_IDLE
        return self.reading == READ_DONE and self.sending == SEND_ENDED and self.keeps_alive and not self.asked_close

    # Progress.

    @property
    def can_reuse(self):
        """Whether another request may be sent: nothing sent yet, or the exchange is over on both sides and both keep the connection."""
        return self.reusable()

    @property
    def request_ended(self):
        """Whether the whole request was handed out for writing."""
        return self.sending == SEND_ENDED

    @property
    def failed(self):
        """Whether the peer broke the protocol."""
        return self.failure is not None

    @property
    def headers(self):
        """The final response's `Headers`; empty before its head is in."""
        return Headers() if self.response_headers is None else self.response_headers

    @property
    def trailers(self):
        """The fields of the trailer section: `list[tuple[bytes, bytes]]`."""
        return [] if self.trailer_pairs is None else self.trailer_pairs

    @property
    def buffered(self):
        """Decoded body bytes that weren't taken yet."""
        return self.body.size


if CONTRACT != _wire.CONTRACT:
    raise ImportError("the compiled engine was built for another version of cyhttpx: build it again")
