"""What the detector knew comes back, with the lookups that it has not seen, and no other."""

from pathlib import Path

from msgspec.structs import replace

from dnswatch.model.changes import Changes
from dnswatch.model.observation import Decided, Enforced
from dnswatch.settings import Records
from dnswatch.store import Store, evidence
from dnswatch.store.evidence import Evidence
from tests.records import NOON, changes, plain, worm


def part(begin: int, end: int) -> Changes:
    """Some of the worm's lookups."""
    found = changes(worm())
    found.lookups[:] = [
        replace(
            lookup,
            enforced=Enforced("mine", Decided.REFUSED, n % 2 == 0) if n % 3 else None,
            proven=n % 2 == 1,
        )
        for n, lookup in enumerate(found.lookups)
    ][begin:end]
    return found


def judged(found: Changes) -> Changes:
    """Lookups that the detector has taken in."""
    found.detector, found.judged = b"site", len(found.lookups)
    found.client_states = {"10.0.0.66": b"state"}
    return found


def back(state: Path, *stored: Changes) -> Evidence:
    """Store changes one after the other; return what comes back."""
    with Store.open(state) as store:
        for each in stored:
            store.write(each, plain, NOON)
        with store.snapshot() as db:
            return evidence.read(db)


def test_lookups_after_the_evidence_come_back_as_they_were(tmp_path: Path) -> None:
    """They are what the detector would have been given, under the client's key."""
    found = back(tmp_path, judged(part(0, 10)), part(10, 20), part(20, 30))
    assert (found.site, found.client_states) == (b"site", {"10.0.0.66": b"state"})
    seen = [
        replace(lookup, client=b"10.0.0.66", addresses=(), ttl=0) for lookup in part(10, 30).lookups
    ]
    assert found.later == seen


def test_changes_that_were_joined_know_which_the_detector_has_seen(tmp_path: Path) -> None:
    """Where the disk failed for a while, no lookup is taken in twice and none is missed."""
    waiting = part(0, 5)
    for more in (judged(part(5, 10)), part(10, 15)):
        waiting.merge(more)
    assert waiting.trim(15) == 0
    assert [one.at for one in back(tmp_path / "one", waiting).later] == [
        one.at for one in part(10, 15).lookups
    ]
    waiting.trim(7)
    assert [one.at for one in back(tmp_path / "two", waiting).later] == [
        one.at for one in part(10, 15).lookups
    ]


def test_lookups_come_back_though_all_before_them_were_forgotten(tmp_path: Path) -> None:
    """Where retention took the last lookup that was judged, no later one passes for judged."""
    with Store.open(tmp_path) as store:
        store.write(judged(part(0, 10)), plain, NOON)
        while store.keep(Records(), NOON + 400 * 86400):
            continue
        for later in (part(10, 20), part(20, 30)):
            store.write(later, plain, NOON)
        with store.snapshot() as db:
            back = evidence.read(db).later
    assert [one.at for one in back] == [one.at for one in part(10, 30).lookups]


def test_a_store_without_evidence_gives_none_back(tmp_path: Path) -> None:
    """Where no detector ever stored anything, nothing is taken in again."""
    assert back(tmp_path, part(0, 5)) == Evidence()
