"""What a lease tells of a machine."""

import pytest

from dnswatch.names.lease import Lease

MAC = "02:00:5e:10:00:07"


@pytest.mark.parametrize(
    ("duid", "machine"),
    [
        (f"00:01:00:01:2c:8e:1b:0b:{MAC}", MAC),
        (f"00:03:00:01:{MAC}", MAC),
        (f"00:03:00:06:{MAC}", None),
        ("00:02:00:00:09:bf:01:02:03:04:05:06", None),
        ("00:04:4c:4c:45:44:00:4b:31:10:80:4d:b8:c0:4f:4a:42:32", None),
        (f"01:{MAC}", None),
        ("", None),
    ],
)
def test_some_duids_hold_a_mac_address(duid: str, machine: str | None) -> None:
    """DUIDs made of an Ethernet address tell it (RFC 8415 section 11); the others tell nothing."""
    lease = Lease.of("2001:db8::7", 0.0, duid=duid.upper())
    assert lease
    assert lease.duid == machine


def test_lease_needs_an_address() -> None:
    """Without an address there is no lease."""
    assert Lease.of("192.0.2.300", 0.0, name="anna") is None
