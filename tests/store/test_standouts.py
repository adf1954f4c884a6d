"""Who stands out at a site, and why."""

from math import inf
from pathlib import Path

from dnswatch.model.changes import Changes
from dnswatch.model.policies.note import About
from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.model.policies.standing import Standing
from dnswatch.model.role import Role
from dnswatch.store import Store, orders
from dnswatch.store.orders import LogEntry
from dnswatch.store.standouts import Standout, standouts
from tests.records import NOON, changes, plain, site


def found(state: Path, server: str = "") -> dict[str, Standout]:
    """Who stands out, where the configuration declares a mail server."""

    def role_of(key: str) -> Role:
        with store.snapshot() as db:
            return Role.MAIL_SERVER if key == server else orders.roles(db).get(key, Role.CLIENT)

    with Store.open(state) as store, store.snapshot() as db:
        listed = standouts(db, role_of, NOON)
    return {one.key: one for one in listed}


def say(state: Path, key: str, word: Word, until: float = inf) -> None:
    """Say a word on a client."""
    with Store.open(state) as store, store.snapshot() as db:
        orders.overrule(db, [key], Overrule(word, NOON - 5, until, "because", "alice"))


def judge(state: Path, **shares: float) -> None:
    """Store verdicts, by the last part of 10.0.0.x."""
    judged = Changes()
    for last, share in shares.items():
        client = bytes((10, 0, 0, int(last[1:])))
        judged.standings[client] = Standing(share, NOON + 60, NOON - 60)
    with Store.open(state) as store:
        store.write(changes(site()), plain, NOON)
        store.write(judged, plain, NOON)


def test_the_worst_stands_first_and_who_is_like_all_others_is_left_out(tmp_path: Path) -> None:
    """A clean client is none of an admin's concern."""
    judge(tmp_path, c66=1.0, c1=0.02, c2=0.001)
    assert [(key, one.standing.rung) for key, one in found(tmp_path).items()] == [
        ("10.0.0.66", "infected"),
        ("10.0.0.1", "suspect"),
    ]


def test_a_persons_word_stands_above_the_verdict(tmp_path: Path) -> None:
    """Trusted is clean, distrusted infected, and both are told; one that was cleared is clean."""
    judge(tmp_path, c66=1.0, c1=1.0)
    say(tmp_path, "10.0.0.66", Word.TRUST)
    say(tmp_path, "10.0.0.9", Word.DISTRUST)
    say(tmp_path, "10.0.0.1", Word.CLEAR)
    listed = found(tmp_path)
    assert {key: one.standing.rung for key, one in listed.items()} == {
        "10.0.0.9": "infected",
        "10.0.0.66": "clean",
    }
    assert listed["10.0.0.9"].said
    assert listed["10.0.0.9"].said.why == "because"


def test_servers_are_listed_with_their_roles(tmp_path: Path) -> None:
    """Whether the configuration or a person declared them; a mail server is always clean."""
    judge(tmp_path, c66=1.0)
    said = LogEntry(NOON, About.ROLE, None, "", "", "alice")
    with Store.open(tmp_path) as store, store.snapshot() as db:
        orders.declare(db, ["10.0.0.1"], Role.SERVER, said)
    listed = found(tmp_path, server="10.0.0.66")
    assert {key: (one.role, one.standing.rung) for key, one in listed.items()} == {
        "10.0.0.66": (Role.MAIL_SERVER, "clean"),
        "10.0.0.1": (Role.SERVER, "clean"),
    }
