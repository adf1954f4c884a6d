"""First lookups of a mail domain, and what each says."""

from math import log

import pytest

from dnswatch.lab.campus.defences.finders.first import FirstLookups
from tests.lab.campus.defences.acting import OTHER, asked


def test_only_a_first_lookup_says_something() -> None:
    """A domain counts once for each client, by how its first lookup ended."""
    lookups = FirstLookups()
    assert lookups.step(asked(0, 1, failed=True)) == pytest.approx(log(4))
    assert lookups.step(asked(1, 1)) is None
    assert lookups.step(asked(2, 2)) == pytest.approx(-log(4))
    assert lookups.step(asked(3, 1, client=OTHER)) == pytest.approx(-log(4))
