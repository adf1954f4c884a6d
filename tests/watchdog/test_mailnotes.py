"""Mail notes: what the log hears of mail in the bay, without being flooded."""

from ipaddress import ip_address
from pathlib import Path

from dnswatch.model.changes import Changes
from dnswatch.model.finding import Finding
from dnswatch.model.policies.note import About, Note
from dnswatch.store import Store, orders
from dnswatch.watchdog.mailnotes import AGAIN, MailNotes
from tests.records import NOON, plain

WORM = ip_address("10.0.0.66").packed


def found(number: int, at: float, verdict: str = "worm", client: str = "10.0.0.66") -> Finding:
    assert verdict in ("clean", "unsure", "worm")
    return Finding(number, NOON + at, client.encode(), verdict, f"m{number}", "ClamAV knows it")  # type: ignore[arg-type]


def test_a_client_is_told_of_once_a_day_for_each_verdict() -> None:
    """Of a thousand messages one is noted; what is clean is no news."""
    notes = MailNotes(lambda _: None)
    notes.see(found(number, number, "unsure" if number else "clean") for number in range(3))
    notes.see(found(number, number) for number in range(3, 1000))
    noted = notes.drain(NOON + 1000)
    assert [(one.text, one.client, one.cause) for one in noted] == [
        ("mail may be a worm", WORM, "message m1: ClamAV knows it"),
        ("mail is a worm", WORM, "message m3: ClamAV knows it"),
    ]
    assert all(one.about is About.MESSAGE for one in noted)
    notes.see([found(1001, AGAIN + 2), found(1002, AGAIN + 3)])
    assert [one.cause for one in notes.drain(NOON + AGAIN + 3)] == [
        "message m1002: ClamAV knows it"
    ]


def test_a_pseudonym_is_the_client_whose_it_is() -> None:
    """Where nobody knows an address of it, it is told of without one."""
    notes = MailNotes({"~77ab": WORM}.get)
    notes.see([found(1, 0, client="~77ab"), found(2, 0, client="~99cd")])
    assert [one.client for one in notes.drain(NOON)] == [WORM, None]


def test_a_new_watch_repeats_nothing(tmp_path: Path) -> None:
    """What the log told in the last day is known again."""
    told = Changes()
    told.notes.append(Note(NOON, About.MESSAGE, "mail is a worm", "message m1", client=WORM))
    with Store.open(tmp_path) as store:
        store.write(told, plain, NOON)
        with store.snapshot() as db:
            stored = orders.told(db, About.MESSAGE, NOON - 1)
            assert orders.told(db, About.MESSAGE, NOON + 1) == {}
    notes = MailNotes(lambda _: None)
    notes.restore(stored)
    notes.see([found(2, 60), found(3, 61, "unsure")])
    assert [one.text for one in notes.drain(NOON + 61)] == ["mail may be a worm"]
