"""Policies switched while the site is busy, and what real stubs make of a delay."""

import re
import signal
import subprocess
from pathlib import Path

import dns.rcode
import dns.resolver
import pytest

from tests import check
from tests.check import PATIENCE
from tests.live.site import Serve, Site
from tests.live.test_policies import DELAY, distrusted, order
from tests.live.tools import need


def is_refused(site: Site) -> bool:
    """Tell whether a policy refuses the load's lookups now."""
    return site.ask("m0.example", "MX").rcode() == dns.rcode.SERVFAIL


def test_no_query_is_lost_while_policies_are_switched(serve: Serve, tmp_path: Path) -> None:
    """Under a running load of dnsperf every query is answered, whatever is switched meanwhile."""
    dnsperf = need("dnsperf")
    site = serve(workers=2)
    order(site, "clients", "distrust", "127.0.0.1", "--why", "it is the load")
    questions = tmp_path / "questions"
    questions.write_text("".join(f"w{n}.example A\nm{n}.example MX\n" for n in range(200)))
    load = subprocess.Popen(
        [
            dnsperf,
            "-s",
            "127.0.0.1",
            "-p",
            str(site.port),
            "-d",
            str(questions),
            "-l",
            "600",
            "-Q",
            "500",
            "-t",
            "10",
            "-O",
            "suppress=timeout",
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    for _ in range(2):
        for policy in ("refuse-mail-lookups", "limit-refreshes"):
            order(site, "policy", "enable", policy)
        check.eventually(lambda: is_refused(site))
        for policy in ("refuse-mail-lookups", "limit-refreshes"):
            order(site, "policy", "disable", policy)
        check.eventually(lambda: not is_refused(site))
    load.send_signal(signal.SIGINT)  # dnsperf ends, and tells what it found
    printed, _ = load.communicate(timeout=PATIENCE)
    lost = re.search(r"Queries lost:\s+(\d+)", printed)
    assert lost is not None, printed
    assert lost[1] == "0", printed
    codes = re.search(r"Response codes:\s+(.*)", printed)
    assert codes is not None
    assert "NOERROR" in codes[1]
    assert "SERVFAIL" in codes[1], "no switch took hold while the load ran"


@pytest.fixture(params=["800ms", "1.8s", "4s"])
def slow(
    request: pytest.FixtureRequest, serve: Serve, tmp_path_factory: pytest.TempPathFactory
) -> Site:
    """A site where this machine is marked, and waits for each new mail domain."""
    folder = tmp_path_factory.mktemp("policies")
    text = DELAY.format(hold=request.param, bucket=1000, excess="4s", then="refuse")
    (folder / "delay.toml").write_text(text)
    site = serve(settings={"policies.directory": str(folder)})
    return distrusted(site, "delay", "127.0.0.1")


def test_dnspython_resolves_under_every_delay(slow: Site) -> None:
    """dnspython's resolver gives up after 5 s in all: it never has to."""
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], slow.port
    found = resolver.resolve("victim.example", "MX")
    assert [str(record.exchange) for record in found] == ["mx.victim.example."]
