"""Who may speak to the bay."""

from pathlib import Path

import pytest

from dnswatch.bay.smtp.access import SmtpAccess
from dnswatch.errors import StoreError
from dnswatch.settings import Settings, read
from dnswatch.store.database import open_writer

NOW = 1_700_000_000.0
QUARANTINED = "INSERT INTO quarantined (client, since, until) VALUES (?, ?, ?)"
CLIENT = "INSERT INTO client (key, first_seen, last_seen, machine) VALUES (?, 0, 0, ?)"


def site(state: Path, *rows: tuple[str, float, float | None]) -> None:
    """Write down who is quarantined."""
    db = open_writer(state)
    with db.conn:
        db.conn.execute("DELETE FROM quarantined")
        db.conn.executemany(QUARANTINED, rows)
    db.close()


def gate(state: Path, settings: Settings | None = None, now: float = NOW) -> SmtpAccess:
    """Make a gate."""
    return SmtpAccess(state, settings or Settings(), lambda: now)


def test_quarantined_clients_may_speak(tmp_path: Path) -> None:
    """A client may speak while it is quarantined and for a time of grace after, nobody else."""
    site(
        tmp_path,
        ("192.0.2.1", NOW - 9, None),
        ("192.0.2.2", NOW - 9999, NOW - 3599),
        ("192.0.2.3", NOW - 9999, NOW - 3601),
    )
    made = gate(tmp_path)
    admitted = [made.admits(f"192.0.2.{n}") for n in (1, 2, 3, 4)]
    assert admitted == [True, True, False, False]
    assert made.admits("::ffff:192.0.2.1")
    made.close()


def test_one_machine_is_one_client(tmp_path: Path) -> None:
    """Who asked over IPv4 and is quarantined may send over IPv6, as the same machine."""
    site(tmp_path, ("192.0.2.1", NOW - 9, None))
    db = open_writer(tmp_path)
    with db.conn:
        db.conn.executemany(
            CLIENT,
            [
                ("192.0.2.1", "02:00:00:00:00:01"),
                ("2001:db8::1", "02:00:00:00:00:01"),
                ("2001:db8::2", "02:00:00:00:00:02"),
            ],
        )
    db.close()
    made = gate(tmp_path)
    assert [made.admits(one) for one in ("2001:db8::1", "2001:db8::2")] == [True, False]
    assert (
        made.same_machine("2001:db8::1")
        == made.same_machine("192.0.2.1")
        == {"192.0.2.1", "2001:db8::1"}
    )
    assert made.same_machine("2001:db8::2") == {"2001:db8::2"}
    made.close()


def test_pseudonyms_are_the_keys_where_the_site_wants_them(tmp_path: Path) -> None:
    """Where no address may be written down, a client is known by its pseudonym."""
    settings = read("[privacy]\npseudonyms = true", "")
    made = gate(tmp_path, settings)
    key = made.key("192.0.2.1")
    assert key.startswith("~")
    site(tmp_path, (key, NOW - 9, None))
    assert made.admits("192.0.2.1")
    made.close()


def test_site_may_let_others_in(tmp_path: Path) -> None:
    """Clients in `bay.open_to` may speak without any store."""
    made = gate(tmp_path, read('[bay]\nopen_to = ["198.51.100.0/24"]', ""))
    assert made.admits("198.51.100.7")
    with pytest.raises(StoreError):
        made.admits("192.0.2.1")


def test_store_that_fails_lets_nobody_new_in(tmp_path: Path) -> None:
    """While the store cannot be read, those who were known may go on; of others nobody can say."""
    site(tmp_path, ("192.0.2.1", NOW - 9, None))
    times = iter([NOW, NOW + 10, NOW + 20, NOW + 30])
    made = SmtpAccess(tmp_path, Settings(), lambda: next(times))
    assert made.admits("192.0.2.1")
    made.close()
    (tmp_path / "dnswatch.db").rename(tmp_path / "away")
    assert made.admits("192.0.2.1")
    with pytest.raises(StoreError, match="cannot be read who is quarantined"):
        made.admits("192.0.2.2")
    (tmp_path / "away").rename(tmp_path / "dnswatch.db")
    site(tmp_path, ("192.0.2.2", NOW + 15, None))
    assert made.admits("192.0.2.2")
    made.close()
