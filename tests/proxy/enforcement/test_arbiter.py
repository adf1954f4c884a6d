"""The arbiter: what marks decide, without a socket or a timer."""

from ipaddress import ip_address
from math import inf
from typing import Any

from dnswatch.codes import Type
from dnswatch.model.exchanges import Exchanges, LookupKind
from dnswatch.model.observation import Decided
from dnswatch.model.policies.mark import Action, Mark, Marks, Terms
from dnswatch.proxy.enforcement.arbiter import Arbiter
from dnswatch.seams.enforce import PASS, Answer, Hold, Rewrite
from dnswatch.settings import Settings, read
from dnswatch.wire.name import from_text

WORM = ip_address("10.0.0.6").packed
ASKING = (WORM, from_text("victim.example"), int(Type.MX))
GIVEN = Answer(0, (from_text("mx.victim.example"),))


def mark(action: Action, until: float = inf, dry_run: bool = False, **terms: Any) -> Mark:
    return Mark(WORM, "p", action, Terms(**terms), tuple(LookupKind), until, dry_run)


def arbiter(*marks: Mark) -> Arbiter:
    found = Arbiter(Settings(), Exchanges())
    found.learn(Marks(list(marks)))
    return found


def test_a_dry_run_leaves_the_decision_to_the_mark_that_acts() -> None:
    """What a dry run would do is recorded only where nothing else is done."""
    both = arbiter(mark(Action.QUARANTINE, dry_run=True), mark(Action.DELAY, hold=2.0, bucket=1.0))
    case = both.case(ASKING, 100.0)
    assert case is not None
    ruling = both.rule(WORM, case, GIVEN, 100.0)
    assert ruling.decision == Hold(102.0, PASS)
    assert ruling.enforced is not None
    assert (ruling.enforced.decided, ruling.is_tried) == (Decided.HELD, False)
    alone = arbiter(mark(Action.QUARANTINE, dry_run=True))
    tried = alone.rule(WORM, case, GIVEN, 100.0)
    assert (tried.decision, tried.is_tried) == (PASS, True)


def test_a_retry_of_what_is_held_is_not_decided_anew() -> None:
    """It waits with the first asking, and takes no second token from the bucket."""
    found = arbiter(mark(Action.DELAY, hold=2.0, bucket=1.0))
    case = found.case(ASKING, 100.0)
    assert case is not None
    assert found.rule(WORM, case, GIVEN, 100.0, is_held=True).decision is None


def test_news_tell_whose_answers_need_not_wait_any_more() -> None:
    """Another mark, or none, releases; a later end does not."""
    found = arbiter(mark(Action.QUARANTINE, until=10.0))
    assert found.learn(Marks([mark(Action.QUARANTINE, until=20.0)])) == []
    assert found.learn(Marks([mark(Action.REFUSE)])) == [WORM]
    assert found.learn(Marks([], [WORM])) == [WORM]
    assert found.marks == {}


def test_a_client_that_is_declared_loses_its_marks() -> None:
    """A declared server is never touched, from the moment it is declared."""
    found = arbiter(mark(Action.QUARANTINE))
    case = found.case(ASKING, 1.0)
    assert case is not None
    assert found.rule(WORM, case, GIVEN, 1.0).decision == Rewrite()
    assert found.configure(read('roles.mail_servers = ["10.0.0.6"]', "test")) == [WORM]
    assert found.marks == {}
    assert found.learn(Marks([mark(Action.QUARANTINE)])) == []
