"""The detector as a command brings it back."""

from pathlib import Path

from dnswatch.office.detector import detector_of
from dnswatch.office.whom import Whom
from dnswatch.settings import read
from dnswatch.store import Store
from dnswatch.watchdog.judging import Judging
from tests.records import NOON, changes, plain, worm


def test_what_was_stored_a_second_ago_is_in_it(state: Path) -> None:
    """A command knows the lookups that came after the evidence was stored."""
    settings = read('detection.learning = "0s"', "test")
    seen = changes(worm())
    later = changes([])
    later.lookups, seen.lookups = seen.lookups[4:], seen.lookups[:4]
    with Store.open(state) as store:
        Judging(settings, plain, NOON).see(seen, NOON + 60, lambda *_: None)
        for part in (seen, later):
            store.write(part, plain, NOON + 600)
        with store.snapshot() as db:
            detector = detector_of(db, settings, Whom(state, settings))
    assert detector
    lines = detector.explain(b"10.0.0.66", NOON + 600)
    assert any("victim9.example is new to it" in line for line in lines)
    assert any("victim0.example is new to it" in line for line in lines)


def test_before_anything_is_stored_there_is_none(state: Path) -> None:
    """A store without evidence is no error."""
    settings = read("", "test")
    with Store.read(state) as store, store.snapshot() as db:
        assert detector_of(db, settings, Whom(state, settings)) is None
