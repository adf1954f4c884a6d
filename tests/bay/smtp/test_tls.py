"""The bay's certificate."""

import ssl
from pathlib import Path

import pytest

from dnswatch.bay.smtp.server import FILE, context
from dnswatch.errors import SettingsError
from dnswatch.settings.bay import Tls

NOW = 1_700_000_000.0
YEAR = 365 * 86400.0


def test_certificate_is_made_once_and_renewed_in_time(tmp_path: Path) -> None:
    """Without a configured certificate the bay makes one, keeps it, and makes another in time."""
    assert isinstance(context(Tls(), tmp_path, "bay.example", NOW), ssl.SSLContext)
    first = (tmp_path / FILE).read_bytes()
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    context(Tls(), tmp_path, "bay.example", NOW + 10)
    assert (tmp_path / FILE).read_bytes() == first
    context(Tls(), tmp_path, "bay.example", NOW + YEAR - 86400)
    assert (tmp_path / FILE).read_bytes() != first


def test_certificate_bears_the_name(tmp_path: Path) -> None:
    """A bay that is called otherwise makes another certificate."""
    context(Tls(), tmp_path, "bay.example", NOW)
    first = (tmp_path / FILE).read_bytes()
    context(Tls(), tmp_path, "other.example", NOW)
    assert (tmp_path / FILE).read_bytes() != first


def test_starttls_can_be_switched_off(tmp_path: Path) -> None:
    """`bay.tls.offer = false` offers none, and makes nothing."""
    assert context(Tls(offer=False), tmp_path, "bay.example", NOW) is None
    assert not list(tmp_path.iterdir())


def test_wrong_certificate_is_an_error_with_its_mend(tmp_path: Path) -> None:
    """A file that holds no certificate stops the start, with the setting's name."""
    (tmp_path / "wrong.pem").write_text("no certificate")
    with pytest.raises(SettingsError, match=r"bay\.tls: .*wrong\.pem.*expected PEM"):
        context(Tls(certificate=str(tmp_path / "wrong.pem")), tmp_path, "bay.example", NOW)
