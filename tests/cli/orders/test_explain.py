"""`dnswatch explain`: a verdict with its reasons."""

from math import inf
from pathlib import Path

from dnswatch.model.policies.orders import Orders, Overrule, Word
from dnswatch.settings import read
from dnswatch.store import Store
from dnswatch.watchdog.judging import Judging
from tests.cli.conftest import Read, Run
from tests.records import NOON, changes, plain, worm


def judged(state: Path) -> None:
    """Store what the detector makes of the worm's lookups."""
    settings = read('detection.learning = "0s"', "test")
    judging, told = Judging(settings, plain, NOON), changes(worm())
    judging.see(told, NOON + 600, lambda *_: None)
    with Store.open(state) as store:
        store.write(told, plain, NOON + 600)


def test_the_reasons_are_sentences_and_steps(run: Run, state: Path) -> None:
    """What was new to the client, and what each step did, can be reckoned again."""
    judged(state)
    text = " ".join(run("explain", "--client", "10.0.0.66", "--steps").split())
    assert "mail domains new to it since" in text
    assert "victim3.example is new to it" in text
    assert "last mail-related lookups" in text


def test_programs_get_the_same(read: Read, state: Path) -> None:
    """The sentences stand under the client's key, beside the lookups themselves."""
    judged(state)
    told = read("explain", "--client", "10.0.0.66", "--limit", "3")
    assert any("new to it" in line for line in told["clients"]["10.0.0.66"])
    assert len(told["lookups"]) == 3


def test_before_there_is_evidence_that_is_said(run: Run) -> None:
    """A store without a detector's state is no error."""
    assert "no evidence is stored yet" in run("explain", "--client", "10.0.0.66")


def test_an_unknown_client_is_an_error(run: Run) -> None:
    """There is nothing to explain of one who asked nothing."""
    assert "is on record" in run("explain", "--client", "10.9.9.9", exit_code=1)


def test_a_word_without_an_end_is_explained(run: Run, state: Path) -> None:
    """Who is distrusted for good is so until a person says otherwise."""
    settings = read('detection.learning = "0s"', "test")
    judging, told = Judging(settings, plain, NOON), changes(worm())
    word = Overrule(Word.DISTRUST, NOON, inf, "seen spreading")
    judging.order(Orders(overrules={"10.0.0.66": word}), NOON)
    judging.see(told, NOON + 600, lambda *_: None)
    with Store.open(state) as store:
        store.write(told, plain, NOON + 600)
    text = run("explain", "--client", "10.0.0.66")
    assert "it stands until a person says otherwise" in text
    assert "a person has distrusted it: seen spreading" in text


def test_it_is_short_unless_steps_are_asked_for(run: Run, state: Path) -> None:
    """The verdict, at most three facts, and what to do: nobody reads forty lines first."""
    judged(state)
    text = run("explain", "--client", "10.0.0.66")
    assert "is new to it" not in text
    assert "learning until" in text
    assert "dnswatch clients distrust" in " ".join(text.split())
    assert "to reckon it again" in run("explain", "--client", "10.0.0.66", "--steps")
