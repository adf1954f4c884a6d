"""The groups file: what it says, and what is wrong with it."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from dnswatch.errors import SettingsError
from dnswatch.lab.study.groupsfile import read
from dnswatch.lab.study.hosts import Group

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
    found = read(path, "sobig")
    assert found.groups == {
        ip_network("192.0.2.25"): Group.MAIL_SERVERS,
        ip_network("2001:db8::25"): Group.MAIL_SERVERS,
        ip_network("192.0.2.7"): Group.INFECTED,
        ip_network("192.0.2.64/30"): Group.INFECTED,
    }
    assert found.names_infected
    assert not read(path, "another").names_infected


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
        read(path, "sobig")
    assert str(path) in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """A file that is not there, or is no text, is no surprise."""
    with pytest.raises(SettingsError, match="cannot read"):
        read(tmp_path / "absent.toml", "sobig")
    (tmp_path / "odd.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(SettingsError, match="no text in UTF-8"):
        read(tmp_path / "odd.toml", "sobig")
