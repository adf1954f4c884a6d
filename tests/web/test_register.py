"""The register: nothing in it opens a door by itself."""

import sqlite3
import stat
from pathlib import Path

import pytest

from dnswatch.errors import ConsoleError
from dnswatch.web.register import IDLE, LINK, LONGEST_VISIT, Grant, Rank, Register

NOW = 1795435200.0


@pytest.fixture
def register(tmp_path: Path) -> Register:
    """Give an empty register."""
    return Register(tmp_path)


def test_what_is_stored_is_of_no_use_to_log_in(register: Register) -> None:
    """Neither secrets nor passwords stand in the file, which is its owner's alone."""
    secrets = [
        register.begin_visit("alice", Rank.VIEW, "", NOW),
        register.make_link("alice", Rank.VIEW, NOW),
        register.add_token("m", Rank.VIEW, NOW),
    ]
    register.add_user("alice", Rank.ADMIN, "a long password", NOW)
    stored = register.path.read_bytes()
    assert not any(secret.encode() in stored for secret in (*secrets, "a long password"))
    assert b"$argon2id$" in stored
    assert stat.S_IMODE(register.path.stat().st_mode) == 0o600


def test_a_password_is_known_and_no_other(register: Register) -> None:
    """Who has no account is told the same; a short password or an odd name makes none."""
    register.add_user("alice", Rank.ADMIN, "a long password", NOW)
    assert register.knows("alice", "a long password") is Rank.ADMIN
    assert register.knows("alice", "another password") is None
    assert register.knows("bob", "a long password") is None
    with pytest.raises(ConsoleError, match="expected 10 to"):
        register.add_user("bob", Rank.VIEW, "short", NOW)
    with pytest.raises(ConsoleError, match="no name"):
        register.add_user("bob\u202e", Rank.VIEW, "a long password", NOW)


def test_a_register_of_an_older_version_learns_codes(tmp_path: Path) -> None:
    """Its accounts stay, without them."""
    with sqlite3.connect(tmp_path / "console.db") as db:
        db.execute(
            "CREATE TABLE user (name TEXT PRIMARY KEY, rank TEXT NOT NULL, password TEXT NOT NULL,"
            " since REAL NOT NULL)"
        )
        db.execute("INSERT INTO user VALUES ('alice', 'view', 'x', 1.0)")
    db.close()
    with Register(tmp_path) as register:
        assert register.users() == [Grant("alice", "view", 1.0)]
        register.set_secret("alice", b"x" * 20)
        assert register.users()[0].has_codes
        with pytest.raises(ConsoleError, match="no account 'bob'"):
            register.set_secret("bob", None)


def test_visits_and_links_end(register: Register) -> None:
    """A visit after half an hour of silence or half a day; a link after a quarter, or once."""
    secret = register.begin_visit("alice", Rank.VIEW, "", NOW)
    at = NOW
    while at < NOW + LONGEST_VISIT - IDLE:
        at += IDLE / 2
        assert register.visitor(secret, at)
    assert register.visitor(secret, NOW + LONGEST_VISIT + 1) is None
    other = register.begin_visit("alice", Rank.VIEW, "", NOW)
    assert register.visitor(other, NOW + IDLE - 1, is_page=False)
    assert register.visitor(other, NOW + IDLE + 1) is None
    link = register.make_link("alice", Rank.VIEW, NOW)
    assert register.use_link(link, NOW + LINK + 1) is None
    link = register.make_link("alice", Rank.VIEW, NOW)
    assert register.use_link(link, NOW) == ("alice", Rank.VIEW)
    assert register.use_link(link, NOW) is None


def test_without_an_account_no_visit_goes_on(register: Register) -> None:
    """Whoever is removed, or gets another password, is logged out."""
    register.add_user("alice", Rank.VIEW, "a long password", NOW)
    secret = register.begin_visit("alice", Rank.VIEW, "", NOW)
    register.remove_user("alice")
    assert register.visitor(secret, NOW) is None
    with pytest.raises(ConsoleError, match="there is no account"):
        register.remove_user("alice")
    with pytest.raises(ConsoleError, match="there is no token"):
        register.remove_token("m")


def test_a_rank_covers_those_below() -> None:
    """Admin may all, view may look."""
    assert [[a.covers(b) for b in Rank] for a in Rank] == [
        [True, False, False],
        [True, True, False],
        [True, True, True],
    ]
