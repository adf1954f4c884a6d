"""Traces: what the worker's own core would do, told from the records."""

from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import pytest

from dnswatch.codes import Type
from dnswatch.model.policies.policy import Policy
from dnswatch.model.policies.reading import precedence, read_all
from dnswatch.model.policies.standing import Standing
from dnswatch.office.trace import TracedAnswer, Tracer
from dnswatch.office.whom import Whom
from dnswatch.serve.policies import texts
from dnswatch.settings import read
from dnswatch.store import Store, orders
from tests.records import NOON, asked, changes, plain, worm

NOW = NOON + 700
WORM, PERSON = "10.0.0.66", "10.0.0.1"
SETTINGS = """
quarantine.i_have_authority = true
quarantine.addresses = ["192.0.2.25"]
roles.mail_servers = ["10.0.0.9"]
names.hosts = ["{hosts}"]
[[forward]]
domain = "corp.example"
servers = ["udp://192.0.2.53"]
"""


@contextmanager
def tracing(state: Path, *enabled: str, dry_run: bool = False) -> Iterator[Tracer]:
    """Trace at a site with a worm, known to be one, and these policies."""
    hosts = state / "hosts"
    hosts.write_text("10.0.0.5 printer.corp.example\n")
    told = changes([*worm(WORM), asked(600, PERSON, "nobody.example", Type.MX, rcode=3)])
    told.standings[ip_address(WORM).packed] = Standing(2.0, NOW + 86400, NOON + 500)
    found, wrong = read_all(texts(""))
    assert not wrong
    policies: dict[str, Policy] = {one.name: one for one in precedence(found.values())}
    settings = read(SETTINGS.format(hosts=hosts), "test")
    with Store.open(state) as store:
        store.write(told, plain, NOON)
        with store.snapshot() as db:
            for name in enabled:
                orders.enable(db, name, "alice", NOON, dry_run=dry_run)
    with Store.read(state) as store, store.snapshot() as db:
        yield Tracer(db, settings, policies, Whom(state, settings), NOW)


def traced(
    state: Path, name: str, kind: str, *enabled: str, client: str = WORM, dry_run: bool = False
) -> TracedAnswer:
    with tracing(state, *enabled, dry_run=dry_run) as tracer:
        return tracer.trace(client, name, kind, "infected")


def said(found: TracedAnswer) -> dict[str, str]:
    return {step.what: step.said for step in found.steps}


def test_the_mail_of_a_quarantined_client_is_led_to_the_bay(tmp_path: Path) -> None:
    """The very records that a worker would send; it says why: mark, proof by TCP, forwarder."""
    found = traced(tmp_path, "victim1.example", "MX", "quarantine")
    assert found.outcome == "NOERROR, rewritten"
    assert found.records[0] == "victim1.example. 30 IN MX 0 holding-bay.internal."
    assert "Forged Answer" in found.records[1]
    steps = said(found)
    assert steps["policies"] == "'quarantine': quarantine"
    assert steps["policy 'quarantine'"] == "rewritten"
    assert "TCP" in steps["proof"]
    assert steps["kind of lookup"].startswith("mail-related (mx)")


def test_an_exchange_that_a_worm_learned_is_mail_related(tmp_path: Path) -> None:
    """By any type that leads there, not only by MX: the MX answer on record named it."""
    for kind in ("A", "AAAA", "HTTPS"):
        found = traced(tmp_path, "mx.victim1.example", kind, "refuse-mail-lookups")
        assert found.outcome == "SERVFAIL, refused", kind
        assert said(found)["kind of lookup"].startswith("mail-related (exchange)")


def test_what_is_not_mail_related_passes(tmp_path: Path) -> None:
    """However bad the client is."""
    found = traced(tmp_path, "www.example.org", "A", "quarantine")
    assert found.outcome == "the answer as it comes"
    assert said(found)["kind of lookup"] == "not mail-related"
    assert said(found)["known of the name"].startswith("no mail-related lookup")


def test_a_dry_run_only_says_so(tmp_path: Path) -> None:
    """The answer goes as it comes."""
    found = traced(tmp_path, "victim1.example", "MX", "quarantine", dry_run=True)
    assert found.outcome == "the answer as it comes"
    assert said(found)["policy 'quarantine'"] == "would have been rewritten"
    assert "would be" in said(found)["policies"]


def test_a_client_without_evidence_gets_what_there_is(tmp_path: Path) -> None:
    """By the upstream of the domain; and the last answer on record is taken for the next."""
    found = traced(tmp_path, "nobody.example", "MX", "quarantine", client=PERSON)
    assert found.outcome == "the answer as it comes"
    assert "asked for last" in said(found)["known of the name"]
    assert said(found)["policies"] == "none that is switched on fits this client"
    there = traced(tmp_path, "wiki.corp.example", "A", client=PERSON)
    assert "udp://192.0.2.53" in said(there)["asked of"]


def test_what_dnswatch_answers_itself_is_shown(tmp_path: Path) -> None:
    """From the hosts files, and for names that must not leave the site."""
    found = traced(tmp_path, "printer.corp.example", "A", client=PERSON)
    assert found.records == ["printer.corp.example. 30 IN A 10.0.0.5"]
    assert traced(tmp_path, "some.onion", "A", client=PERSON).outcome == "NXDOMAIN"
    assert traced(tmp_path, "example.org", "AXFR", client=PERSON).outcome == "REFUSED"


def test_strangers_and_servers(tmp_path: Path) -> None:
    """A stranger hears nothing; a declared server is never touched, whatever it asks."""
    stranger = traced(tmp_path, "example.org", "A", client="203.0.113.7")
    assert stranger.outcome == "no answer at all"
    assert "none of access.networks" in said(stranger)["access"]
    server = traced(tmp_path, "victim1.example", "MX", "quarantine", client="10.0.0.9")
    assert server.outcome == "the answer as it comes"
    assert "only ever observed" in said(server)["role"]


@pytest.mark.parametrize(
    ("client", "name", "kind", "why"),
    [
        ("bob", "example.org", "A", "is no address"),
        (PERSON, "exa mple..org", "A", "is no domain name"),
        (PERSON, "example.org", "NONSENSE", "is no type"),
    ],
)
def test_what_cannot_be_asked_is_said(
    tmp_path: Path, client: str, name: str, kind: str, why: str
) -> None:
    """In a sentence."""
    with pytest.raises(ValueError, match=why):
        traced(tmp_path, name, kind, client=client)
