"""Hosts: as many of each role as the plan says, and declared to dnswatch."""

from collections import Counter

from dnswatch.lab.campus.plan import CampusPlan
from dnswatch.lab.campus.site import CampusSite
from dnswatch.model.role import Role, role_of


def test_the_paper_had_four_mail_servers_and_three_dns_servers_of_1128_hosts() -> None:
    """Two more are declared servers, the rest are clients."""
    roles = Counter(host.role for host in CampusSite(CampusPlan(), 1).hosts)
    assert roles.total() == 1128
    assert roles[Role.MAIL_SERVER] == 4
    assert roles[Role.RESOLVER] == 3
    assert roles[Role.CLIENT] == 1128 - 9


def test_dnswatch_is_told_the_same_roles() -> None:
    """Its settings declare who is no client, and nobody else; the bay is no host of the site."""
    site = CampusSite(CampusPlan(), 1)
    settings = site.settings(CampusPlan(), 7)
    assert all(role_of(host.address, settings.roles) is host.role for host in site.hosts)
    assert float(settings.detection.learning) == 7 * 86400.0
    assert site.bay not in site.roles
