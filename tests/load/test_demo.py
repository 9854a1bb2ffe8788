"""The server of --demo as a child process: it serves, and it never outlives its parent."""

from __future__ import annotations

import signal
import subprocess
import sys
import urllib.request
from typing import TYPE_CHECKING

import pytest

from cyhttpx._load import demo
from cyhttpx._load.demo import demo_server
from cyhttpx._load.options import LoadError
from cyhttpx._load.server import PAYLOAD

if TYPE_CHECKING:
    from pathlib import Path


def fetch(url: str) -> bytes:
    with urllib.request.urlopen(url) as response:
        body: bytes = response.read()
    return body


def test_it_serves_on_loopback_and_is_gone_after_the_block() -> None:
    with demo_server() as url:
        assert url.startswith("http://127.0.0.1:")
        assert fetch(url) == PAYLOAD
    with pytest.raises(OSError, match="refused"):
        fetch(url)


def test_it_is_gone_after_an_error_in_the_block() -> None:
    server = demo_server()
    url = server.__enter__()
    assert server.__exit__(ZeroDivisionError, ZeroDivisionError(), None) is not True
    with pytest.raises(OSError, match="refused"):
        fetch(url)


def test_it_ends_when_its_parent_is_killed() -> None:
    code = (
        "import sys\n"
        "from cyhttpx._load.demo import demo_server\n"
        "with demo_server() as url:\n"
        "    print(url, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    assert parent.stderr is not None
    with parent.stdin, parent.stdout, parent.stderr:
        url = parent.stdout.readline().decode().strip()
        assert fetch(url) == PAYLOAD
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        # The child holds its parent's stderr: end of file here means that both are gone.
        assert parent.stderr.read() == b""
    with pytest.raises(OSError, match="refused"):
        fetch(url)


def test_a_server_that_does_not_start_is_an_error_of_the_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(3)")
    monkeypatch.setattr(demo, "SERVER", broken)
    with pytest.raises(LoadError, match="did not start"), demo_server():
        pass


def test_a_server_that_does_not_end_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stubborn = tmp_path / "stubborn.py"
    stubborn.write_text("import threading\nprint(1, flush=True)\nthreading.Event().wait()\n")
    monkeypatch.setattr(demo, "SERVER", stubborn)
    monkeypatch.setattr(demo, "EXIT_TIMEOUT", 0.01)
    with demo_server() as url:
        assert url == "http://127.0.0.1:1/"
