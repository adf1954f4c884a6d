"""Fixtures of the fleet's tests."""

import shutil
from collections.abc import Iterator

import pytest

from tests.fleet.engine import RealEngine


@pytest.fixture
def engine() -> Iterator[RealEngine]:
    """A real engine."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with RealEngine() as real:
        yield real
