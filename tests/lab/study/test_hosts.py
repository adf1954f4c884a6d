"""Hosts: who is the site's, and in which group."""

from ipaddress import ip_network
from pathlib import Path

import pyarrow as pa
import pytest

from dnswatch.errors import SettingsError
from dnswatch.lab.study.engine import Engine, duckdb
from dnswatch.lab.study.hosts import Census, Declared, HostGroup, census, read_groups
from dnswatch.lab.study.loading import LoadedTruth, Tables
from dnswatch.settings import Roles, Subnet

NETWORKS = [ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")]
SEEN = ["10.0.0.1", "10.0.0.2", "10.0.0.25", "2001:db8::1", "192.0.2.1", None]


def tables(engine: Engine, truth: LoadedTruth | None = None) -> Tables:
    """Open a trace in which some addresses look names up."""
    lookups = engine.keep(pa.table({"client": pa.array(SEEN, pa.string())}))
    flows = engine.keep(
        pa.table({"source": pa.array(["10.0.0.1"]), "destination": pa.array(["10.0.0.9"])})
    )
    return Tables(engine, lookups, flows, True, True, 0, 0, truth)


def counted(
    truth: LoadedTruth | None = None, roles: Roles | None = None, declared: Declared | None = None
) -> Census:
    """Count the hosts of that trace."""
    with duckdb() as engine:
        return census(tables(engine, truth), NETWORKS, roles or Roles(), declared or Declared())


def test_the_sites_hosts_are_those_in_its_networks() -> None:
    """Who asked, sent or received is a host of the site where its networks hold it."""
    found = counted()
    assert sorted(found.groups) == ["10.0.0.1", "10.0.0.2", "10.0.0.25", "10.0.0.9", "2001:db8::1"]
    assert set(found.groups.values()) == {HostGroup.NORMAL}
    assert not found.knows_infected
    assert found.source == "the configured roles"


def test_roles_make_groups() -> None:
    """Declared mail servers are a group of their own, resolvers and servers are others."""
    roles = Roles(mail_servers=(Subnet("10.0.0.25"),), resolvers=(Subnet("10.0.0.9"),))
    found = counted(roles=roles)
    assert found.of(HostGroup.MAIL_SERVERS) == ["10.0.0.25"]
    assert found.of(HostGroup.OTHER) == ["10.0.0.9"]


def test_a_file_goes_before_truth_and_roles() -> None:
    """Of what names a host the file is heeded first, in it the narrowest network."""
    roles = Roles(mail_servers=(Subnet("10.0.0.0/8"),))
    declared = Declared(
        {
            ip_network("10.0.0.0/30"): HostGroup.OTHER,
            ip_network("10.0.0.0/24"): HostGroup.NORMAL,
            ip_network("10.0.0.1"): HostGroup.INFECTED,
            ip_network("10.9.9.9"): HostGroup.MAIL_SERVERS,
        },
        "groups.toml",
    )
    found = counted(roles=roles, declared=declared)
    assert found.groups["10.0.0.1"] is HostGroup.INFECTED
    assert found.groups["10.0.0.2"] is HostGroup.OTHER
    assert found.groups["10.0.0.25"] is HostGroup.NORMAL
    assert found.groups["10.9.9.9"] is HostGroup.MAIL_SERVERS, "named, though not seen"
    assert found.knows_infected


@pytest.mark.parametrize(
    ("role", "group"),
    [
        ("client", HostGroup.NORMAL),
        ("mail-server", HostGroup.MAIL_SERVERS),
        ("resolver", HostGroup.OTHER),
        ("printer", HostGroup.OTHER),
    ],
)
def test_a_campus_tells_its_groups(role: str, group: HostGroup) -> None:
    """The truth says which hosts there are, what they are for, and who was infected."""
    truth = LoadedTruth({"10.0.0.1": role, "10.0.0.2": "client"}, {"10.0.0.2": 0.0}, frozenset())
    found = counted(truth)
    assert found.groups == {"10.0.0.1": group, "10.0.0.2": HostGroup.INFECTED}
    assert found.knows_infected


def test_only_normal_hosts_become_infected(tmp_path: Path) -> None:
    """The heuristic moves normal hosts; a mail server that sends much stays one."""
    before = Census(
        {"10.0.0.1": HostGroup.NORMAL, "10.0.0.25": HostGroup.MAIL_SERVERS},
        False,
        "the configured roles",
    )
    after = before.with_infected(["10.0.0.1", "10.0.0.25", "10.0.0.77"])
    assert after.groups == {"10.0.0.1": HostGroup.INFECTED, "10.0.0.25": HostGroup.MAIL_SERVERS}
    assert after.table().to_pylist() == [
        {"address": "10.0.0.1", "owner": 0},
        {"address": "10.0.0.25", "owner": 2},
    ]


TOML = """
mail-servers = ["192.0.2.25", "2001:db8::25"]
[sobig]
infected = ["192.0.2.7", "192.0.2.64/30"]
[mydoom]
infected = ["192.0.2.8"]
"""
CSV = """address,group,trace
192.0.2.25,mail-servers,
2001:db8::25,mail-servers,
192.0.2.7,infected,sobig
192.0.2.64/30,infected,sobig
192.0.2.8,infected,mydoom
"""


def write(folder: Path, text: str, name: str = "groups.toml") -> Path:
    """Write a groups file."""
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(("text", "name"), [(TOML, "groups.toml"), (CSV, "groups.csv")])
def test_a_trace_has_its_own_groups(tmp_path: Path, text: str, name: str) -> None:
    """What stands under a trace's name is meant for it alone, in TOML and CSV alike."""
    path = write(tmp_path, text, name)
    found = read_groups(path, "sobig")
    assert found.groups == {
        ip_network("192.0.2.25"): HostGroup.MAIL_SERVERS,
        ip_network("2001:db8::25"): HostGroup.MAIL_SERVERS,
        ip_network("192.0.2.7"): HostGroup.INFECTED,
        ip_network("192.0.2.64/30"): HostGroup.INFECTED,
    }
    assert found.names_infected
    assert not read_groups(path, "another").names_infected


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", 'ill = ["192.0.2.1"]', "there is no group 'ill', only infected, normal"),
        ("a.toml", 'infected = "192.0.2.1"', "infected: expected a list of addresses"),
        ("a.toml", 'infected = ["host7"]', "'host7' is neither an address nor a network"),
        ("a.toml", 'infected = ["::1"]\nnormal = ["::1"]', "'::1' stands in two groups"),
        ("a.toml", "infected =", "is no TOML"),
        ("a.csv", "host,group\n", "expected the columns address and group"),
        ("a.csv", "address,group\n::1,ill\n", "line 2: there is no group 'ill'"),
        ("a.csv", "address,group\n::1\n", "line 2: there is no group ''"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, name: str, text: str, said: str) -> None:
    """A mistake is said with the file, the place in it, and what would be right."""
    path = write(tmp_path, text, name)
    with pytest.raises(SettingsError, match=said) as caught:
        read_groups(path, "sobig")
    assert str(path) in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A file that is not there, or is no text, is no surprise."""
    with pytest.raises(SettingsError, match="cannot read"):
        read_groups(tmp_path / "absent.toml", "sobig")
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="no text in UTF-8"):
        read_groups(tmp_path / "odd.toml", "sobig")
