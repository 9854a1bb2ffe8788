"""The server of `--demo` as its parent sees it: a child process with a port, ended with the block it is used in."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from .options import LoadError

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER: Final = Path(__file__).with_name("server.py")
# Seconds the child has to go after its stdin was closed: it does so at once, or never.
EXIT_TIMEOUT: Final = 5.0


@contextlib.contextmanager
def demo_server() -> Iterator[str]:
    """Start the server on a free port of 127.0.0.1 and give its URL; `LoadError` where it does not start."""
    # -P: the child's directory is this package's, whose module names are not meant for `import`.
    command = [sys.executable, "-P", str(SERVER)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    try:
        assert child.stdout is not None
        # Either the port or, from a child that has ended, nothing: neither waits for ever.
        line = child.stdout.readline().strip()
        if not line.isdigit():
            raise LoadError("the demo server did not start")
        yield f"http://127.0.0.1:{line.decode()}/"
    finally:
        _end(child)


def _end(child: subprocess.Popen[bytes]) -> None:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.close()
    try:
        child.wait(EXIT_TIMEOUT)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    finally:
        child.stdout.close()
