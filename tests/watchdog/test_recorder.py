"""The recorder keeps what it cannot write, within bounds."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from dnswatch.model.changes import Changes
from dnswatch.settings import Settings
from dnswatch.watchdog.archive import Archive
from dnswatch.watchdog.recorder import Recorder
from tests.check import eventually
from tests.watchdog.process import query

CLIENT = bytes((192, 0, 2, 7))
NOW = 6_000_000.0
SUM = "SELECT sum(count) FROM site WHERE measure = 'lookup'"


def happened(minute: int = 1) -> Changes:
    changes = Changes()
    changes.site[minute]["lookup"] += 1
    changes.accounts[CLIENT, minute]["lookup"] += 1
    return changes


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


@pytest.fixture
def recorder(state: Path) -> Iterator[Recorder]:
    """A recorder that keeps the accounts of three minutes while it cannot write."""
    recorder = Recorder(Archive(state, Settings()), lambda: NOW, pending=3)
    recorder.start()
    yield recorder
    recorder.close(20)


def test_what_is_put_is_written(recorder: Recorder, state: Path) -> None:
    """Changes reach the store without anyone waiting for it."""
    recorder.put(happened())
    eventually(lambda: query(state, SUM) == [(1,)])


def test_closing_writes_what_was_put_last(recorder: Recorder, state: Path) -> None:
    """The last second before a stop is not lost."""
    for _ in range(10):
        recorder.put(happened())
    recorder.close(20)
    assert query(state, SUM) == [(10,)]


def test_while_it_cannot_write_the_oldest_detail_goes(
    recorder: Recorder, state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Beyond the bound the oldest minutes of accounts are given up, and the records say so."""
    caplog.set_level(logging.INFO, "dnswatch.watchdog")
    state.write_text("in the way")
    for minute in range(5):
        recorder.put(happened(minute))
    eventually(lambda: "nothing is recorded for now" in caplog.text)
    recorder.put(happened(5))
    state.unlink()
    eventually(lambda: query(state, SUM) == [(6,)])
    eventually(lambda: "recording goes on" in caplog.text)
    assert query(state, "SELECT DISTINCT start / 60 FROM tally") == [(3,), (4,), (5,)]
    assert query(state, "SELECT sum(count) FROM counter WHERE name = 'records_lost'") == [(3,)]
    assert caplog.text.count("nothing is recorded for now") == 1
