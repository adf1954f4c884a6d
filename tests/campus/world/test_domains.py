"""Mail domains: some share exchanges, some have none, some are dead."""

from random import Random

import pytest

from dnswatch.campus.plan import World
from dnswatch.campus.world.domains import MailDomains


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
