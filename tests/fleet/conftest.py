"""Fixtures of the fleet's tests."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fleet.engine import RealEngine
from tests.fleet.replicas import Replicas


@pytest.fixture
def engine() -> Iterator[RealEngine]:
    """A real engine."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed")
    with RealEngine() as real:
        yield real


@pytest.fixture
def site(tmp_path: Path, engine: RealEngine) -> Replicas:
    """Nodes with stores of their own, on a real engine."""
    return Replicas(tmp_path, engine)
