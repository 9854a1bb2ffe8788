"""Headers: all that httpx's class of that name does, compared with the installed httpx; and what is ours."""

from __future__ import annotations

import copy
import gc
import pickle
import weakref
from collections.abc import Callable, Mapping, MutableMapping
from types import MappingProxyType
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cyhttpx

SEVERAL = [("a", "1"), ("B", "2"), ("A", "3"), ("c", "4")]


def result(function: Callable[..., Any], *arguments: Any) -> Any:
    """What a call gives, or the class of the error it ends in. (The texts of most are the interpreter's.)"""
    try:
        return function(*arguments)
    except Exception as error:
        return type(error), error.args if isinstance(error, KeyError) else ()


def same(engine: Any, function: Callable[[Any], Any]) -> None:
    """Assert that the function has the same result with both classes."""
    assert result(function, engine.Headers) == result(function, httpx.Headers)


CONSTRUCTED: list[Any] = [
    None,
    {},
    [],
    (),
    {"a": "b"},
    {b"a": b"b"},
    {"a": b"b"},
    {"A": "b", "a": "c"},
    SEVERAL,
    tuple(SEVERAL),
    [["a", "b"]],
    ["ab"],
    MappingProxyType({"a": "1"}),
    {"a": "\u00e9".encode()},
    {"a": b"\xe9"},
    {b"\xc3\xa9": b"1"},
    {"Authorization": "secret"},
    {b"PROXY-AUTHORIZATION": b"secret", "cookie": "shown"},
    [("authorization", "secret"), ("Authorization", "secret")],
    # What is refused.
    {"a": "\u00e9"},
    {"\u00e9": "a"},
    5,
    b"abc",
    "abc",
    {"a"},
    [("a",)],
    [("a", "b", "c")],
    [(1, "b")],
    [("a", 1)],
    {"a": None},
    [b"ab"],
]


@pytest.mark.parametrize("given", CONSTRUCTED, ids=repr)
def test_construction(engine: Any, given: Any) -> None:
    same(engine, lambda cls: cls(given).raw)
    same(engine, lambda cls: repr(cls(given)))
    same(engine, lambda cls: cls(given).encoding)
    same(engine, lambda cls: cls(cls(given)).raw)


def test_a_value_that_is_no_text_is_named(engine: Any) -> None:
    with pytest.raises(TypeError, match=r"^Header value must be str or bytes, not <class 'int'>$"):
        engine.Headers({"a": 1})


@pytest.mark.parametrize("encoding", ["ascii", "utf-8", "iso-8859-1", "latin-1", "utf-16", "nope", None])
@pytest.mark.parametrize("value", ["a", "\u00e9", "\u20ac", b"\xe9", b"\xc3\xa9"], ids=repr)
def test_encodings(engine: Any, encoding: str | None, value: Any) -> None:
    def all_of_it(cls: Any) -> Any:
        headers = cls({"x": value}, encoding=encoding)
        return headers.raw, headers.encoding, headers["x"], repr(headers), headers.multi_items()

    same(engine, all_of_it)


def test_an_encoding_that_is_set_counts(engine: Any) -> None:
    headers = engine.Headers({"x": "\u00e9".encode()})
    assert headers["x"] == "\u00e9"
    headers.encoding = "iso-8859-1"
    assert headers["x"] == "\u00c3\u00a9"
    headers["y"] = "\u00e9"
    assert headers.raw[1] == (b"y", b"\xe9")


READS: dict[str, Callable[[Any], Any]] = {
    "keys": lambda h: list(h.keys()),
    "values": lambda h: list(h.values()),
    "items": lambda h: list(h.items()),
    "multi_items": lambda h: h.multi_items(),
    "iter": list,
    "len": len,
    "bool": bool,
    "raw": lambda h: h.raw,
    "dict": dict,
    "get": lambda h: (h.get("A"), h.get("b"), h.get("zz"), h.get("zz", 5), h.get("zz", default=6)),
    "item": lambda h: (h["A"], h["b"]),
    "missing item": lambda h: h["zz"],
    "item of bytes": lambda h: h[b"a"],
    "item of int": lambda h: h[1],
    "item beyond ASCII": lambda h: h["\u00e9"],
    "in": lambda h: ("A" in h, "b" in h, "zz" in h),
    "int in": lambda h: 1 in h,
    "get_list": lambda h: (h.get_list("a"), h.get_list("B"), h.get_list("zz")),
    "get_list of commas": lambda h: (h.get_list("a", True), h.get_list(key="a", split_commas=True)),
    "hash": hash,
    "not equal": lambda h: h != {},
    "pop": lambda h: (h.pop("A"), h.raw),
    "pop missing": lambda h: h.pop("zz"),
    "pop missing with default": lambda h: (h.pop("zz", 1), h.pop("zz", default=2), h.pop("zz", None)),
    "popitem": lambda h: (h.popitem(), h.raw),
    "setdefault": lambda h: (h.setdefault("a", "5"), h.setdefault("N", "5"), h.raw),
    "setdefault without": lambda h: h.setdefault("zz"),
    "clear": lambda h: (h.clear(), h.raw),
    "del": lambda h: (h.__delitem__("A"), h.raw),
    "del missing": lambda h: h.__delitem__("zz"),
    "set": lambda h: (h.__setitem__("A", "9"), h.raw),
    "set new": lambda h: (h.__setitem__("N", "9"), h.raw),
    "set beyond ASCII": lambda h: (h.__setitem__("N", "\u00e9"), h.raw),
    "set bytes": lambda h: h.__setitem__(b"a", b"9"),
    "set int": lambda h: h.__setitem__("a", 9),
    "update with dict": lambda h: (h.update({"a": "9", "N": "8"}), h.raw),
    "update with bytes": lambda h: (h.update({b"A": b"9"}), h.raw),
    "update with pairs": lambda h: (h.update([("c", "5"), ("a", "7"), ("a", "8")]), h.raw),
    "update with headers": lambda h: (h.update(type(h)([("A", "7"), ("a", "8")])), h.raw),
    "update with itself": lambda h: (h.update(h), h.raw),
    "update with nothing": lambda h: (h.update(), h.update(None), h.update({}), h.raw),
    "update with what is none": lambda h: h.update(5),
    "update by keyword": lambda h: h.update(headers={"a": "1"}) or h.raw,
    "del while iterating": lambda h: [h.__delitem__(key) for key in h],
    "copy": lambda h: (h.copy().raw, h.copy() is h, h.copy() == h),
    "copies are apart": lambda h: (h.copy().clear(), h.raw),
    "raw is a copy": lambda h: (h.raw.clear(), h.raw),
}


@pytest.mark.parametrize("content", [SEVERAL, [], [("a", "1, 2"), ("a", ",")], {"a": b"\xe9"}], ids=repr)
@pytest.mark.parametrize("name", READS)
def test_verbs(engine: Any, name: str, content: Any) -> None:
    same(engine, lambda cls: READS[name](cls(content)))


EQUALS = [
    {"a": "1, 3", "b": "2", "c": "4"},
    SEVERAL,
    list(reversed(SEVERAL)),
    [(name.upper(), value) for name, value in SEVERAL],
    SEVERAL[:3],
    {},
    None,
    "x",
    5,
    [1],
    {"a": 1},
    {1: 2},
    {"a": "\u00e9"},
]


@pytest.mark.parametrize("other", EQUALS, ids=repr)
def test_equality(engine: Any, other: Any) -> None:
    same(engine, lambda cls: cls(SEVERAL) == other)
    same(engine, lambda cls: cls(SEVERAL) == (cls(other) if other else other))


names = st.sampled_from(["a", "A", "b", "Content-Type", "content-type", "X"])
values = st.sampled_from(["", "1", "2", "a, b"])
pairs = st.lists(st.tuples(names, values), max_size=4)
steps = st.one_of(
    st.tuples(st.just("set"), names, values),
    st.tuples(st.just("del"), names),
    st.tuples(st.just("pop"), names),
    st.tuples(st.just("setdefault"), names, values),
    st.tuples(st.just("update"), pairs),
    st.tuples(st.just("popitem")),
)


def apply(headers: Any, step: Any) -> Any:
    verb, *arguments = step
    if verb == "set":
        headers[arguments[0]] = arguments[1]
        return None
    if verb == "del":
        del headers[arguments[0]]
        return None
    return getattr(headers, verb)(*arguments)


@settings(max_examples=100, deadline=None)
@given(start=pairs, changes=st.lists(steps, max_size=8))
def test_any_sequence_of_changes(engine: Any, start: Any, changes: Any) -> None:
    ours, theirs = engine.Headers(start), httpx.Headers(start)
    for step in changes:
        assert result(apply, ours, step) == result(apply, theirs, step)
        assert ours.raw == theirs.raw
        assert list(ours.items()) == list(theirs.items())
        assert repr(ours) == repr(theirs)
        assert len(ours) == len(theirs)


# What is ours.


def test_union(engine: Any) -> None:
    headers = engine.Headers(SEVERAL)
    assert (headers | {"A": "0", "z": "1"}).raw == [(b"B", b"2"), (b"c", b"4"), (b"A", b"0"), (b"z", b"1")]
    assert (headers | engine.Headers([("b", "5"), ("b", "6")])).get_list("b") == ["5", "6"]
    assert ({"A": "0", "z": "1"} | headers).raw == [(b"z", b"1"), *engine.Headers(SEVERAL).raw]
    assert headers.raw == engine.Headers(SEVERAL).raw
    before = headers
    headers |= {"a": "9"}
    headers |= [("n", "1"), ("n", "2")]
    assert headers is before
    assert headers.get_list("a") == ["9"]
    assert headers.get_list("n") == ["1", "2"]


@pytest.mark.parametrize("other", [5, None, "ab", [("a", "b")]], ids=repr)
def test_union_is_for_mappings(engine: Any, other: Any) -> None:
    headers = engine.Headers(SEVERAL)
    with pytest.raises(TypeError):
        headers | other
    with pytest.raises(TypeError):
        other | headers


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickling(engine: Any, protocol: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # It is pickled under its public name, which belongs to one of the engines.
    monkeypatch.setattr(cyhttpx, "Headers", engine.Headers)
    headers = engine.Headers([("A", "1"), ("a", b"\xe9")])
    back = pickle.loads(pickle.dumps(headers, protocol))
    assert type(back) is engine.Headers
    assert back.raw == headers.raw
    assert back.encoding == "iso-8859-1"
    explicit = engine.Headers({"a": "b"}, encoding="utf-16")
    assert pickle.loads(pickle.dumps(explicit, protocol)).encoding == "utf-16"


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy], ids=["copy", "deepcopy"])
def test_copies(engine: Any, copied: Callable[[Any], Any]) -> None:
    headers = engine.Headers(SEVERAL)
    other = copied(headers)
    assert type(other) is engine.Headers
    assert other.raw == headers.raw
    other["a"] = "9"
    assert headers["a"] == "1, 3"


def test_subclasses(engine: Any) -> None:
    class Mine(engine.Headers):  # type: ignore[misc, name-defined]
        """Knows its size."""

        def size(self) -> int:
            return len(self)

    mine = Mine({"Authorization": "x", "b": "2"})
    mine.note = "kept"
    assert mine.size() == 2
    assert repr(mine) == "Mine({'authorization': '[secure]', 'b': '2'})"
    assert type(copy.copy(mine)) is Mine
    # As httpx: a copy is of the class that knows how to be made.
    assert type(mine.copy()) is engine.Headers
    assert mine == engine.Headers(mine)
    assert vars(mine) == {"note": "kept"}


def test_instances_hold_notes_and_weak_references(engine: Any) -> None:
    headers = engine.Headers()
    assert vars(headers) == {}
    headers.note = 1
    assert vars(headers) == {"note": 1}
    reference = weakref.ref(headers)
    del headers
    gc.collect()
    assert reference() is None


def test_class(engine: Any) -> None:
    assert engine.Headers.__module__ == "cyhttpx"
    assert engine.Headers.__qualname__ == "Headers"
    assert repr(engine.Headers) == "<class 'cyhttpx.Headers'>"
    assert issubclass(engine.Headers, MutableMapping)
    assert isinstance(engine.Headers(), Mapping)
    # A mapping to those who build dicts, and to httpx's own class.
    assert {**engine.Headers({"A": "b"})} == {"a": "b"}
    assert httpx.Headers(engine.Headers({"A": "b"})).raw == [(b"a", b"b")]


def test_not_reversible(engine: Any) -> None:
    with pytest.raises(TypeError):
        reversed(engine.Headers(SEVERAL))


def test_wire_pairs_are_taken_as_they_are(engine: Any) -> None:
    pairs = [(b"X", b"\xe9"), (b"x", b"")]
    headers = engine.Headers._from_pairs(pairs)
    assert headers.raw == pairs
    assert headers.encoding == "iso-8859-1"
    pairs.clear()
    assert len(headers) == 2


def test_host_comes_first_unless_it_is_there(engine: Any) -> None:
    headers = engine.Headers({"A": "b"}, encoding="utf-8")
    with_host = headers._with_host(b"h")
    assert with_host.raw == [(b"Host", b"h"), (b"A", b"b")]
    assert with_host.encoding == "utf-8"
    assert headers.raw == [(b"A", b"b")]
    there = engine.Headers([("A", "b"), ("hOsT", "mine")])
    assert there._with_host(b"h").raw == there.raw
    assert there._with_host(b"h") is not there


def test_headers_of_a_response_are_independent(engine: Any) -> None:
    connection = engine.HTTP1Connection()
    connection.send_request(b"GET", b"/", engine.Headers({"Host": "h"}), b"")
    connection.receive(b"HTTP/1.1 200 OK\r\nX: 1\r\nx:2\r\nContent-Length: 0\r\n\r\n")
    headers = connection.headers
    assert headers.get("X") == "1, 2"
    assert headers.get("zz") is None
    assert len(headers) == 3
    copied = headers.copy()
    del headers["x"]
    assert copied.raw == [(b"X", b"1"), (b"x", b"2"), (b"Content-Length", b"0")]
    assert headers.raw == [(b"Content-Length", b"0")]
