"""Judges: finders in the place of dnswatch's detector."""

import pytest

from dnswatch.errors import SettingsError
from dnswatch.lab.campus.compare.judges import (
    AGAIN,
    DEFENCES,
    DNSWATCH,
    FINDERS,
    NOBODY,
    FinderJudge,
    Panel,
    defence,
    judges,
)
from dnswatch.lab.campus.defences.finders import AnyMx, Count
from dnswatch.model.changes import Changes, MailLookup
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.observation import Origin
from dnswatch.model.policies.reading import read_all
from dnswatch.model.policies.standing import RUNGS, Standing
from dnswatch.model.role import Role
from dnswatch.serve.policies import texts
from dnswatch.watchdog.judging import Judge
from dnswatch.wire.name import from_text
from tests.lab.campus.scene import campus, plan

PERSON, SERVER = b"\x0a\0\0\7", b"\x0a\0\0\1"
DOMAIN = from_text("a.example")


def role_of(client: bytes) -> Role:
    return Role.MAIL_SERVER if client == SERVER else Role.CLIENT


def asked(client: bytes, at: float) -> Changes:
    changes = Changes()
    changes.lookups.append(
        MailLookup(
            at,
            client,
            LookupKind.MX,
            DOMAIN,
            DOMAIN,
            15,
            0,
            Origin.UPSTREAM,
            (),
            (),
            0,
            0,
            0,
            False,
            True,
        )
    )
    return changes


class Told:
    """What was told."""

    def __init__(self) -> None:
        self.clients: list[bytes] = []

    def __call__(self, client: bytes, standing: Standing, why: str | None) -> None:
        self.clients.append(client)


def test_a_finder_judges_clients_and_never_declared_servers() -> None:
    """A server's MX question is its work; a client found again within the hour is not told."""
    judges, told = FinderJudge("any-mx", AnyMx(), role_of), Told()
    judges.see(asked(SERVER, 1.0), 2.0, told)
    judges.see(asked(PERSON, 3.0), 4.0, told)
    judges.see(asked(PERSON, 5.0), 6.0, told)
    assert told.clients == [PERSON]
    judges.see(asked(PERSON, AGAIN + 5.0), AGAIN + 6.0, told)
    assert told.clients == [PERSON] * 2


def test_of_a_panel_one_is_heard_and_all_are_noted() -> None:
    """None until one is chosen; what is said before the moment from which on it counts is not."""
    both = {name: FinderJudge(name, AnyMx(), role_of) for name in ("one", "two")}
    panel, told = Panel(both, since=100.0), Told()
    panel.see(asked(PERSON, 1.0), 2.0, told)
    assert panel.said == {"one": {}, "two": {}}
    panel.see(asked(PERSON, 2 * AGAIN), 2 * AGAIN, told)
    assert panel.said == {"one": {PERSON: 1}, "two": {PERSON: 1}}
    assert told.clients == []
    panel.choose("two", alone=False)
    assert set(panel.silent) == {"one", "two"}
    panel.see(asked(PERSON, 4 * AGAIN), 4 * AGAIN, told)
    assert not set(panel.silent)
    assert told.clients == [PERSON]
    panel.choose(NOBODY)
    panel.see(asked(PERSON, 8 * AGAIN), 8 * AGAIN, told)
    assert (panel.said, told.clients) == ({}, [PERSON])


def test_who_suspects_somebody_is_not_silent() -> None:
    """Policies may act on a suspect, so what happens is not what happens with nothing."""

    class Suspicious:
        def see(self, changes: Changes, now: float, judge: Judge) -> None:
            judge(PERSON, Standing(RUNGS["suspect"], now + 60, now), "a test")

    panel = Panel({"one": Suspicious(), "two": FinderJudge("two", Count(), role_of)})
    panel.choose(NOBODY, alone=False)
    panel.see(Changes(), 1.0, Told())
    assert panel.silent == ("two",)
    assert panel.said["one"] == {}


def test_each_defence_names_policies_and_judges_that_there_are() -> None:
    """And has a name of its own."""
    policies, _ = read_all(texts(""))
    assert len({one.name for one in DEFENCES}) == len(DEFENCES)
    for one in DEFENCES:
        assert set(one.policies) <= set(policies)
        expected = (DNSWATCH, *FINDERS) if one.policies or not one.edge else (NOBODY,)
        assert one.judge in expected


def test_judges_and_edges_can_be_made_for_a_site() -> None:
    """All of them."""
    built = campus(plan())
    assert set(judges(built.site, built.settings, built.loop.now)) == {DNSWATCH, *FINDERS}
    assert all(one.edge(built.site).throttle for one in DEFENCES if one.edge)


def test_an_unknown_defence_is_answered_with_the_known_ones() -> None:
    """So that nobody has to look for them."""
    with pytest.raises(SettingsError, match="ladder"):
        defence("prayer")
