"""Changes by number, and the incidents that they make."""

from pathlib import Path

from dnswatch.store import Store, events
from tests.teller.logged import let_go, note


def opened(state: Path) -> list[tuple[str, int | None]]:
    with Store.read(state) as store, store.snapshot() as db:
        return [(one.entry.text, one.opened) for one in events.after(db, 0)]


def test_an_incident_is_all_between_the_first_bad_verdict_and_the_clean_one(tmp_path: Path) -> None:
    """Marks of the client belong to it, other clients' changes and what comes later do not."""
    note(tmp_path, "delay", about="role")
    note(tmp_path, "suspect")
    note(tmp_path, "infected", client="10.0.0.7")
    note(tmp_path, "delay", about="mark")
    note(tmp_path, "infected")
    note(tmp_path, "clean")
    note(tmp_path, "none", about="mark")
    note(tmp_path, "suspect")
    note(tmp_path, "delay on", about="policy", client=None)
    assert opened(tmp_path) == [
        ("delay", None),
        ("suspect", 2),
        ("infected", 3),
        ("delay", 2),
        ("infected", 2),
        ("clean", 2),
        ("none", None),
        ("suspect", 8),
        ("delay on", None),
    ]


def test_no_number_comes_twice(tmp_path: Path) -> None:
    """Even where retention has let go of all changes: a cursor would pass over the next ones."""
    note(tmp_path, "suspect", times=3)
    let_go(tmp_path, 3)
    note(tmp_path, "clean")
    with Store.read(tmp_path) as store, store.snapshot() as db:
        assert [one.number for one in events.after(db, 0)] == [4]
        assert events.last(db) == 4


def test_a_store_without_changes_has_a_name_and_no_last_one(tmp_path: Path) -> None:
    """Two stores have two names: another one counts its changes anew."""
    names = set()
    for folder in (tmp_path / "a", tmp_path / "b"):
        Store.open(folder).close()
        with Store.read(folder) as store, store.snapshot() as db:
            assert events.last(db) == 0
            names.add(events.store_name(db))
    assert len(names) == 2
