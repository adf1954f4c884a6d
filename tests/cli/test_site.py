"""`dnswatch cache` and `dnswatch status`: the site as a whole."""

from pathlib import Path

import pytest

from dnswatch import clock
from dnswatch.model.health import Health
from dnswatch.store import Store
from tests.cli.conftest import Read, Run
from tests.records import NOON, asked, changes, plain, record


def test_the_cache_report_tells_events_and_their_cost(read: Read) -> None:
    """New, refresh, expire and hit are exact, and so is the superfluous load."""
    report = read("cache")
    assert {event: report[event] for event in ("new", "refresh", "expire", "hit")} == {
        "new": 12, "refresh": 4, "expire": 9, "hit": 3,
    }  # fmt: skip
    assert (report["lookup"], report["upstream"], report["superfluous"]) == (39, 36, 4)
    assert report["superfluous_share"] == pytest.approx(4 / 36)
    assert sum(report["over_time"]["new"]) == 12
    assert [entry["address"] for entry in report["most_refreshed"]] == [
        "198.51.100.1", "2001:db8::1",
    ]  # fmt: skip
    assert report["most_refreshed"][0]["refreshes"] == 2


def test_an_address_lives_until_it_expires(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Live are the addresses that have not expired at the moment of asking."""
    state = tmp_path / "live"
    record(state, [
        asked(0, "10.0.0.1", "a.example", gives=["192.0.2.1"], ttl=60),
        asked(0, "10.0.0.1", "b.example", gives=["192.0.2.2"], ttl=600),
    ])  # fmt: skip
    monkeypatch.setattr(clock, "now", lambda: NOON + 100)
    assert read("cache", "--state", str(state))["live"] == 1


def test_the_cache_is_told_in_eighty_columns(run: Run) -> None:
    """The text names the superfluous load and its share."""
    text = run("cache")
    assert "4 (11.1%) asked for" in text
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_an_empty_cache_is_said(tmp_path: Path, run: Run) -> None:
    """Without records there is a sentence, and exit code 1."""
    Store.open(tmp_path / "empty").close()
    text = run("cache", "--state", str(tmp_path / "empty"), exit_code=1)
    assert text == "dnswatch: nothing was recorded\n"


@pytest.fixture
def troubled(state: Path) -> Path:
    """Give a store that knows of counters and upstreams."""
    told = changes([])
    told.hear(0, Health("udp://192.0.2.53", True, 0.02, 50, 1))
    told.hear(1, Health("udp://192.0.2.53", False, 0.0, 0, 9))
    told.counters[int(NOON) // 60].update(
        {"queries": 40, "cache_evicted": 3, "records_lost": 0, "upstream_malformed": 1}
    )
    with Store.open(state) as store:
        store.write(told, plain, NOON)
    return state


def test_status_tells_counters_upstreams_and_size(troubled: Path, read: Read) -> None:
    """All counters, each worker's view of each upstream, and the extent of the records."""
    status = read("status")
    assert status["counters"] == {
        "queries": 40, "cache_evicted": 3, "records_lost": 0, "upstream_malformed": 1,
    }  # fmt: skip
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
    assert "0 clients" in run("status", "--state", str(tmp_path / "new"))
