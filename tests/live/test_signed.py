"""Signed data, end to end: from nsd's signed zone to clients that ask for DNSSEC records."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import dns.flags
import dns.message
import dns.query
import dns.rdatatype
import dns.rrset
import pytest

from tests import check
from tests.live.authority import ZONE, nsd, signed
from tests.live.site import Serve, Site
from tests.live.test_policies import BAY, OTHER, WORM, distrusted
from tests.live.tools import run

FORGED, BLOCKED = 4, 15

QUESTIONS: Final = (("example.", "MX"), ("mx1.example.", "A"), ("mx1.example.", "AAAA"))
"""What a sender asks on the way to the zone's exchange."""

LATE: Final = """
name = "quarantine"
summary = "Signed data comes late."
since = "test"
precedence = 400
action = "quarantine"
false_alarms = "None."
[parameters]
signed = "delay"
excess = "800ms"
[applies_to]
evidence = "infected"
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """nsd's URL, and the file with the trust anchor of its zone."""
    folder = tmp_path_factory.mktemp("nsd")
    zone, anchor = signed(ZONE)
    (folder / "anchor").write_text(anchor)
    with nsd(folder, zone) as url:
        yield url, folder / "anchor"


def asks(site: Site, source: str, name: str, kind: str, *, do: bool) -> dns.message.Message:
    """Ask over UDP, and over TCP where that is cut short, with DO or without."""
    query = site.query(name, kind, use_edns=0, want_dnssec=do, payload=1232)
    got, _ = dns.query.udp_with_fallback(
        query, "127.0.0.1", port=site.port, source=source, timeout=check.PATIENCE
    )
    return got


def records(response: dns.message.Message) -> set[tuple[str, str]]:
    """The records of an answer section, signatures too."""
    return {(str(rrset.name), str(each)) for rrset in response.answer for each in rrset}


def at_authority(url: str, name: str, kind: str) -> set[tuple[str, str]]:
    """What nsd itself answers with DO."""
    query = dns.message.make_query(name, kind, want_dnssec=True)
    return records(
        dns.query.tcp(query, "127.0.0.1", port=int(url.rpartition(":")[2]), timeout=check.PATIENCE)
    )


def marked(serve: Serve, url: str, **settings: object) -> Site:
    """A site behind the authority whose worm is led to the holding bay."""
    site = distrusted(serve(url, settings={**BAY, **settings}), "quarantine")
    for name, kind in QUESTIONS:  # its exchanges are known, and the answers are in the cache
        check.noerror(asks(site, OTHER, name, kind, do=True))
    check.eventually(lambda: check.errors(asks(site, WORM, "example.", "MX", do=False)) == [FORGED])
    return site


def whole(site: Site, name: str) -> dns.message.Message:
    """Ask for all records over TCP: over UDP there is one that says so (RFC 8482)."""
    return site.ask_tcp(name, "ANY", want_dnssec=True)


def test_signed_answers_are_refused_and_never_forged(
    serve: Serve, authority: tuple[str, Path]
) -> None:
    """A quarantined client that asks with DO gets SERVFAIL and why; others the signed truth."""
    url, anchor = authority
    site = marked(serve, url)
    for name, kind in (*QUESTIONS, ("example.", "ANY")):
        refused = asks(site, WORM, name, kind, do=True)
        check.servfail(refused)
        assert check.errors(refused) == [BLOCKED], (name, kind)
        assert not refused.answer
        assert not refused.flags & dns.flags.AD
        truth = asks(site, OTHER, name, kind, do=True) if kind != "ANY" else whole(site, name)
        assert records(truth) == at_authority(url, name, kind), (name, kind)
        assert any(rrset.rdtype == dns.rdatatype.RRSIG for rrset in truth.answer)
    for name, kind in (("www.example.", "A"), ("medium.example.", "TXT")):
        assert records(asks(site, WORM, name, kind, do=True)) == at_authority(url, name, kind)
    validate = ("@127.0.0.1", "-p", str(site.port), "-a", str(anchor), "+root=example")
    assert "; fully validated" in run("delv", *validate, "-b", OTHER, "example", "MX")
    printed = run("delv", *validate, "-b", WORM, "example", "MX")
    assert "fully validated" not in printed
    assert "holding-bay" not in printed


def test_signed_answers_come_late_where_the_policy_says_so(
    serve: Serve, authority: tuple[str, Path], tmp_path: Path
) -> None:
    """With `signed = "delay"` the client gets the authority's records whole, after a wait."""
    url, _ = authority
    (tmp_path / "late.toml").write_text(LATE)
    site = marked(serve, url, **{"policies.directory": str(tmp_path)})
    for name, kind in QUESTIONS:
        late = asks(site, WORM, name, kind, do=True)
        assert records(late) == at_authority(url, name, kind), (name, kind)
    check.eventually(lambda: "held" in _decided(site))
    assert "refused" not in _decided(site)


def _decided(site: Site) -> set[str]:
    """What policies decided on the worm's lookups."""
    told = site.told("report", "--client", WORM, "--limit", "100")
    return {row["decided"] for row in told["last_mail_related"] if row["decided"]}
