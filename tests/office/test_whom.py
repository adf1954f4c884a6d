"""Whom a reader means: addresses, machines, networks, groups, names and pseudonyms."""

from pathlib import Path

from dnswatch.names.pseudonym import Pseudonyms
from dnswatch.store import Identity, Store
from tests.cli.conftest import Read, Run, name
from tests.records import NOON, changes
from tests.records import site as the_site


def test_one_machine_is_one_client(state: Path, read: Read) -> None:
    """The IPv4 and IPv6 lookups of one MAC address are summed, by whichever one asks for it."""
    alice = Identity("Alice", "02:00:00:00:00:01", "leases")
    name(state, {"10.0.0.1": alice, "2001:db8:1::3": alice})
    for who in ("10.0.0.1", "2001:db8:1::3", "2001:DB8:1:0::3", "alice", "::ffff:10.0.0.1"):
        report = read("report", "--client", who)
        [client] = report["clients"]
        assert sorted(client["addresses"]) == ["10.0.0.1", "2001:db8:1::3"]
        assert report["measures"]["lookup"]["count"] == 6


def test_a_network_is_reported_as_a_whole(read: Read) -> None:
    """A network is summed, beside the median of its clients and that of the others."""
    report = read("report", "--client", "10.0.0.0/24")
    assert len(report["clients"]) == 3
    assert report["measures"]["lookup"] == {
        "count": 36,
        "median_here": 3,
        "median_of_others": 3,
    }


def test_a_mail_server_is_compared_with_its_like(tmp_path: Path, read: Read) -> None:
    """With the roles declared, a client is no longer compared with the mail server."""
    config = tmp_path / "site.toml"
    config.write_text('[roles]\nmail_servers = ["10.0.0.66"]\n[groups]\nlan = ["10.0.0.0/24"]\n')
    arguments = ("report", "--config", str(config), "--client")
    server = read(*arguments, "10.0.0.66")
    assert server["clients"][0]["role"] == "mail-server"
    assert (server["others"], server["measures"]["lookup"]["median_of_others"]) == (0, None)
    assert read(*arguments, "10.0.0.1")["others"] == 2
    assert len(read(*arguments, "lan")["clients"]) == 3


def test_where_clients_have_pseudonyms_they_are_found_by_address(
    tmp_path: Path, read: Read, run: Run
) -> None:
    """The owner of the key finds a client by address, network and name, and reads no address."""
    state = tmp_path / "private"
    with Store.open(state) as store:
        pseudonyms = Pseudonyms.load(state)
        store.write(changes(the_site()), pseudonyms.of, NOON)
        key = pseudonyms.of(bytes([10, 0, 0, 66]))
        who = Identity(pseudonyms.of_text("reception"), None, "leases")
        store.write_identities([(key, who)])
    config = tmp_path / "site.toml"
    config.write_text('[roles]\nmail_servers = ["10.0.0.66"]\n')
    options = ("--state", str(state), "--config", str(config))
    for wanted in ("10.0.0.66", "10.0.0.64/30", "Reception", key):
        [client] = read("report", "--client", wanted, *options)["clients"]
        assert (client["addresses"], client["role"]) == ([key], "mail-server")
    assert "10.0.0." not in run("report", *options)
    assert "too many addresses" in run("report", "--client", "10.0.0.0/8", *options, exit_code=2)


def test_an_unknown_client_is_said_with_a_near_one(state: Path, run: Run) -> None:
    """An unknown client is a sentence with the nearest known one, and exit code 1."""
    name(state, {"10.0.0.66": Identity("reception", None, "leases")})
    assert run("report", "--client", "receptoin", exit_code=1) == (
        "dnswatch: no client 'receptoin' is on record; did you mean 'reception'?\n"
    )
    assert "'10.0.0.66'?" in run("report", "--client", "10.0.0.67", exit_code=1)
    assert "`dnswatch report` lists" in run("report", "--client", "zzzz", exit_code=1)


def test_a_role_that_a_person_confirmed_counts(run: Run, read: Read) -> None:
    """A confirmed mail server is compared with its like, and others no more with it."""
    run("clients", "role", "10.0.0.66", "mail-server")
    server = read("report", "--client", "10.0.0.66")
    assert (server["clients"][0]["role"], server["others"]) == ("mail-server", 0)
    assert read("report", "--client", "10.0.0.1")["others"] == 2
    assert "`dnswatch clients role 10.0.0.66 client` first" in run(
        "clients", "distrust", "10.0.0.66", exit_code=1
    )
