"""The plan of a campus: exact errors, as all settings have them."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from dnswatch import settings
from dnswatch.errors import SettingsError
from dnswatch.lab.campus.plan import read
from dnswatch.lab.campus.scenarios import load, names
from dnswatch.lab.campus.site import CampusSite
from dnswatch.model.role import Role


def test_the_default_is_the_papers_site() -> None:
    """1,128 hosts, 4 mail servers, 3 DNS servers."""
    site = read("", "test").site
    assert (site.hosts, site.mail_servers, site.dns_servers) == (1128, 4, 3)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[site]\nhost = 3", "did you mean hosts?"),
        ("[site]\nhosts = 30\nmail_servers = 29\ndns_servers = 3", "too few"),
        ('[site]\nnetwork = "10.0.0.0/26"\nhosts = 100', "too small for all"),
        ('[calendar]\nbegin = "Monday"', "expected a date"),
        ("[world]\nhosted = 2", "expected a number from 0 to 1"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(text: str, said: str) -> None:
    """File, line, key, and what would be right."""
    with pytest.raises(SettingsError, match="test, line") as error:
        read(text, "test")
    assert said in str(error.value)


@pytest.mark.parametrize("name", names())
def test_the_scenarios_that_come_with_dnswatch_are_good(name: str) -> None:
    """Each can be read."""
    assert load(name).days > 0


def test_an_unknown_scenario_is_answered_with_the_known_ones() -> None:
    """So that nobody has to look for them."""
    with pytest.raises(SettingsError, match="sobig-2003"):
        load("nowhere.toml")


def test_the_office_of_the_readme_is_a_plan_with_its_configuration() -> None:
    """Its servers are those that the site is told of, or it would find them infected."""
    examples = Path(__file__).parents[3] / "docs" / "examples"
    office = CampusSite(load(str(examples / "office.toml")), 1)
    told = settings.read((examples / "office-site.toml").read_text(), "office-site.toml").roles
    declared = {str(each).partition("/")[0] for each in (*told.mail_servers, *told.servers)}
    servers = {
        str(ip_address(host.address))
        for host in office.hosts
        if host.role in (Role.MAIL_SERVER, Role.SERVER)
    }
    assert declared == servers
