"""The bay reads from the store who is quarantined, since and until when."""

from pathlib import Path

import pytest

from dnswatch.model.changes import Changes
from dnswatch.settings import Duration, Records
from dnswatch.store import Store
from dnswatch.store.bay.quarantine import SAME, quarantined
from tests.records import plain

WORM, OTHER = b"\n\0\0\6", b"\n\0\0\7"
Quarantined = dict[str, tuple[float, float | None]]


def told(state: Path, anew: float | None = None, **turns: tuple[float, bool]) -> Quarantined:
    """Write turns of `worm` and `other`, and read who is quarantined then."""
    clients = {"worm": WORM, "other": OTHER}
    turned = {clients[name]: turn for name, turn in turns.items()}
    with Store.open(state) as store:
        store.write(Changes(quarantine=turned, begun_at=anew), plain, 0.0)
        with store.snapshot() as db:
            return quarantined(db)


def test_a_quarantine_begins_and_ends(tmp_path: Path) -> None:
    """While the mark stands there is no end; then there is."""
    assert told(tmp_path, worm=(5.0, True)) == {"10.0.0.6": (5.0, None)}
    assert told(tmp_path, worm=(9.0, False)) == {"10.0.0.6": (5.0, 9.0)}


def test_one_that_begins_and_ends_at_once_is_told(tmp_path: Path) -> None:
    """Its client may still have an answer that names the bay."""
    assert told(tmp_path, worm=(9.0, False)) == {"10.0.0.6": (9.0, 9.0)}


@pytest.mark.parametrize(("again", "since"), [(9.0 + SAME - 1, 5.0), (9.0 + SAME, 9.0 + SAME)])
def test_one_that_comes_back_soon_is_the_same(tmp_path: Path, again: float, since: float) -> None:
    """An interruption is no new quarantine; a mark after a long time is."""
    told(tmp_path, worm=(5.0, True))
    told(tmp_path, worm=(9.0, False))
    assert told(tmp_path, worm=(again, True)) == {"10.0.0.6": (since, None)}


def test_a_watch_that_begins_ends_what_does_not_go_on(tmp_path: Path) -> None:
    """After a restart only those are quarantined whom the new watch names."""
    told(tmp_path, worm=(5.0, True), other=(6.0, True))
    expected = {"10.0.0.6": (5.0, None), "10.0.0.7": (6.0, 20.0)}
    assert told(tmp_path, anew=20.0, worm=(20.0, True)) == expected


def test_what_ended_long_ago_is_forgotten(tmp_path: Path) -> None:
    """Retention holds for quarantines, too; those that stand stay."""
    told(tmp_path, worm=(5.0, True), other=(6.0, False))
    with Store.open(tmp_path) as store:
        while store.keep(Records(retention=Duration(60)), 1000.0):
            pass
        with store.snapshot() as db:
            assert quarantined(db) == {"10.0.0.6": (5.0, None)}
