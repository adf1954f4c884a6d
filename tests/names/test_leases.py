"""Who has a lease, from the files of three DHCP servers."""

from math import inf
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.names import leases as module
from dnswatch.names.leases import LeaseFiles, parse_leases
from tests.fuzz.frame import CORPUS
from tests.names.sample import SAMPLES, active, lease, packed, sample


def test_dnsmasq() -> None:
    """dnsmasq: name, MAC address and end of each lease, for IPv4 and IPv6; 0 is no end."""
    leases = sample("dnsmasq.leases")
    assert lease(leases, "192.0.2.7").name == "annas-ipad"
    assert lease(leases, "192.0.2.7").hardware == "02:00:5e:10:00:07"
    assert lease(leases, "192.0.2.7").until == 1794000000
    assert lease(leases, "192.0.2.8").hardware == "02:00:5e:10:00:08"
    assert lease(leases, "192.0.2.8").until == inf
    assert lease(leases, "192.0.2.10").name is None
    assert lease(leases, "2001:db8::7").duid == "02:00:5e:10:00:07"
    assert lease(leases, "2001:db8::8").duid == "02:00:5e:10:00:08"
    assert active(leases) == packed(
        "192.0.2.7", "192.0.2.8", "192.0.2.10", "2001:db8::7", "2001:db8::8"
    )
    assert leases.broken == 1


def test_kea() -> None:
    """Kea: the last entry of an address holds; declined and deleted leases do not count."""
    leases = sample("kea-leases4.csv")
    assert lease(leases, "192.0.2.7").name == "annas-ipad.corp.example"
    assert lease(leases, "192.0.2.7").hardware == "02:00:5e:10:00:07"
    assert lease(leases, "192.0.2.8").until == inf
    assert active(leases) == packed("192.0.2.7", "192.0.2.8")
    assert leases.broken == 1


def test_kea_for_ipv6() -> None:
    """Kea for IPv6: the MAC address it heard and the one in the DUID are kept apart."""
    leases = sample("kea-leases6.csv")
    assert active(leases) == packed("2001:db8::7", "2001:db8::8")
    assert lease(leases, "2001:db8::7").hardware == "02:00:5e:10:00:07"
    assert lease(leases, "2001:db8::7").duid == "02:00:5e:10:00:99"
    assert lease(leases, "2001:db8::8").duid == "02:00:5e:10:00:08"
    assert lease(leases, "2001:db8::8").name is None


def test_kea_escapes_are_read() -> None:
    """A comma is written `&#x2c` there; no host name has one, so it becomes a hyphen."""
    texts = [(CORPUS / "leases" / "kea-escape.csv").read_text()]
    assert lease(parse_leases(texts), "10.0.0.5").name == "pc-5.corp.example"
    texts[0] = texts[0].replace("&#x2c", "&#x41&#x2d")
    assert lease(parse_leases(texts), "10.0.0.5").name == "pca-5.corp.example"


def test_an_end_that_cannot_be_is_broken() -> None:
    """A lease that is said to end after the year 9999 is none."""
    leases = parse_leases(["999999999999999 02:00:5e:10:00:07 192.0.2.7 x *\n"])
    assert (leases.entries, leases.broken) == ({}, 1)


def test_leases_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many leases fill no memory, and those that are kept are still renewed."""
    monkeypatch.setattr(module, "MAX_LEASES", 2)
    lines = [f"{until} 02:00:5e:10:00:0{n} 192.0.2.{n} x *" for until in (1, 2) for n in range(3)]
    leases = parse_leases(["\n".join(lines)])
    assert [one.until for one in leases.entries.values()] == [2, 2]
    assert leases.broken == 2


def test_files_are_read_together(tmp_path: Path) -> None:
    """Several lease files are one table, read again when one of them changed."""
    path = tmp_path / "leases"
    files = LeaseFiles([str(SAMPLES / "kea-leases4.csv"), str(path)])
    before = files.read()
    assert files.read() is before
    path.write_text("0 02:00:5e:10:00:0c 192.0.2.12 new *\n")
    assert set(files.read().entries) - set(before.entries) == packed("192.0.2.12")


WORDS = st.sampled_from(
    [
        *("lease", "iaaddr", "ia-na", "{", "}", ";", "ends", "never", "epoch", "binding", "state"),
        *("active", "192.0.2.7", "2001:db8::7", "#", '"', '"a"', "\\", "\n", "\0", "\u2028", ","),
        *("1794000000", "2026/11/02", "9999/12/31", "0001/01/01", "23:59:59", "client-hostname"),
        *("address,hwaddr,valid_lifetime,expire\n", "address,duid,expire\n", "*"),
    ]
)


@given(st.text() | st.lists(WORDS).map(" ".join) | st.lists(WORDS).map("".join))
def test_no_file_is_refused(text: str) -> None:
    """Whatever stands in a lease file, dnswatch goes on."""
    assert parse_leases([text]).broken >= 0


@pytest.mark.parametrize(
    "name", ["dnsmasq.leases", "dhcpd.leases", "dhcpd6.leases", "kea-leases4.csv"]
)
def test_a_file_that_is_still_written_is_read(name: str) -> None:
    """A file cut anywhere gives the leases before the cut."""
    text = (SAMPLES / name).read_text()
    counts = [len(parse_leases([text[:end]]).entries) for end in range(0, len(text) + 1, 7)]
    assert counts[0] == 0
    assert counts[-1] > 0
