"""A small campus, for tests: sixty hosts, little mail, two days of learning."""

from dnswatch.lab.campus.campus import Campus
from dnswatch.lab.campus.plan import CampusPlan, read
from dnswatch.serve.policies import texts

DAY = 86400.0

SMALL = """
learning = 2
[site]
hosts = 60
mail_servers = 2
dns_servers = 1
[mail]
outgoing = 60
incoming = 60
programs = 0.5
[world]
domains = 5000
[web]
pages = 5
"""


def plan(more: str = "") -> CampusPlan:
    return read(SMALL + more, "test")


def outbreak(worm: str, day: float = 3.0, more: str = "") -> CampusPlan:
    return plan(f'[outbreak]\nworm = "{worm}"\nday = {day}\nbackscatter = 0\n{more}')


def campus(chosen: CampusPlan, *policies: str, seed: int = 1) -> Campus:
    built = Campus(chosen, seed, texts(""))
    built.enable(policies)
    return built
