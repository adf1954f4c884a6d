"""The file of a worm."""

import pytest

from dnswatch.errors import SettingsError
from dnswatch.lab.campus.worms.worm import GUESSES, read

TEXT = 'name = "w"\nsummary = "s"\nmails = 10\ndomains = 5\n'


def test_what_a_worm_looks_up_is_its_way() -> None:
    """MX and the domain's own address unless it says otherwise."""
    assert read(TEXT, "test").way.asks_mx
    assert read(TEXT, "test").way.guesses == ()
    way = read(TEXT + 'looks_up = ["guesses"]\nresolver = "foreign"', "test").way
    assert (way.asks_mx, way.tries_domain, way.guesses, way.resolver) == (
        False,
        False,
        GUESSES,
        "foreign",
    )


def test_a_broken_worm_is_named_with_its_line() -> None:
    """As all settings are."""
    with pytest.raises(SettingsError, match="test, line 5: mail is no setting"):
        read(TEXT + "mail = 3", "test")
