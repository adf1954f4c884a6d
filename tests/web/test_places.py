"""Where the console is, and under which names."""

import pytest

from dnswatch.errors import SettingsError
from dnswatch.settings import read
from dnswatch.web import places


def test_it_runs_by_default_where_its_libraries_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra, or where the site says so, there is none."""
    assert places.is_wanted(read("", "test"))
    assert not places.is_wanted(read("web.enabled = false", "test"))
    monkeypatch.setattr(places, "LIBRARIES", ("os", "no_such_library"))
    assert places.missing() == ["no_such_library"]
    assert not places.is_wanted(read("", "test"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('web.listen = "0.0.0.0:80"', "where others could read passwords on their way"),
        ('web.listen = "[2001:db8::1]"', "where others could read passwords on their way"),
        ('web.listen = "[::]:443"\nweb.behind_proxy = true', "web.names is empty"),
        ('web.key = "key.pem"', "of no use without web.certificate"),
    ],
)
def test_beyond_this_machine_only_encrypted(text: str, says: str) -> None:
    """A start that would show passwords to others is refused in a sentence."""
    with pytest.raises(SettingsError, match=says):
        read(text, "test")


def test_hosts_are_those_that_were_named() -> None:
    """Loopback has its three names; behind a proxy there are those of the settings."""
    alone = read("", "test")
    assert places.hosts(alone) == {"127.0.0.1", "localhost", "[::1]"}
    assert places.base_url(alone) == "http://127.0.0.1:8053"
    proxied = read(
        'web.listen = "192.0.2.1"\nweb.behind_proxy = true\nweb.names = ["watch.corp.example"]', "t"
    )
    assert places.hosts(proxied) == {"192.0.2.1", "watch.corp.example"}
    assert places.base_url(proxied) == "https://watch.corp.example"
