"""What one infected host does: the paper's figures come out."""

from functools import cache
from random import Random
from statistics import mean

import pytest
from msgspec.structs import replace

from dnswatch.lab.campus.defences.acts import SeenContact
from dnswatch.lab.campus.run.truth import InfectedSender, MailFate, Truth
from dnswatch.lab.campus.world import HTTP
from dnswatch.lab.campus.worms.outbreak import Infection
from dnswatch.lab.campus.worms.worm import read
from tests.lab.campus.scene import DAY, campus, outbreak


@cache
def day_of(worm: str, hosts: int = 2) -> Truth:
    """Let some hosts be infected for about a day; who asks for the truth only reads it."""
    built = campus(outbreak(worm, 1.0, f"first = {hosts}\nsusceptible = 0"))
    built.run(built.plan.begin + 2.25 * DAY)
    return built.truth


def mails_a_day(sender: InfectedSender, until: float) -> float:
    return sender.fates.total() / (until - sender.infected_at) * DAY


@pytest.mark.parametrize(("worm", "mails"), [("mydoom", 1950), ("slow", 48)])
def test_a_worm_keeps_its_rate(worm: str, mails: float) -> None:
    """In the mean of its hosts, which are uneven."""
    truth = day_of(worm)
    until = min(one.at for one in truth.infections) + 1.25 * DAY
    found = mean(mails_a_day(one, until) for one in truth.senders.values())
    assert found == pytest.approx(mails, rel=0.6)


def test_mydoom_fails_as_often_as_it_succeeds() -> None:
    """900 of 1,800 attempts a day (WORM'04, section 5.1; within 15 %)."""
    for sender in day_of("mydoom").senders.values():
        assert sender.fates[MailFate.LEFT] / sender.fates.total() == pytest.approx(0.5, abs=0.15)


def test_a_worm_that_shares_targets_never_asks_what_another_asked() -> None:
    """Each mail domain is one host's."""
    first, second = (one.domains for one in day_of("delegating").senders.values())
    assert first & second <= {"campus.example"}
    assert first


def test_a_worm_that_knows_the_thresholds_begins_few_domains() -> None:
    """A new one each fourth day in the mean, two at most on the first."""
    assert all(len(one.domains) <= 3 for one in day_of("evading").senders.values())


def test_a_worm_with_a_list_ends_with_it() -> None:
    """The spambot's list has 20,000 addresses."""
    [sender] = day_of("spambot", hosts=1).senders.values()
    assert 0 < sender.fates.total() <= 20_000


@pytest.mark.parametrize(("worm", "calls"), [("sobig", 650), ("mydoom", 0)])
def test_sobig_calls_home_and_mydoom_does_not(worm: str, calls: int) -> None:
    """SoBig makes many connections that are not for mail, to a few servers (WORM'04, 5.1)."""
    built, made = campus(outbreak(worm, 0.0, "first = 2\nsusceptible = 0")), list[SeenContact]()
    built.post.hear = lambda contact, _: made.append(contact)
    built.run(built.plan.begin + 1.25 * DAY)
    called = [one for one in made if one.port == HTTP]
    assert len(called) / 2 == pytest.approx(calls, rel=0.4)
    assert len({one.address for one in called}) == (20 if calls else 0)
    assert {one.client for one in called} <= set(built.truth.senders)


def test_an_outbreak_fades() -> None:
    """A host that lasts for a day does a third after it."""
    built = campus(outbreak("slow", 0.0, "first = 1\nsusceptible = 0"))
    worm = read('name = "w"\nsummary = "s"\nmails = 2000\nlasts = 1\ndomains = 5\n', "test")
    infection = Infection(b"\x0a\0\0\1", worm, built.post, built.loop, Random(1))
    assert infection.rate(100.0) == 100.0
    built.run(built.plan.begin + DAY)
    assert infection.rate(100.0) == pytest.approx(37, abs=1)


def test_it_begins_on_its_day_with_its_first_hosts() -> None:
    """All of them within six hours, none before."""
    built = campus(outbreak("slow", 1.0, "first = 5\nsusceptible = 0"))
    built.run(built.plan.begin + 1.3 * DAY)
    times = [one.at - built.plan.begin for one in built.truth.infections]
    assert len(times) == 5
    assert min(times) >= DAY
    assert max(times) <= 1.25 * DAY
    assert all(one.by is None for one in built.truth.infections)


def test_mails_of_colleagues_infect_where_hosts_are_susceptible() -> None:
    """A week of a slow worm infects others, who name by whom; where nobody is susceptible, none."""
    spread, contained = (
        campus(outbreak("slow", 1.0, f"first = 2\nsusceptible = {share}")) for share in (1, 0)
    )
    for built in (spread, contained):
        built.run(built.plan.begin + 8 * DAY)
    caught = [one for one in spread.truth.infections if one.by is not None]
    assert caught
    assert all(one.by in spread.truth.senders for one in caught)
    assert len(contained.truth.infections) == 2


def test_backscatter_goes_through_the_mail_servers_and_is_not_the_worms() -> None:
    """They send more mails, though they have no worm (WORM'04, section 5.1)."""
    chosen = outbreak("sobig", 1.0, "first = 1\nsusceptible = 0")
    quiet = campus(chosen)
    loud = campus(replace(chosen, outbreak=replace(chosen.outbreak, backscatter=0.1)))
    for built in (quiet, loud):
        built.run(built.plan.begin + 3 * DAY)
    sent = [built.truth.servers.total() for built in (quiet, loud)]
    assert sent[1] > sent[0] + 200
    assert loud.truth.servers[MailFate.LEFT] > quiet.truth.servers[MailFate.LEFT]
