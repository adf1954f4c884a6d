"""Which names are mail-related, and until when."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.detection import lookups
from dnswatch.codes import Type
from dnswatch.model.exchanges import (
    GRACE,
    HORIZON,
    IMPLICIT_WINDOW,
    MAX_TTL,
    Exchanges,
    Lessons,
    LookupKind,
    lessons_of,
    parent_of,
)
from dnswatch.model.observation import Observation, Origin
from dnswatch.wire.name import from_text

ALICE, BOB = bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2))
DOMAIN, MAILER, OTHER = map(from_text, ("example.org", "a.mx.example.net", "www.example.com"))
GUESSED = from_text("smtp.example.org")
ROOT = b"\0"


def taught() -> Exchanges:
    """What a site knows after Alice asked MX for example.org at time 0, with a TTL of 300 s."""
    exchanges = Exchanges()
    exchanges.asked_mx(ALICE, DOMAIN, 0.0)
    exchanges.learn_mx(DOMAIN, (MAILER,), 300, 0.0)
    return exchanges


@pytest.mark.parametrize("qtype", [Type.A, Type.AAAA])
def test_an_exchange_is_known_for_its_ttl_and_a_grace_time(qtype: int) -> None:
    """The address of an exchange is mail-related for every client, until TTL and grace end."""
    exchanges, end = taught(), 300 + GRACE
    assert exchanges.kind(BOB, MAILER, qtype, end - 1) == (LookupKind.EXCHANGE, DOMAIN)
    assert exchanges.kind(BOB, MAILER, qtype, end) is None


def test_every_mx_question_is_mail_related() -> None:
    """An MX question belongs to the domain it asks for, known or not."""
    assert Exchanges().kind(None, OTHER, Type.MX, 0.0) == (LookupKind.MX, OTHER)


def test_the_implicit_mx_belongs_to_the_client_that_asked() -> None:
    """A domain's own address is an implicit MX just after the same client's MX question only."""
    exchanges = taught()
    before, end = IMPLICIT_WINDOW - 1, IMPLICIT_WINDOW
    assert exchanges.kind(ALICE, DOMAIN, Type.A, before) == (LookupKind.IMPLICIT, DOMAIN)
    assert exchanges.kind(ALICE, DOMAIN, Type.A, end) is None
    assert exchanges.kind(BOB, DOMAIN, Type.A, before) is None
    assert exchanges.kind(None, DOMAIN, Type.A, before) is None


def test_a_guessed_name_counts_in_front_of_a_known_mail_domain() -> None:
    """`smtp.` is a guess where anyone asked MX for what follows, while that is remembered."""
    exchanges = taught()
    assert exchanges.kind(BOB, GUESSED, Type.A, HORIZON - 1) == (LookupKind.GUESS, DOMAIN)
    assert exchanges.kind(BOB, GUESSED, Type.A, HORIZON) is None
    assert exchanges.kind(BOB, from_text("smtp.example.com"), Type.A, 1.0) is None
    assert exchanges.kind(BOB, from_text("www.example.org"), Type.A, 1.0) is None
    assert exchanges.kind(BOB, from_text("imap2.example.org"), Type.A, 1.0) is None


def test_the_strongest_kind_is_told() -> None:
    """A name that is an exchange is no implicit MX and no guess."""
    exchanges = taught()
    exchanges.learn_mx(DOMAIN, (DOMAIN, GUESSED), 300, 0.0)
    assert exchanges.kind(ALICE, DOMAIN, Type.A, 1.0) == (LookupKind.EXCHANGE, DOMAIN)
    assert exchanges.kind(ALICE, GUESSED, Type.A, 1.0) == (LookupKind.EXCHANGE, DOMAIN)


def test_other_types_are_not_mail_related() -> None:
    """A TXT or HTTPS question for an exchange is no sign of mail."""
    assert taught().kind(ALICE, MAILER, 16, 1.0) is None
    assert taught().kind(ALICE, DOMAIN, 65, 1.0) is None


def test_a_null_mx_names_no_exchange() -> None:
    """The root name in an MX answer (RFC 7505) is nobody's mail host."""
    exchanges = Exchanges()
    exchanges.learn_mx(DOMAIN, (ROOT,), 300, 0.0)
    assert exchanges.kind(ALICE, ROOT, Type.A, 1.0) is None
    assert not exchanges.is_candidate(ROOT, Type.A)


def test_a_shorter_answer_shortens_no_life() -> None:
    """An exchange lasts as long as any answer said; it belongs to the domain that named it last."""
    exchanges = taught()
    exchanges.learn_mx(OTHER, (MAILER,), 5, 10.0)
    assert exchanges.kind(BOB, MAILER, Type.A, 299 + GRACE) == (LookupKind.EXCHANGE, OTHER)


def test_no_ttl_is_believed_for_longer_than_a_week() -> None:
    """An absurd TTL does not make a name an exchange for ever."""
    exchanges = Exchanges()
    exchanges.learn_mx(DOMAIN, (MAILER,), 2**31 - 1, 0.0)
    assert exchanges.kind(BOB, MAILER, Type.A, MAX_TTL + GRACE) is None


def test_at_the_bound_the_exchange_that_ends_first_goes() -> None:
    """No flood of MX answers makes the site's knowledge grow; what goes early is counted."""
    exchanges = Exchanges(limit=2)
    names = [from_text(f"host{number}.example.org") for number in range(3)]
    for number, ttl in ((0, 10), (1, 20), (0, 30), (2, 5)):
        exchanges.learn_mx(DOMAIN, (names[number],), ttl, 0.0)
    known = [exchanges.kind(BOB, name, Type.A, 1.0) is not None for name in names]
    assert known == [True, False, True]
    assert exchanges.evicted == 1


def test_at_the_bound_the_domain_asked_for_longest_ago_goes() -> None:
    """Nor does a flood of MX questions."""
    exchanges = Exchanges(limit=2)
    for number in (0, 1, 0, 2):
        exchanges.asked_mx(None, from_text(f"{number}.example"), float(number))
    guesses = [from_text(f"mail.{number}.example") for number in range(3)]
    known = [exchanges.kind(BOB, guess, Type.A, 5.0) is not None for guess in guesses]
    assert known == [True, False, True]
    assert exchanges.evicted == 2  # as a known mail domain, and as one that was just asked for


def test_what_has_ended_is_forgotten() -> None:
    """After its time no name is a candidate any more."""
    exchanges = taught()
    exchanges.forget(HORIZON)
    assert not exchanges.is_candidate(MAILER, Type.A)
    assert not exchanges.is_candidate(DOMAIN, Type.A)
    assert exchanges.lessons() == Lessons()


names = st.sampled_from(
    [
        DOMAIN,
        MAILER,
        OTHER,
        GUESSED,
        ROOT,
        *(from_text(f"{label}.example.org") for label in sorted(lookups.GUESSES)),
    ]
)
clients = st.sampled_from([ALICE, BOB, None])
events = st.lists(
    st.one_of(
        st.tuples(st.just("mx"), clients, names, st.lists(names, max_size=3), st.integers(0, 999)),
        st.tuples(st.just("ask"), clients, names, st.sampled_from([1, 28, 15, 16]), st.none()),
        st.tuples(st.just("wait"), st.floats(0, 2000), st.none(), st.none(), st.none()),
    ),
    max_size=30,
)


@given(events)
def test_the_filter_lets_nothing_mail_related_pass(stream: list[tuple[Any, ...]]) -> None:
    """Whatever is mail-related is a candidate, in the worker that saw the MX and in others."""
    watch, taught, now = Exchanges(), Exchanges(), 0.0
    for what, first, name, detail, ttl in stream:
        if what == "wait":
            now += first
            taught.forget(now)
        elif what == "mx":
            seen = Observation(
                now, first, name, Type.MX, 0, Origin.UPSTREAM, (), tuple(detail), ttl
            )
            watch.asked_mx(first, name, now)
            watch.learn_mx(name, seen.exchanges, ttl, now)
            taught.teach(lessons_of([seen]), now)
        elif watch.kind(first, name, detail, now):
            assert watch.is_candidate(name, detail)
            assert taught.is_candidate(name, detail)


def test_lessons_hold_all_that_a_new_worker_must_know() -> None:
    """A worker that was started anew is taught what the site knows; what has ended is not taken."""
    worker = Exchanges()
    worker.teach(taught().lessons(), now=1.0)
    assert worker.is_candidate(MAILER, Type.A)
    assert worker.is_candidate(DOMAIN, Type.AAAA)
    assert not worker.is_candidate(OTHER, Type.A)
    late = Exchanges()
    late.teach(taught().lessons(), now=1e9)
    assert not late.is_candidate(MAILER, Type.A)


def test_only_mx_lookups_teach() -> None:
    """What is learned of one worker's lookups stands in its MX questions and answers."""
    ordinary = Observation(5.0, ALICE, OTHER, Type.A, 0, Origin.UPSTREAM, ((BOB, 60),))
    mx = Observation(5.0, ALICE, DOMAIN, Type.MX, 0, Origin.CACHE, (), (MAILER, ROOT), 60)
    assert lessons_of([ordinary]) == Lessons()
    assert lessons_of([ordinary, mx]) == Lessons(
        [(MAILER, 65.0 + GRACE, DOMAIN)], [(DOMAIN, 5.0 + IMPLICIT_WINDOW)]
    )


def test_the_parent_of_a_name() -> None:
    """A name's parent is what follows its first label; the root has none above it."""
    assert parent_of(GUESSED) == DOMAIN
    assert parent_of(from_text("org")) == ROOT
    assert parent_of(ROOT) == ROOT
