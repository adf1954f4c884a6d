"""Lookups of marked clients come to dnswatch, by a resolver that the site had before: dnsdist."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from typing import NamedTuple

import dns.exception
import dns.message
import dns.query
import pytest

from tests import check
from tests.live.fronts import dnsdist
from tests.live.site import COMMAND, Site, environment
from tests.live.test_policies import order
from tests.loopback import reserve
from tests.records import accounts
from tests.upstream import Upstream

WORM, PERSON, SERVER = "127.0.0.66", "127.0.0.67", "127.0.0.68"


class Steered(NamedTuple):
    """A dnsdist before an old resolver, and dnswatch beside it."""

    site: Site
    old: Upstream
    "Whom everybody asks who is not marked."
    port: int
    "dnsdist's."

    def mx(self, client: str, name: str) -> dns.message.Message:
        """Ask dnsdist for the exchanges of a domain, again where nothing comes, as a stub does."""

        def ask() -> dns.message.Message | None:
            query = dns.message.make_query(name, "MX")
            with suppress(dns.exception.Timeout):
                return dns.query.udp(query, "127.0.0.1", port=self.port, source=client, timeout=2)
            return None

        return check.eventually(ask)

    def is_led(self, client: str, name: str) -> bool:
        """Tell whether a client's lookups come to dnswatch, which refuses them."""
        return int(self.mx(client, name).rcode()) == 2


@pytest.fixture(scope="module")
def steered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Steered]:
    """dnsdist with the rule and the pool of docs/beside.md; `dnswatch steer dns` tells it whom."""
    folder = tmp_path_factory.mktemp("steered")
    table = folder / "marked.cdb"
    with ExitStack() as stack:
        port = stack.enter_context(reserve()).getsockname()[1]
        old = stack.enter_context(Upstream())
        settings = {
            "serve.proxied": [f"127.0.0.1:{port}"],
            "serve.trusted_proxies": ["127.0.0.1"],
            "roles.mail_servers": [SERVER],
        }
        site = stack.enter_context(Site(folder, [stack.enter_context(Upstream())], settings))
        command = ["steer", "dns", "--cdb", str(table)]
        command += ["--config", str(site.config), "--state", str(site.state)]
        steering = subprocess.Popen([*COMMAND, *command], env=environment())
        stack.callback(steering.wait)
        stack.callback(steering.terminate)
        check.eventually(table.exists)
        others = old.url.removeprefix("udp://")
        front = stack.enter_context(
            dnsdist(
                folder,
                f"""
            newServer("{others}")
            newServer({{address="127.0.0.1:{port}", pool="dnswatch", order=1,
                       useProxyProtocol=true, checkInterval=1, maxCheckFailures=1}})
            newServer({{address="{others}", pool="dnswatch", order=2}})
            setPoolServerPolicy(firstAvailable, "dnswatch")
            getPool(""):setCache(newPacketCache(1000))
            marked = newCDBKVStore("{table}", 1)
            addAction(KeyValueStoreLookupRule(marked, KeyValueLookupKeySourceIP()),
                      PoolAction("dnswatch"))
        """,
            )
        )
        yield Steered(site, old, front)


def test_only_marked_clients_are_led_and_let_go_again(steered: Steered) -> None:
    """Once a policy acts on a worm its lookups come to dnswatch, though the old resolver's answer
    is cached; others' answers are the old resolver's; a declared server is never led, nor anybody
    for a dry run; and `policy disable` undoes it."""
    site = steered.site
    check.noerror(steered.mx(WORM, "cached.example"))
    order(site, "clients", "distrust", WORM, "--why", "seen spreading")
    assert not steered.is_led(WORM, "cached.example")
    order(site, "policy", "enable", "refuse-mail-lookups")
    check.eventually(lambda: steered.is_led(WORM, "cached.example"))
    assert not steered.is_led(PERSON, "cached.example")
    assert not steered.is_led(SERVER, "cached.example")
    assert not {PERSON, SERVER} & accounts(site.state).keys()
    order(site, "policy", "disable", "refuse-mail-lookups")
    check.eventually(lambda: not steered.is_led(WORM, "other.example"))


def test_a_dnswatch_that_is_dead_holds_nobody(steered: Steered) -> None:
    """The pool has the old resolver in it, too: the worm is answered by that within a second or
    two, and comes back with dnswatch."""
    site = steered.site
    order(site, "clients", "distrust", WORM, "--why", "seen spreading")
    order(site, "policy", "enable", "refuse-mail-lookups")
    check.eventually(lambda: steered.is_led(WORM, "before.example"))
    site.process.kill()
    site.process.wait()
    check.eventually(lambda: not steered.is_led(WORM, "dead.example"))
    site.start()
    check.eventually(lambda: steered.is_led(WORM, "back.example"))
    order(site, "policy", "disable", "refuse-mail-lookups")
    check.eventually(lambda: not steered.is_led(WORM, "after.example"))
