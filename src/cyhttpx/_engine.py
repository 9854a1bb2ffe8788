"""The choice of the engine: compiled or pure, whole, in this one place.

CYHTTPX_ENGINE=auto|c|py (default auto), read here and nowhere else. Absent is a choice, broken is a fault: with no extensions at all
`auto` is the pure engine; extensions that are only partly there, that don't load, or that were built for another contract raise ImportError.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal

__all__ = [
    "ClientFields",
    "HTTP1Connection",
    "Headers",
    "PoolEntry",
    "PoolState",
    "QueueTimes",
    "Reactor",
    "RequestFields",
    "ResponseFields",
    "SocketStream",
    "Waiter",
    "embark",
    "engine",
    "originals",
]

_PARTS = (
    "headers",
    "_head",
    "_body",
    "_lines",
    "_values",
    "http1",
    "stream",
    "pool",
    "reactor",
    "fields",
    "_draft",
    "trip",
)


def _choose() -> Literal["c", "py"]:
    wish = os.environ.get("CYHTTPX_ENGINE", "").strip().lower() or "auto"
    if wish not in ("auto", "c", "py"):
        raise ImportError(f"CYHTTPX_ENGINE={wish!r} is not one of 'auto', 'c', 'py'")
    if wish == "py":
        return "py"
    there = {name.partition(".")[0] for name in os.listdir(_extension_folder()) if name.endswith((".so", ".pyd"))}
    missing = [part for part in _PARTS if part not in there]
    if not missing:
        return "c"
    if len(missing) == len(_PARTS) and wish == "auto":
        return "py"
    raise ImportError(
        f"the compiled engine is incomplete ({', '.join(missing)} missing). Build it again with "
        "`CYHTTPX_BUILD_EXT=yes pip install --force-reinstall --no-deps cyhttpx` (in a checkout: `pip install -e .`), "
        "or set CYHTTPX_ENGINE=py for the pure-Python engine."
    )


def _extension_folder() -> str:
    # An editable install keeps one folder for both roots; a namespace of several is searched as the import system would.
    return os.path.join(os.path.dirname(__file__), "_c")


engine: Literal["c", "py"] = _choose()
"""Which engine serves: "c" (compiled) or "py" (pure Python)."""

if TYPE_CHECKING:
    from ._py.fields import ClientFields, RequestFields, ResponseFields
    from ._py.headers import Headers
    from ._py.http1 import HTTP1Connection
    from ._py.pool import PoolEntry, PoolState, QueueTimes, Waiter
    from ._py.reactor import Reactor
    from ._py.stream import SocketStream
    from ._py.trip import embark, originals
elif engine == "c":
    from ._c.fields import ClientFields, RequestFields, ResponseFields
    from ._c.headers import Headers
    from ._c.http1 import HTTP1Connection
    from ._c.pool import PoolEntry, PoolState, QueueTimes, Waiter
    from ._c.reactor import Reactor
    from ._c.stream import SocketStream
    from ._c.trip import embark, originals
else:
    from ._py.fields import ClientFields, RequestFields, ResponseFields
    from ._py.headers import Headers
    from ._py.http1 import HTTP1Connection
    from ._py.pool import PoolEntry, PoolState, QueueTimes, Waiter
    from ._py.reactor import Reactor
    from ._py.stream import SocketStream
    from ._py.trip import embark, originals
