"""The campus as a whole: repeatable, honest without a worm, and defended by the real parts."""

from collections import Counter

import pytest
from msgspec.structs import replace

from dnswatch.lab.campus.campus import Campus, summary
from dnswatch.lab.campus.run.truth import Infected, MailFate, SentMail, Truth
from tests.lab.campus.scene import DAY, campus, outbreak, plan


def lived(built: Campus, days: float) -> Campus:
    built.run(built.plan.begin + days * DAY)
    return built


def fates(built: Campus) -> Counter[MailFate]:
    total = Counter[MailFate]()
    for sender in built.truth.senders.values():
        total.update(sender.fates)
    return total


def test_one_seed_gives_one_campus() -> None:
    """Two runs say the same of every mail; another seed says otherwise."""
    rows = []
    for seed in (1, 1, 2):
        built = campus(outbreak("mydoom", 1.0), seed=seed)
        built.truth.keeps_mails = True
        rows.append(lived(built, 1.5).truth.mails)
    assert rows[0] == rows[1]
    assert rows[0] != rows[2]


def test_without_a_worm_nobody_is_infected_and_nothing_is_held_up() -> None:
    """A week of honest days: no verdict, no mail of a server touched."""
    truth = lived(campus(plan(), "ladder", "quarantine"), 7).truth
    assert not truth.senders
    assert not truth.false
    assert truth.server_waits == 0
    assert truth.servers[MailFate.LEFT] > 100


def test_quarantine_stops_a_fast_worm_and_touches_no_mail_server() -> None:
    """Less than 1 % of a spambot's mail leaves, where all of it would; no server's mail waits."""
    free, held = (
        lived(campus(outbreak("spambot", 3.0, "first = 1"), *policies), 3.3)
        for policies in ((), ("quarantine",))
    )
    bare = fates(free)
    assert bare[MailFate.LEFT] > 1000
    stopped = fates(held)
    assert stopped[MailFate.LEFT] + stopped[MailFate.INSIDE] < 0.01 * bare[MailFate.LEFT]
    assert stopped[MailFate.HELD] > 0.5 * bare[MailFate.LEFT]
    assert held.truth.server_waits == 0
    assert held.truth.servers == free.truth.servers


def test_a_worm_that_resolves_by_itself_is_seen_by_no_resolver() -> None:
    """What the site's server is not asked it cannot tell: the honest limit of all DNS defences."""
    truth = lived(campus(outbreak("own-resolver", 2.5), "quarantine"), 3.5).truth
    assert truth.senders
    assert all(sender.verdict_at is None for sender in truth.senders.values())
    assert truth.lookups["worm"] < 50


@pytest.mark.parametrize("redirects", [True, False])
def test_foreign_questions_are_seen_only_where_they_are_redirected(redirects: bool) -> None:
    """SoBig asks servers elsewhere: with port 53 redirected it is found, without it is not."""
    chosen = outbreak("sobig", 2.5)
    chosen = replace(chosen, site=replace(chosen.site, redirects=redirects))
    senders = lived(campus(chosen), 3.2).truth.senders
    assert senders
    assert any(one.verdict_at is not None for one in senders.values()) is redirects


WORM, SERVER = b"\x0a\0\0\6", b"\x0a\0\0\1"


def test_a_run_without_a_worm_says_so() -> None:
    """Nobody looks for what is not there."""
    truth = Truth()
    truth.tried(SentMail(0.0, SERVER, "a.org", None, "", MailFate.LEFT), is_server=True)
    text = "\n".join(summary(truth))
    assert "none broke out" in text
    assert "none of them touched" in text


def test_a_run_tells_how_soon_the_worm_was_found() -> None:
    """In mail domains and in seconds."""
    truth = Truth()
    truth.infect(Infected(100.0, WORM, "slow", None))
    for number in range(3):
        truth.tried(
            SentMail(110.0, WORM, f"d{number}.org", None, "slow", MailFate.LEFT), is_server=False
        )
    assert "found     none" in "\n".join(summary(truth))
    truth.judged(WORM, "infected", 160.0)
    assert "1 of 1, in the median after 3 mail domains and 60 s" in "\n".join(summary(truth))
