"""What the two packages export: names, kinds, class trees, members, signatures with their defaults."""

from __future__ import annotations

import collections.abc
import inspect
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import cyhttpx

from .both import plain

if TYPE_CHECKING:
    from collections.abc import Callable

# What later versions bring. A name that is there is to be taken out of here: the test says so.
NOT_YET = {
    "ASGITransport", "Client", "HTTPTransport", "WSGITransport", "delete", "get", "head", "main", "options", "patch", "post", "put",
    "request", "stream",
}  # fmt: skip

# Not in httpx.
OURS = {"FunctionAuth", "Origin", "ResponseTooLarge", "TotalTimeout", "engine", "run"}

# Values that name the package itself.
OWN_VALUES = {"__description__", "__title__", "__version__"}

SHARED = sorted(set(httpx.__all__) - NOT_YET)
CLASSES = [name for name in SHARED if isinstance(getattr(httpx, name), type)]

# Arguments that only cyhttpx takes: keyword-only, after httpx's, with a default that changes nothing.
MORE_ARGUMENTS = {
    "AsyncClient": ["json_loads", "json_dumps"],
    "Limits": ["max_connections_per_host", "max_lifetime"],
    "Timeout": ["total"],
}
# Members that only cyhttpx has.
MORE_MEMBERS = {
    "AsyncClient": {"query"},
    "ByteStream": {"is_replayable"},
    "Limits": {"max_connections_per_host", "max_lifetime"},
    "Timeout": {"total"},
    "URL": {"origin"},
}
# Of these, httpx keeps attributes in the instances that we have on the class.
INSTANCES: dict[str, Callable[[], Any]] = {
    "AsyncClient": lambda: httpx.AsyncClient(transport=httpx.MockTransport(len)),  # type: ignore[arg-type]
    "Cookies": httpx.Cookies,
    "Limits": httpx.Limits,
    "Request": lambda: httpx.Request("GET", "http://h"),
    "Response": lambda: httpx.Response(200),
    "Timeout": lambda: httpx.Timeout(1),
}
# Compiled code has no signatures to look at, and no base classes that aren't compiled: the row `mutable-mappings`.
COMPILED = {"Headers"} if cyhttpx.engine == "c" else set()


def test_names() -> None:
    assert set(httpx.__all__) - set(cyhttpx.__all__) == NOT_YET
    assert set(cyhttpx.__all__) - set(httpx.__all__) == OURS
    assert not NOT_YET & set(dir(cyhttpx))
    assert len(set(cyhttpx.__all__)) == len(cyhttpx.__all__)
    assert all(hasattr(cyhttpx, name) for name in cyhttpx.__all__)


@pytest.mark.parametrize("name", SHARED)
def test_kind(name: str) -> None:
    ours, theirs = getattr(cyhttpx, name), getattr(httpx, name)
    assert isinstance(ours, type) == isinstance(theirs, type)
    assert callable(ours) == callable(theirs)
    if isinstance(ours, type):
        assert ours.__module__ == "cyhttpx"
        assert (ours.__name__, ours.__qualname__) == (theirs.__name__, theirs.__qualname__)
    elif isinstance(ours, str) and name not in OWN_VALUES:
        assert ours == theirs


@pytest.mark.parametrize("name", sorted(set(CLASSES) - COMPILED))
def test_class_tree(name: str) -> None:
    # The row `mutable-mappings`; and what some classes are made of is a matter of files: `Reading`, `RequestFields`, ...
    ours = [cls.__name__ for cls in getattr(cyhttpx, name).__mro__ if not cls.__name__.endswith(("Reading", "Fields"))]
    theirs = [cls.__name__ for cls in getattr(httpx, name).__mro__ if cls.__name__ != "Generic"]
    assert ours == theirs


@pytest.mark.parametrize("name", CLASSES)
def test_what_a_class_is_an_instance_of(name: str) -> None:
    for kind in (Exception, RuntimeError, collections.abc.Mapping, collections.abc.MutableMapping, int):
        assert issubclass(getattr(cyhttpx, name), kind) == issubclass(getattr(httpx, name), kind)


def signature(function: Any) -> list[tuple[str, str, Any]] | None:
    """Names, kinds and defaults of the parameters; None where there is no signature to look at."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return [(it.name, it.kind.name, default_of(it.default)) for it in parameters]


def default_of(value: Any) -> Any:
    # Two marks have a repr that says where they are in memory.
    return type(value).__name__ if type(value).__name__ in ("UseClientDefault", "UnsetType", "object") else plain(value)


def assert_same_signature(ours: Any, theirs: Any, more: list[str]) -> None:
    our_parameters, their_parameters = signature(ours), signature(theirs)
    if their_parameters is None:
        return
    assert our_parameters is not None
    count = len(their_parameters)
    assert our_parameters[:count] == their_parameters
    assert our_parameters[count:] == [(name, "KEYWORD_ONLY", None) for name in more]


@pytest.mark.parametrize("name", sorted(set(SHARED) - COMPILED))
def test_signature(name: str) -> None:
    ours, theirs = getattr(cyhttpx, name), getattr(httpx, name)
    if callable(theirs):
        assert_same_signature(ours, theirs, MORE_ARGUMENTS.get(name, []))


@pytest.mark.parametrize("name", CLASSES)
def test_members(name: str) -> None:
    ours, theirs = getattr(cyhttpx, name), getattr(httpx, name)
    missing = {member for member in dir(theirs) if not member.startswith("_")} - set(dir(ours))
    assert not missing
    instance = INSTANCES[name]() if name in INSTANCES else None
    more = {member for member in dir(ours) if not member.startswith("_")} - set(dir(theirs)) - set(dir(instance))
    assert more == MORE_MEMBERS.get(name, set())


MEMBERS = [
    (name, member)
    for name in CLASSES
    for member in dir(getattr(httpx, name))
    # An enum's members are numbers; their names are compared where codes are tested.
    if not member.startswith("_") and name != "codes"
]


@pytest.mark.parametrize(("name", "member"), MEMBERS)
def test_member(name: str, member: str) -> None:
    ours, theirs = (inspect.getattr_static(getattr(library, name), member) for library in (cyhttpx, httpx))
    if isinstance(theirs, property):
        # A compiled property is a descriptor of another class.
        assert isinstance(ours, property) or inspect.isdatadescriptor(ours)
        if isinstance(ours, property):
            assert (ours.fset is None, ours.fdel is None) == (theirs.fset is None, theirs.fdel is None)
        return
    if not callable(theirs) and not isinstance(theirs, classmethod):
        assert plain(ours) == plain(theirs)
        return
    assert callable(ours) or isinstance(ours, classmethod)
    for question in (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction):
        assert question(ours) == question(theirs)
    if name not in COMPILED:
        assert_same_signature(getattr(getattr(cyhttpx, name), member), getattr(getattr(httpx, name), member), [])


def test_an_argument_that_nobody_knows_is_an_error() -> None:
    for name in ("AsyncClient", "AsyncHTTPTransport", "Timeout", "Limits", "Request", "Response", "Headers", "Cookies"):
        for library in (cyhttpx, httpx):
            with pytest.raises(TypeError):
                getattr(library, name)(unheard_of=1)


@pytest.mark.parametrize("arguments", [{"http2": True}, {"http1": False}, {"proxy": "http://p"}, {"retries": 1}])
def test_what_is_not_there_yet_says_so(arguments: dict[str, Any]) -> None:
    with pytest.raises(NotImplementedError, match=next(iter(arguments))):
        cyhttpx.AsyncHTTPTransport(**arguments)
