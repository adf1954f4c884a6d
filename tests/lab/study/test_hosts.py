"""Hosts: who is the site's, and in which group."""

from ipaddress import ip_network
from pathlib import Path

import pyarrow as pa
import pytest

from dnswatch.lab.study.engine import Engine, duckdb
from dnswatch.lab.study.hosts import Census, Declared, Group, census
from dnswatch.lab.study.loading import Tables, Truth
from dnswatch.settings import Roles, Subnet

NETWORKS = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]
SEEN = ["10.0.0.1", "10.0.0.2", "10.0.0.25", "2001:db8::1", "192.0.2.1", None]


def tables(engine: Engine, truth: Truth | None = None) -> Tables:
    """Open a trace in which some addresses look names up."""
    lookups = engine.keep(pa.table({"client": pa.array(SEEN, pa.string())}))
    flows = engine.keep(
        pa.table({"source": pa.array(["10.0.0.1"]), "destination": pa.array(["10.0.0.9"])})
    )
    return Tables(engine, lookups, flows, True, True, 0, 0, truth)


def counted(
    truth: Truth | None = None, roles: Roles | None = None, declared: Declared | None = None
) -> Census:
    """Count the hosts of that trace."""
    with duckdb() as engine:
        return census(tables(engine, truth), NETWORKS, roles or Roles(), declared or Declared())


def test_the_sites_hosts_are_those_in_its_networks() -> None:
    """Who asked, sent or received is a host of the site where its networks hold it."""
    found = counted()
    assert sorted(found.groups) == ["10.0.0.1", "10.0.0.2", "10.0.0.25", "10.0.0.9", "2001:db8::1"]
    assert set(found.groups.values()) == {Group.NORMAL}
    assert not found.knows_infected
    assert found.source == "the configured roles"


def test_roles_make_groups() -> None:
    """Declared mail servers are a group of their own, resolvers and servers are others."""
    roles = Roles(mail_servers=(Subnet("10.0.0.25"),), resolvers=(Subnet("10.0.0.9"),))
    found = counted(roles=roles)
    assert found.of(Group.MAIL_SERVERS) == ["10.0.0.25"]
    assert found.of(Group.OTHER) == ["10.0.0.9"]


def test_a_file_goes_before_truth_and_roles() -> None:
    """Of what names a host the file is heeded first, in it the narrowest network."""
    roles = Roles(mail_servers=(Subnet("10.0.0.0/8"),))
    declared = Declared(
        {
            ip_network("10.0.0.0/30"): Group.OTHER,
            ip_network("10.0.0.0/24"): Group.NORMAL,
            ip_network("10.0.0.1"): Group.INFECTED,
            ip_network("10.9.9.9"): Group.MAIL_SERVERS,
        },
        "groups.toml",
    )
    found = counted(roles=roles, declared=declared)
    assert found.groups["10.0.0.1"] is Group.INFECTED
    assert found.groups["10.0.0.2"] is Group.OTHER
    assert found.groups["10.0.0.25"] is Group.NORMAL
    assert found.groups["10.9.9.9"] is Group.MAIL_SERVERS, "named, though not seen"
    assert found.knows_infected


@pytest.mark.parametrize(("role", "group"), [
    ("client", Group.NORMAL), ("mail-server", Group.MAIL_SERVERS), ("resolver", Group.OTHER),
    ("printer", Group.OTHER),
])  # fmt: skip
def test_a_campus_tells_its_groups(role: str, group: Group) -> None:
    """The truth says which hosts there are, what they are for, and who was infected."""
    truth = Truth({"10.0.0.1": role, "10.0.0.2": "client"}, {"10.0.0.2": 0.0}, frozenset())
    found = counted(truth)
    assert found.groups == {"10.0.0.1": group, "10.0.0.2": Group.INFECTED}
    assert found.knows_infected


def test_only_normal_hosts_become_infected(tmp_path: Path) -> None:
    """The heuristic moves normal hosts; a mail server that sends much stays one."""
    before = Census(
        {"10.0.0.1": Group.NORMAL, "10.0.0.25": Group.MAIL_SERVERS}, False, "the configured roles"
    )
    after = before.with_infected(["10.0.0.1", "10.0.0.25", "10.0.0.77"])
    assert after.groups == {"10.0.0.1": Group.INFECTED, "10.0.0.25": Group.MAIL_SERVERS}
    assert after.table().to_pylist() == [
        {"address": "10.0.0.1", "owner": 0},
        {"address": "10.0.0.25", "owner": 2},
    ]
