"""`dnswatch cache`: the site as a whole."""

from pathlib import Path

import pytest

from dnswatch import clock
from dnswatch.store import Store
from tests.cli.conftest import Read, Run
from tests.records import NOON, asked, record


def test_the_cache_report_tells_events_and_their_cost(read: Read) -> None:
    """New, refresh, expire and hit are exact, and so is the superfluous load."""
    report = read("cache")
    assert {event: report[event] for event in ("new", "refresh", "expire", "hit")} == {
        "new": 12,
        "refresh": 4,
        "expire": 9,
        "hit": 3,
    }
    assert (report["lookup"], report["upstream"], report["superfluous"]) == (39, 36, 4)
    assert report["superfluous_share"] == pytest.approx(4 / 36)
    assert sum(report["over_time"]["new"]) == 12
    assert [entry["address"] for entry in report["most_refreshed"]] == [
        "198.51.100.1",
        "2001:db8::1",
    ]
    assert report["most_refreshed"][0]["refreshes"] == 2


def test_an_address_lives_until_it_expires(
    read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Live are the addresses that have not expired at the moment of asking."""
    state = tmp_path / "live"
    record(
        state,
        [
            asked(0, "10.0.0.1", "a.example", gives=["192.0.2.1"], ttl=60),
            asked(0, "10.0.0.1", "b.example", gives=["192.0.2.2"], ttl=600),
        ],
    )
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
