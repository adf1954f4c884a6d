"""Who wants no trace of clients' addresses leaves none: not in the store, the log or an output."""

import socket
from collections.abc import Iterator
from functools import partial

import pytest

from tests import check
from tests.live.site import Serve, Site

SECRET = "127.83.71.94"
"""A client whose address is met nowhere by chance."""

TRACES = [SECRET.encode(), socket.inet_aton(SECRET), socket.inet_aton(SECRET).hex().encode()]
"""Its address as text, packed, and in hexadecimal."""

COMMANDS = [
    ("report", "--csv"),
    ("report", "--client", SECRET),
    ("report", "--client", SECRET, "--json"),
    ("cache", "--json"),
    ("status", "--json"),
]


def everything(site: Site) -> Iterator[tuple[str, bytes]]:
    """Give all that dnswatch wrote: files, log, and the output of its commands."""
    for path in (*site.state.iterdir(), site.folder / "log"):
        yield path.name, path.read_bytes()
    for command in COMMANDS:
        yield " ".join(command), site.printed(*command).encode()


def visit(site: Site) -> None:
    """Do as the secret client what leaves most traces."""
    site.ask("visited.example", source=SECRET)
    site.ask("visited.example", "MX", source=SECRET)
    site.ask("mx.visited.example", source=SECRET)
    site.ask("visited.example", source=SECRET)


@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_pseudonyms_leave_no_address(serve: Serve, running: bool) -> None:
    """With pseudonyms a client's address stands nowhere, yet its account can be asked for."""
    site = serve(settings={"privacy.pseudonyms": True})
    visit(site)
    check.eventually(lambda: site.measures(SECRET).get("lookup") == 4)
    if not running:
        site.stop()
    for where, written in everything(site):
        assert not any(trace in written for trace in TRACES), where


def test_pseudonyms_are_the_sites_own(serve: Serve) -> None:
    """Two sites call the same client by different names: no table of hashes fits both."""
    sites = [serve(settings={"privacy.pseudonyms": True}) for _ in range(2)]
    for site in sites:
        site.ask("visited.example", source=SECRET)
    first, second = (check.eventually(partial(site.told, "report")) for site in sites)
    assert first["clients"][0]["addresses"] != second["clients"][0]["addresses"]
    assert first["clients"][0]["addresses"][0].startswith("~")


def test_who_is_left_out_is_not_there(serve: Serve) -> None:
    """A client that is left out is answered, and is in no record; its lookups count for the site
    as a whole."""
    site = serve(settings={"privacy.leave_out": ["127.83.0.0/16"]})
    visit(site)
    site.ask("other.example")
    check.eventually(lambda: site.measures("127.0.0.1").get("lookup") == 1)
    check.eventually(lambda: site.told("cache")["unrecorded"] == 4)
    assert site.measures(SECRET) == {}
    for where, written in everything(site):
        assert SECRET in where or not any(trace in written for trace in TRACES), where


def test_the_state_is_for_its_owner_only(site: Site) -> None:
    """Nobody but the server's own user may read the records."""
    site.ask("private.example")
    check.eventually(lambda: (site.state / "dnswatch.db").exists())
    assert site.state.stat().st_mode & 0o077 == 0
    assert [path.name for path in site.state.iterdir() if path.stat().st_mode & 0o077] == []
