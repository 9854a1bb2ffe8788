"""Every wire case runs on every engine."""

from __future__ import annotations

from typing import Any

import pytest

from ..engines import NAMES, load


@pytest.fixture(params=NAMES, scope="session")
def engine(request: pytest.FixtureRequest) -> Any:
    """One engine's classes."""
    return load(request.param)
