"""What persons said, and the log of what changed."""

from math import inf
from pathlib import Path

import pytest

from dnswatch.model.changes import Changes
from dnswatch.model.policies.note import About, Note
from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.model.policies.standing import Standing
from dnswatch.model.role import Role
from dnswatch.settings import Duration, Records
from dnswatch.store import Store, orders
from dnswatch.store.orders import LogEntry
from tests.records import plain

WORM = b"\n\0\0\6"


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Give a state directory with an empty store."""
    Store.open(tmp_path).close()
    return tmp_path


def test_orders_are_read_as_they_were_given(state: Path) -> None:
    """Switched-on policies, words in force and confirmed roles come back; ended words do not."""
    with Store.open(state) as store, store.snapshot() as db:
        for policy in ("delay", "observe"):
            orders.enable(db, policy, "alice", 1.0)
        assert orders.disable(db, "observe", "bob", 2.0)
        assert not orders.disable(db, "observe", "bob", 2.0)
        trusted = Overrule(Word.TRUST, 1.0, inf, "lab", "alice")
        orders.overrule(db, ["10.0.0.6"], Overrule(Word.DISTRUST, 0.5, inf))
        orders.overrule(db, ["10.0.0.6"], trusted)
        orders.overrule(db, ["10.0.0.7"], Overrule(Word.DISTRUST, 1.0, 9.0))
        said = LogEntry(1.0, About.ROLE, None, "", "new", "alice")
        orders.declare(db, ["10.0.0.25", "10.0.0.26"], Role.MAIL_SERVER, said)
        orders.declare(db, ["10.0.0.26"], Role.CLIENT, said)
    with Store.read(state) as store, store.snapshot() as db:
        found = orders.read(db, 9.0)
    assert found.enabled == {"delay"}
    assert found.overrules == {"10.0.0.6": trusted}
    assert found.roles == {"10.0.0.25": Role.MAIL_SERVER}


def test_every_order_stands_in_the_log(state: Path) -> None:
    """Who switched what, when and why; switching on what is on is no change."""
    with Store.open(state) as store, store.snapshot() as db:
        orders.enable(db, "delay", "alice", 1.0)
        orders.enable(db, "delay", "bob", 2.0)
        assert not orders.read(db, 2.0).dry_runs
        orders.enable(db, "delay", "bob", 2.5, dry_run=True)
        orders.enable(db, "delay", "bob", 2.6, dry_run=True)
        assert orders.read(db, 2.6).dry_runs == {"delay"}
        orders.overrule(db, ["10.0.0.6"], Overrule(Word.TRUST, 3.0, inf, "lab", "bob"))
        found = orders.log(db, 0.0, None, 10)
        assert found == [
            LogEntry(3.0, "overrule", "10.0.0.6", "trust", "lab", "bob"),
            LogEntry(2.5, "policy", None, "delay on, dry run", "", "bob"),
            LogEntry(1.0, "policy", None, "delay on", "", "alice"),
        ]
        assert orders.log(db, 2.6, None, 10) == found[:1]
        assert orders.log(db, 0.0, ["10.0.0.7"], 10) == []
        assert orders.log(db, 0.0, None, 1) == found[:1]


def test_verdicts_and_notes_of_the_watch_are_stored(state: Path) -> None:
    """A verdict replaces the last one and goes when it is clean; a note stays, under the key."""
    changes = Changes()
    changes.standings[WORM] = Standing(2.0, 500.0, 5.0)
    changes.notes.append(Note(5.0, About.VERDICT, "infected", "why", client=WORM))
    with Store.open(state) as store:
        store.write(changes, plain, 5.0)
        with store.snapshot() as db:
            [judgment] = orders.judgments(db, 6.0)
            assert (judgment.key, judgment.share) == ("10.0.0.6", 2.0)
            assert orders.judgments(db, 500.0) == []
            [entry] = orders.log(db, 0.0, ["10.0.0.6"], 10)
            assert (entry.text, entry.cause, entry.actor) == ("infected", "why", "dnswatch")
        cleared = Changes()
        cleared.standings[WORM] = Standing()
        store.write(cleared, plain, 6.0)
        with store.snapshot() as db:
            assert orders.judgments(db, 6.0) == []


def test_the_log_is_kept_no_longer_than_the_rest(state: Path) -> None:
    """Retention holds for changes, verdicts and words that have ended."""
    with Store.open(state) as store:
        with store.snapshot() as db:
            orders.enable(db, "delay", "alice", 1.0)
            orders.overrule(db, ["10.0.0.6"], Overrule(Word.TRUST, 1.0, 2.0))
            orders.overrule(db, ["10.0.0.7"], Overrule(Word.TRUST, 1.0, inf))
        store.keep(Records(retention=Duration(3600.0), minutes=Duration(60.0)), 1e6)
        with store.snapshot() as db:
            assert orders.log(db, 0.0, None, 10) == []
            assert set(orders.read(db, 0.0).overrules) == {"10.0.0.7"}
            assert orders.read(db, 0.0).enabled == {"delay"}
