"""Making the usual request: a URL text, and perhaps params and headers as plain dicts, a body of bytes, text or JSON.

The same request as `BaseClient.build_request` makes, field by field (tests/client/test_draft.py compares them), at a fifth of the price.
Whatever is not plain, here in sight, and right is left to it: it has the errors, too.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Copy, PyDict_Size
from cpython.unicode cimport PyUnicode_DecodeASCII

from cyhttpx._c.headers cimport Headers

cdef extern from "Python.h":
    int PyObject_GenericSetDict(object instance, object value, void* context) except -1

cdef extern from *:
    """
    static inline PyObject *cyhx_new(PyObject *cls) { return ((PyTypeObject *)cls)->tp_alloc((PyTypeObject *)cls, 0); }
    """
    object cyhx_new(object cls)

cdef enum:
    # Places that are remembered in each of two generations: when the young one is full it becomes the old one.
    PLACES = 512
    LONG_URL = 2048
    MAX_URL = 65536


cdef class Place:
    """A URL, and what sending a request to it takes from it."""
    cdef object url
    cdef str text
    cdef bytes target
    cdef tuple host                  # the Host field as `Headers` keeps it
    cdef bint takes_params           # no query and no fragment yet, and its text parses to itself


cdef dict places = {}
cdef dict old_places = {}
cdef bint is_loaded = False
cdef object Request, URL, Timeout, USE_CLIENT_DEFAULT, ByteStream, cached_url, json_chunks
# What every request starts from: copying a dict is cheaper than building one.
cdef dict BLANK
cdef tuple NO_LENGTH = (b"Content-Length", b"content-length", b"0")
cdef tuple IS_JSON = (b"Content-Type", b"content-type", b"application/json")
cdef frozenset BODY_METHODS = frozenset(("POST", "PUT", "PATCH"))


cdef object draft_request(
    dict client, object method, object url, object content, object json, object params, object headers, object timeout
):
    """The request, or None: `build_request` must make it."""
    cdef Place place
    cdef Headers fields
    cdef dict own
    cdef bytes body = None
    if not is_loaded:
        load()
    if type(url) is not str or client["_has_params"] or client["_cookies"]._jar is not None:
        return None
    place = place_of(<str>url)
    if place is None:
        return None
    target = place.url
    if params is not None:
        target = with_params(place, params)
        if target is None:
            return None
    if json is not None:
        if content is not None or client["_json_dumps"] is not None:
            return None
        body = encoded_json(json)
        if body is None:
            return None
    elif content is not None:
        if type(content) is not bytes or not content:
            return None
        body = content
    fields = drafted_headers(<Headers>client["_headers"], headers, place.host, method, body, json is not None)
    if fields is None:
        return None
    own = PyDict_Copy(BLANK)
    own["method"] = method
    own["url"] = target
    own["headers"] = fields
    own["_timeout"] = client["_timeout"] if timeout is USE_CLIENT_DEFAULT else Timeout(timeout)
    if body is not None:
        own["_content"] = body
        own["stream"] = ByteStream(body)
    request = cyhx_new(Request)
    PyObject_GenericSetDict(request, own, NULL)
    return request


cdef int load() except -1:
    """Fetch the classes of the layers above, which are there by the first request."""
    global is_loaded, Request, URL, Timeout, USE_CLIENT_DEFAULT, ByteStream, cached_url, json_chunks, BLANK
    from json.encoder import c_make_encoder, encode_basestring

    from cyhttpx import _client, _config, _content, _request, _urls

    Request, URL, cached_url = _request.Request, _urls.URL, _urls.cached_url
    Timeout, USE_CLIENT_DEFAULT, ByteStream = _config.Timeout, _client.USE_CLIENT_DEFAULT, _content.ByteStream
    BLANK = dict.fromkeys(("method", "url", "headers", "_timeout"))
    BLANK.update(_extensions=None, stream=_request._EMPTY, _content=b"")
    if c_make_encoder is not None:
        # One encoder for all requests; the library makes one a call. It keeps no book of containers: a circular one ends in
        # RecursionError, and then the library is asked, which says what is wrong.
        json_chunks = c_make_encoder(None, refuse, encode_basestring, None, ":", ",", False, False, False)
    is_loaded = True
    return 0


def refuse(value):
    raise TypeError


cdef bytes encoded_json(object value):
    """Compact JSON, None if there is anything wrong or unusual with it."""
    if json_chunks is None:
        return None
    try:
        return "".join(json_chunks(value, 0)).encode("utf-8")
    except Exception:
        return None


cdef Place place_of(str url):
    """The place of a URL text, None for a relative URL. Raises InvalidURL."""
    global places, old_places
    cdef Place place = <Place>places.get(url)
    if place is not None:
        return place
    place = <Place>old_places.get(url)
    if place is None:
        place = made_place(url)
        if place is None or len(url) > LONG_URL:
            return place
    if PyDict_Size(places) >= PLACES:
        old_places, places = places, {}
    places[url] = place
    return place


cdef Place made_place(str url):
    cdef Place place = Place.__new__(Place)
    cdef tuple origin
    place.url = cached_url(url)
    origin = place.url._origin_key
    if not origin[0] or not origin[1]:
        return None
    place.text = str(place.url)
    place.target = place.url._target
    place.host = (b"Host", b"host", place.url._host_header)
    place.takes_params = (
        "?" not in place.text
        and "#" not in place.text
        and URL(place.text)._uri_reference == place.url._uri_reference
    )
    return place


cdef object with_params(Place place, object params):
    """The place's URL with these parameters as its query, None if that is not for here."""
    cdef bytearray query
    if type(params) is not dict or not params or not place.takes_params:
        return None
    query = bytearray()
    for key, value in (<dict>params).items():
        if type(key) is not str:
            return None
        if type(value) is list or type(value) is tuple:
            for one in value:
                if not put_pair(query, key, one):
                    return None
        elif not put_pair(query, key, value):
            return None
    if not query or len(query) + len(place.text) > MAX_URL:
        return None
    text = PyUnicode_DecodeASCII(query, len(query), NULL)
    url = URL.__new__(URL)
    # The parsed form is made from the text when someone asks for it (`URL.__getattr__`).
    url._str = f"{place.text}?{text}"
    url._target = place.target + b"?" + query
    url._host_header = place.host[2]
    url._origin_key = place.url._origin_key
    return url


cdef bint put_pair(bytearray query, str key, object value) except -1:
    """Append `key=value` as application/x-www-form-urlencoded; False for a value that is not plain."""
    if type(value) is str:
        text = value
    elif value is True:
        text = "true"
    elif value is False:
        text = "false"
    elif value is None:
        text = ""
    elif type(value) is int or type(value) is float:
        text = str(value)
    else:
        return False
    if query:
        query.append(38)
    put_quoted(query, key)
    query.append(61)
    put_quoted(query, text)
    return True


cdef int put_quoted(bytearray query, str text) except -1:
    cdef bytes raw = text.encode("utf-8")
    cdef const char* p = PyBytes_AS_STRING(raw)
    cdef const char* digits = b"0123456789ABCDEF"
    cdef Py_ssize_t i
    cdef unsigned char c
    for i in range(PyBytes_GET_SIZE(raw)):
        c = <unsigned char>p[i]
        if (48 <= c <= 57) or (65 <= c <= 90) or (97 <= c <= 122) or c == 95 or c == 46 or c == 45 or c == 126:
            query.append(c)
        elif c == 32:
            query.append(43)
        else:
            query.append(37)
            query.append(digits[c >> 4])
            query.append(digits[c & 15])
    return 0


cdef Headers drafted_headers(Headers base, object extra, tuple host, object method, bytes body, bint is_json):
    """The client's headers, updated with `extra`, with Host and the body's fields where `Request` puts them."""
    cdef Headers made = Headers.__new__(Headers)
    cdef list pairs
    cdef tuple pair
    cdef bint has_host = False
    cdef bint has_length = False
    cdef bint has_type = False
    pairs = base.materialise() if extra is None else merged(base.materialise(), extra)
    if pairs is None:
        return None
    for pair in pairs:
        name = <bytes>pair[1]
        if name == b"host":
            has_host = True
        elif name == b"content-length" or name == b"transfer-encoding":
            has_length = True
        elif name == b"content-type":
            has_type = True
    made._encoding = base._encoding
    made.pairs = [] if has_host else [host]
    if body is None:
        if not has_length and method in BODY_METHODS:
            made.pairs.append(NO_LENGTH)
        made.pairs.extend(pairs)
        return made
    if has_length:
        # The user's own framing: whose of the two wins is `Request`'s to say.
        return None
    made.pairs.extend(pairs)
    made.pairs.append((b"Content-Length", b"content-length", b"%d" % PyBytes_GET_SIZE(body)))
    if is_json and not has_type:
        made.pairs.append(IS_JSON)
    return made


cdef list merged(list base, object extra):
    """`Headers.update` for a dict of text, None if it is anything else."""
    cdef list added = []
    cdef list kept = []
    cdef tuple pair
    cdef tuple new
    cdef bytes name
    if type(extra) is not dict:
        return None
    for key, value in (<dict>extra).items():
        if type(key) is not str or type(value) is not str or not (<str>key).isascii() or not (<str>value).isascii():
            return None
        name = (<str>key).encode("ascii")
        added.append((name, name.lower(), (<str>value).encode("ascii")))
    for pair in base:
        for new in added:
            if <bytes>new[1] == <bytes>pair[1]:
                break
        else:
            kept.append(pair)
    kept.extend(added)
    return kept
