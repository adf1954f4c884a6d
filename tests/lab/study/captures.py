"""Captures that nobody here wrote, beside the checkout."""

from pathlib import Path
from typing import Final

import pytest

from dnswatch.replay.replaying import Replay
from dnswatch.sources.crew import Crew
from dnswatch.sources.dataset import DataSet
from dnswatch.sources.stream import Stream

_FOLDER: Final = Path(__file__).parents[4] / "shared" / "captures"


def capture(name: str) -> Path:
    """Find a capture; skip where it is absent and need not be there."""
    path = _FOLDER / name
    if not path.exists():
        pytest.skip(f"needs the capture {name} in ../shared/captures")
    return path


def replayed(path: Path, place: Path) -> None:
    """Write a capture as a data set."""
    with Crew(1) as crew, DataSet(place) as data:
        for _ in Replay(Stream([str(path)], crew), None, data).run():
            pass
