"""The usual request in one go: no hooks, no authentication, no mounts, a body in memory, and the whole response wanted.

The layered client (`_client`, `_transports`, `_exchange`) says what a request means, and everything unusual is left to it. This is the
same way walked without stopping at each layer: seven coroutines cost 5 µs of a 10 µs request, this one costs 1. It is taken only while
every method that it walks past is the package's own: a subclass, a patched class or a patched instance goes through the layers.
"""

from cpython.bytes cimport PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Size
from cpython.object cimport PyObject, PyTypeObject

from cyhttpx._c._draft cimport Draft, draft, draft_of
from cyhttpx._c.fields cimport ClientFields, ResponseFields, new_instance
from cyhttpx._c.http1 cimport HTTP1Connection
from cyhttpx._c.pool cimport PoolEntry, PoolState, Waiter
from cyhttpx._c.reactor cimport GOAL_WHOLE, GOAL_WRITABLE, Reactor, monotonic

from cyhttpx import _wire

CONTRACT = 1

cdef extern from "Python.h":
    unsigned long PyThread_get_thread_ident()
    PyObject* _PyType_Lookup(PyTypeObject* cls, object name)
    object PyObject_GenericGetDict(object instance, void* context)

cdef extern from *:
    """
    /* Cython's PyTypeObject doesn't show it. */
    static inline unsigned int cyhx_version(PyObject *cls) { return ((PyTypeObject *)cls)->tp_version_tag; }
    """
    unsigned int cyhx_version(object cls)


cdef class Own:
    """A class's own methods, and what was last found of it: a class keeps its version tag until someone changes it."""
    cdef object cls
    cdef tuple methods               # ((name, method), ...)
    cdef unsigned int version
    cdef Py_ssize_t attributes       # of an instance without patched methods


cdef Own own_client = None
cdef Own own_transport = None
cdef bint is_loaded = False
cdef object USE_CLIENT_DEFAULT, CLOSED, OPENED, Response, ByteStream
cdef object may_replay, RequestError, InvalidURL, NetworkError, RemoteProtocolError


def originals(cls, names):
    """Remember a class's own methods: while they are what a call would reach, the short way may stand for them."""
    global own_client, own_transport
    cdef Own own = Own.__new__(Own)
    own.cls = cls
    own.methods = tuple([(name, getattr(cls, name)) for name in names])
    if "send" in names:
        own_client = own
    else:
        own_transport = own


def embark(
    client, str method, url, content, data, files, json, params, headers, cookies, auth, follow_redirects, timeout, extensions
):
    """Return an awaitable of the response where the short way is open, None where the request must go through the layers."""
    cdef ClientFields fields
    cdef Draft order = None
    if not is_loaded:
        load()
    if auth is not USE_CLIENT_DEFAULT or extensions is not None or cookies is not None or files is not None:
        return None
    if not is_original(own_client, client):
        return None
    fields = <ClientFields>client
    if fields._auth is not None or fields._mounts or fields._state is CLOSED:
        return None
    if fields._event_hooks["request"] or fields._event_hooks["response"] or not is_original(own_transport, fields.transport):
        return None
    pool = (<dict>PyObject_GenericGetDict(fields.transport, NULL))["_pool"]
    if pool is None or not is_here(pool):
        return None
    follows = fields.follow_redirects if follow_redirects is USE_CLIENT_DEFAULT else follow_redirects
    if data is None:
        order = draft(fields, method, url, content, json, params, headers, timeout)
    if order is None:
        request = client.build_request(
            method, url, content=content, data=data, json=json, params=params, headers=headers, timeout=timeout
        )
        url = request.url
        if (
            type(request.stream) is not ByteStream
            or url._uri_reference.userinfo
            or url.scheme not in ("http", "https")
            or request._timeout.total is not None
        ):
            # The request is built: it goes its way through the layers as it is.
            return client.send(request, auth=auth, follow_redirects=follows)
        order = draft_of(request)
    fields._state = OPENED
    return travel(fields, order, pool, follows)


cdef bint is_here(object pool) except -1:
    """Whether the pool's loop is the running one.

    asyncio.get_running_loop says it too, but up to Python 3.11 it asks the kernel for the process's number each time.
    """
    cdef dict own = PyObject_GenericGetDict(pool, NULL)
    return PyThread_get_thread_ident() == <unsigned long>own["thread"] and own["loop"].is_running()


cdef int load() except -1:
    """Fetch the classes of the layers above: they are there by the first request, and weren't when this module was made."""
    global is_loaded, USE_CLIENT_DEFAULT, CLOSED, OPENED, Response, ByteStream
    global may_replay, RequestError, InvalidURL, NetworkError, RemoteProtocolError
    from cyhttpx import _client, _content, _exceptions, _exchange, _response

    USE_CLIENT_DEFAULT = _client.USE_CLIENT_DEFAULT
    CLOSED = _client.ClientState.CLOSED
    OPENED = _client.ClientState.OPENED
    Response, ByteStream, may_replay = _response.Response, _content.ByteStream, _exchange.may_replay
    RequestError, InvalidURL = _exceptions.RequestError, _exceptions.InvalidURL
    NetworkError, RemoteProtocolError = _exceptions.NetworkError, _exceptions.RemoteProtocolError
    is_loaded = True
    return 0


cdef bint is_original(Own own, object instance) except -1:
    """Whether the methods that a call on `instance` would reach are the package's own."""
    cdef object cls = type(instance)
    cdef dict attributes
    cdef tuple pair
    if own is None or cls is not own.cls:
        return False
    attributes = PyObject_GenericGetDict(instance, NULL)
    if cyhx_version(cls) == own.version and own.version and PyDict_Size(attributes) == own.attributes:
        return True
    for pair in own.methods:
        if _PyType_Lookup(<PyTypeObject*>cls, pair[0]) != <PyObject*>pair[1] or pair[0] in attributes:
            own.version = 0
            return False
    own.version = cyhx_version(cls)
    own.attributes = PyDict_Size(attributes)
    return True


async def travel(ClientFields client, Draft order, pool, bint follows):
    """Send, wait, and return the response."""
    cdef Reactor connection
    cdef HTTP1Connection http1
    cdef Waiter waiter = None
    cdef PoolState state = pool.state
    cdef double started = monotonic()
    cdef double now
    connection = take(pool, state, order.origin_key, started)
    try:
        while connection is None:
            # `Pool.wait`, without its coroutine.
            waiter = pool.enqueue(order.origin_key, order.timeout.pool, order.timeout.connect)
            await waiter.future
            if waiter.error is not None:
                raise waiter.error
            connection = <Reactor>waiter.entry
            waiter.entry = None
            waiter = None
            if connection.exchanges == 0:
                if connection.stream.fd < 0:
                    raise RemoteProtocolError("Server disconnected without sending a response.")
            elif not connection.is_quiet():
                # As `Exchange._is_usable`: what comes between the hand-over and our turn is nobody's response.
                connection = None
        connection.start(order.method, order.target, order.headers, order.body, True)
        if connection.outbox:
            await connection.wait(GOAL_WRITABLE, order.timeout.write)
            connection.check()
        await connection.wait(GOAL_WHOLE, order.timeout.read)
        connection.check()
    except BaseException as error:
        if waiter is not None:
            pool.abandon_place(waiter)
        replays = (
            connection is not None
            and isinstance(error, (NetworkError, RemoteProtocolError))
            and not pool.is_closed
            and may_replay(connection, order.method, (<object>order.request).stream)
        )
        if connection is not None:
            pool.drop(connection)
        if not replays:
            if isinstance(error, (RequestError, InvalidURL)):
                error.request = order.request
            raise
        (<object>order.request)._is_replay = True
        return await (<object>client)._send_handling_redirects(order.request, follows, [], True)
    http1 = connection.http1
    now = monotonic()
    response = whole_response(order.request, http1, connection.network_stream, now - started)
    give_back(pool, state, connection, now)
    if http1.has_set_cookie or client._marks_responses or logs(client._logger):
        (<object>client)._note(order.request, response)
    if http1.has_content_encoding:
        response._decode_whole()
    if 300 <= http1.status_code < 400 and response.has_redirect_location:
        return await (<object>client)._follow(order.request, response, follows)
    return response


cdef bint logs(object logger) except -1:
    """`logger.isEnabledFor(INFO)`. What it finds is kept in the logger, and looked up there for a third of the call's price."""
    cdef dict found = PyObject_GenericGetDict(logger, NULL).get("_cache")
    if found is not None and not logger.disabled:
        known = found.get(20)
        if known is not None:
            return known
    return logger.isEnabledFor(20)


cdef Reactor take(object pool, PoolState state, object key, double now):
    """`Pool.take`, without its frame."""
    cdef PoolEntry entry
    while True:
        entry = state.acquire(key, now)
        if state.discarded:
            pool._close_discarded()
        if entry is None or (<Reactor>entry).is_quiet():
            return <Reactor>entry


cdef int give_back(object pool, PoolState state, Reactor connection, double now) except -1:
    """`Pool.give_back`, without its frame."""
    if not connection.finish():
        pool._forget(connection)
        return 0
    waiter = state.release(connection, now)
    if waiter is not None or state.waiting or state.discarded:
        pool._place(waiter)
    return 0


cdef object whole_response(object request, HTTP1Connection http1, object network_stream, double seconds):
    """What `Response._received` and `_take_whole` make of a response that is complete."""
    cdef bytes body = http1.body.take()
    cdef ResponseFields response = <ResponseFields>new_instance(Response)
    response.status_code = http1.status_code
    response.headers = http1.response_headers
    response._request = request
    response._http_version = http1.http_version
    response._reason = http1.reason_phrase
    response._network_stream = network_stream
    response._trailers = http1.trailer_pairs
    response.is_closed = response.is_stream_consumed = True
    response._num_bytes_downloaded = PyBytes_GET_SIZE(body)
    response._seconds = seconds
    if http1.has_set_cookie:
        (<object>response)._has_set_cookie = True
    if http1.has_content_encoding:
        response._coded = body
    else:
        response._content = body
    return response


if CONTRACT != _wire.CONTRACT:
    raise ImportError("the compiled engine was built for another version of cyhttpx: build it again")
