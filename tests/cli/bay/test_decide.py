"""`dnswatch bay release` and `dnswatch bay discard`."""

import json

import pytest

from dnswatch.bay.queue import orders
from dnswatch.bay.record import Gone
from dnswatch.bay.spool import Spool
from tests.bay.mail import NOW
from tests.cli.conftest import Run


def test_a_message_is_released_to_one_recipient(run: Run, bay: Spool) -> None:
    """The order names who gave it and why, and waits for a bay that runs."""
    worm = bay.idents()[0]
    said = run("bay", "release", worm, "--to", "carol@there.example", "--why", "her own test")
    assert "when the bay runs again" in said
    message = bay.message(worm)
    assert [one.state for one in message.recipients] == ["held", "releasing"]
    assert message.decided is not None
    assert message.decided.why == "her own test"
    assert message.decided.actor != "dnswatch"
    assert orders.take(bay) == [worm]


def test_messages_are_released_by_what_they_are(run: Run, bay: Spool) -> None:
    """Several at a time only where somebody says so."""
    run("bay", "release", "--is", "held,deferred", exit_code=1)
    assert bay.message(bay.idents()[0]).state == "held"
    assert "2 messages" in run("bay", "release", "--is", "held,deferred", "--yes")
    assert {bay.message(ident).state for ident in bay.idents()} == {"releasing"}


def test_a_discarded_message_can_be_released_after_all(run: Run, bay: Spool) -> None:
    """As long as its body is kept."""
    worm = bay.idents()[0]
    assert "nobody receives it" in run("bay", "discard", worm, "--why", "worm")
    assert bay.message(worm).state == "discarded"
    assert "is discarded already" in run("bay", "discard", worm, exit_code=1)
    run("bay", "release", worm)
    assert bay.message(worm).state == "releasing"


def test_programs_are_told_what_was_decided(run: Run, bay: Spool) -> None:
    """With --json the answer is JSON and nothing else."""
    worm, later, _ = bay.idents()
    said = run("bay", "discard", "--is", "held,deferred", "--yes", "--json")
    assert json.loads(said) == {"fate": "discard", "messages": [worm, later]}
    said = run("bay", "release", worm, "--json")
    assert json.loads(said) == {"fate": "release", "messages": [worm]}


def test_what_cannot_be_decided(run: Run, bay: Spool) -> None:
    """A body that went, somebody it is not for, or nothing chosen: nothing is done."""
    worm, later, _ = bay.idents()
    assert "is not for 'x@y.example'" in run(
        "bay", "release", worm, "--to", "x@y.example", exit_code=1
    )
    bay.let_go(later, Gone(at=NOW, why="age"))
    assert "is no longer kept" in run("bay", "release", later, exit_code=1)
    assert bay.message(worm).state == "held"
    assert not orders.are_there(bay)


@pytest.mark.parametrize("command", ["release", "discard", "export"])
def test_all_mail_is_never_meant_by_accident(run: Run, bay: Spool, command: str) -> None:
    """A command without a choice touches nothing."""
    assert "name messages" in run("bay", command, exit_code=2)


def test_a_bay_that_runs_hears_it_at_once(run: Run, bay: Spool) -> None:
    """The answer says when."""
    bay.claim()
    assert "within a second" in run("bay", "release", bay.idents()[0])
    bay.close()
