# cython: profile=False
"""The usual request in one go: no hooks, no authentication, no mounts, a body in memory, and the whole response wanted.

The layered client (`_client`, `_transports`, `_exchange`) says what a request means, and everything unusual is left to it. This is the
same way walked without stopping at each layer: seven coroutines cost 5 µs of a 10 µs request, this one costs 1. It is taken only while
every method that it walks past is the package's own: a subclass, a patched class or a patched instance goes through the layers.
"""

from cyhttpx._c.headers cimport Headers
from cyhttpx._c.http1 cimport HTTP1Connection
from cyhttpx._c.pool cimport PoolEntry, PoolState
from cyhttpx._c.reactor cimport GOAL_WHOLE, GOAL_WRITABLE, Reactor, monotonic

from cyhttpx import _wire

CONTRACT = 1

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        pass
    ctypedef struct PyObject:
        pass
    PyObject* _PyType_Lookup(PyTypeObject* cls, object name)

cdef list known = []                 # (class, ((name, method), ...)) as `originals` was told
cdef bint is_loaded = False
cdef object USE_CLIENT_DEFAULT, CLOSED, OPENED, Request, Response, Timeout, ByteStream, EMPTY, SPENT
cdef object cached_url, may_replay, RequestError, InvalidURL, NetworkError, RemoteProtocolError
cdef dict METHODS = {name: name.encode() for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY")}


def originals(cls, names):
    """Remember a class's own methods: while they are what a call would reach, the short way may stand for them."""
    known.append((cls, tuple([(name, getattr(cls, name)) for name in names])))


def embark(
    client, str method, url, content, data, files, json, params, headers, cookies, auth, follow_redirects, timeout, extensions
):
    """Return an awaitable of the response where the short way is open, None where the request must go through the layers."""
    if not is_loaded:
        load()
    if auth is not USE_CLIENT_DEFAULT or extensions is not None or cookies is not None or files is not None:
        return None
    if client._auth is not None or client._state is CLOSED or client._mounts or not is_original(client):
        return None
    hooks = client._event_hooks
    transport = client._transport
    if hooks["request"] or hooks["response"] or not is_original(transport):
        return None
    pool = transport._pool
    if pool is None or not transport._is_here(pool):
        return None
    if content is data is json is params is headers is None and timeout is USE_CLIENT_DEFAULT:
        request = quick_request(client, method, url)
        if request is None:
            return None
    else:
        request = client.build_request(
            method, url, content=content, data=data, json=json, params=params, headers=headers, timeout=timeout
        )
        if type(request.stream) is not ByteStream:
            # Built once only: a body that is a stream may not be taken twice.
            return client.send(request, auth=auth, follow_redirects=follow_redirects)
    target = request.url
    if target._uri_reference.userinfo or (<tuple>target._origin_key)[0] not in ("http", "https"):
        return client.send(request, auth=auth, follow_redirects=follow_redirects)
    client._state = OPENED
    return travel(
        client, request, pool, client.follow_redirects if follow_redirects is USE_CLIENT_DEFAULT else follow_redirects
    )


cdef int load() except -1:
    """Fetch the classes of the layers above: they are there by the first request, and weren't when this module was made."""
    global is_loaded, USE_CLIENT_DEFAULT, CLOSED, OPENED, Request, Response, Timeout, ByteStream, EMPTY, SPENT
    global cached_url, may_replay, RequestError, InvalidURL, NetworkError, RemoteProtocolError
    from cyhttpx import _client, _config, _content, _exceptions, _exchange, _request, _response, _urls

    USE_CLIENT_DEFAULT = _client.USE_CLIENT_DEFAULT
    CLOSED = _client.ClientState.CLOSED
    OPENED = _client.ClientState.OPENED
    Request, EMPTY = _request.Request, _request._EMPTY
    Response, SPENT = _response.Response, _response._SPENT
    Timeout, ByteStream = _config.Timeout, _content.ByteStream
    cached_url, may_replay = _urls.cached_url, _exchange.may_replay
    RequestError, InvalidURL = _exceptions.RequestError, _exceptions.InvalidURL
    NetworkError, RemoteProtocolError = _exceptions.NetworkError, _exceptions.RemoteProtocolError
    is_loaded = True
    return 0


cdef bint is_original(object instance) except -1:
    """Whether the methods that a call on `instance` would reach are the package's own."""
    cdef tuple entry
    cdef tuple pair
    cdef dict own
    cdef object cls = type(instance)
    for entry in known:
        if cls is entry[0]:
            own = instance.__dict__
            for pair in <tuple>entry[1]:
                if _PyType_Lookup(<PyTypeObject*>cls, pair[0]) != <PyObject*>pair[1] or pair[0] in own:
                    return False
            return True
    return False


cdef object quick_request(object client, str method, object url):
    """What `build_request` makes of a URL alone; None where there is more to it."""
    cdef tuple origin
    if type(url) is not str or client._params or client._cookies or method not in ("GET", "HEAD", "DELETE", "OPTIONS"):
        return None
    url = cached_url(url)
    origin = url._origin_key
    if not origin[0] or not origin[1]:
        return None
    request = Request.__new__(Request)
    request.__dict__ = {
        "method": method,
        "url": url,
        "headers": (<Headers>client._headers)._with_host(url._host_header),
        "_extensions": None,
        "_timeout": client._timeout,
        "stream": EMPTY,
        "_content": b"",
    }
    return request


async def travel(client, request, pool, bint follows):
    """Send, wait, and return the response."""
    cdef Reactor connection
    cdef HTTP1Connection http1
    cdef PoolState state = pool.state
    cdef double started = monotonic()
    timeout = request._timeout
    url = request.url
    method = METHODS.get(request.method)
    if method is None:
        method = request.method.encode("ascii", "replace")
    connection = take(pool, state, url._origin_key, started)
    try:
        while connection is None:
            connection = await pool.wait(url._origin_key, timeout.pool, timeout.connect)
            if connection.stream.fd < 0:
                connection = take(pool, state, url._origin_key, started)
        connection.start(method, url._target, request.headers, request._content, True)
        if connection.outbox:
            await connection.wait(GOAL_WRITABLE, timeout.write)
            connection.check()
        await connection.wait(GOAL_WHOLE, timeout.read)
        if connection.error is not None:
            connection.check()
    except BaseException as error:
        if connection is None:
            own(error, request)
            raise
        replays = isinstance(error, (NetworkError, RemoteProtocolError)) and may_replay(connection, method, request.stream)
        pool.drop(connection)
        if not replays:
            own(error, request)
            raise
    else:
        http1 = connection.http1
        response = whole_response(request, http1, connection.network_stream)
        give_back(pool, state, connection)
        response._seconds = monotonic() - started
        client._note(request, response)
        if response._coded is not None:
            response._decode_whole()
        if 300 <= http1.status_code < 400 and response.has_redirect_location:
            return await client._follow(request, response, follows)
        return response
    request._is_replay = True
    return await client._send_handling_redirects(request, follows, [], True)


cdef Reactor take(object pool, PoolState state, object key, double now):
    """`Pool.take`, without its frame."""
    cdef PoolEntry entry
    while True:
        entry = state.acquire(key, now)
        if state.discarded:
            pool._close_discarded()
        if entry is None or (<Reactor>entry).is_quiet():
            return <Reactor>entry


cdef int give_back(object pool, PoolState state, Reactor connection) except -1:
    """`Pool.give_back`, without its frame."""
    if not connection.finish():
        pool._forget(connection)
        return 0
    waiter = state.release(connection, monotonic())
    if waiter is not None or state.waiting or state.discarded:
        pool._place(waiter)
    return 0


cdef object whole_response(object request, HTTP1Connection http1, object network_stream):
    """What `Response._received` and `_take_whole` make of a response that is complete."""
    cdef bytes body = http1.body.take()
    response = Response.__new__(Response)
    response.__dict__ = {
        "status_code": http1.status_code,
        "headers": http1.headers,
        "_request": request,
        "history": [],
        "extensions": {
            "http_version": http1.http_version,
            "reason_phrase": http1.reason_phrase,
            "network_stream": network_stream,
        },
        "is_closed": True,
        "is_stream_consumed": True,
        "stream": SPENT,
        "_num_bytes_downloaded": len(body),
        "_has_set_cookie": http1.has_set_cookie,
        "_coded" if http1.has_content_encoding else "_content": body,
    }
    return response


cdef int own(object error, object request) except -1:
    if isinstance(error, (RequestError, InvalidURL)):
        error.request = request
    return 0


if CONTRACT != _wire.CONTRACT:
    raise ImportError("the compiled engine was built for another version of cyhttpx: build it again")
