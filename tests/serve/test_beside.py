"""Which vantage points a configuration wants beside the workers."""

import pytest

from dnswatch.errors import SettingsError
from dnswatch.serve import beside
from dnswatch.settings import Source

TEXT = """
[[tap]]
name = "unbound"
listen = "unix:/run/dnswatch/tap.sock"

[[follow]]
name = "pihole"
file = "/var/log/pihole/pihole.log"
format = "dnsmasq"
lag = "1s"
"""


def test_each_has_its_name_and_is_waited_for_longer_than_its_lag() -> None:
    """What comes at the end of the lag, in a batch four times a second, is not late."""
    found = {one.name: one.lag for one in beside.vantages(Source(TEXT, "test"))}
    assert found == {"unbound": 4.0, "pihole": 2.0}


def test_another_endpoint_makes_another_vantage_point() -> None:
    """So that a reload begins it anew, though it is called the same."""
    other = TEXT.replace("tap.sock", "other.sock")
    first, same, changed = (
        next(beside.vantages(Source(text, "test"))).key for text in (TEXT, TEXT, other)
    )
    assert first == same
    assert first != changed


def test_a_tap_without_its_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to install; a log that is followed takes none."""
    monkeypatch.setattr(beside, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match="dnstap-pb, which is not installed"):
        list(beside.vantages(Source(TEXT, "test")))
    assert list(beside.vantages(Source(TEXT[TEXT.index("[[follow]]") :], "test")))
