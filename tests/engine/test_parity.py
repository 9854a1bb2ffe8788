"""The twins have the same verbs: names, arguments, docstrings, fields and their first values."""

from __future__ import annotations

import inspect
import re
import socket
from typing import Any

import pytest

from cyhttpx import _wire

from ..engines import NAMES, PARTS, load

CLASSES = [name for classes in PARTS.values() for name in classes]

pytestmark = pytest.mark.skipif(NAMES == ("py",), reason="CYHTTPX_ENGINE=py: there is one engine to look at")


@pytest.fixture(params=CLASSES)
def twins(request: pytest.FixtureRequest) -> tuple[Any, Any]:
    """One class of both engines."""
    return getattr(load("c"), request.param), getattr(load("py"), request.param)


def public_names(cls: type) -> set[str]:
    return {name for name in dir(cls) if not name.startswith("_")}


def shape(verb: Any) -> list[tuple[str, Any, Any]]:
    """Names, kinds and defaults of the arguments; a default that is a marker object counts as any such."""
    return [
        (
            parameter.name,
            parameter.kind,
            "marker" if type(parameter.default) is object else parameter.default,
        )
        for parameter in inspect.signature(verb).parameters.values()
    ]


def text(doc: str | None, name: str) -> str:
    """A docstring without the signature that Cython puts in front, blanks folded."""
    return " ".join(re.sub(rf"\A{name}\(.*\)( -> \w+)?\n", "", doc or "").split())


def test_public_names(twins: tuple[Any, Any]) -> None:
    names = [public_names(cls) for cls in twins]
    if twins[1].__name__ == "Reactor":
        # Fields of a class without slots are seen on its instances only: the verbs are compared.
        names = [{name for name in public_names(cls) if callable(getattr(cls, name))} for cls in twins]
    assert names[0] == names[1]


def test_class_docstrings(twins: tuple[Any, Any]) -> None:
    compiled, pure = twins
    assert compiled.__doc__
    assert text(compiled.__doc__, "") == text(pure.__doc__, "")


def test_docstrings(twins: tuple[Any, Any]) -> None:
    compiled, pure = twins
    for name in sorted(public_names(compiled) & public_names(pure)):
        docs = [text(getattr(cls, name).__doc__, name) for cls in twins]
        if callable(getattr(pure, name)):
            assert docs[1], name
            assert docs[0] == docs[1], name
        elif isinstance(getattr(pure, name), property) and docs[0]:
            # What is a property in one may be a field in the other, which has no docstring.
            assert docs[0] == docs[1], name


def test_signatures(twins: tuple[Any, Any]) -> None:
    compiled, pure = twins
    for name in sorted(public_names(compiled) & public_names(pure)):
        if callable(getattr(pure, name)):
            assert shape(getattr(compiled, name)) == shape(getattr(pure, name)), name


def test_names_of_classes(twins: tuple[Any, Any]) -> None:
    compiled, pure = twins
    assert compiled.__name__ == pure.__name__
    assert compiled.__qualname__ == pure.__qualname__
    assert compiled.__module__.replace("_c", "_py") == pure.__module__


def test_what_weak_references_and_dicts_are_had(twins: tuple[Any, Any]) -> None:
    compiled, pure = twins
    if compiled.__name__ in ("PoolEntry", "Reactor"):
        # The pure PoolEntry has a dict, for its class holds the defaults. Both are there to be subclassed.
        return
    assert bool(compiled.__weakrefoffset__) == bool(pure.__weakrefoffset__)
    assert bool(compiled.__dictoffset__) == bool(pure.__dictoffset__)


# Arguments of the constructors, all by name.
ARGUMENTS: dict[str, dict[str, Any]] = {
    "Headers": {"headers": {"A": "b"}, "encoding": "utf-8"},
    "HTTP1Connection": {"max_line": 1, "max_head": 2, "max_headers": 3, "max_chunk_line": 4, "max_interim": 5},
    "SocketStream": {"sock": None, "ssl_context": None, "server_hostname": None, "inner": None},
    "PoolEntry": {},
    "QueueTimes": {"owner": "o"},
    "Waiter": {"key": "k", "future": "f", "connect_timeout": 6.0},
    "PoolState": {"max_connections": 1, "max_keepalive": 2, "keepalive_expiry": 3.0, "max_per_host": 4},
}


@pytest.mark.parametrize("cls", ARGUMENTS)
def test_constructors_and_first_values(cls: str) -> None:
    values = []
    for name in ("c", "py"):
        engine = load(name)
        given = dict(ARGUMENTS[cls])
        with socket.socket() as sock:
            if "sock" in given:
                given["sock"] = sock
            if name == "py":
                assert set(given) == set(inspect.signature(getattr(engine, cls)).parameters)
            made = getattr(engine, cls)(**given)
        fields = {}
        for field in public_names(type(made)):
            value = getattr(made, field)
            if not callable(value):
                fields[field] = value.raw if isinstance(value, engine.Headers) else value
        values.append(fields)
    assert values[0] == values[1]


def test_the_contract_is_the_same() -> None:
    import cyhttpx._c.http1
    import cyhttpx._c.pool

    import cyhttpx._py.http1
    import cyhttpx._py.pool

    modules = (cyhttpx._c.http1, cyhttpx._c.pool, cyhttpx._py.http1, cyhttpx._py.pool)
    assert {module.CONTRACT for module in modules} == {_wire.CONTRACT}


def test_limits_are_those_of_the_wire_module() -> None:
    defaults = {
        name: parameter.default for name, parameter in inspect.signature(load("py").HTTP1Connection).parameters.items()
    }
    assert defaults == {
        "max_line": _wire.MAX_LINE_SIZE,
        "max_head": _wire.MAX_HEAD_SIZE,
        "max_headers": _wire.MAX_HEADERS,
        "max_chunk_line": _wire.MAX_CHUNK_LINE_SIZE,
        "max_interim": _wire.MAX_INTERIM_RESPONSES,
    }
