"""Services that dnswatch speaks to."""

import pytest

from dnswatch.errors import SettingsError
from dnswatch.settings import Daemon, Url, read


@pytest.mark.parametrize(
    ("text", "path", "host", "port"),
    [
        ("", "", "", 0),
        ("clamav:3310", "", "clamav", 3310),
        ("192.0.2.1:3310", "", "192.0.2.1", 3310),
        ("[2001:db8::1]:3310", "", "2001:db8::1", 3310),
        ("/run/clamav/clamd.ctl", "/run/clamav/clamd.ctl", "", 0),
    ],
)
def test_daemon_listens_at_a_port_or_a_path(text: str, path: str, host: str, port: int) -> None:
    """A daemon is named by its host and port, or by the path of its socket; empty is none."""
    daemon = Daemon(text)
    assert (daemon.path, daemon.host, daemon.port) == (path, host, port)
    assert bool(daemon) == bool(text)


@pytest.mark.parametrize("text", ["clamav", "clamav:0", "clamav:70000", "::1:3310", "a b:1"])
def test_anything_else_is_no_daemon(text: str) -> None:
    """What lacks a port, or could be read in two ways, is refused."""
    with pytest.raises(ValueError, match="expected HOST:PORT"):
        Daemon(text)


def test_slash_at_the_end_of_a_url_is_dropped() -> None:
    """A URL with a slash at its end is the same service."""
    assert Url(" http://rspamd:11333/ ") == "http://rspamd:11333"
    assert not Url("")


@pytest.mark.parametrize(
    "text", ["rspamd:11333", "ftp://rspamd", "http://", "http://a b", "http://[x"]
)
def test_anything_else_is_no_url(text: str) -> None:
    """What HTTP cannot reach is refused."""
    with pytest.raises(ValueError, match="expected a URL"):
        Url(text)


def test_mistake_is_told_with_its_place() -> None:
    """A daemon without a port is an error with file, line, key and what would be right."""
    with pytest.raises(SettingsError, match=r"line 2: bay.inspect.clamd .*expected HOST:PORT"):
        read('[bay.inspect]\nclamd = "localhost"', "dnswatch.toml")
