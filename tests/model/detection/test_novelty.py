"""What is a novel mail domain, and what is none."""

from math import inf
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from bench.detection import lookups
from bench.detection.lookups import address, guesses, mx
from dnswatch.model.changes import MailLookup
from dnswatch.model.detection.novelty import (
    EXCHANGES,
    FOLLOWED,
    GUESSING,
    KNOWN,
    MEMORY,
    ROUND,
    ROUND_TIME,
    TOLD,
    VISITS,
    Followed,
    Guess,
    Novel,
    Novelty,
    Round,
)
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.policies.mark import NEW_WEB
from dnswatch.names.suffixes import registrable
from dnswatch.wire.name import from_text

WHO = lookups.client(1)
AT = 1_767_571_200.0
ALL = lookups.GUESSES
GUESS = LookupKind.GUESS


def domains(*seen: MailLookup, novelty: Novelty | None = None) -> list[bytes]:
    """The novel domains that a client's lookups bring."""
    novelty = novelty or Novelty()
    found = [novelty.see(one, registrable) for one in seen]
    return [one.domain for one in found if isinstance(one, Novel)]


def test_a_domain_is_novel_once() -> None:
    """Retries and repeats bring no evidence."""
    seen = [mx(AT + n * 60, WHO, "example.org") for n in range(30)]
    assert domains(*seen) == [from_text("example.org")]


def test_subdomains_of_one_owner_are_one() -> None:
    """A sender is counted by whom it writes to, not by how they name their hosts."""
    seen = [mx(AT, WHO, f"list{n}.example.co.uk") for n in range(5)]
    assert domains(*seen) == [from_text("example.co.uk")]


def test_a_domain_is_novel_again_after_two_weeks_without_it() -> None:
    """Each lookup keeps a domain known, and forgetting takes its time."""
    later = [mx(AT + n * MEMORY, WHO, "example.org") for n in range(3)]
    assert len(domains(*later)) == 1
    assert len(domains(*later, mx(AT + 3 * MEMORY + 1, WHO, "example.org"))) == 2


def test_the_exchange_after_its_mx_answer_is_followed_and_not_novel() -> None:
    """One mail is one piece of evidence, although it takes two lookups."""
    novelty = Novelty()
    first = novelty.see(mx(AT, WHO, "example.org", exchange="in.provider.net"), registrable)
    assert first == Novel(from_text("example.org"), True)
    second = address(AT + 1, WHO, "in.provider.net", "elsewhere.example")
    assert novelty.see(second, registrable) == Followed(from_text("example.org"))


def test_an_exchange_without_an_mx_question_counts_for_its_owner() -> None:
    """A sender that asks for MX elsewhere is seen by the mail hosts it needs."""
    seen = [address(AT, WHO, f"in{n}.provider.net", f"hosted{n}.org") for n in range(5)]
    assert domains(*seen) == [from_text("provider.net")]


def test_an_exchange_that_is_a_web_site_does_not_count() -> None:
    """To read a domain's pages is not to write to it."""
    assert domains(address(AT, WHO, "example.org", "example.org")) == []


def test_three_guesses_within_a_minute_are_a_family() -> None:
    """Mytob asks no MX at all; a person's webmail is one name."""
    assert domains(*guesses(AT, WHO, "example.org", ("mail", "smtp"))) == []
    assert domains(*guesses(AT, WHO, "example.org", ("mx", "mail", "smtp", "relay"))) == [
        from_text("example.org")
    ]
    slow = [
        one
        for n in range(4)
        for one in guesses(AT + 61 * n, WHO, "a.org", ("mx", "ns")[n % 2 :][:1])
    ]
    assert domains(*slow) == []


def rounds(gap: float, count: int) -> int:
    """How many of some guesses, one at each of a list of known domains, make a round."""
    novelty = Novelty()
    for n in range(count):
        for one in guesses(AT + n * 60, WHO, f"d{n}.org", ALL):
            novelty.see(one, registrable)
    later = AT + 2 * ROUND_TIME + count * 60
    again = (
        address(later + n * gap, WHO, f"mx.d{n}.org", f"d{n}.org", GUESS) for n in range(count)
    )
    return sum(isinstance(novelty.see(one, registrable), Round) for one in again)


def test_guesses_at_many_known_domains_are_a_round() -> None:
    """A worm whose list is known asks one name of each domain, and the first may be right."""
    assert rounds(60, ROUND + 2) == 3
    assert rounds(60, ROUND - 1) == 0
    assert rounds(ROUND_TIME / ROUND + 300, ROUND + 2) == 0


def test_guesses_at_domains_that_are_not_known_are_no_round() -> None:
    """Whoever reads mail at many web sites has sent none to them."""
    novelty = Novelty()
    seen = [address(AT + n, WHO, f"mail.d{n}.org", f"d{n}.org", GUESS) for n in range(20)]
    assert not any(isinstance(novelty.see(one, registrable), Round | Novel) for one in seen)


def test_the_first_guess_at_a_domain_is_weak_evidence() -> None:
    """Who stops at the first name that is there guesses once a domain, and never makes a family."""
    novelty = Novelty()
    first, again, other = (
        address(AT + n, WHO, name, "d1.org", GUESS)
        for n, name in enumerate(("mail.d1.org", "mail.d1.org", "mx.d1.org"))
    )
    assert novelty.see(first, registrable) == Guess(from_text("d1.org"))
    assert novelty.see(again, registrable) is None
    assert novelty.see(other, registrable) is None


def test_a_name_that_is_used_for_the_web_is_no_guess() -> None:
    """A browser asks HTTPS records; and what was used before any evidence is told apart."""
    novelty = Novelty()
    novelty.visit(from_text("mail.d1.org"), AT)
    assert novelty.see(address(AT, WHO, "mail.d1.org", "d1.org", GUESS), registrable) is None
    novelty.see(address(AT + 1, WHO, "mail.d2.org", "d2.org", GUESS), registrable)
    novelty.see(address(AT + 9, WHO, "mail.d3.org", "d3.org", GUESS), registrable)
    told = novelty.web_names(AT + 5)
    assert set(told.used) == {from_text("mail.d1.org"), from_text("mail.d2.org")}
    assert told.visited == (from_text("mail.d1.org"),)


def test_a_worm_that_asks_https_records_of_each_guess_guesses_all_the_same() -> None:
    """Nobody begins with more than a few web mails a day; those that he has stay web."""
    novelty = Novelty()
    found = []
    for n in range(20):
        novelty.visit(from_text("mail.home.org"), AT + n)
        novelty.visit(from_text(f"mail.w{n}.org"), AT + n)
        guess = address(AT + n, WHO, f"mail.w{n}.org", f"w{n}.org", GUESS)
        found.append(novelty.see(guess, registrable))
    assert found[: NEW_WEB - 1] == [None] * (NEW_WEB - 1)
    assert None not in found[NEW_WEB - 1 :]
    home = address(AT + 99, WHO, "mail.home.org", "home.org", GUESS)
    assert novelty.see(home, registrable) is None
    novelty.visit(from_text("mail.next.org"), AT + 2 * 86400)
    assert from_text("mail.next.org") in novelty.web


def test_a_worm_cannot_push_out_what_was_used_before_it() -> None:
    """Nor make the names that are told longer than a mark may be."""
    novelty = Novelty()
    novelty.see(address(AT, WHO, "mail.corp.org", "corp.org", GUESS), registrable)
    for n in range(2 * VISITS):
        name = f"mail.{n:060}.org"
        novelty.see(address(AT + 1 + n, WHO, name, name[5:], GUESS), registrable)
    assert len(novelty.visits) <= VISITS
    told = novelty.web_names(inf)
    assert from_text("mail.corp.org") in told.used
    for n in range(2 * VISITS):
        novelty.visit(from_text(f"mail.w{n:059}.org"), AT + n)
    told = novelty.web_names(inf)
    assert from_text("mail.corp.org") in told.used
    assert sum(map(len, told.used + told.visited)) <= 2 * TOLD


def test_an_account_set_up_is_one_domain() -> None:
    """Thunderbird asks for the MX of the user's domain, and guesses at its hosts."""
    seen = [mx(AT, WHO, "person.org"), *guesses(AT + 1, WHO, "person.org", ("mx", "mail", "smtp"))]
    assert domains(*seen) == [from_text("person.org")]


def test_a_null_mx_or_a_known_exchange_need_not_be_followed() -> None:
    """Nobody is blamed for not asking what there is not, or what it knows already."""
    novelty = Novelty()
    null = msgspec.structs.replace(mx(AT, WHO, "null.org"), exchanges=(b"\0",))
    assert novelty.see(null, registrable) == Novel(from_text("null.org"), False)
    novelty.see(mx(AT, WHO, "a.org", exchange="in.provider.net"), registrable)
    novelty.see(address(AT, WHO, "in.provider.net", "a.org"), registrable)
    again = mx(AT + 60, WHO, "b.org", exchange="in.provider.net")
    assert novelty.see(again, registrable) == Novel(from_text("b.org"), False)
    late = mx(AT + FOLLOWED + 61, WHO, "c.org", exchange="in.provider.net")
    assert novelty.see(late, registrable) == Novel(from_text("c.org"), True)


names = st.integers(0, 2000).map(lambda n: f"d{n}.org")
steps: st.SearchStrategy[Any] = st.tuples(st.sampled_from(["mx", "exchange", "guess"]), names)


@given(st.lists(steps, max_size=40), st.integers(1, 40))
def test_what_is_remembered_of_a_client_is_bounded(seen: list[tuple[str, str]], times: int) -> None:
    """No client makes the watch grow without end."""
    novelty = Novelty()
    for n in range(times):
        for m, (kind, name) in enumerate(seen):
            at, domain = AT + n * 100 + m, f"x{n}{name}"
            if kind == "mx":
                novelty.see(mx(at, WHO, domain), registrable)
            elif kind == "exchange":
                novelty.see(address(at, WHO, f"mx.{domain}", domain), registrable)
            else:
                for one in guesses(at, WHO, domain, ("mx", "ns", "mail")):
                    novelty.see(one, registrable)
    assert len(novelty.known) <= KNOWN
    assert len(novelty.named) <= EXCHANGES
    assert len(novelty.asked) <= EXCHANGES
    assert len(novelty.guesses) <= GUESSING
