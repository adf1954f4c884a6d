"""What report and lists say of clients that are not judged yet."""

from pathlib import Path

from dnswatch.codes import Type
from dnswatch.settings import read as read_settings
from dnswatch.store import Store
from dnswatch.store.directory import note_replayed
from dnswatch.watchdog.judging import Judging
from tests.cli.conftest import Read, Run
from tests.records import NOON, asked, changes, plain

WORM = "10.0.0.66"


def spam(state: Path) -> None:
    """Let a spambot run on a site that is being learned since an hour."""
    judging = Judging(read_settings("", "test"), plain, NOON - 3600)
    told = changes([asked(n, WORM, f"victim{n}.example", Type.MX) for n in range(200)])
    judging.see(told, NOON + 300, lambda *_: None)
    with Store.open(state) as store:
        store.write(told, plain, NOON + 300)
    note_replayed(state, NOON + 300)  # what the present is to those who read


def test_nobody_is_called_clean_before_he_was_judged(run: Run, read: Read, state: Path) -> None:
    """The word is learning, with until when; who would be infected is named, and what to do."""
    spam(state)
    text = run("report")
    assert "learning until 2026-12-07 11:00 UTC: nobody is judged yet" in text
    assert f"by the cautious bounds {WORM} would be infected" in text
    assert "to act on one today: dnswatch clients distrust WHO" in text
    told = read("report")
    assert {client["verdict"] for client in told["clients"]} == {"learning"}
    assert told["learning_until"] == "2026-12-07T11:00:00+00:00"
    assert "verdict: learning until 2026-12-07" in run("report", "--client", WORM)
    [first] = read("clients", "list")["provisional"]
    assert (first["client"], first["verdict"]) == (WORM, "infected")
