"""The settings of the holding bay."""

import pytest

from dnswatch.errors import SettingsError
from dnswatch.settings import read


def test_mail_is_taken_at_port_25() -> None:
    """An endpoint of the bay without a port means the port of SMTP, not that of DNS."""
    settings = read('[bay]\nlisten = ["192.0.2.25", "[::1]:2525"]', "dnswatch.toml")
    assert [one.port for one in settings.bay.listen] == [25, 2525]


def test_key_of_a_table_within_a_table_is_named_with_its_line() -> None:
    """A mistake in `[bay.fates]` is an error with file, line and the whole key."""
    with pytest.raises(SettingsError, match=r"line 3: bay.fates.worm is .*expected .*hold"):
        read('[bay]\n[bay.fates]\nworm = "bounce"', "dnswatch.toml")
