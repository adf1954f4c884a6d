"""What is kept of one client is bounded."""

from msgspec.structs import replace

from bench.detection import lookups
from dnswatch.model.detection import marks
from dnswatch.model.detection.baselines import DELAY, Baseline, Day, History
from dnswatch.model.detection.case import PENDING, STEPS, Case, Judge, Weighing
from dnswatch.model.detection.novelty import Followed, Novel
from dnswatch.model.detection.shiryaev_roberts import Bounds, Statistic, Step
from dnswatch.model.observation import Decided, Enforced
from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.model.role import Role
from dnswatch.model.week import Week

WHO = lookups.client(1)
AT = 1_767_571_200.0
DAY = 86400.0
BOUNDS = Bounds(0.2, 0.4)
JUDGE = Judge(frozenset(mark.name for mark in marks.ALL), Baseline(Role.CLIENT), Week())


def case() -> Case:
    """A client that is judged."""
    statistic = Statistic.begin(AT, BOUNDS)
    return Case(WHO, Role.CLIENT, History(0), BOUNDS, int(AT // DAY), statistic)


def see(one: Case, at: float, domain: bytes = b"\1a\0") -> None:
    """Show a novel domain."""
    one.see(lookups.mx(at, WHO, "a.org"), Novel(domain, True), JUDGE)


def test_a_case_does_not_grow() -> None:
    """A client that never stops costs as much as one that did for a day."""
    one = case()
    for n in range(3000):
        see(one, AT + n * 600)
    assert len(one.steps) <= STEPS
    assert len(one.pending) <= PENDING
    assert len(one.days) <= DELAY + 1
    assert all(len(day.trials) <= len(marks.ALL) + 1 for day in one.days)


def test_following_an_answer_counts_at_once_and_not_following_later() -> None:
    """A sender shows itself; a checker is known by its silence after half a minute."""
    one = case()
    see(one, AT, b"\1a\0")
    see(one, AT + 1, b"\1b\0")
    one.follow(lookups.address(AT + 2, WHO, "mx.a", "a"), Followed(b"\1a\0"), JUDGE)
    assert [step.is_seen for step in followed(one)] == [True]
    one.settle(AT + 1 + marks.WAIT, JUDGE)
    assert len(followed(one)) == 1
    one.settle(AT + 1.5 + marks.WAIT, JUDGE)
    assert [step.is_seen for step in followed(one)] == [True, False]


def followed(one: Case) -> list[Weighing]:
    """How the client's follow-through was weighed."""
    weighed = [step for step in one.steps if isinstance(step, Weighing)]
    return [step for step in weighed if step.mark == marks.FOLLOWED.name]


def test_what_a_policy_withheld_is_not_held_against_or_for_a_client() -> None:
    """Who gets SERVFAIL in place of an answer cannot follow it: that speaks for nobody."""
    one = case()
    for n, dry_run in enumerate((False, True)):
        done = Enforced("delay", Decided.REFUSED, dry_run)
        lookup = replace(lookups.mx(AT + n, WHO, "a.org"), enforced=done)
        one.see(lookup, Novel(bytes((1, 97 + n, 0)), True), JUDGE)
    one.settle(AT + 10 + marks.WAIT, JUDGE)
    assert [step.domain for step in followed(one)] == [b"\1b\0"]


def test_the_steps_that_led_to_a_verdict_are_kept() -> None:
    """What came after it does not push out the reasons."""
    one = case()
    see(one, AT)
    one.infected_until = AT + DAY
    for n in range(STEPS * 2):
        see(one, AT + 10 + n)
    assert [step.at for step in one.steps if isinstance(step, Step)] == [AT]
    assert one.later == STEPS * 2


def test_a_fresh_start_forgets_the_evidence_and_keeps_the_memory() -> None:
    """A cleared client is watched on, and its known domains are no news."""
    one = case()
    see(one, AT)
    one.restart(AT + 1)
    assert one.steps == []
    assert one.statistic == Statistic.begin(AT + 1, BOUNDS)
    assert one.last_novel == AT


def test_a_persons_word_holds_until_its_end() -> None:
    """Trust for two hours is trust for two hours."""
    one = case()
    one.overrule = Overrule(Word.TRUST, 0.0, AT + 7200)
    assert one.word(AT + 7199) == Word.TRUST
    assert one.word(AT + 7200) is None


def test_the_days_before_a_verdict_are_tainted() -> None:
    """A worm's first week does not become the client's habit."""
    one = case()
    see(one, AT)
    see(one, AT + DAY)
    one.taint()
    assert [day.is_tainted for day in one.days] == [True, True]
    assert one.day(AT + 2 * DAY) == Day(int(AT // DAY) + 2)
