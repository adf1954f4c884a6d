"""What is kept of one client is bounded."""

from math import isclose
from typing import Literal

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.detection import lookups
from dnswatch.model.detection import indicators
from dnswatch.model.detection.baselines import DELAY, LEVELS, Day, History
from dnswatch.model.detection.client_state import (
    FOUND,
    PENDING,
    STEPS,
    ClientState,
    Judge,
    Weighing,
)
from dnswatch.model.detection.novelty import Followed, Novel
from dnswatch.model.detection.shiryaev_roberts import Bounds, Statistic, StatisticStep
from dnswatch.model.finding import Finding
from dnswatch.model.observation import Decided, Enforced
from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.model.role import Role
from dnswatch.model.week import Week

WHO = lookups.client(1)
AT = 1_767_571_200.0
DAY = 86400.0
BOUNDS = Bounds(0.2, 0.4)
SHARES = {indicator.name: indicator.least for indicator in indicators.ALL}
JUDGE = Judge(frozenset(SHARES), Week())


def client_state() -> ClientState:
    """A client that is judged."""
    statistic = Statistic.begin(AT, BOUNDS)
    return ClientState(
        WHO, Role.CLIENT, History(0), BOUNDS, int(AT // DAY), dict(SHARES), statistic
    )


def see(one: ClientState, at: float, domain: bytes = b"\1a\0") -> None:
    """Show a novel domain."""
    one.see(lookups.mx(at, WHO, "a.org"), Novel(domain, True), JUDGE)


def test_a_case_does_not_grow() -> None:
    """A client that never stops costs as much as one that did for a day."""
    one = client_state()
    for n in range(3000):
        see(one, AT + n * 600)
    assert len(one.steps) <= STEPS
    assert len(one.pending) <= PENDING
    assert len(one.days) <= DELAY + 1
    assert all(len(day.trials) <= len(indicators.ALL) + len(LEVELS) for day in one.days)


def test_following_an_answer_counts_at_once_and_not_following_later() -> None:
    """A sender shows itself; a checker is known by its silence after half a minute."""
    one = client_state()
    see(one, AT, b"\1a\0")
    see(one, AT + 1, b"\1b\0")
    one.follow(lookups.address(AT + 2, WHO, "mx.a", "a"), Followed(b"\1a\0"), JUDGE)
    assert [step.is_seen for step in followed(one)] == [True]
    one.settle(AT + 1 + indicators.WAIT, JUDGE)
    assert len(followed(one)) == 1
    one.settle(AT + 1.5 + indicators.WAIT, JUDGE)
    assert [step.is_seen for step in followed(one)] == [True, False]


def followed(one: ClientState) -> list[Weighing]:
    """How the client's follow-through was weighed."""
    weighed = [step for step in one.steps if isinstance(step, Weighing)]
    return [step for step in weighed if step.indicator == indicators.FOLLOWED.name]


def test_a_mark_that_was_never_learned_weighs_nothing() -> None:
    """Of a site that nothing is known of, nobody can say that its honest clients do not follow."""
    one = client_state()
    one.shares.clear()
    one.see(lookups.mx(AT, WHO, "a.org", recursion=False), Novel(b"\1a\0", True), JUDGE)
    one.follow(lookups.address(AT + 2, WHO, "mx.a", "a"), Followed(b"\1a\0"), JUDGE)
    assert [type(step) for step in one.steps] == [StatisticStep]


def test_what_a_policy_withheld_is_not_held_against_or_for_a_client() -> None:
    """Who gets SERVFAIL in place of an answer cannot follow it: that speaks for nobody."""
    one = client_state()
    for n, dry_run in enumerate((False, True)):
        done = Enforced("delay", Decided.REFUSED, dry_run)
        lookup = replace(lookups.mx(AT + n, WHO, "a.org"), enforced=done)
        one.see(lookup, Novel(bytes((1, 97 + n, 0)), True), JUDGE)
    one.settle(AT + 10 + indicators.WAIT, JUDGE)
    assert [step.domain for step in followed(one)] == [b"\1b\0"]


def test_the_steps_that_led_to_a_verdict_are_kept() -> None:
    """What came after it does not push out the reasons."""
    one = client_state()
    see(one, AT)
    one.infected_until = AT + DAY
    for n in range(STEPS * 2):
        see(one, AT + 10 + n)
    assert [step.at for step in one.steps if isinstance(step, StatisticStep)] == [AT]
    assert one.later == STEPS * 2


def test_a_fresh_start_forgets_the_evidence_and_keeps_the_memory() -> None:
    """A cleared client is watched on, and its known domains are no news."""
    one = client_state()
    see(one, AT)
    one.restart(AT + 1)
    assert one.steps == []
    assert one.statistic == Statistic.begin(AT + 1, BOUNDS)
    assert one.last_novel == AT


def test_a_persons_word_holds_until_its_end() -> None:
    """Trust for two hours is trust for two hours."""
    one = client_state()
    one.overrule = Overrule(Word.TRUST, 0.0, AT + 7200)
    assert one.word(AT + 7199) == Word.TRUST
    assert one.word(AT + 7200) is None


def test_the_days_before_a_verdict_are_tainted() -> None:
    """A worm's first week does not become the client's habit."""
    one = client_state()
    see(one, AT)
    see(one, AT + DAY)
    one.taint()
    assert [day.is_tainted for day in one.days] == [True, True]
    assert one.day(AT + 2 * DAY) == Day(int(AT // DAY) + 2)


Says = Literal["clean", "unsure", "worm"]
days_of_mail = st.lists(st.sampled_from(["clean", "unsure", "worm"]), min_size=1, max_size=6)


def find(one: ClientState, *verdicts: Says, day: int = 0) -> float:
    """Show what the bay found on a day; return what the statistic was multiplied by."""
    before = one.score_days(AT, JUDGE.week)
    for verdict in verdicts:
        number = one.heard + 1
        one.find(Finding(number, AT + day * DAY, WHO, verdict, f"m{number}", "why"), DAY)
    return one.score_days(AT, JUDGE.week) / before


@given(days_of_mail)
def test_a_day_of_mail_weighs_once(verdicts: list[Says]) -> None:
    """However many messages, a day with a worm is one, and a day without is one."""
    expected = indicators.WORM.factor("worm" in verdicts, indicators.WORM.least)
    assert isclose(find(client_state(), *verdicts), expected)


@given(days_of_mail, st.integers(0, 6), st.floats(0, indicators.WORM.least))
def test_findings_weigh_at_most_one_in_the_mean(
    verdicts: list[Says], worm_at: int, chance: float
) -> None:
    """Whenever an honest client's statistic is looked at during a day, the theorem stands."""
    harmless: list[Says] = ["unsure" if verdict == "worm" else verdict for verdict in verdicts]
    misjudged: list[Says] = [*harmless]
    misjudged[worm_at % len(harmless)] = "worm"
    for seen in range(1, len(harmless) + 1):
        mean = chance * find(client_state(), *misjudged[:seen])
        mean += (1 - chance) * find(client_state(), *harmless[:seen])
        assert mean <= 1 + 1e-9


def test_a_finding_counts_once() -> None:
    """After a restart findings may be told again: they change nothing."""
    one = client_state()
    finding = Finding(1, AT, WHO, "worm", "m1", "why")
    one.find(finding, DAY)
    assert one.statistic
    parts = list(one.statistic.parts)
    one.find(finding, DAY)
    assert one.statistic.parts == parts
    assert len(one.found) == 1


def test_a_worm_lengthens_a_verdict_and_clean_mail_does_not() -> None:
    """A machine whose mail is still a worm's is not clean a day after its last lookup."""
    one = client_state()
    one.infected_until = AT + 10
    find(one, "clean")
    assert one.infected_until == AT + 10
    find(one, "worm")
    assert one.infected_until == AT + DAY


def test_findings_are_bounded() -> None:
    """A thousand messages in the bay cost as much as a dozen."""
    one = client_state()
    for _ in range(1000):
        find(one, "worm")
    assert len(one.found) == FOUND


def test_evidence_stored_by_older_versions_is_read() -> None:
    """Whatever the classes are called today, what they store keeps its names."""
    one = client_state()
    bounds = list(BOUNDS)
    finding = {"number": 1, "at": AT, "client": "d2hv", "verdict": "worm", "ident": "m"}
    stored = msgspec.to_builtins(one) | {
        "steps": [
            {"type": "Step", "at": AT, "domain": "YQ==", "days": 1, "bounds": bounds, "parts": [1]},
            {
                "type": "Weighing",
                "at": AT,
                "domain": "YQ==",
                "mark": "followed",
                "is_seen": True,
                "factor": 2,
                "days": 3,
            },
        ],
        "found": [{"type": "Found", "finding": finding | {"reason": "r"}, "factor": 9, "days": 3}],
    }
    told = msgspec.json.decode(msgspec.json.encode(stored), type=ClientState)
    step, weighing = told.steps
    assert isinstance(step, StatisticStep)
    assert isinstance(weighing, Weighing)
    assert weighing.indicator == "followed"
    assert [kept.finding.verdict for kept in told.found] == ["worm"]
