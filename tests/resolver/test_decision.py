"""A mark and a lookup become a decision."""

from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.codes import Ede
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.policies.ledger import Ledger
from dnswatch.model.policies.mark import Action, Mark, Terms
from dnswatch.resolver.decision import (
    BLOCKED,
    CAP,
    NULL_MX,
    PASS,
    Decision,
    Facts,
    Hold,
    Refuse,
    Rewrite,
    Subject,
    decide,
    refuses_at_once,
)

KINDS = tuple(LookupKind)
GOOD = Facts(0, (b"\2mx\1a\0",))


def mark(
    action: Action, kinds: tuple[LookupKind, ...] = KINDS, until: float = inf, **terms: Any
) -> Mark:
    return Mark(b"\n\0\0\6", "p", action, Terms(**terms), kinds, until)


def case(domain: str = "a", kind: LookupKind = LookupKind.MX, asked_at: float = 0.0) -> Subject:
    return Subject(kind, domain.encode(), domain.encode(), asked_at)


def delayed(ledger: Ledger, domain: str, now: float = 0.0, **terms: Any) -> Decision:
    terms = {"bucket": 2.0, "refill": 100.0, "excess": 4.0, "refuses": True, **terms}
    return decide(mark(Action.DELAY, **terms), case(domain, asked_at=now), GOOD, ledger, now)


def test_novel_domains_pass_while_there_are_tokens() -> None:
    """So many new mail domains pass; then one waits and is refused; what is known passes on."""
    ledger = Ledger()
    assert [delayed(ledger, name) for name in "abcab"] == [
        PASS,
        PASS,
        Hold(4.0, BLOCKED),
        PASS,
        PASS,
    ]
    assert delayed(ledger, "c", 101.0) == PASS


def test_the_exchanges_of_a_domain_cost_nothing() -> None:
    """The address of an exchange that the client was told is no new mail domain."""
    ledger = Ledger()
    delayed(ledger, "a", bucket=1.0)
    follow = Subject(LookupKind.EXCHANGE, b"other", GOOD.exchanges[0], 0.0)
    assert decide(mark(Action.DELAY, bucket=1.0), follow, Facts(0), ledger, 0.0) == PASS


def test_a_mild_delay_gives_the_answer_in_the_end() -> None:
    """With `then = "answer"` what is beyond the bucket only waits, and is known afterwards."""
    ledger = Ledger()
    mild = {"bucket": 1.0, "excess": 0.8, "refuses": False}
    delayed(ledger, "a", **mild)
    assert delayed(ledger, "b", 1.0, **mild) == Hold(1.8, PASS)
    assert delayed(ledger, "b", 1.0, **mild) == PASS


def test_a_retry_does_not_wait_anew() -> None:
    """Waiting counts from the first asking: a slow upstream's time is part of it."""
    held = mark(Action.DELAY, hold=2.0, bucket=9.0)
    assert decide(held, case(asked_at=10.0), GOOD, Ledger(), 11.5) == Hold(12.0, PASS)
    assert decide(held, case(asked_at=10.0), GOOD, Ledger(), 12.5) == PASS


def test_answers_without_news_are_paced() -> None:
    """The first passes, the next waits for its turn, and whoever would wait too long is refused."""
    paced = mark(Action.LIMIT_REFRESHES, refreshes=3.0)
    ledger, stale = Ledger(), Facts(0, is_refresh=True)
    assert [decide(paced, case(), stale, ledger, 0.0) for _ in range(3)] == [
        PASS,
        Hold(3.0, PASS),
        Hold(CAP, BLOCKED),
    ]
    assert decide(paced, case(), Facts(0), ledger, 0.0) == PASS


@pytest.mark.parametrize(
    ("answer", "decision"),
    [
        (GOOD, Rewrite()),
        (Facts(0), Rewrite()),
        (Facts(3), PASS),
        (Facts(2), PASS),
        (Facts(0, NULL_MX), PASS),
        (Facts(0, GOOD.exchanges, is_signed=True), BLOCKED),
    ],
)
def test_quarantine(answer: Facts, decision: Decision) -> None:
    """What leads to an exchange is rewritten, also where a domain has no MX records; a null MX,
    an error and signed data are not."""
    assert decide(mark(Action.QUARANTINE), case(), answer, Ledger(), 0.0) == decision


def test_signed_data_may_wait_instead() -> None:
    """By the policy's choice signed data is given late, never forged."""
    waits = mark(Action.QUARANTINE, excess=4.0, signed_waits=True)
    answer = Facts(0, is_signed=True)
    assert decide(waits, case(), answer, Ledger(), 0.0) == Hold(4.0, PASS)
    assert decide(waits, case(), answer, Ledger(), 4.0) == PASS


def test_refusing_needs_no_answer() -> None:
    """A refused lookup is refused before any upstream is asked."""
    refuses = mark(Action.REFUSE, until=10.0)
    assert refuses_at_once(refuses, case(), 9.0)
    assert not refuses_at_once(refuses, case(), 10.0)
    assert not refuses_at_once(mark(Action.DELAY), case(), 9.0)
    assert decide(refuses, case(), GOOD, Ledger(), 0.0) == Refuse(Ede.PROHIBITED)


@given(
    st.sampled_from(Action),
    st.sampled_from(LookupKind),
    st.sets(st.sampled_from(LookupKind)),
    st.floats(0, 100),
    st.floats(0, 100),
    st.floats(0, 200),
    st.floats(0, 1e6),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_bounds_hold_for_every_mark(
    action: Action,
    kind: LookupKind,
    kinds: set[LookupKind],
    asked_at: float,
    waited: float,
    until: float,
    wait: float,
    refuses: bool,
    is_refresh: bool,
    is_signed: bool,
) -> None:
    """No answer is held beyond the cap, none for a mark that is over, none of another kind; signed
    data is never forged, and refusing is never anything but SERVFAIL with a reason."""
    now = asked_at + waited
    given_mark = mark(
        action,
        tuple(kinds),
        until,
        hold=wait,
        excess=wait,
        refuses=refuses,
        refreshes=wait,
        signed_waits=refuses,
    )
    answer = Facts(0, (), is_refresh, is_signed)
    decision = decide(given_mark, case(kind=kind, asked_at=asked_at), answer, Ledger(), now)
    if kind not in kinds or now >= until or action is Action.OBSERVE:
        assert decision == PASS
    match decision:
        case Hold(end, _):
            assert now < end <= asked_at + CAP
        case Rewrite():
            assert action is Action.QUARANTINE
            assert not is_signed
        case Refuse(code):
            assert code in (Ede.BLOCKED, Ede.PROHIBITED)
