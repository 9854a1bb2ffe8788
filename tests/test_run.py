"""`cyhttpx.run`."""

from __future__ import annotations

import asyncio
import sys
import warnings
from typing import Any

import pytest

import cyhttpx
from cyhttpx._run import run


async def loop_module() -> str:
    return type(asyncio.get_running_loop()).__module__.partition(".")[0]


def test_it_is_public() -> None:
    assert cyhttpx.run is run


def test_it_runs_a_coroutine_or_a_coroutine_function_and_returns_the_result() -> None:
    async def main() -> int:
        await asyncio.sleep(0)
        return 3

    assert run(main()) == 3
    assert run(main) == 3


def test_it_runs_on_uvloop_where_that_is_installed() -> None:
    pytest.importorskip("uvloop", reason="uvloop is not installed: there is no such loop to run on")
    assert run(loop_module) == "uvloop"


def test_it_runs_on_asyncio_where_uvloop_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    class Absent:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "uvloop":
                raise ModuleNotFoundError("No module named 'uvloop'", name="uvloop")

    monkeypatch.delitem(sys.modules, "uvloop", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Absent(), *sys.meta_path])
    assert run(loop_module) == "asyncio"


def test_a_uvloop_that_does_not_load_is_not_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)

    class Broken:
        def find_spec(self, name: str, *_: Any) -> None:
            if name == "uvloop":
                raise ModuleNotFoundError("No module named 'something_else'", name="something_else")

    monkeypatch.delitem(sys.modules, "uvloop")
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    coroutine = loop_module()
    with pytest.raises(ModuleNotFoundError, match="something_else"):
        run(coroutine)
    coroutine.close()


def test_errors_come_out_as_they_are() -> None:
    async def main() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(main)


@pytest.mark.parametrize("debug", [True, False])
def test_debug_is_the_loop_s(debug: bool) -> None:
    async def main() -> bool:
        return asyncio.get_running_loop().get_debug()

    assert run(main, debug=debug) is debug


@pytest.mark.parametrize("main", [3, None, lambda: 3, "main"])
def test_what_is_no_coroutine_is_a_type_error(main: Any) -> None:
    with pytest.raises(TypeError, match="expects a coroutine"):
        run(main)


def test_it_does_not_run_inside_a_running_loop() -> None:
    async def main() -> None:
        for inner in (loop_module, loop_module()):
            with pytest.raises(RuntimeError, match="running event loop"):
                run(inner)

    run(main)


def test_the_policy_and_the_current_loop_stay_as_they_were() -> None:
    policy = asyncio.get_event_loop_policy()
    mine = asyncio.new_event_loop()
    asyncio.set_event_loop(mine)
    try:
        run(loop_module)
        assert asyncio.get_event_loop_policy() is policy
        assert asyncio.get_event_loop() is mine
    finally:
        asyncio.set_event_loop(None)
        mine.close()


def test_the_loop_is_closed_and_its_tasks_are_over() -> None:
    kept: list[Any] = []

    async def main() -> None:
        kept.append(asyncio.get_running_loop())
        kept.append(asyncio.ensure_future(asyncio.sleep(3600)))
        await asyncio.sleep(0)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        run(main)
    assert kept[0].is_closed()
    assert kept[1].cancelled()
