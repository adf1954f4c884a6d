"""Mail domains: some share exchanges, some have none, some are dead."""

from collections import Counter
from random import Random

import pytest

from dnswatch.lab.campus.plan import World
from dnswatch.lab.campus.world.domains import MailDomains


def test_half_of_the_domains_share_exchanges_and_a_fifth_has_none() -> None:
    """The shares are those of the plan."""
    domains = MailDomains(World(domains=4000), 1)
    alive = [number for number in range(4000) if domains.exists(number)]
    names = [tuple(one.name for one in domains.exchanges(number)) for number in alive]
    assert len(alive) / 4000 == pytest.approx(0.96, abs=0.02)
    assert names.count(()) / len(names) == pytest.approx(0.22, abs=0.03)
    shared = [name for name in names if name and b"provider" in name[0]]
    assert len(shared) / len([name for name in names if name]) == pytest.approx(0.5, abs=0.04)
    assert len(set(shared)) <= 60


def test_a_name_leads_back_to_its_domain() -> None:
    """Once it was given out."""
    domains = MailDomains(World(domains=200), 1)
    number = domains.draw(Random(1))
    assert domains.number(domains.name(number)) == number
    assert domains.number(b"\1x\0") is None


def test_most_domains_have_names_of_their_own_at_shared_machines() -> None:
    """87 % of names share an address, two thirds of them with fifty others (Edelman 2003)."""
    domains = MailDomains(World(domains=40_000), 1)
    many = Counter(domains.home(number) for number in range(40_000))
    shared = [count for count in many.values() if count > 1]
    assert sum(shared) / 40_000 == pytest.approx(0.87, abs=0.02)
    assert sum(count for count in shared if count > 50) / 40_000 > 0.66
