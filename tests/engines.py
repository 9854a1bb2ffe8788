"""Both engines, side by side in one process."""

from __future__ import annotations

import importlib
import os
from types import SimpleNamespace
from typing import Any, Final

PARTS: Final = {
    "headers": ("Headers",),
    "http1": ("HTTP1Connection",),
    "stream": ("SocketStream",),
    "pool": ("PoolEntry", "PoolState", "QueueTimes", "Waiter"),
    "reactor": ("Reactor",),
}

# The pure leg runs where nothing was compiled, and says so. Anywhere else a missing engine is a fault, not a skip.
NAMES: Final = ("py",) if os.environ.get("CYHTTPX_ENGINE") == "py" else ("c", "py")


def load(name: str) -> Any:
    """The engine of this name, `c` or `py`, as a namespace of its classes. ImportError if a part of it is missing."""
    engine = SimpleNamespace(name=name)
    for part, classes in PARTS.items():
        module = importlib.import_module(f"cyhttpx._{name}.{part}")
        for cls in classes:
            setattr(engine, cls, getattr(module, cls))
    return engine
