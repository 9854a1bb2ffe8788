"""`cyhttpx load` as a user calls it: what is printed, and the exit code."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

import cyhttpx
from cyhttpx import _main
from cyhttpx._load import command
from cyhttpx._load.demo import demo_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PROGRAM = [sys.executable, "-c", "from cyhttpx._main import main; main()"]


def call(*arguments: str) -> int:
    with pytest.raises(SystemExit) as caught:
        _main.main(arguments)
    assert isinstance(caught.value.code, int)
    return caught.value.code


@pytest.fixture(scope="module")
def demo_url() -> Iterator[str]:
    with demo_server() as url:
        yield url


@contextlib.contextmanager
def peer(serve: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server of blocking sockets that takes one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            connection, _ = listener.accept()
            with connection:
                serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        thread.join()


def test_the_version_names_the_engine_and_needs_no_extra(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_main, "find_spec", lambda _: None)
    assert call("--version") == 0
    assert capsys.readouterr().out == f"cyhttpx {cyhttpx.__version__} (engine: {cyhttpx.engine})\n"


@pytest.mark.parametrize("missing", _main.NEEDED)
def test_a_missing_extra_is_one_line_that_says_how_to_get_it(
    missing: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(_main, "find_spec", lambda name: None if name == missing else object())
    assert call("load", "--demo") == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err == "cyhttpx: this command needs the extra 'load': pip install 'cyhttpx[load]'\n"


@pytest.mark.parametrize("arguments", [["--help"], ["load", "--help"]])
def test_help_is_printed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*arguments) == 0
    assert "load" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing command"),
        (["bogus"], "No such command"),
        (["load"], "give a URL or --demo"),
        (["load", "--demo", "http://127.0.0.1/"], "not both"),
        (["load", "--demo", "-n", "3", "-d", "1"], "not both"),
        (["load", "--demo", "-n", "0"], "-n"),
        (["load", "--demo", "-d", "0"], "-d"),
        (["load", "--demo", "-c", "0"], "-c"),
        (["load", "--demo", "-c", "x"], "-c"),
        (["load", "--demo", "--timeout", "-1"], "--timeout"),
        (["load", "--demo", "-H", "nonsense"], "Name: value"),
        (["load", "--demo", "--data", "@/no/such/file"], "No such file"),
        (["load", "--demo", "--json", "/no/such/directory/out"], "directory that exists"),
        (["load", "--demo", "--unknown"], "--unknown"),
        (["load", "ftp://127.0.0.1/"], "http:// or https://"),
        (["load", "http://[::1"], "cannot be built"),
        (["load", "--demo", "-X", "A B"], "cannot be"),
    ],
)
def test_bad_arguments_are_one_line_and_exit_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert output.err.startswith("cyhttpx: ")
    assert message in output.err


def test_an_unreachable_host_is_one_line_and_exit_1(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    assert call("load", url) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert output.err.startswith(f"cyhttpx: cannot connect to {url}: ")


def test_the_demo_needs_nothing_and_ends_without_errors(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    assert call("load", "--demo", "-n", "200", "-c", "8", "--json", str(file)) == 0
    output = capsys.readouterr()
    assert "per second" in output.out
    assert output.err == ""
    report = json.loads(file.read_text())
    assert report["completed"] == 200
    assert report["errors"] == {}
    assert report["statuses"] == {"200": 200}
    assert report["engine"] == cyhttpx.engine


def test_a_run_has_its_default_length(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], demo_url: str
) -> None:
    monkeypatch.setattr(command, "DEMO_SECONDS", 0.1)
    monkeypatch.setattr(command, "DEFAULT_SECONDS", 0.2)
    for arguments, seconds in ((["--demo"], 0.1), ([demo_url], 0.2)):
        assert call("load", *arguments, "-c", "2", "--json", "-") == 0
        # The loop's timers count in milliseconds, and may be that much early.
        assert json.loads(capsys.readouterr().out)["seconds"] > seconds - 0.01


def test_json_to_stdout_leaves_stdout_to_it(demo_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("load", demo_url, "-n", "5", "--json", "-") == 0
    output = capsys.readouterr()
    assert json.loads(output.out)["completed"] == 5
    assert "per second" in output.err


def test_a_report_that_cannot_be_written_is_printed_all_the_same(
    demo_url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(command, "write_json", fail)
    assert call("load", demo_url, "-n", "5", "--json", "out") == 1
    output = capsys.readouterr()
    assert "per second" in output.out
    assert output.err == "cyhttpx: cannot write the report: disk full\n"


def test_a_request_is_sent_as_the_options_say(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    body = tmp_path / "body"
    body.write_bytes(b"from a file")
    received: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        received.append(connection.recv(65536))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    arguments = ["-H", "X-One: 1", "-H", "x-one: 2", "--data", f"@{body}", "-n", "1", "--json", "-"]
    with peer(serve) as url:
        assert call("load", url, *arguments) == 0
    assert json.loads(capsys.readouterr().out)["method"] == "POST"
    head, _, sent = received[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST / HTTP/1.1\r\n")
    assert b"\r\nX-One: 1\r\nx-one: 2" in head
    assert sent == b"from a file"


def test_exit_1_where_every_request_failed(capsys: pytest.CaptureFixture[str]) -> None:
    # The request is read, or its bytes would turn the end of the connection into a reset.
    with peer(lambda connection: connection.recv(65536)) as url:
        assert call("load", url, "-n", "1") == 1
    output = capsys.readouterr()
    assert "RemoteProtocolError" in output.out
    assert output.err == "cyhttpx: no request succeeded\n"


def _signalled(number: signal.Signals, arguments: list[str]) -> tuple[int, str, str]:
    """Call the program in a process, and signal it when its second request is there."""
    processes: list[subprocess.Popen[str]] = []
    started = threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        connection.recv(65536)
        started.wait()
        processes[0].send_signal(number)
        assert connection.recv(65536) == b""

    with peer(serve) as url:
        command = [*PROGRAM, "load", url, "-c", "1", *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            processes.append(process)
            started.set()
            output, errors = process.communicate()
    return process.returncode, output, errors


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_run_early_with_its_report(number: signal.Signals, code: int, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    found, output, errors = _signalled(number, ["-d", "3600", "--json", str(file)])
    assert (found, errors) == (code, "")
    assert "Ended early." in output
    report = json.loads(file.read_text())
    assert (report["completed"], report["unfinished"], report["ended_early"]) == (1, 1, True)


def test_signals_are_what_they_were_after_a_run(demo_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    before = [signal.getsignal(number) for number in command.SIGNALS]
    assert call("load", demo_url, "-n", "2") == 0
    assert [signal.getsignal(number) for number in command.SIGNALS] == before
    assert "per second" in capsys.readouterr().out


def test_progress_is_shown_on_a_terminal_only(demo_url: str) -> None:
    import pty

    ours, theirs = pty.openpty()
    shown = b""
    with subprocess.Popen([*PROGRAM, "load", demo_url, "-d", "0.6"], stdout=subprocess.PIPE, stderr=theirs) as process:
        os.close(theirs)
        assert process.stdout is not None
        # A terminal whose other side is closed gives EIO on Linux, end of file elsewhere.
        with contextlib.suppress(OSError):
            while piece := os.read(ours, 65536):
                shown += piece
        assert b"per second" in process.stdout.read()
    os.close(ours)
    assert process.returncode == 0
    assert b"requests" in shown
    assert "━".encode() in shown
