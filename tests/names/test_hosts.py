"""Local names from hosts files."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.names import hosts as module
from dnswatch.names.hostname import pack
from dnswatch.names.hosts import HostsFiles, parse_hosts
from tests.names.sample import SAMPLES


def packed(*texts: str) -> tuple[bytes | None, ...]:
    """Addresses as they are kept."""
    return tuple(map(pack, texts))


def test_names_have_all_their_addresses() -> None:
    """A name on several lines has the addresses of all of them, in whatever case it is written."""
    hosts = parse_hosts([(SAMPLES / "hosts").read_text()])
    assert hosts.names["www.corp.example"] == packed("192.0.2.10", "192.0.2.11", "2001:db8::10")
    assert hosts.names["www"] == packed("192.0.2.10")
    assert hosts.names["localhost"] == packed("127.0.0.1", "::1")
    assert hosts.names["mapped.corp.example"] == packed("192.0.2.12")


def test_an_address_has_its_first_name() -> None:
    """The first name of an address's first line is its canonical name."""
    hosts = parse_hosts([(SAMPLES / "hosts").read_text()])
    assert [hosts.addresses[one] for one in packed("192.0.2.10", "192.0.2.11") if one] == [
        "www.corp.example",
        "www.corp.example",
    ]


def test_broken_lines_are_counted_and_harm_no_others() -> None:
    """Of a broken line what is good is used, and the line is counted."""
    hosts = parse_hosts([(SAMPLES / "hosts").read_text()])
    assert hosts.broken == 3
    assert hosts.names["good.corp.example"] == packed("192.0.2.14")
    assert "broken.corp.example" not in hosts.names


def test_files_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file with too many names, or addresses of one name, fills no memory; it is counted."""
    monkeypatch.setattr(module, "MAX_ENTRIES", 3)
    monkeypatch.setattr(module, "MAX_ADDRESSES", 2)
    hosts = parse_hosts([f"192.0.2.{n} n{n} all\n" for n in range(9)])
    assert len(hosts.names) == 3
    assert len(hosts.addresses) == 3
    assert hosts.names["all"] == packed("192.0.2.0", "192.0.2.1")
    assert hosts.broken == 7


@given(st.lists(st.text()))
def test_no_file_is_refused(texts: list[str]) -> None:
    """Whatever stands in a hosts file, dnswatch goes on."""
    hosts = parse_hosts(texts)
    assert set(hosts.addresses.values()) <= set(hosts.names)


def test_a_file_is_read_again_when_it_changed(tmp_path: Path) -> None:
    """A changed, replaced or removed file counts at the next look; an unchanged one is not read."""
    path = tmp_path / "hosts"
    files = HostsFiles([str(path), str(tmp_path / "none")])
    assert files.read().names == {}
    path.write_text("192.0.2.1 a")
    first = files.read()
    assert first.names == {"a": (bytes([192, 0, 2, 1]),)}
    assert files.read() is first
    other = tmp_path / "other"
    other.write_text("192.0.2.1 b")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)
    assert list(files.read().names) == ["b"]
    path.unlink()
    assert files.read().names == {}
