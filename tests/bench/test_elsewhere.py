"""What elsewhere has measured is kept, and what its edges do is what they say."""

from itertools import pairwise, takewhile
from pathlib import Path

import pytest

from bench.detection import lookups
from bench.detection.elsewhere import edge
from bench.detection.elsewhere.results import Results
from bench.detection.elsewhere.town import BEGIN
from dnswatch.codes import Type

pytestmark = pytest.mark.whole


def test_what_was_measured_is_not_measured_again(tmp_path: Path) -> None:
    """A run that was interrupted goes on where it ended; results of other code do not count."""
    path = tmp_path / "build" / "kept.jsonl"
    assert Results(path).of("one", lambda: [4, None]) == [4, None]
    assert Results(path).of("one", lambda: [5]) == [4, None]
    path.write_text(path.read_text().replace('"code": "', '"code": "other '))
    assert Results(path).of("one", lambda: [5]) == [5]


def test_sessions_at_the_edge_begin_at_their_rate() -> None:
    """And each second one of those who go on brings another burst."""
    seen = edge._life(lookups.client(1), edge.Edge("", bursts=0.0, again=0.5), 1)
    days = 240
    until = takewhile(lambda one: one.at < BEGIN + days * 86400, seen)
    times = [one.at for one in until if one.qtype == Type.MX]
    again = sum(b - a == 900 for a, b in pairwise(times))
    assert again == pytest.approx(len(times) / 2, rel=0.3)
    assert len(times) - again == pytest.approx(0.2 * days, rel=0.3)
