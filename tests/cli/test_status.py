"""`dnswatch status`: whether dnswatch runs, and how it does."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from dnswatch.model.health import HealthReport
from dnswatch.store import Store, orders
from dnswatch.store.directory import RunningServer, announced, hold, note_replayed
from tests.cli.conftest import Read, Run
from tests.records import NOON, changes, plain


@pytest.fixture
def serving(state: Path, tmp_path: Path) -> Iterator[Path]:
    """Give the records of a server that runs, as far as anybody can tell from outside."""
    lock = hold(state)
    with announced(state, tmp_path / "run", RunningServer(4711, "1.2.3", NOON)):
        yield state
    os.close(lock)


@pytest.fixture
def troubled(serving: Path) -> Path:
    """Give a store that knows of counters and upstreams."""
    told = changes([])
    told.hear(0, HealthReport("udp://192.0.2.53", True, 0.02, 50, 1))
    told.hear(1, HealthReport("udp://192.0.2.53", False, 0.0, 0, 9))
    told.counters[int(NOON) // 60].update(
        {"queries": 40, "cache_evicted": 3, "records_lost": 0, "upstream_malformed": 1}
    )
    with Store.open(serving) as store:
        store.write(told, plain, NOON)
    return serving


def test_status_tells_counters_upstreams_and_size(troubled: Path, read: Read) -> None:
    """All counters, each worker's view of each upstream, and the extent of the records."""
    status = read("status")
    assert status["counters"] == {
        "queries": 40,
        "cache_evicted": 3,
        "records_lost": 0,
        "upstream_malformed": 1,
    }
    assert status["losses"] == {"cache_evicted": 3, "upstream_malformed": 1}
    assert [(each["worker"], each["up"]) for each in status["upstreams"]] == [(0, True), (1, False)]
    store = status["store"]
    assert (store["clients"], store["mail_related"], store["addresses"]) == (4, 30, 12)
    assert store["bytes"] == (troubled / "dnswatch.db").stat().st_size
    assert store["first"] == "2026-11-23T12:00:00+00:00"


def test_what_was_lost_stands_out(troubled: Path, run: Run) -> None:
    """What was dropped, evicted or not believed comes first, and is marked without colour, too."""
    lines = [line.split() for line in run("status").splitlines()]
    lost = lines.index(["!", "cache_evicted", "3"])
    assert lines[lost + 1] == ["!", "upstream_malformed", "1"]
    assert lines.index(["queries", "40"]) > lost
    assert any("DOWN" in line for line in lines)


def test_a_status_without_counts_is_no_error(tmp_path: Path, run: Run) -> None:
    """A store that was just begun has a status."""
    Store.open(tmp_path / "new").close()
    assert "0 clients" in run("status", "--state", str(tmp_path / "new"), exit_code=3)


def test_a_server_that_runs_says_since_when_and_what_is_on(serving: Path, run: Run) -> None:
    """Its version, its process, the policies, how long it learns, and what the cache answers."""
    with Store.open(serving) as store, store.snapshot() as db:
        orders.enable(db, "delay", "me", NOON)
        orders.enable(db, "quarantine", "me", NOON, dry_run=True)
    text = run("status")
    assert "dnswatch 1.2.3 (pure) runs since 2026-11-23 12:00 UTC (process 4711)" in text
    assert "policies switched on: quarantine (dry run), delay" in text
    assert "answered from the cache: 7.7% of the lookups" in text
    assert "records in" in text
    told = json.loads(run("status", "--json"))
    assert (told["policies"], told["dry_runs"]) == (["quarantine", "delay"], ["quarantine"])


def test_a_server_that_is_gone_is_not_told_as_up(troubled: Path, run: Run) -> None:
    """Whatever it left behind: its upstreams were up, and the exit code is 3."""
    moved = troubled.rename(troubled.with_name("left"))
    (moved / "lock").unlink()
    text = run("status", "--state", str(moved), exit_code=3)
    assert "dnswatch is not running" in text
    assert "was up" in text
    told = json.loads(run("status", "--state", str(moved), "--json", exit_code=3))
    assert told["running"] is False
    assert told["since"] is None


def test_replayed_records_need_no_server(state: Path, run: Run) -> None:
    """Nobody expects one to run on them: the exit code is 0."""
    note_replayed(state, NOON + 700)
    assert "records of a replay" in run("status")
