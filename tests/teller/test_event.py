"""Events: what is told of a change."""

from collections import Counter

import pytest

from dnswatch.store.events import Noted
from dnswatch.store.orders import LogEntry
from dnswatch.teller import event
from dnswatch.teller.event import Severity
from tests.teller.logged import AT, WORM


def noted(text: str, number: int = 7, about: str = "verdict", opened: int | None = None) -> Noted:
    return Noted(number, LogEntry(AT, about, WORM, text, "because", "dnswatch"), opened)


@pytest.mark.parametrize(
    ("about", "text", "severity"),
    [
        ("verdict", "infected", Severity.CRITICAL),
        ("verdict", "likely", Severity.WARNING),
        ("verdict", "clean", Severity.INFO),
        ("warning", "the site looks up more", Severity.WARNING),
        ("mark", "delay", Severity.NOTICE),
        ("fault", "the bay was killed", Severity.WARNING),
    ],
)
def test_what_is_urgent_is_told_so(about: str, text: str, severity: Severity) -> None:
    """An infected client is critical, its end is information."""
    assert event.of(noted(text, about=about), "store").severity == severity


def test_an_incident_opens_goes_on_and_closes_under_one_id() -> None:
    """The id follows from store, client and opening change, so it survives a restart."""
    told = [
        event.of(noted(text, number, opened=3), "store").incident
        for number, text in ((3, "suspect"), (4, "infected"), (9, "clean"))
    ]
    assert all(told)
    assert [one.phase for one in told if one] == ["opens", "goes on", "closes"]
    assert len({one.id for one in told if one}) == 1
    again = event.of(noted("suspect", 12, opened=12), "store").incident
    assert again
    assert again.id not in {one.id for one in told if one}


def test_an_event_has_one_id_however_often_it_is_told() -> None:
    """And another in another store."""
    assert event.of(noted("likely"), "a").id == event.of(noted("likely"), "a").id
    assert event.of(noted("likely"), "a").id != event.of(noted("likely"), "b").id


def test_sentences_name_client_state_and_reason() -> None:
    """A person reads them alone."""
    assert event.of(noted("infected"), "s").sentence == f"client '{WORM}' is infected: because"
    delayed = event.of(noted("delay", about="mark"), "s")
    assert delayed.sentence == f"client '{WORM}': delay: because"


def test_a_strangers_words_command_no_terminal_and_end() -> None:
    """A cause has names in it that a client chose."""
    entry = LogEntry(AT, "warning", None, "x" * 5000, "\x1b[2J\r\n\u202e", "dnswatch")
    told = event.of(Noted(1, entry, None), "s")
    assert len(told.text) == event.LONGEST
    assert told.cause == "\\x1b[2J\\r\\n\\u202e"


def test_a_summary_counts_and_a_loss_says_why() -> None:
    """Both are told as events of their own."""
    counts = Counter({"verdict infected": 3, "mark": 2})
    told = event.summary("s", 5, 9, AT, counts)
    assert (told.kind, told.counts) == ("summary", dict(counts))
    assert told.text == "5 more changes in that minute"
    assert "records.retention" in event.lost("s", 5, 9, AT).sentence
