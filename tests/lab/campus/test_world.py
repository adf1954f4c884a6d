"""Mail domains: some share exchanges, some have none, some are dead."""

from collections import Counter
from random import Random

import pytest

from dnswatch.lab.campus.plan import CampusPlan, WorldPlan
from dnswatch.lab.campus.world import HTTP, NXDOMAIN, MailDomains, Outside, takes_mail
from dnswatch.wire.name import from_text


def test_half_of_the_domains_share_exchanges_and_a_fifth_has_none() -> None:
    """The shares are those of the plan."""
    domains = MailDomains(WorldPlan(domains=4000), 1)
    alive = [number for number in range(4000) if domains.exists(number)]
    names = [tuple(one.name for one in domains.exchanges(number)) for number in alive]
    assert len(alive) / 4000 == pytest.approx(0.96, abs=0.02)
    assert names.count(()) / len(names) == pytest.approx(0.22, abs=0.03)
    shared = [name for name in names if name and b"provider" in name[0]]
    assert len(shared) / len([name for name in names if name]) == pytest.approx(0.5, abs=0.04)
    assert len(set(shared)) <= 60


def test_a_name_leads_back_to_its_domain() -> None:
    """Once it was given out."""
    domains = MailDomains(WorldPlan(domains=200), 1)
    number = domains.draw(Random(1))
    assert domains.number(domains.name(number)) == number
    assert domains.number(b"\1x\0") is None


def test_most_domains_have_names_of_their_own_at_shared_machines() -> None:
    """87 % of names share an address, two thirds of them with fifty others (Edelman 2003)."""
    domains = MailDomains(WorldPlan(domains=40_000), 1)
    many = Counter(domains.home(number) for number in range(40_000))
    shared = [count for count in many.values() if count > 1]
    assert sum(shared) / 40_000 == pytest.approx(0.87, abs=0.02)
    assert sum(count for count in shared if count > 50) / 40_000 > 0.66


A, MX = 1, 15
SERVERS = (b"\x0a\0\0\1", b"\x0a\0\0\2")


def outside() -> Outside:
    return Outside(CampusPlan(world=WorldPlan(domains=500)), 1, SERVERS)


def test_an_exchange_has_the_address_that_takes_mail() -> None:
    """From a domain by its MX answer to an address, as a sender goes; and the same twice."""
    world = outside()
    names = [world.mail.name(number) for number in range(500)]
    heard = [world.answer(name, MX) for name in names]
    exchanges = [one.exchanges[0] for one in heard if one.exchanges]
    assert len(exchanges) > 250
    addresses = [world.answer(name, A).addresses[0] for name in exchanges]
    assert all(takes_mail(address) and ttl > 0 for address, ttl in addresses)
    assert [world.answer(name, MX) for name in names] == heard


def test_the_campus_takes_its_own_mail() -> None:
    """By its mail servers."""
    world = outside()
    (host,) = world.answer(from_text("campus.example"), MX).exchanges
    assert tuple(address for address, _ in world.answer(host, A).addresses) == SERVERS


def test_guesses_hit_sometimes() -> None:
    """Some guessed mail hosts exist, some do not, and none in front of what is unknown."""
    world = outside()
    guesses = [b"\4mail" + world.mail.name(number) for number in range(500)]
    found = [bool(world.answer(name, A).addresses) for name in guesses]
    assert 0.2 < sum(found) / 500 < 0.8
    assert world.answer(from_text("mail.nobody.example"), A) == NXDOMAIN


def test_a_web_site_is_known_once_it_was_named() -> None:
    """It has one address, with its TTL."""
    world = outside()
    heard = world.answer(world.web_name(7), A)
    assert heard.addresses == ((world.web_address(7), world.web_ttl(7)),)
    assert not takes_mail(world.web_address(7))


def test_some_sites_are_no_web_sites() -> None:
    """A share of the popular ones and of the others, and none of those that all pages bring."""
    world = outside()
    is_other = [world.web_port(number) != HTTP for number in range(10_000)]
    assert not any(is_other[:8])
    assert sum(is_other[:100]) == pytest.approx(10, abs=1)
    assert sum(is_other) == pytest.approx(1000, abs=2)
