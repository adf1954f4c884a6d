"""Reports: counts over time add up to the counts in all, from whatever moment on."""

from collections import Counter
from pathlib import Path

import pytest

from dnswatch.model.role import Role
from dnswatch.store import Store, reports
from tests.records import NOON, asked, record
from tests.records import site as the_site


def nobody_special(key: str) -> Role:
    return Role.CLIENT


@pytest.mark.parametrize("since", [0.0, NOON, NOON + 119, NOON + 300])
def test_what_happened_over_time_is_what_happened(tmp_path: Path, since: float) -> None:
    """The intervals of a client add up to its account, whenever the report begins."""
    record(tmp_path, the_site())
    with Store.read(tmp_path) as store, store.snapshot() as db:
        ranking = reports.ranking(db, since, nobody_special)
        assert ranking is not None
        for account, activity in zip(ranking.accounts, ranking.activity, strict=True):
            assert sum(activity.lookups) == account.measures["lookup"]
            assert sum(activity.mail) == account.measures["mail"]
            only = {account.machine}
            portrait = reports.portrait(db, since, nobody_special, only.intersection, 5)
            assert portrait is not None
            assert portrait.activity == activity
            by_kind = {kind: sum(counts) for kind, counts in portrait.kinds.items()}
            assert sum(by_kind.values()) == account.measures["mail"]


def test_a_minute_is_counted_whole(tmp_path: Path) -> None:
    """A report from the middle of a minute on counts that minute, since counts know no seconds."""
    record(tmp_path, [asked(50, "10.0.0.1", "a.example"), asked(70, "10.0.0.1", "a.example")])
    with Store.read(tmp_path) as store, store.snapshot() as db:
        ranking = reports.ranking(db, NOON + 110, nobody_special)
        assert ranking is not None
        assert [account.measures["lookup"] for account in ranking.accounts] == [1]


def test_the_site_over_time_adds_up(tmp_path: Path) -> None:
    """The events of the site cache over time are those in all."""
    record(tmp_path, the_site(), until=700)
    with Store.read(tmp_path) as store, store.snapshot() as db:
        report = reports.cache(db, 0.0, NOON, 5)
    assert report is not None
    assert sum(report.over_time, Counter()) == report.measures
    assert report.superfluous_share == report.measures["superfluous"] / report.measures["upstream"]


def test_where_nothing_was_recorded_there_is_no_report(tmp_path: Path) -> None:
    """An empty store gives no report, and a moment after the last record gives none either."""
    with Store.open(tmp_path) as store, store.snapshot() as db:
        assert reports.ranking(db, 0.0, nobody_special) is None
        assert reports.cache(db, 0.0, NOON, 5) is None
    record(tmp_path, the_site())
    with Store.read(tmp_path) as store, store.snapshot() as db:
        assert reports.ranking(db, NOON + 86400, nobody_special) is None
