"""Names and addresses as others write them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.names.hostname import LONGEST, clean, mac, pack


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Annas-iPad", "annas-ipad"),
        ("WWW.Corp.Example.", "www.corp.example"),
        ("Anna's iPad", "anna-s-ipad"),
        ("\x1b[31mred\x1b[0m", "31mred-0m"),
        ("<script>", "script"),
        ("_dns", "_dns"),
        ("...", None),
        ("", None),
        ("x" * 63 + ".y", "x" * 63 + ".y"),
        ("x" * 64 + ".y", None),
        ("x." * 128, None),
    ],
)
def test_a_name_is_cleaned(text: str, name: str | None) -> None:
    """What a client calls itself cannot command a terminal or a web page."""
    assert clean(text) == name


@given(st.text())
def test_no_name_is_dangerous(text: str) -> None:
    """Whatever is cleaned, only letters, digits and three marks are left; twice changes nothing."""
    name = clean(text)
    assert name is None or re.fullmatch(rf"[a-z0-9._-]{{1,{LONGEST}}}", name)
    assert name is None or clean(name) == name


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("02:00:5E:10:00:07", "02:00:5e:10:00:07"),
        ("2-0-5e-10-0-7", "02:00:5e:10:00:07"),
        ("00:00:00:00:00:00", None),
        ("33:33:00:00:00:16", None),
        ("ff:ff:ff:ff:ff:ff", None),
        ("02:00:5e:10:00", None),
        ("02:00:5e:10:00:07:08", None),
        ("None", None),
    ],
)
def test_a_machine_has_a_mac_address_of_its_own(text: str, address: str | None) -> None:
    """Group addresses and zero are nobody's; the rest has one spelling."""
    assert mac(text) == address


def test_an_address_has_one_form() -> None:
    """An IPv4-mapped address is the IPv4 one, and a scope makes no other address."""
    assert pack("::ffff:192.0.2.7") == pack("192.0.2.7") == bytes([192, 0, 2, 7])
    assert pack("fe80::1%eth0") == pack("fe80::1")
    assert pack("192.0.2.300") is None
