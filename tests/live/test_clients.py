"""What dig, kdig and delv get through dnswatch from a real authority with a signed zone."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.authority import ZONE, nsd, signed
from tests.live.site import Site
from tests.live.tools import run


@pytest.fixture(scope="module")
def anchor_and_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Site]]:
    """A site whose upstream is nsd, and the file with the zone's trust anchor."""
    folder = tmp_path_factory.mktemp("nsd")
    zone, anchor = signed(ZONE)
    (folder / "anchor").write_text(anchor)
    with nsd(folder, zone) as url, Site(tmp_path_factory.mktemp("site"), [url]) as site:
        yield folder / "anchor", site


@pytest.fixture(scope="module")
def real(anchor_and_site: tuple[Path, Site]) -> Site:
    """A site whose upstream is nsd."""
    return anchor_and_site[1]


def dig(site: Site, *arguments: str) -> str:
    """Ask with dig over IPv4."""
    return run("dig", "@127.0.0.1", "-p", str(site.port), "+tries=1", "+time=8", *arguments)


def kdig(site: Site, *arguments: str) -> str:
    """Ask with kdig over IPv4."""
    return run("kdig", "@127.0.0.1", "-p", str(site.port), "+retry=0", "+time=8", *arguments)


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
@pytest.mark.parametrize("family", ["4", "6"])
def test_dig_is_answered_over_both_transports_and_families(
    real: Site, family: str, transport: str
) -> None:
    """dig gets its answer over UDP and TCP, IPv4 and IPv6."""
    server, port = ("127.0.0.1", real.port) if family == "4" else ("::1", real.port6)
    printed = run("dig", f"@{server}", "-p", str(port), transport, "+short", "www.example")
    assert printed == "192.0.2.80\n"


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_kdig_is_answered(real: Site, transport: str) -> None:
    """kdig gets its answer over UDP and TCP."""
    assert kdig(real, transport, "+short", "www.example", "AAAA") == "2001:db8::80\n"


def test_kdig_keeps_a_connection_open(real: Site) -> None:
    """kdig asks twice over one connection (+keepopen) and is answered twice."""
    printed = kdig(real, "+tcp", "+keepopen", "+short", "www.example", "A", "mx1.example", "A")
    assert printed.split() == ["192.0.2.80", "192.0.2.25"]


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("alias.example A", ["www.example.", "192.0.2.80"]),
        ("example MX", ["10 mx1.example.", "20 mx2.example."]),
        ("anything.wild.example TXT", ['"any"']),
        ("strange.example TYPE65280", [r"\# 5 0102030405"]),
        ("service.example HTTPS", ['1 . alpn="h2"']),
    ],
)
def test_every_type_passes(real: Site, question: str, answer: list[str]) -> None:
    """Aliases, wildcards, new types and types nobody knows arrive as the authority gave them."""
    assert sorted(dig(real, "+short", *question.split()).splitlines()) == sorted(answer)


def test_failures_pass(real: Site) -> None:
    """NXDOMAIN and an empty answer arrive as they are."""
    assert "status: NXDOMAIN" in dig(real, "none.example")
    assert "status: NOERROR" in dig(real, "ns.example", "AAAA")


def test_negative_answers_keep_their_soa(real: Site) -> None:
    """A negative answer carries its SOA, so that the client can keep it too (RFC 2308)."""
    printed = dig(real, "+noall", "+authority", "nothing.example")
    assert re.match(r"example\.\s+(60|5\d)\s+IN\s+SOA\s", printed)


def test_signatures_are_for_those_who_ask(real: Site) -> None:
    """RRSIG records come with +dnssec and do not come without."""
    assert "RRSIG" not in dig(real, "mx2.example")
    assert "RRSIG" in dig(real, "+dnssec", "mx2.example")
    assert "RRSIG" not in dig(real, "mx2.example")


def test_proofs_of_absence_are_for_those_who_ask(real: Site) -> None:
    """NSEC records come with +dnssec and do not come without."""
    assert "NSEC" not in dig(real, "absent.example")
    assert "NSEC" in dig(real, "+dnssec", "absent.example")


@pytest.mark.parametrize("flag", ["+cd", "+adflag", "+cdflag", "+aaonly", "+nordflag"])
def test_header_bits_do_no_harm(real: Site, flag: str) -> None:
    """A query with CD, AD or AA set, or RD clear, is answered."""
    assert dig(real, flag, "+short", "www.example") == "192.0.2.80\n"


def test_checking_disabled_is_echoed(real: Site) -> None:
    """CD is copied into the response (RFC 4035 section 3.2.2), fresh and cached."""
    for _ in range(2):
        assert " cd" in dig(real, "+cd", "mx1.example").split("flags:")[1].split(";")[0]


def test_delv_validates_through_us(anchor_and_site: tuple[Path, Site]) -> None:
    """delv validates positive and negative answers of a signed zone, asking only dnswatch."""
    anchor, site = anchor_and_site
    trust = ["-a", str(anchor), "+root=example"]
    server = ["@127.0.0.1", "-p", str(site.port)]
    assert "; fully validated" in run("delv", *server, *trust, "www.example", "A")
    assert "; fully validated" in run("delv", *server, *trust, "any.wild.example", "TXT")
    assert "; negative response, fully validated" in run("delv", *server, *trust, "no.example")


@pytest.mark.parametrize("size", ["512", "1232", "4096"])
def test_any_edns_size_is_answered(real: Site, size: str) -> None:
    """A client may offer any size; the answer comes, over TCP where it must."""
    assert "y" * 250 in dig(real, f"+bufsize={size}", "+short", "medium.example", "TXT")


def test_big_answers_come_over_tcp(real: Site) -> None:
    """An answer of 4 kB is first cut short (TC), then whole over TCP."""
    cut = dig(real, "+ignore", "+bufsize=4096", "big.example", "TXT")
    assert " tc " in cut.split("flags:")[1].split(";")[0]
    assert dig(real, "+short", "big.example", "TXT").count("xxx") >= 20


def test_clients_without_edns_get_512_bytes(real: Site) -> None:
    """A client without EDNS gets no OPT record back, and TC where 512 bytes are too few."""
    small = dig(real, "+noedns", "www.example")
    assert "EDNS" not in small
    large = dig(real, "+noedns", "+ignore", "medium.example", "TXT")
    assert " tc " in large.split("flags:")[1].split(";")[0]
    assert int(large.split("MSG SIZE  rcvd: ")[1]) <= 512


def test_cookies_do_no_harm(real: Site) -> None:
    """A client's cookie never comes back as another client's (RFC 7873)."""
    first = dig(real, "+cookie=0102030405060708", "mx1.example")
    second = dig(real, "+cookie=1112131415161718", "mx1.example")
    assert "192.0.2.25" in first
    assert "192.0.2.25" in second
    assert "0102030405060708" not in second


@pytest.mark.parametrize("option", ["+nsid", "+padding=128", "+ednsopt=65001:cafe", "+keepalive"])
def test_edns_options_do_no_harm(real: Site, option: str) -> None:
    """A query with options that we do not know, or need not heed, is answered."""
    assert dig(real, option, "+tcp", "+short", "www.example") == "192.0.2.80\n"


def test_any_is_answered(real: Site) -> None:
    """ANY is answered in some way, and over UDP never with more than the client's size."""
    printed = dig(real, "+notcp", "+ignore", "+bufsize=1232", "example", "ANY")
    assert int(printed.split("MSG SIZE  rcvd: ")[1]) <= 1232


def test_zone_transfers_are_refused(real: Site) -> None:
    """AXFR and IXFR are no questions for a resolver: REFUSED or NOTIMP, and no record leaks."""
    for kind in ("AXFR", "IXFR=1"):
        printed = dig(real, "example", kind)
        assert "192.0.2.80" not in printed
        assert "Transfer failed" in printed or "REFUSED" in printed or "NOTIMP" in printed


def test_the_case_of_the_question_is_kept(real: Site) -> None:
    """The name comes back as it was written, from upstream and from the cache (0x20)."""
    for name in ("mX1.eXample", "Mx1.ExamplE", "MX1.EXAMPLE"):
        assert f";{name}.\t" in dig(real, name)
