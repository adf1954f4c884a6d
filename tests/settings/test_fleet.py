"""What `[fleet]` may say."""

import pytest

from dnswatch.errors import SettingsError
from dnswatch.settings import EngineUrl, read


def test_an_engine_is_named_by_its_url() -> None:
    """TCP with or without TLS, or a Unix socket; a password is read and never shown."""
    url = EngineUrl("rediss://corp:p%40ss@engine.example/3")
    assert (url.host, url.port, url.database) == ("engine.example", 6379, 3)
    assert (url.user, url.password, url.is_encrypted) == ("corp", "p@ss", True)
    assert url.shown == "engine.example:6379"
    local = EngineUrl("unix:/run/valkey/valkey.sock?db=2")
    assert (local.path, local.database, local.is_encrypted) == ("/run/valkey/valkey.sock", 2, False)
    assert EngineUrl("redis://[2001:db8::1]:7000").shown == "2001:db8::1:7000"


@pytest.mark.parametrize(
    "text", ["engine:6379", "http://engine", "redis://", "redis://a:99999", "unix:", "redis://a/x"]
)
def test_what_is_no_engine_is_refused(text: str) -> None:
    """The sentence says what would be one."""
    with pytest.raises(SettingsError, match=r"fleet\.engine.*rediss://"):
        read(f'fleet.engine = "{text}"\nfleet.node = "a"', "test")


def test_each_server_of_a_fleet_has_a_name() -> None:
    """Without one it would stand for another's lookups; a name stands in keys of the engine."""
    with pytest.raises(SettingsError, match=r"fleet\.node"):
        read('fleet.engine = "redis://a"', "test")
    with pytest.raises(SettingsError, match="32 small letters"):
        read('fleet.node = "North Hall"', "test")
    with pytest.raises(SettingsError, match="rediss"):
        read('fleet = {engine = "redis://a", node = "a", ca_file = "/ca.pem"}', "test")
