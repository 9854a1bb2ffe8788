"""Headers in pure Python. The twin of `cyhttpx/_c/headers.pyx`: same names, same results, same errors.

What lives here: the multi-dict. What doesn't: which headers are right on the wire (`http1`), and which of them a client
adds.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, MutableMapping, ValuesView
from typing import TYPE_CHECKING, Any, Final, Self

if TYPE_CHECKING:
    from .._types import HeaderTypes

__all__ = ["Headers"]

# The name as given, the name in lower case, the value.
Pair = tuple[bytes, bytes, bytes]

# Never shown in a repr.
SENSITIVE: Final = frozenset((b"authorization", b"proxy-authorization"))

_MISSING: Final[Any] = object()


def _encoded_name(name: str | bytes, encoding: str | None) -> bytes:
    return name if isinstance(name, bytes) else name.encode(encoding or "ascii")


def _encoded_value(value: str | bytes, encoding: str | None) -> bytes:
    if isinstance(value, bytes):
        return value
    if not isinstance(value, str):
        raise TypeError(f"Header value must be str or bytes, not {type(value)}")
    return value.encode(encoding or "ascii")


def _decodes(pairs: list[Pair], encoding: str) -> bool:
    try:
        for name, _, value in pairs:
            name.decode(encoding)
            value.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


class Headers(MutableMapping[str, str]):
    """HTTP headers as a case-insensitive multi-dict (httpx: https://www.python-httpx.org/api/#headers).

    Names and values keep their order, their case and their repetitions; lookups join repetitions with ", " (RFC 9110
    §5.3). `headers`: another `Headers`, a mapping or a sequence of pairs, of `str` or `bytes`. `encoding`: how `str` is
    encoded and bytes are decoded; by default found from the content: ASCII, else UTF-8, else ISO-8859-1.

    Raises `TypeError` for a value that is neither `str` nor `bytes`.
    """

    # `__dict__` holds what a subclass or a user adds, as it does in the compiled twin, and nothing of ours.
    __slots__ = ("__dict__", "__weakref__", "_encoding", "_pairs")

    _pairs: list[Pair]
    _encoding: str | None

    def __init__(self, headers: HeaderTypes | None = None, encoding: str | None = None) -> None:
        if isinstance(headers, Headers):
            pairs = list(headers._pairs)
        else:
            pairs = []
            if headers is not None:
                for key, value in headers.items() if isinstance(headers, Mapping) else headers:
                    name = _encoded_name(key, encoding)
                    pairs.append((name, name.lower(), _encoded_value(value, encoding)))
        self._pairs = pairs
        self._encoding = encoding

    @staticmethod
    def _from_pairs(pairs: list[tuple[bytes, bytes]]) -> Headers:
        """Build from wire pairs `[(name, value)]`, bytes taken as they are."""
        made = Headers.__new__(Headers)
        made._pairs = [(name, name.lower(), value) for name, value in pairs]
        made._encoding = None
        return made

    def _with_host(self, host: bytes) -> Headers:
        """Copy, with `Host: <host>` in front unless a Host is there."""
        made = Headers.__new__(Headers)
        made._pairs = self._pairs[:]
        made._encoding = self._encoding
        if all(folded != b"host" for _, folded, _ in made._pairs):
            made._pairs.insert(0, (b"Host", b"host", host))
        return made

    def _key_of(self, key: str) -> bytes:
        return key.lower().encode(self.encoding)

    def _lookup(self, key: str) -> str | None:
        """The joined value, or None."""
        wanted = self._key_of(key)
        encoding = self.encoding
        found = [value.decode(encoding) for _, folded, value in self._pairs if folded == wanted]
        return ", ".join(found) if found else None

    @property
    def encoding(self) -> str:
        """The encoding of names and values: as set, else the first of ASCII, UTF-8 and ISO-8859-1 that fits
        everything."""
        if self._encoding is None:
            for encoding in ("ascii", "utf-8"):
                if _decodes(self._pairs, encoding):
                    self._encoding = encoding
                    break
            else:
                # Every byte is a character of ISO-8859-1.
                self._encoding = "iso-8859-1"
        return self._encoding

    @encoding.setter
    def encoding(self, value: str) -> None:
        self._encoding = value

    @property
    def raw(self) -> list[tuple[bytes, bytes]]:
        """The pairs as bytes, in wire order and case: `list[tuple[bytes, bytes]]`."""
        return [(name, value) for name, _, value in self._pairs]

    def _joined(self) -> dict[str, str]:
        """Lower-case names to joined values, in order of first appearance."""
        joined: dict[str, list[str]] = {}
        for name, value in self.multi_items():
            joined.setdefault(name, []).append(value)
        return {name: ", ".join(values) for name, values in joined.items()}

    def keys(self) -> KeysView[str]:
        """Lower-case names, each once, in order."""
        return self._joined().keys()

    def values(self) -> ValuesView[str]:
        """Values, those of one name joined with ", "."""
        return self._joined().values()

    def items(self) -> ItemsView[str, str]:
        """Lower-case names with their values, those of one name joined with ", "."""
        return self._joined().items()

    def multi_items(self) -> list[tuple[str, str]]:
        """All pairs, lower-case names, repetitions kept apart."""
        encoding = self.encoding
        return [(folded.decode(encoding), value.decode(encoding)) for _, folded, value in self._pairs]

    def get(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, repetitions joined with ", ", or `default`."""
        found = self._lookup(key)
        return default if found is None else found

    def get_list(self, key: str, split_commas: bool = False) -> list[str]:
        """Return every value of `key`; with `split_commas` also split each at its commas."""
        wanted = self._key_of(key)
        encoding = self.encoding
        values = [value.decode(encoding) for _, folded, value in self._pairs if folded == wanted]
        if not split_commas:
            return values
        return [part.strip() for value in values for part in value.split(",")]

    def update(self, headers: HeaderTypes | None = None) -> None:  # type: ignore[override]
        """Set every header of `headers`, each in place of all of that name here."""
        theirs = Headers(headers)._pairs
        replaced = {folded for _, folded, _ in theirs}
        self._pairs = [pair for pair in self._pairs if pair[1] not in replaced] + theirs

    def copy(self) -> Headers:
        """Return an independent copy."""
        return Headers(self, encoding=self.encoding)

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of `key`, setting it to `default` first if there is none."""
        found = self._lookup(key)
        if found is None:
            self[key] = default
            return default
        return found

    def pop(self, key: str, default: Any = _MISSING) -> Any:
        """Remove `key` and return its value, or `default`; without one raise `KeyError`."""
        found = self._lookup(key)
        if found is None:
            if default is _MISSING:
                raise KeyError(key)
            return default
        del self[key]
        return found

    def popitem(self) -> tuple[str, str]:
        """Remove and return the first name with its value; `KeyError` when empty."""
        for key in self.keys():
            return key, self.pop(key)
        raise KeyError

    def clear(self) -> None:
        """Remove everything."""
        self._pairs = []

    def __getitem__(self, key: str) -> str:
        found = self._lookup(key)
        if found is None:
            raise KeyError(key)
        return found

    def __setitem__(self, key: str, value: str) -> None:
        name = key.encode(self._encoding or "utf-8")
        folded = name.lower()
        new: Pair | None = (name, folded, value.encode(self._encoding or "utf-8"))
        kept = []
        for pair in self._pairs:
            if pair[1] != folded:
                kept.append(pair)
            elif new is not None:
                # The first of that name keeps its place, the others go.
                kept.append(new)
                new = None
        if new is not None:
            kept.append(new)
        self._pairs = kept

    def __delitem__(self, key: str) -> None:
        wanted = self._key_of(key)
        kept = [pair for pair in self._pairs if pair[1] != wanted]
        if len(kept) == len(self._pairs):
            raise KeyError(key)
        self._pairs = kept

    def __contains__(self, key: Any) -> bool:
        wanted = self._key_of(key)
        return any(folded == wanted for _, folded, _ in self._pairs)

    def __iter__(self) -> Iterator[str]:
        return iter(self.keys())

    def __len__(self) -> int:
        return len(self._pairs)

    def __eq__(self, other: object) -> bool:
        try:
            theirs = other if isinstance(other, Headers) else Headers(other)  # type: ignore[arg-type]
        except ValueError:
            return False
        return sorted(pair[1:] for pair in self._pairs) == sorted(pair[1:] for pair in theirs._pairs)

    __hash__ = None  # type: ignore[assignment]

    def __or__(self, other: Any) -> Headers:
        if not isinstance(other, (Headers, Mapping)):
            return NotImplemented
        made = self.copy()
        made.update(other)
        return made

    def __ror__(self, other: Any) -> Headers:
        if not isinstance(other, Mapping):
            return NotImplemented
        made = Headers(other)
        made.update(self)
        return made

    def __ior__(self, other: HeaderTypes) -> Self:  # type: ignore[misc]
        self.update(other)
        return self

    def __repr__(self) -> str:
        encoding = self.encoding
        hint = "" if encoding == "ascii" else f", encoding={encoding!r}"
        shown = [
            (folded.decode(encoding), "[secure]" if folded in SENSITIVE else value.decode(encoding))
            for _, folded, value in self._pairs
        ]
        without_repeats = dict(shown)
        content = without_repeats if len(without_repeats) == len(shown) else shown
        return f"{type(self).__name__}({content!r}{hint})"

    def __copy__(self) -> Headers:
        return type(self)(self, encoding=self._encoding)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.raw, self._encoding), self.__dict__ or None


# Public as `cyhttpx.Headers`, whichever engine made it: reprs, pickles and tracebacks don't tell them apart.
Headers.__module__ = "cyhttpx"
