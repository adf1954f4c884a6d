"""Pseudonyms in the place of addresses."""

import hashlib
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.errors import StoreError
from dnswatch.names.pseudonym import KEY_BYTES, Pseudonyms

ADDRESS = bytes([192, 0, 2, 7])
MAPPED = bytes(10) + b"\xff\xff" + ADDRESS
site = Pseudonyms(bytes(range(32)))


def test_key_is_made_once_and_is_nobody_elses(tmp_path: Path) -> None:
    """The first start makes a key that only the owner may read; later starts use the same."""
    first = Pseudonyms.load(tmp_path)
    key = tmp_path / "key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert len(key.read_bytes()) == KEY_BYTES
    assert Pseudonyms.load(tmp_path).of(ADDRESS) == first.of(ADDRESS)
    assert list(tmp_path.iterdir()) == [key]


def test_processes_that_start_at_once_agree(tmp_path: Path) -> None:
    """However many make the key at the same time, all use the same one."""
    with ThreadPoolExecutor(16) as pool:
        loaded = list(pool.map(Pseudonyms.load, [tmp_path] * 16))
    assert len({one.of(ADDRESS) for one in loaded}) == 1


def test_sites_have_pseudonyms_of_their_own(tmp_path: Path) -> None:
    """Two sites cannot compare their records."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, other = Pseudonyms.load(tmp_path / "a"), Pseudonyms.load(tmp_path / "b")
    assert one.of(ADDRESS) != other.of(ADDRESS)


def test_broken_key_is_not_replaced(tmp_path: Path) -> None:
    """A key that was cut is an error with its mend, not a new key that knows nobody."""
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(StoreError, match="has 5 bytes, expected 32: restore it from a backup"):
        Pseudonyms.load(tmp_path)


def test_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """A key that others may read protects nobody."""
    Pseudonyms.load(tmp_path)
    (tmp_path / "key").chmod(0o640)
    with pytest.raises(StoreError, match="may be read by others: chmod 600"):
        Pseudonyms.load(tmp_path)


def test_no_place_for_a_key_is_a_sentence(tmp_path: Path) -> None:
    """Without a state directory the error names the file."""
    with pytest.raises(StoreError, match=r"none/key, is out of reach: .*No such file"):
        Pseudonyms.load(tmp_path / "none")


@given(st.binary(min_size=4, max_size=4) | st.binary(min_size=16, max_size=16))
def test_pseudonym_looks_like_one(packed: bytes) -> None:
    """A pseudonym is `~` and 16 hexadecimal digits, the same each time."""
    assert re.fullmatch("~[0-9a-f]{16}", site.of(packed))
    assert site.of(packed) == site.of(packed)


def test_mapped_address_is_the_same_client() -> None:
    """A client is the same whether an IPv4 or an IPv6 socket saw it."""
    assert site.of(MAPPED) == site.of(ADDRESS)


def test_pseudonym_is_no_plain_hash() -> None:
    """Whoever tries all addresses without the key finds none."""
    for text in (ADDRESS, b"192.0.2.7", b"address " + ADDRESS):
        assert hashlib.sha256(text).hexdigest()[:16] not in site.of(ADDRESS)


def test_text_is_told_apart_from_addresses() -> None:
    """Names and MAC addresses have pseudonyms too, in whatever case they are, and no address's."""
    assert site.of_text("Annas-iPad") == site.of_text("annas-ipad") != site.of_text("x")
    assert site.of_text("192.") != site.of(b"192.")
