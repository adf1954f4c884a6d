"""Held mail, as persons decide on it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dnswatch.bay.queue.index import Filter, Index, IndexRow
from dnswatch.bay.spool import Spool
from dnswatch.errors import SpoolError
from dnswatch.office import mail
from dnswatch.settings import read
from dnswatch.store import Store, events
from dnswatch.teller import event
from tests.bay.mail import decide, judged, keep

SETTINGS = read("", "test")


def test_what_a_person_decides_stands_in_the_record(tmp_path: Path) -> None:
    """With who and why; what is done already is refused by its name, or passed over unnamed."""
    spool = Spool(tmp_path / "bay")
    spool.claim()
    worm, sent = keep(spool, 1), keep(spool, 2)
    spool.append(worm, judged("worm"))
    decide(spool, worm, "hold")
    decide(spool, sent, "discard")
    with mail.held_mail(SETTINGS, tmp_path, pytest.fail) as held:
        rows = held.index.find(Filter())
        assert [row.ident for row in mail.usable(rows, "discard", are_named=False)] == [worm]
        with pytest.raises(SpoolError, match=f"{sent} is discarded already: nothing was done"):
            mail.usable(rows, "discard", are_named=True)
        chosen = [row for row in rows if row.ident == worm]
        with pytest.raises(SpoolError, match=r"is not for 'eve@there\.example'"):
            mail.decide(held, chosen, "release", ("eve@there.example",), "", "alice")
        mail.decide(held, chosen, "release", (), "a newsletter", "alice")
    told = [text for line in spool.lines(worm) for text in mail.told(line)]
    assert told[-1] == "release, by alice: a newsletter"
    spool.close()


def decided(state: Path, complain: Callable[[str], object]) -> Spool:
    """Discard three messages that a bay keeps of a client."""
    spool = Spool(state / "bay")
    spool.claim()
    for number in range(1, 4):
        decide(spool, keep(spool, number), "hold")
    with mail.held_mail(SETTINGS, state, complain) as held:
        mail.decide(held, held.index.find(Filter()), "discard", (), "spam", "alice")
    return spool


def test_the_log_tells_what_a_person_decided_on_mail(tmp_path: Path) -> None:
    """In one entry for each client, as a notice of a kind of its own, under the person's name."""
    spool = decided(tmp_path, pytest.fail)
    with Store.read(tmp_path) as store, store.snapshot() as db:
        told = [event.of(noted, "store") for noted in events.after(db, 0)]
        keys = {row.key for row in spool_rows(spool)}
    assert {one.client for one in told} == keys
    assert sum(int(one.text.split()[1]) for one in told if "messages" in one.text) == 3
    for one in told:
        assert (one.kind, one.actor, one.signature_id) == ("decision", "alice", 14)
        assert one.severity is event.Severity.NOTICE
        assert one.cause.endswith(": spam")
    spool.close()


def test_mail_is_decided_on_though_the_log_cannot_be_written(tmp_path: Path) -> None:
    """The person is told that the log has nothing of it."""
    (tmp_path / "dnswatch.db").mkdir()
    complaints: list[str] = []
    spool = decided(tmp_path, complaints.append)
    assert {row.state for row in spool_rows(spool)} == {"discarded"}
    assert [text[:38] for text in complaints] == ["it is done, but does not stand in `dns"]
    spool.close()


def spool_rows(spool: Spool) -> list[IndexRow]:
    """Return all messages of a bay."""
    with Index(spool) as index:
        index.catch_up()
        return index.find(Filter())


def test_no_bay_is_a_sentence(tmp_path: Path) -> None:
    """Where no mail was ever held one is told so."""
    with (
        pytest.raises(SpoolError, match="there is no held mail"),
        mail.held_mail(SETTINGS, tmp_path, pytest.fail),
    ):
        pass


def test_a_node_of_a_fleet_knows_its_own_mail_alone() -> None:
    """Who asks on one node for a message of another one is told to look there."""
    fleet = read('[fleet]\nengine = "redis://127.0.0.1"\nnode = "b"\n', "test")
    said = "there is no message 'm1': `dnswatch bay list` shows all"
    assert mail.absent(SETTINGS, "m1") == said
    assert "in the bay of this node, 'b'" in mail.absent(fleet, "m1")
