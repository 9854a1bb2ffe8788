"""How the suite runs: coroutine tests on every event loop, each watched, and none may leave anything behind.

Fixtures that belong to one kind of test stand beside those tests.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import gc
import importlib.util
import inspect
import os
import signal
import ssl
import threading
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

# Seconds until a test has failed: its coroutine is cancelled; a loop that doesn't turn is interrupted later.
PATIENCE: Final = 60
LAST_PATIENCE: Final = PATIENCE + 30
# A loop of compiled code that never ends looks at no signal: then all that is left is to end the process and say where it was.
GIVING_UP: Final = LAST_PATIENCE + 30


def _loops() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    # Where it can't be installed (PyPy, Windows) there is nothing to test; the report's header names the loops.
    if importlib.util.find_spec("uvloop") is not None:
        import uvloop

        loops["uvloop"] = uvloop.new_event_loop
    return loops


LOOPS: Final = _loops()

# Standard error as it is outside of pytest's capture.
_real_stderr = 2


def pytest_configure(config: pytest.Config) -> None:
    global _real_stderr
    with config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        _real_stderr = os.dup(2)
    # A proxy or a bundle of the machine's must not decide what a test shows.
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE", "NETRC"):
            del os.environ[name]


def pytest_report_header(config: pytest.Config) -> str:
    import cyhttpx

    return f"cyhttpx {cyhttpx.__version__}, engine: {cyhttpx.engine}, loops: {', '.join(LOOPS)}"


def pytest_collection_finish(session: pytest.Session) -> None:
    # Every coroutine test ends with a collection: let it look at what the test made, not at what all imports made.
    gc.collect()
    gc.freeze()


def pytest_sessionfinish(session: pytest.Session) -> None:
    # Plug-ins that import hypothesis now would have it look for objects that the collector doesn't show while frozen.
    gc.unfreeze()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if inspect.iscoroutinefunction(metafunc.function):
        if "loop_name" not in metafunc.fixturenames:
            metafunc.fixturenames.append("loop_name")
        metafunc.parametrize("loop_name", LOOPS)


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    arguments = {name: pyfuncitem.funcargs[name] for name in inspect.signature(pyfuncitem.obj).parameters}
    run_on(LOOPS[pyfuncitem.callspec.params["loop_name"]], pyfuncitem.obj(**arguments))
    return True


def pytest_runtest_teardown(item: pytest.Item) -> None:
    # As after a coroutine test: what a test of the client leaves open is told to that test, not to a later one.
    if item.path.parent.name in ("client", "drivers", "faults", "chaos"):
        gc.collect()


def run_on(factory: Callable[[], asyncio.AbstractEventLoop], coroutine: Coroutine[Any, Any, Any]) -> None:
    """Run a coroutine to its end on a new loop; whatever is reported to the loop's exception handler fails it."""
    reports: list[dict[str, Any]] = []
    with _interrupted_after(LAST_PATIENCE), asyncio.Runner(loop_factory=factory) as runner:
        runner.get_loop().set_exception_handler(lambda _, context: reports.append(context))
        runner.run(_within(PATIENCE, coroutine))
        gc.collect()
        runner.run(_a_few_turns())
    gc.collect()
    assert not reports, f"reported to the loop's exception handler: {reports}"


async def _within(seconds: float, coroutine: Coroutine[Any, Any, Any]) -> None:
    async with asyncio.timeout(seconds):
        await coroutine


async def _a_few_turns() -> None:
    """Let callbacks run that the test's end or the collection put on the loop."""
    for _ in range(5):
        await asyncio.sleep(0)


@contextlib.contextmanager
def _interrupted_after(seconds: float) -> Iterator[None]:
    """Fail, with a traceback, a test that blocks the loop's thread itself."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: Any) -> None:
        raise AssertionError(f"the test's thread is blocked, or its loop spins: no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    faulthandler.dump_traceback_later(GIVING_UP, exit=True, file=_real_stderr)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def loop_factory(loop_name: str) -> Callable[[], asyncio.AbstractEventLoop]:
    """Makes loops of the kind that the test runs on."""
    return LOOPS[loop_name]


@pytest.fixture(params=LOOPS)
def each_loop(request: pytest.FixtureRequest) -> Callable[[], asyncio.AbstractEventLoop]:
    """Makes loops, one kind after the other: for tests that aren't coroutines and run loops themselves."""
    return LOOPS[request.param]


@pytest.fixture(scope="session")
def authority() -> Any:
    """A certificate authority that only these tests know."""
    import trustme

    return trustme.CA()


@pytest.fixture(scope="session")
def server_tls(authority: Any) -> ssl.SSLContext:
    """TLS for a server called localhost, 127.0.0.1 and ::1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost", "127.0.0.1", "::1").configure_cert(context)
    return context


@pytest.fixture(scope="session")
def client_tls(authority: Any) -> ssl.SSLContext:
    """TLS for a client that trusts the authority."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context
