"""Making the usual request: a URL text, and perhaps params and headers as plain dicts, a body of bytes, text or JSON.

The same request as `BaseClient.build_request` makes, field by field (tests/client/test_draft.py compares them), at a fifth of the price.
Whatever is not plain, here in sight, and right is left to it: it has the errors, too.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.dict cimport PyDict_Size
from cpython.unicode cimport PyUnicode_DecodeASCII

from cyhttpx._c._lines cimport plain_lines
from cyhttpx._c.fields cimport ClientFields, RequestFields, new_instance
from cyhttpx._c.headers cimport Headers

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
    cdef object origin_key
    cdef tuple host                  # the Host field as `Headers` keeps it
    cdef bytes host_line             # and as it is sent
    cdef bint takes_params           # no query and no fragment yet, and its text parses to itself


cdef dict places = {}
cdef dict old_places = {}
cdef bint is_loaded = False
cdef object Request, URL, Timeout, USE_CLIENT_DEFAULT, ByteStream, cached_url, json_chunks
cdef tuple NO_LENGTH = (b"Content-Length", b"content-length", b"0")
cdef tuple IS_JSON = (b"Content-Type", b"content-type", b"application/json")
cdef dict METHODS = {name: name.encode() for name in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY")}
cdef frozenset BODY_METHODS = frozenset(("POST", "PUT", "PATCH"))


cdef Draft draft(
    ClientFields client, str method, object url, object content, object json, object params, object headers, object timeout
):
    """Draft a request, or return None: `build_request` must make it."""
    cdef Place place
    cdef Draft made
    cdef RequestFields request
    if not is_loaded:
        load()
    if type(url) is not str or client._has_params or client._cookies._jar is not None:
        return None
    place = place_of(<str>url)
    if place is None:
        return None
    made = Draft.__new__(Draft)
    made.target = place.target
    target = place.url
    if params is not None:
        target = with_params(place, params)
        if target is None:
            return None
        made.target = target._target
    if json is not None:
        if content is not None or client._json_dumps is not None:
            return None
        made.body = encoded_json(json)
        if made.body is None:
            return None
    elif content is not None:
        if type(content) is not bytes or not content:
            return None
        made.body = content
    made.headers = drafted_headers(<Headers>client._headers, headers, place, method, made.body, json is not None)
    if made.headers is None:
        return None
    made.method = METHODS.get(method)
    made.origin_key = place.origin_key
    made.timeout = client._timeout if timeout is USE_CLIENT_DEFAULT else Timeout(timeout)
    if made.timeout.total is not None:
        return None
    request = <RequestFields>new_instance(Request)
    request.method = method
    request.url = target
    request.headers = made.headers
    request._timeout = made.timeout
    made.request = request
    if made.body is None:
        made.body = b""
    else:
        (<object>request).stream = ByteStream(made.body)
    request._content = made.body
    return made


cdef Draft draft_of(object request):
    """The same for a request that was built elsewhere; its body is in memory."""
    cdef Draft made = Draft.__new__(Draft)
    url = request.url
    made.request = request
    made.method = METHODS.get(request.method)
    if made.method is None:
        made.method = request.method.encode("ascii", "replace")
    made.target = url._target
    made.origin_key = url._origin_key
    made.headers = request.headers
    made.body = request._content
    made.timeout = request._timeout
    return made


cdef int load() except -1:
    """Fetch the classes of the layers above, which are there by the first request."""
    global is_loaded, Request, URL, Timeout, USE_CLIENT_DEFAULT, ByteStream, cached_url, json_chunks
    from json.encoder import c_make_encoder, encode_basestring

    from cyhttpx import _client, _config, _content, _request, _urls

    Request, URL, cached_url = _request.Request, _urls.URL, _urls.cached_url
    Timeout, USE_CLIENT_DEFAULT, ByteStream = _config.Timeout, _client.USE_CLIENT_DEFAULT, _content.ByteStream
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
    if origin[0] not in ("http", "https") or not origin[1] or place.url._uri_reference.userinfo:
        return None
    place.origin_key = origin
    place.text = str(place.url)
    place.target = place.url._target
    place.host = (b"Host", b"host", place.url._host_header)
    place.host_line = plain_lines([(b"X", b"x", place.url._host_header)])
    if place.host_line is None:
        return None
    place.host_line = b"Host: %b\r\n" % place.url._host_header
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


cdef Headers drafted_headers(Headers base, object extra, Place place, str method, bytes body, bint is_json):
    """The client's headers, updated with `extra`, with Host and the body's fields where `Request` puts them."""
    cdef Headers made = Headers.__new__(Headers)
    cdef list pairs
    cdef bint is_bare = body is None and method not in BODY_METHODS
    made._encoding = base._encoding
    if not base.wire_is_known:
        base.wire = plain_lines(base.materialise())
        base.wire_is_known = True
    if extra is None and base.wire is not None:
        # Nothing of the client's touches Host or the framing: the lines are known, and the pairs can wait.
        if is_bare:
            made.host = place.host
            made.base = base.materialise()
            made.wire = place.host_line + base.wire
            made.wire_length = -1
            return made
        if body is not None:
            return with_length(made, place, base, body, is_json)
    pairs = base.materialise() if extra is None else merged(base.materialise(), extra)
    return None if pairs is None else framed(made, pairs, place, is_bare, body, is_json)


cdef Headers with_length(Headers made, Place place, Headers base, bytes body, bint is_json):
    """Lines made ahead, and behind them those of a body. The client's own Content-Type goes before JSON's."""
    cdef tuple pair
    length = b"%d" % PyBytes_GET_SIZE(body)
    made.host = place.host
    made.base = [*base.materialise(), (b"Content-Length", b"content-length", length)]
    made.wire = b"%b%bContent-Length: %b\r\n" % (place.host_line, base.wire, length)
    if is_json:
        for pair in base.pairs:
            if <bytes>pair[1] == b"content-type":
                break
        else:
            made.base.append(IS_JSON)
            made.wire = made.wire + b"Content-Type: application/json\r\n"
    made.wire_length = PyBytes_GET_SIZE(body)
    return made


cdef Headers framed(Headers made, list pairs, Place place, bint is_bare, bytes body, bint is_json):
    """Host in front, the body's fields behind, unless they are there."""
    cdef tuple pair
    cdef bytes name
    cdef bint has_host = False
    cdef bint has_length = False
    cdef bint has_type = False
    for pair in pairs:
        name = <bytes>pair[1]
        if name == b"host":
            has_host = True
        elif name == b"content-length" or name == b"transfer-encoding":
            has_length = True
        elif name == b"content-type":
            has_type = True
    made.pairs = [] if has_host else [place.host]
    if body is None:
        if not has_length and not is_bare:
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
