"""The DNS outside answers the same each time, and knows who takes mail."""

import pytest

from dnswatch.lab.campus.plan import Plan, World
from dnswatch.lab.campus.world.outside import HTTP, NXDOMAIN, Outside, takes_mail
from dnswatch.wire.name import from_text

A, MX = 1, 15
SERVERS = (b"\x0a\0\0\1", b"\x0a\0\0\2")


def outside() -> Outside:
    return Outside(Plan(world=World(domains=500)), 1, SERVERS)


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
