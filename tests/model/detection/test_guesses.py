"""Guesses at mail hosts, one a domain, add up; an honest client's hardly do."""

from random import Random

import msgspec

from dnswatch.model.detection.guesses import MOMENTS, SHARE, Guesses
from dnswatch.model.week import Week
from dnswatch.wire.name import from_text, to_text

AT = 1_767_571_200.0
DAY = 86400.0
EVEN = Week([20.0] * 168)
"""A week that was learned."""


def guessing(moments: list[float]) -> Guesses:
    found = Guesses.begin(AT)
    for number, at in enumerate(moments):
        found.see(from_text(f"d{number}.org"), at, EVEN, is_judged=True)
    return found


def test_many_domains_are_a_verdict_and_a_few_are_none() -> None:
    """A worm that guesses once a minute passes the limit of 1,000 clients within the hour."""
    limit = 37_500.0
    worm = guessing([AT + 60 * n for n in range(60)])
    assert SHARE * worm.score_days(AT + 3600, EVEN) > limit
    person = guessing([AT + 60 * n for n in range(3)])
    assert SHARE * person.score_days(AT + 180, EVEN) < limit / 1000


def test_a_client_that_guesses_as_often_as_its_bound_allows_looks_honest_for_years() -> None:
    """The theorem: the probability within L days is at most (L + what it begins with) / A."""
    chance, wrong, runs, days, limit = Random(1), 0, 200, 40.0, 400.0
    for _ in range(runs):
        found = Guesses.begin(AT)
        at, number = AT, 0
        while at < AT + days * DAY:
            found.see(from_text(f"d{number}.org"), at, EVEN, is_judged=True)
            wrong += found.parts_mean >= limit
            if found.parts_mean >= limit:
                break
            number += 1
            at += chance.expovariate(found.bounds.rate) * DAY
    assert wrong / runs <= (days + 10) / limit


def test_what_is_learned_is_the_clients_own_and_nothing_of_bad_days() -> None:
    """Who opens new web mails daily is allowed more; a worm teaches its own rate not at all."""
    daily = [AT + n * DAY for n in range(60)]
    often, tainted = guessing(daily), Guesses.begin(AT)
    for number, at in enumerate(daily):
        for more in range(5):
            tainted.see(from_text(f"{more}d{number}.org"), at + more, EVEN, is_judged=True)
        tainted.taint()
    assert guessing([AT, AT + 59 * DAY]).bounds.rate < often.bounds.rate < 3
    assert tainted.bounds.rate < 3


def test_nothing_is_judged_while_the_site_is_learned() -> None:
    """It is learned only; and a word that clears it forgets the evidence."""
    found = Guesses.begin(AT)
    found.see(from_text("a.org"), AT, EVEN, is_judged=False)
    assert found.score_days(AT, EVEN) == 0
    assert found.sentence(to_text) is None
    found.see(from_text("b.org"), AT + 9, EVEN, is_judged=True)
    assert "1 domain that it has no other business with; lately b.org" in str(
        found.sentence(to_text)
    )
    found.restart()
    assert found.score_days(AT + 9, EVEN) == 0


def test_what_is_kept_is_bounded_and_survives_a_restart() -> None:
    """Another process goes on where it was."""
    found = guessing([AT + n for n in range(10 * MOMENTS)])
    assert len(found.moments) == MOMENTS
    assert len(found.days) <= 10
    again = msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=Guesses)
    assert again == found
