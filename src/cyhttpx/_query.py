"""Query parameters: `QueryParams`, and the form encoding (WHATWG URL §5) they are read from and written in."""

from __future__ import annotations

import re
from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from typing import TYPE_CHECKING, Any, Final

from ._urlparse import unquote

if TYPE_CHECKING:
    from ._types import PrimitiveData, QueryParamTypes

__all__ = ["QueryParams", "primitive_value_to_str"]

_FORM_UNSAFE: Final = re.compile(r"[^A-Za-z0-9._~-]+")


def primitive_value_to_str(value: PrimitiveData) -> str:
    """Write a value as form data has it: true, false, "" for None, else str(value)."""
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return ""
    return str(value)


def _form_quote(text: str) -> str:
    return _FORM_UNSAFE.sub(_form_quote_run, text)


def _form_quote_run(match: re.Match[str]) -> str:
    return ("%" + match[0].encode().hex("%").upper()).replace("%20", "+")


def _parse_form(text: str) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    for pair in text.split("&"):
        if pair:
            name, _, value = pair.partition("=")
            values.setdefault(unquote(name.replace("+", " ")), []).append(unquote(value.replace("+", " ")))
    return values


def _to_strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, (list, tuple)):
        return [primitive_value_to_str(item) for item in value]
    return [primitive_value_to_str(value)]


class QueryParams(Mapping[str, str]):
    """Query parameters: an immutable multi-dict of strings.

    Made from one of: a query string (str, or ASCII bytes), a mapping whose values are primitives or lists of them, a
    list of pairs, another QueryParams, None; or from keywords. As a mapping it shows the first value of each name.
    """

    __slots__ = ("__weakref__", "_dict")

    _dict: dict[str, list[str]]

    def __init__(self, *args: QueryParamTypes | None, **kwargs: Any) -> None:
        assert len(args) < 2, "Too many arguments."
        assert not (args and kwargs), "Cannot mix named and unnamed arguments."
        value: Any = args[0] if args else kwargs
        if value is None:
            self._dict = {}
        elif isinstance(value, (str, bytes)):
            self._dict = _parse_form(value.decode("ascii") if isinstance(value, bytes) else value)
        elif isinstance(value, QueryParams):
            self._dict = {name: list(values) for name, values in value._dict.items()}
        else:
            if isinstance(value, (list, tuple)):
                # Grouped before names become strings: of the names 1 and "1" the later wins, as in httpx.
                grouped: dict[Any, list[Any]] = {}
                for item in value:
                    grouped.setdefault(item[0], []).append(item[1])
                value = grouped
            self._dict = {str(name): _to_strings(values) for name, values in value.items()}

    @classmethod
    def _wrap(cls, values: dict[str, list[str]]) -> QueryParams:
        params = QueryParams.__new__(QueryParams)
        params._dict = values
        return params

    def keys(self) -> KeysView[str]:
        """Return the names."""
        return self._dict.keys()

    def values(self) -> ValuesView[str]:
        """Return the first value of each name."""
        return {name: values[0] for name, values in self._dict.items()}.values()

    def items(self) -> ItemsView[str, str]:
        """Return each name with its first value."""
        return {name: values[0] for name, values in self._dict.items()}.items()

    def multi_items(self) -> list[tuple[str, str]]:
        """Return every pair, those of one name together."""
        return [(name, value) for name, values in self._dict.items() for value in values]

    def get(self, key: Any, default: Any = None) -> Any:
        """Return the first value of a name, or the default."""
        if key in self._dict:
            return self._dict[str(key)][0]
        return default

    def get_list(self, key: str) -> list[str]:
        """Return every value of a name."""
        return list(self._dict.get(str(key), ()))

    def set(self, key: str, value: Any = None) -> QueryParams:
        """Return a copy in which a name has this one value."""
        return self._wrap({**self._dict, str(key): [primitive_value_to_str(value)]})

    def add(self, key: str, value: Any = None) -> QueryParams:
        """Return a copy in which a name has this value after those it has."""
        return self._wrap({**self._dict, str(key): [*self.get_list(key), primitive_value_to_str(value)]})

    def remove(self, key: str) -> QueryParams:
        """Return a copy without a name."""
        values = dict(self._dict)
        values.pop(str(key), None)
        return self._wrap(values)

    def merge(self, params: QueryParamTypes | None = None) -> QueryParams:
        """Return a copy in which the names of `params` have the values they have there."""
        return self._wrap({**self._dict, **QueryParams(params)._dict})

    def update(self, params: QueryParamTypes | None = None) -> None:
        """Raise RuntimeError: query parameters don't change."""
        raise RuntimeError("QueryParams are immutable since 0.18.0. Use `q = q.merge(...)` to create an updated copy.")

    def __setitem__(self, key: str, value: str) -> None:
        raise RuntimeError(
            "QueryParams are immutable since 0.18.0. Use `q = q.set(key, value)` to create an updated copy."
        )

    def __getitem__(self, key: Any) -> str:
        return self._dict[key][0]

    def __contains__(self, key: Any) -> bool:
        return key in self._dict

    def __iter__(self) -> Iterator[Any]:
        return iter(self._dict)

    def __len__(self) -> int:
        return len(self._dict)

    def __bool__(self) -> bool:
        return bool(self._dict)

    def __hash__(self) -> int:
        return hash(str(self))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QueryParams) and sorted(self.multi_items()) == sorted(other.multi_items())

    def __str__(self) -> str:
        return "&".join(
            [f"{_form_quote(name)}={_form_quote(value)}" for name, values in self._dict.items() for value in values]
        )

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}({str(self)!r})"
