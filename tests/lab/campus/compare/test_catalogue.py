"""The catalogue of defences."""

import pytest

from dnswatch.errors import SettingsError
from dnswatch.lab.campus.compare.catalogue import DEFENCES, DNSWATCH, FINDERS, defence, judges
from dnswatch.lab.campus.compare.judges import NOBODY
from dnswatch.model.policies.reading import read_all
from dnswatch.serve.policies import texts
from tests.lab.campus.scene import campus, plan


def test_each_defence_names_policies_and_judges_that_there_are() -> None:
    """And has a name of its own."""
    policies, _ = read_all(texts(""))
    assert len({one.name for one in DEFENCES}) == len(DEFENCES)
    for one in DEFENCES:
        assert set(one.policies) <= set(policies)
        expected = (DNSWATCH, *FINDERS) if one.policies or not one.edge else (NOBODY,)
        assert one.judge in expected


def test_judges_and_edges_can_be_made_for_a_site() -> None:
    """All of them."""
    built = campus(plan())
    assert set(judges(built.site, built.settings, built.loop.now)) == {DNSWATCH, *FINDERS}
    assert all(one.edge(built.site).throttle for one in DEFENCES if one.edge)


def test_an_unknown_defence_is_answered_with_the_known_ones() -> None:
    """So that nobody has to look for them."""
    with pytest.raises(SettingsError, match="ladder"):
        defence("prayer")
