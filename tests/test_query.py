"""`QueryParams`, and the parameters of URLs, against httpx 0.28's."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cyhttpx._query import QueryParams, primitive_value_to_str
from cyhttpx._urls import URL, with_params

BASES = [
    "http://example.com:8080/a/b?c=d&c=e#f",
    "https://user:pw@[::1]/x",
    "/relative?x",
    "",
    "HTTP://h:80/",
    "ws://h:81",
    "http://a<b/p",
    "mailto:x@y",
    "http://ü.de/?",
    "//h/x",
    "http:/x/y",
    "http://u@h?ü",
    "http://h/?a=%zz&b=1+2&a=3&&=#",
]


def outcome(make: Any) -> Any:
    try:
        made = make()
        if isinstance(made, (URL, httpx.URL)):
            return tuple(made._uri_reference)
        return facts(made)
    except Exception as error:
        return type(error).__name__, str(error)


def facts(made: Any) -> Any:
    return made.multi_items(), str(made), repr(made), bool(made), len(made), list(made), list(made.items())


PARAMS: list[Any] = [
    *[None, {}, [], "", {"a": "1"}, {"c": "9"}, {"c": ["x", "y"], "z": None}, [("a", 1), ("a", 2.5)], "c=1&n=ü", b"c"],
    *[{"ü &=+": "/?#%~ "}, (("a", True),), {1: False}, httpx.QueryParams("a=b")],
]


@pytest.mark.parametrize("base", BASES)
def test_params_helpers_are_those_of_httpx(base: str) -> None:
    ours, theirs = URL(base), httpx.URL(base)
    for params in PARAMS:
        expected = outcome(lambda p=params: theirs.copy_merge_params(p))
        if isinstance(params, httpx.QueryParams):
            params = QueryParams(str(params))
        assert outcome(lambda p=params: ours.copy_merge_params(p)) == expected, params
        assert outcome(lambda p=params: with_params(ours, p)) == expected, params
    for key, value in [("c", 1), ("new", None), ("ü", "ü&")]:
        assert outcome(lambda k=key, v=value: ours.copy_set_param(k, v)) == outcome(
            lambda k=key, v=value: theirs.copy_set_param(k, v)
        )
        assert outcome(lambda k=key, v=value: ours.copy_add_param(k, v)) == outcome(
            lambda k=key, v=value: theirs.copy_add_param(k, v)
        )
        assert outcome(lambda k=key, v=value: ours.copy_remove_param(k)) == outcome(
            lambda k=key, v=value: theirs.copy_remove_param(k)
        )


def test_params_that_are_too_long() -> None:
    params = {"a": "x" * 65536}
    assert outcome(lambda: with_params(URL("http://h"), params)) == outcome(
        lambda: httpx.URL("http://h").copy_merge_params(params)
    )


@settings(max_examples=100, deadline=None)
@given(
    st.sampled_from(BASES),
    st.dictionaries(st.text(max_size=4), st.text(max_size=4) | st.lists(st.integers()), max_size=3),
)
def test_params_on_any_url(url: str, params: dict[str, Any]) -> None:
    expected = outcome(lambda: httpx.URL(url).copy_merge_params(params))
    assert outcome(lambda: with_params(URL(url), params)) == expected


FORMS: list[Any] = [
    *[
        "",
        "a=1&b=2",
        "a",
        "a=",
        "=a",
        "&&a=1&",
        "a=1;b=2",
        "a=b=c",
        "%41=%C3%BC+%zz",
        "ü=ö ä",
        "a=%ff",
        "a+b=c%2Bd",
        "?a=1",
    ],
    *["a=%C3ü%BC", "%", "%4", "a=1&A=2&a=3", b"a=1&b=%20", b"", None, {}, [], (), {"a": None, "b": True, "c": 1.5}],
    *[{"a": ["x", None, False]}, {"a": ("x", "y")}, {1: 2, "1": 3}, [("a", "1"), ("b", 2), ("a", None)], (("a", "1"),)],
    *[[(1, "a"), ("1", "b")], {"a": []}, {"a&=": "b&= +/?#~._-"}, {"é": "\u2028\x00\n"}, [["a", "b"]], {"a": [["n"]]}],
    *[
        5,
        {"a": b"bytes"},
        "a=" + "b" * 5000,
        "&".join(f"k{n}=v" for n in range(2000)),
        b"\xff",
        [("a",)],
        {"\ud800": ""},
    ],
]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: repr(form)[:30])
def test_forms(form: Any) -> None:
    assert outcome(lambda: QueryParams(form)) == outcome(lambda: httpx.QueryParams(form))


def test_keywords_and_copies() -> None:
    assert outcome(lambda: QueryParams(a=1, b=[2, None])) == outcome(lambda: httpx.QueryParams(a=1, b=[2, None]))
    assert outcome(lambda: QueryParams()) == outcome(lambda: httpx.QueryParams())
    first = QueryParams("a=1&a=2")
    assert QueryParams(first) == first
    assert QueryParams(first)._dict is not first._dict
    with pytest.raises(AssertionError):
        QueryParams("a", "b")
    with pytest.raises(AssertionError):
        QueryParams("a", b=1)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab=&+%4C3Bü; \ud7ff?#/", max_size=20))
def test_any_text(text: str) -> None:
    assert outcome(lambda: QueryParams(text)) == outcome(lambda: httpx.QueryParams(text))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=4), st.text(max_size=6) | st.integers() | st.booleans() | st.none())))
def test_any_pairs(pairs: list[Any]) -> None:
    assert outcome(lambda: QueryParams(pairs)) == outcome(lambda: httpx.QueryParams(pairs))
    # What is written is what is read.
    assert QueryParams(str(QueryParams(pairs))) == QueryParams(pairs)


def test_lookups_are_those_of_httpx() -> None:
    ours, theirs = QueryParams("a=1&b=2&a=3&1=x"), httpx.QueryParams("a=1&b=2&a=3&1=x")
    for key in ["a", "b", "c", 1, "1", None]:
        assert ours.get(key) == theirs.get(key)
        assert ours.get(key, "d") == theirs.get(key, "d")
        assert ours.get_list(key) == theirs.get_list(key)  # type: ignore[arg-type]
        assert (key in ours) is (key in theirs)
    assert list(ours.keys()) == list(theirs.keys())
    assert list(ours.values()) == list(theirs.values())
    assert list(ours.items()) == list(theirs.items())
    assert ours["a"] == "1"
    with pytest.raises(KeyError):
        _ = ours["c"]


@pytest.mark.parametrize("key", ["a", "new", "ü", 1])
@pytest.mark.parametrize("value", ["x", None, True, 1.5])
def test_changed_copies_are_those_of_httpx(key: Any, value: Any) -> None:
    text = "a=1&b=2&a=3"
    ours, theirs = QueryParams(text), httpx.QueryParams(text)
    assert outcome(lambda: ours.set(key, value)) == outcome(lambda: theirs.set(key, value))
    assert outcome(lambda: ours.add(key, value)) == outcome(lambda: theirs.add(key, value))
    assert outcome(lambda: ours.remove(key)) == outcome(lambda: theirs.remove(key))
    assert outcome(lambda: ours.merge({key: value})) == outcome(lambda: theirs.merge({key: value}))
    assert outcome(lambda: ours.merge()) == outcome(lambda: theirs.merge())
    assert str(ours) == str(theirs)


def test_never_changes() -> None:
    params = QueryParams("a=1")
    with pytest.raises(RuntimeError, match="immutable"):
        params.update({"a": 2})
    with pytest.raises(RuntimeError, match="immutable"):
        params["a"] = "2"
    params.get_list("a").append("3")
    assert str(params) == "a=1"


def test_equality_ignores_order_and_hash_is_the_text_s() -> None:
    assert QueryParams("a=1&b=2") == QueryParams("b=2&a=1")
    assert QueryParams("a=1") != QueryParams("a=2")
    assert QueryParams("a=1") != {"a": "1"}
    assert hash(QueryParams("a=1")) == hash(QueryParams({"a": 1}))


def test_pickles_and_copies() -> None:
    params = QueryParams("a=1&a=2")
    assert pickle.loads(pickle.dumps(params)) == copy.copy(params) == copy.deepcopy(params) == params


@pytest.mark.parametrize("value", [True, False, None, 1, 0, 1.0, "x", "", b"x"])
def test_primitive_values(value: Any) -> None:
    assert primitive_value_to_str(value) == httpx._utils.primitive_value_to_str(value)
