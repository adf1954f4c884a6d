"""The enforcement point: whom it touches, whom never, and that nothing costs an answer."""

from collections import Counter, deque
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.exchanges import Exchanges, LookupKind
from dnswatch.model.observation import Decided
from dnswatch.model.policies.mark import Action, Mark, Marks, Terms
from dnswatch.resolver import arbiter
from dnswatch.resolver.deadlines import Deadlines
from dnswatch.resolver.enforcement import EnforcedAnswer, EnforcementPoint
from dnswatch.resolver.events import Answer, Event, Form, PolicyFault
from dnswatch.wire.name import from_text
from dnswatch.wire.response import Response
from tests.resolver.scripted import MIDNIGHT, Client, configured

SITE = """
roles.mail_servers = ["10.0.0.25"]
policies.exempt = ["corp.example"]
quarantine = {i_have_authority = true, addresses = ["10.0.0.99"]}
"""
WORM, SERVER, BAY = Client("10.0.0.6"), Client("10.0.0.25"), Client("10.0.0.99")
KINDS = tuple(LookupKind)


class Enforcing(EnforcementPoint):
    """An enforcement point with all that comes out of it, in invented time."""

    def __init__(self, site: str, exchanges: Exchanges) -> None:
        self.deadlines = Deadlines()
        self.events: deque[Event] = deque()
        self.counters: Counter[str] = Counter()
        super().__init__(configured(site), exchanges, self.deadlines, self.events, self.counters)

    def given(self, now: float = MIDNIGHT) -> list[Answer]:
        """Let it be `now`; take the answers that came out since the last time."""
        self.deadlines.fire(now)
        taken = [event for event in self.events if isinstance(event, Answer)]
        self.events.clear()
        return taken


def enforcing(site: str = SITE, exchanges: Exchanges | None = None) -> Enforcing:
    """An enforcement point that knows the exchange mx.known.example."""
    exchanges = exchanges or Exchanges()
    exchanges.asked_mx(None, from_text("known.example"), MIDNIGHT)
    exchanges.learn_mx(from_text("known.example"), [from_text("mx.known.example")], 3600, MIDNIGHT)
    return Enforcing(site, exchanges)


def mark(
    client: Client, action: Action, until: float = inf, dry_run: bool = False, **terms: Any
) -> Mark:
    return Mark(client.address, "p", action, Terms(**terms), KINDS, until, dry_run)


def learned(*marks: Mark, site: str = SITE, **more: Any) -> Enforcing:
    found = enforcing(site)
    found.learn(Marks(list(marks), **more))
    return found


def asks(
    found: Enforcing, client: Client, name: str, kind: str = "MX", now: float = MIDNIGHT
) -> EnforcedAnswer | None:
    """Put a lookup through; None where nothing is to be decided on it."""
    pending = client.asks(name, kind)
    if client.address not in found.marks or (subject := found.subject(pending, now)) is None:
        return None
    if refused := found.refuse(pending, subject, now):
        return EnforcedAnswer(*refused)
    return found.apply(Answer(pending, Response(0, 0)), subject, False, now)


def rcode(outcome: EnforcedAnswer | None) -> int:
    assert outcome is not None
    assert outcome.answer is not None
    return outcome.answer.response.rcode


def is_true(outcome: EnforcedAnswer | None) -> bool:
    assert outcome is not None
    assert outcome.answer is not None
    return (outcome.answer.form, outcome.answer.response.rcode) == (Form.TRUE, 0)


def test_only_mail_related_lookups_come_here() -> None:
    """MX, ANY and the address of an exchange are decided on; web names are not."""
    found = learned(mark(WORM, Action.REFUSE))
    for name, kind in (("a.example", "MX"), ("a.example", "ANY"), ("mx.known.example", "AAAA")):
        assert rcode(asks(found, WORM, name, kind)) == 2
    assert asks(found, WORM, "www.example", "A") is None
    assert asks(found, WORM, "mx.known.example", "TXT") is None


def test_exempt_domains_and_their_exchanges_are_not_touched() -> None:
    """A domain of the site's own passes; so does its exchange, whoever else names it later."""
    exchanges = Exchanges()
    found = enforcing(exchanges=exchanges)
    found.learn(Marks([mark(WORM, Action.REFUSE)]))
    shared = from_text("mx.provider.example")
    for domain in ("corp.example", "victim.example"):
        exchanges.learn_mx(from_text(domain), [shared], 300, MIDNIGHT)
    assert asks(found, WORM, "corp.example") is None
    assert asks(found, WORM, "mail.corp.example", "MX") is None
    assert asks(found, WORM, "mx.provider.example", "A") is None
    assert rcode(asks(found, WORM, "victim.example")) == 2


def test_a_mark_ends_by_itself() -> None:
    """After its end nothing is decided, though nobody took it back."""
    found = learned(mark(WORM, Action.REFUSE, until=MIDNIGHT + 10))
    assert rcode(asks(found, WORM, "a.example", now=MIDNIGHT + 9)) == 2
    assert asks(found, WORM, "a.example", now=MIDNIGHT + 10) is None
    assert found.marks == {}


def test_news_replace_what_was_known() -> None:
    """Marks come and go by client; a whole briefing forgets the others."""
    other = Client("10.0.0.7")
    found = learned(mark(WORM, Action.REFUSE), mark(other, Action.REFUSE))
    found.learn(Marks([], [WORM.address]))
    assert set(found.marks) == {other.address}
    found.learn(Marks([mark(WORM, Action.REFUSE)], [], whole=True))
    assert set(found.marks) == {WORM.address}
    found.learn(Marks(whole=True))
    assert found.marks == {}


def test_a_client_that_becomes_a_server_is_let_go() -> None:
    """When the configuration declares a marked client as a server, its marks are gone at once."""
    found = learned(mark(WORM, Action.REFUSE))
    found.configure(configured('roles.mail_servers = ["10.0.0.6"]'))
    assert found.marks == {}


def test_retries_wait_together_and_a_changed_mark_lets_them_go() -> None:
    """A retry joins what is held; when the mark changes both are answered."""
    found = learned(mark(WORM, Action.DELAY, hold=4.0, bucket=5.0))
    for _ in range(2):
        outcome = asks(found, WORM, "a.example")
        assert outcome is not None
        assert outcome.answer is None
        assert outcome.enforced is not None
        assert outcome.enforced.decided is Decided.HELD
    found.learn(Marks([mark(WORM, Action.DELAY, until=9e9, hold=4.0, bucket=5.0)]))
    assert found.given() == []  # only its end changed
    found.learn(Marks([mark(WORM, Action.REFUSE)]))
    assert [answer.response.rcode for answer in found.given()] == [0, 0]


def test_beyond_the_bucket_servfail_follows_the_wait() -> None:
    """What is held to be refused gets SERVFAIL, with a reason, when its time is over."""
    found = learned(mark(WORM, Action.DELAY, bucket=1.0, refill=1e6, excess=4.0, refuses=True))
    assert is_true(asks(found, WORM, "a.example"))
    held = asks(found, WORM, "b.example")
    assert held is not None
    assert held.enforced is not None
    assert (held.answer, held.enforced.decided) == (None, Decided.REFUSED)
    assert found.given(MIDNIGHT + 3.9) == []
    (late,) = found.given(MIDNIGHT + 4)
    assert late.response.rcode == 2


def test_a_dry_run_decides_and_does_nothing() -> None:
    """The answer is the true one; what would have been done is recorded."""
    found = learned(mark(WORM, Action.QUARANTINE, dry_run=True))
    outcome = asks(found, WORM, "a.example")
    assert outcome is not None
    assert is_true(outcome)
    assert outcome.enforced is not None
    assert (outcome.enforced.decided, outcome.enforced.dry_run) == (Decided.REWRITTEN, True)


def test_a_guess_waits_to_see_whether_a_browser_asked() -> None:
    """Whether address or HTTPS records are asked for first is left to chance."""
    found = learned(mark(WORM, Action.QUARANTINE))
    for name in ("mail.web.org", "mail.worm.org"):
        outcome = asks(found, WORM, name, "A")
        assert outcome is not None
        assert outcome.answer is None
    asks(found, WORM, "mail.web.org", "HTTPS")
    truth, forged = found.given(MIDNIGHT + 0.1)
    assert (truth.form, forged.form) == (Form.TRUE, Form.FORGED)
    assert found.counters["policy_rewritten"] == 2


def test_a_fault_in_a_policy_costs_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a policy trips over: the true answer is given, and the fault is counted."""

    def trip(*_: object) -> None:
        raise ZeroDivisionError

    found = learned(mark(WORM, Action.DELAY))
    monkeypatch.setattr(arbiter, "decide", trip)
    assert is_true(asks(found, WORM, "a.example"))
    assert found.counters["policy_faults"] == 1
    (fault,) = found.events
    assert isinstance(fault, PolicyFault)
    assert isinstance(fault.error, ZeroDivisionError)


names = st.sampled_from(["a.example", "mx.known.example", "corp.example", "smtp.known.example"])
all_marks = st.builds(
    Mark,
    st.sampled_from([SERVER.address, BAY.address, WORM.address]),
    st.just("p"),
    st.sampled_from(Action),
    st.builds(Terms, hold=st.just(4.0), bucket=st.just(1.0), excess=st.just(4.0)),
    st.just(KINDS),
    st.floats(0, 2 * MIDNIGHT),
    st.booleans(),
)


@given(
    st.lists(st.tuples(st.lists(all_marks, max_size=3), st.booleans()), max_size=5),
    st.lists(st.tuples(names, st.sampled_from(["MX", "A", "AAAA", "ANY"])), max_size=5),
)
def test_declared_servers_and_the_bay_are_never_touched(
    briefings: list[tuple[list[Mark], bool]], questions: list[tuple[str, str]]
) -> None:
    """Whatever marks the watch sends, in whatever order: no decision is made on their lookups."""
    found = enforcing()
    for marks, whole in briefings:
        found.learn(Marks(marks, [], whole))
        for name, kind in questions:
            assert asks(found, SERVER, name, kind) is None
            assert asks(found, BAY, name, kind) is None
