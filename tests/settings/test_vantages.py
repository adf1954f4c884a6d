"""Vantage points elsewhere, as a configuration tells of them."""

import pytest

from dnswatch.errors import SettingsError
from dnswatch.settings import Gate, read

TAP = '[[tap]]\nname = "{}"\nlisten = "unix:/run/t.sock"\n'


@pytest.mark.parametrize(
    ("text", "path", "port"),
    [("unix:/run/tap.sock", "/run/tap.sock", 0), ("127.0.0.1:6000", "", 6000), ("[::1]:1", "", 1)],
)
def test_where_others_connect(text: str, path: str, port: int) -> None:
    """A Unix socket by its path, or TCP."""
    gate = Gate(text)
    assert (gate.path, gate.endpoint.port if gate.endpoint else 0) == (path, port)
    assert gate == text


@pytest.mark.parametrize("text", ["", "unix:", "unix:tap.sock", "127.0.0.1", "host:1", "/run/x"])
def test_what_is_no_place_is_refused(text: str) -> None:
    """A port has no default here."""
    with pytest.raises(ValueError, match="expected"):
        Gate(text)


def test_each_has_a_name_of_its_own() -> None:
    """By which `status` tells of it."""
    with pytest.raises(SettingsError, match="each vantage point has its own name"):
        read(TAP.format("a") + TAP.format("a") + 'lag = "1s"', "test")
    with pytest.raises(SettingsError, match="lower-case letters"):
        read(TAP.format("A b"), "test")


def test_who_only_watches_needs_no_endpoint_for_clients() -> None:
    """But something to watch by."""
    text = "serve.listen = []\n"
    assert read(text + TAP.format("a"), "test").tap[0].name == "a"
    with pytest.raises(SettingsError, match="to watch by"):
        read(text, "test")
