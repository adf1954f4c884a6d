"""The pipeline: from lookups to marks in one turn, with anybody's clock and anybody's judgment."""

from ipaddress import ip_address
from math import inf

from dnswatch.codes import Type
from dnswatch.model.changes import Changes
from dnswatch.model.observation import Observation, Origin
from dnswatch.model.policies.orders import Orders
from dnswatch.model.policies.standing import Standing
from dnswatch.settings import read
from dnswatch.watchdog.judging import Judge, Judging
from dnswatch.watchdog.pipeline import Judges, Pipeline
from dnswatch.wire.name import from_text
from tests.model.policies.texts import policy

WORM = ip_address("10.0.0.66").packed
AT = 1_764_000_000.0
SETTINGS = read('detection.learning = "0s"', "test")


class Condemning:
    """Judges whom it sees."""

    def see(self, changes: Changes, now: float, judge: Judge) -> None:
        for client, _ in changes.accounts:
            judge(client, Standing(1.0, inf, now), "it was seen")


def pipeline(judges: Judges) -> Pipeline:
    found = Pipeline(SETTINGS, lambda client: str(ip_address(client)), judges)
    found.policing.configure([("f", policy())], SETTINGS)
    found.policing.order(Orders(frozenset(("slow",))))
    return found


def question(domain: str, at: float) -> Observation:
    return Observation(at, WORM, from_text(domain), Type.MX, 0, Origin.UPSTREAM)


def test_a_turn_leads_from_lookups_to_marks() -> None:
    """Forty mail domains in forty seconds: one turn brings verdict, note and news of the mark."""
    key_of = lambda client: str(ip_address(client))  # noqa: E731
    found = pipeline(Judging(SETTINGS, key_of, AT))
    for number in range(40):
        found.fold(question(f"victim{number}.example", AT + number))
    changes, news = found.turn(AT + 41)
    assert news is not None
    assert [mark.client for mark in news.marks] == [WORM]
    assert changes.standings[WORM].rung == "infected"
    assert changes.notes
    assert found.turn(AT + 42).news is None


def test_anybody_may_judge() -> None:
    """A rule from elsewhere leads to the same marks by the same way."""
    found = pipeline(Condemning())
    found.fold(question("a.example", AT))
    assert found.turn(AT + 1).news is not None
