"""The worms that come with dnswatch."""

import pytest

from dnswatch.errors import SettingsError
from dnswatch.lab.campus.worms.shipped import load, names


@pytest.mark.parametrize("name", names())
def test_each_worm_is_called_as_its_file_and_says_where_its_figures_stand(name: str) -> None:
    """No figure without a source, be it an assumption."""
    worm = load(name)
    assert worm.name == name
    assert worm.references


def test_an_unknown_worm_is_answered_with_the_known_ones() -> None:
    """So that nobody has to look for them."""
    with pytest.raises(SettingsError, match="mydoom, mytob"):
        load("code-red")
