"""Only what a DNS answer introduced."""

from math import inf

from dnswatch.lab.campus.defences.throttles.introduced import Introduced
from tests.lab.campus.defences.acting import contact


def test_only_introduced_addresses_are_contacted() -> None:
    """A scanning worm is stopped; one that asks DNS is not."""
    assert Introduced().leaves(contact(0, 1, introduced=False)) == inf
    assert Introduced().leaves(contact(0, 1)) == 0
