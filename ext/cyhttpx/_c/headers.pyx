"""Headers, compiled. The twin of `cyhttpx/_py/headers.py`: same names, same results, same errors.

What lives here: the multi-dict. What doesn't: which headers are right on the wire (`http1`), and which of them a client adds.
"""

from collections.abc import Mapping, MutableMapping

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdlib cimport free

from cyhttpx._c._scan cimport cyhx_is_word

cdef extern from "Python.h":
    ctypedef struct PyTypeObject:
        const char* tp_name

cdef object MISSING = object()
# Never shown in a repr.
cdef frozenset SENSITIVE = frozenset((b"authorization", b"proxy-authorization"))


cdef bytes encoded_name(object name, object encoding):
    return name if isinstance(name, bytes) else name.encode(encoding or "ascii")


cdef bytes encoded_value(object value, object encoding):
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise TypeError(f"Header value must be str or bytes, not {type(value)}")
    return value.encode(encoding or "ascii")


cdef bint is_ascii(bytes data) noexcept:
    cdef const unsigned char* p = <const unsigned char*>PyBytes_AS_STRING(data)
    cdef Py_ssize_t i
    cdef unsigned char seen = 0
    for i in range(PyBytes_GET_SIZE(data)):
        seen |= p[i]
    return seen < 0x80


cdef bint decodes(list pairs, str encoding):
    cdef tuple pair
    try:
        for pair in pairs:
            (<bytes>pair[0]).decode(encoding)
            (<bytes>pair[2]).decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


cdef Headers headers_from_wire(bytes head, Field* fields, Py_ssize_t count):
    """Take over `fields` (malloc'ed), offsets into `head`."""
    cdef Headers made = Headers.__new__(Headers)
    made.head = head
    made.fields = fields
    made.count = count
    return made


cdef class Headers:
    """HTTP headers as a case-insensitive multi-dict (httpx: https://www.python-httpx.org/api/#headers).

    Names and values keep their order, their case and their repetitions; lookups join repetitions with ", " (RFC 9110 §5.3).
    `headers`: another `Headers`, a mapping or a sequence of pairs, of `str` or `bytes`. `encoding`: how `str` is encoded and bytes
    are decoded; by default found from the content: ASCII, else UTF-8, else ISO-8859-1.

    Raises `TypeError` for a value that is neither `str` nor `bytes`.
    """

    # As in httpx: there is no order in a mapping of names that would be worth turning round.
    __reversed__ = None

    def __cinit__(self):
        self.fields = NULL
        self.count = 0

    def __dealloc__(self):
        free(self.fields)

    def __init__(self, headers=None, encoding=None):
        cdef list pairs
        cdef bytes name
        if isinstance(headers, Headers):
            pairs = list((<Headers>headers).materialise())
        else:
            pairs = []
            if headers is not None:
                for key, value in headers.items() if isinstance(headers, Mapping) else headers:
                    name = encoded_name(key, encoding)
                    pairs.append((name, name.lower(), encoded_value(value, encoding)))
        self.pairs = pairs
        self._encoding = encoding

    @staticmethod
    def _from_pairs(pairs):
        """Build from wire pairs `[(name, value)]`, bytes taken as they are."""
        cdef Headers made = Headers.__new__(Headers)
        cdef bytes name
        cdef bytes value
        made.pairs = []
        for name, value in pairs:
            if name is None or value is None:
                raise TypeError("a wire pair is of bytes")
            made.pairs.append((name, name.lower(), value))
        return made

    def _with_host(self, bytes host not None):
        """Copy, with `Host: <host>` in front unless a Host is there."""
        return self.with_host((b"Host", b"host", host))

    cdef Headers with_host(self, tuple host):
        cdef Headers made = Headers.__new__(Headers)
        cdef list pairs = self.materialise()
        cdef tuple pair
        made._encoding = self._encoding
        for pair in pairs:
            if <bytes>pair[1] == b"host":
                made.pairs = pairs[:]
                return made
        made.pairs = [host, *pairs]
        return made

    cdef list materialise(self):
        cdef const char* base
        cdef Field field
        cdef bytes name
        cdef Py_ssize_t i
        cdef list pairs
        if self.pairs is not None:
            return self.pairs
        pairs = []
        if self.base is not None:
            pairs = self.base[:] if self.host is None else [self.host, *self.base]
            self.base = None
        elif self.head is not None:
            base = PyBytes_AS_STRING(self.head)
            for i in range(self.count):
                field = self.fields[i]
                name = PyBytes_FromStringAndSize(base + field.name, field.name_size)
                pairs.append((name, name.lower(), PyBytes_FromStringAndSize(base + field.value, field.value_size)))
            free(self.fields)
            self.fields = NULL
            self.count = 0
            self.head = None
        self.pairs = pairs
        return pairs

    cdef int change(self, list pairs) except -1:
        """Put other pairs in the place of these: always a new list, drafts share the old one."""
        self.pairs = pairs
        self.wire = None
        self.wire_is_known = False
        return 0

    cdef object known_encoding(self):
        cdef list pairs
        cdef tuple pair
        if self._encoding is None:
            if self.pairs is None and self.head is not None and is_ascii(self.head):
                self._encoding = "ascii"
                return self._encoding
            pairs = self.materialise()
            for pair in pairs:
                if not (is_ascii(<bytes>pair[0]) and is_ascii(<bytes>pair[2])):
                    self._encoding = "utf-8" if decodes(pairs, "utf-8") else "iso-8859-1"
                    break
            else:
                self._encoding = "ascii"
        return self._encoding

    cdef bytes key_of(self, object key):
        return key.lower().encode(self.known_encoding())

    cdef object lookup(self, object key):
        """The joined value, or None."""
        cdef bytes wanted = self.key_of(key)
        cdef const char* base
        cdef Field field
        cdef Py_ssize_t i
        cdef bytes found = None
        cdef tuple pair
        if self.pairs is None and self.head is not None:
            # The wire form answers by itself: a lookup in an ASCII head makes one string and no list.
            base = PyBytes_AS_STRING(self.head)
            for i in range(self.count):
                field = self.fields[i]
                if field.name_size == PyBytes_GET_SIZE(wanted) and cyhx_is_word(
                    base + field.name, PyBytes_AS_STRING(wanted), field.name_size
                ):
                    part = PyBytes_FromStringAndSize(base + field.value, field.value_size)
                    found = part if found is None else found + b", " + part
        else:
            for pair in self.materialise():
                if <bytes>pair[1] == wanted:
                    found = <bytes>pair[2] if found is None else found + b", " + <bytes>pair[2]
        return None if found is None else found.decode(self.known_encoding())

    @property
    def encoding(self):
        """The encoding of names and values: as set, else the first of ASCII, UTF-8 and ISO-8859-1 that fits everything."""
        return self.known_encoding()

    @encoding.setter
    def encoding(self, value):
        self._encoding = value

    @property
    def raw(self):
        """The pairs as bytes, in wire order and case: `list[tuple[bytes, bytes]]`."""
        cdef tuple pair
        return [(pair[0], pair[2]) for pair in self.materialise()]

    def _joined(self):
        """Lower-case names to joined values, in order of first appearance."""
        cdef dict joined = {}
        cdef tuple pair
        encoding = self.known_encoding()
        for pair in self.materialise():
            name = (<bytes>pair[1]).decode(encoding)
            value = (<bytes>pair[2]).decode(encoding)
            joined[name] = f"{joined[name]}, {value}" if name in joined else value
        return joined

    def keys(self):
        """Lower-case names, each once, in order."""
        return self._joined().keys()

    def values(self):
        """Values, those of one name joined with ", "."""
        return self._joined().values()

    def items(self):
        """Lower-case names with their values, those of one name joined with ", "."""
        return self._joined().items()

    def multi_items(self):
        """All pairs, lower-case names, repetitions kept apart."""
        cdef tuple pair
        encoding = self.known_encoding()
        return [((<bytes>pair[1]).decode(encoding), (<bytes>pair[2]).decode(encoding)) for pair in self.materialise()]

    def get(self, key, default=None):
        """Return the value of `key`, repetitions joined with ", ", or `default`."""
        found = self.lookup(key)
        return default if found is None else found

    def get_list(self, key, split_commas=False):
        """Return every value of `key`; with `split_commas` also split each at its commas."""
        cdef bytes wanted = self.key_of(key)
        cdef tuple pair
        encoding = self.known_encoding()
        values = [(<bytes>pair[2]).decode(encoding) for pair in self.materialise() if <bytes>pair[1] == wanted]
        if not split_commas:
            return values
        return [part.strip() for value in values for part in value.split(",")]

    def update(self, headers=None):
        """Set every header of `headers`, each in place of all of that name here."""
        cdef Headers other = headers if type(headers) is Headers else Headers(headers)
        cdef list theirs = other.materialise()
        cdef tuple pair
        if theirs:
            replaced = {pair[1] for pair in theirs}
            self.change([pair for pair in self.materialise() if pair[1] not in replaced] + theirs)

    def copy(self):
        """Return an independent copy."""
        return Headers(self, encoding=self.known_encoding())

    def setdefault(self, key, default=None):
        """Return the value of `key`, setting it to `default` first if there is none."""
        found = self.lookup(key)
        if found is None:
            self[key] = default
            return default
        return found

    def pop(self, key, default=MISSING):
        """Remove `key` and return its value, or `default`; without one raise `KeyError`."""
        found = self.lookup(key)
        if found is None:
            if default is not MISSING:
                return default
            raise KeyError(key)
        del self[key]
        return found

    def popitem(self):
        """Remove and return the first name with its value; `KeyError` when empty."""
        for key in self.keys():
            return key, self.pop(key)
        raise KeyError

    def clear(self):
        """Remove everything."""
        self.materialise()
        self.change([])

    def __getitem__(self, key):
        found = self.lookup(key)
        if found is None:
            raise KeyError(key)
        return found

    def __setitem__(self, key, value):
        cdef bytes name = key.encode(self._encoding or "utf-8")
        cdef bytes folded = name.lower()
        cdef tuple new = (name, folded, value.encode(self._encoding or "utf-8"))
        cdef list kept = []
        cdef tuple pair
        for pair in self.materialise():
            if <bytes>pair[1] != folded:
                kept.append(pair)
            elif new is not None:
                # The first of that name keeps its place, the others go.
                kept.append(new)
                new = None
        if new is not None:
            kept.append(new)
        self.change(kept)

    def __delitem__(self, key):
        cdef bytes wanted = self.key_of(key)
        cdef tuple pair
        cdef list pairs = self.materialise()
        kept = [pair for pair in pairs if <bytes>pair[1] != wanted]
        if len(kept) == len(pairs):
            raise KeyError(key)
        self.change(kept)

    def __contains__(self, key):
        cdef bytes wanted = self.key_of(key)
        cdef tuple pair
        for pair in self.materialise():
            if <bytes>pair[1] == wanted:
                return True
        return False

    def __iter__(self):
        return iter(self.keys())

    def __len__(self):
        return self.count if self.head is not None else len(self.materialise())

    def __eq__(self, other):
        cdef tuple pair
        try:
            theirs = other if isinstance(other, Headers) else Headers(other)
        except ValueError:
            return False
        return sorted([(pair[1], pair[2]) for pair in self.materialise()]) == sorted(
            [(pair[1], pair[2]) for pair in (<Headers>theirs).materialise()]
        )

    def __or__(self, other):
        if not isinstance(other, (Headers, Mapping)):
            return NotImplemented
        if not isinstance(self, Headers):
            made = Headers(self)
        else:
            made = self.copy()
        made.update(other)
        return made

    def __ror__(self, other):
        if not isinstance(other, Mapping):
            return NotImplemented
        made = Headers(other)
        made.update(self)
        return made

    def __ior__(self, other):
        self.update(other)
        return self

    def __repr__(self):
        encoding = self.known_encoding()
        hint = "" if encoding == "ascii" else f", encoding={encoding!r}"
        shown = [
            (name, "[secure]" if name.encode(encoding) in SENSITIVE else value) for name, value in self.multi_items()
        ]
        without_repeats = dict(shown)
        content = without_repeats if len(without_repeats) == len(shown) else shown
        return f"{type(self).__name__}({content!r}{hint})"

    def __copy__(self):
        return type(self)(self, encoding=self._encoding)

    def __reduce__(self):
        return type(self), (self.raw, self._encoding), vars(self) or None


(<PyTypeObject*>Headers).tp_name = b"cyhttpx.Headers"
MutableMapping.register(Headers)
