"""Lists of clients, as other resolvers read them."""

from ipaddress import ip_address
from struct import unpack_from

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.seams.steer import acl, cdb

CLIENTS = [ip_address(text).packed for text in ("10.0.0.7", "2001:db8::7")]


def found(data: bytes, key: bytes) -> bytes | None:
    """Look a key up, as https://cr.yp.to/cdb/cdb.txt says."""
    hashed = 5381
    for byte in key:
        hashed = (hashed * 33 % 2**32) ^ byte
    table, slots = unpack_from("<II", data, hashed % 256 * 8)
    for step in range(slots):
        place = table + ((hashed // 256 + step) % slots) * 8
        wanted, at = unpack_from("<II", data, place)
        if not at:
            return None
        length, size = unpack_from("<II", data, at)
        if wanted == hashed and data[at + 8 : at + 8 + length] == key:
            return data[at + 8 + length : at + 8 + length + size]
    return None


@given(st.sets(st.binary(min_size=4, max_size=16), max_size=200), st.binary(max_size=16))
def test_all_clients_and_no_others_are_found(keys: set[bytes], other: bytes) -> None:
    """By whoever reads the file as its format says; 'none' is a file like any other."""
    data = cdb(sorted(keys))
    assert all(found(data, key) == b"1" for key in keys)
    assert (found(data, other) is not None) == (other in keys)


@pytest.mark.parametrize(
    ("form", "some", "none"),
    [
        ("bind", "acl dnswatch { 10.0.0.7; 2001:db8::7; };\n", "acl dnswatch { none; };\n"),
        ("knot", "return { '10.0.0.7', '2001:db8::7' }\n", "return {  }\n"),
        (
            "coredns",
            "expr incidr(client_ip(), '10.0.0.7/32') || incidr(client_ip(), '2001:db8::7/128')\n",
            "expr false\n",
        ),
        ("plain", "10.0.0.7\n2001:db8::7\n", ""),
    ],
)
def test_a_list_is_written_as_each_resolver_reads_it(form: str, some: str, none: str) -> None:
    """Where nobody is led it is still a list that can be read."""
    assert acl(CLIENTS, form) == some
    assert acl([], form) == none
