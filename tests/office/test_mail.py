"""Held mail, as persons decide on it."""

from pathlib import Path

import pytest

from dnswatch.bay.queue.index import Filter
from dnswatch.bay.spool import Spool
from dnswatch.errors import SpoolError
from dnswatch.office import mail
from dnswatch.settings import read
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
            mail.decide(spool, chosen, "release", ("eve@there.example",), "", "alice")
        mail.decide(spool, chosen, "release", (), "a newsletter", "alice")
    told = [text for line in spool.lines(worm) for text in mail.told(line)]
    assert told[-1] == "release, by alice: a newsletter"
    spool.close()


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
