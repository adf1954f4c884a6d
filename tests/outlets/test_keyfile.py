"""Key files: what is refused before the start."""

from pathlib import Path

import pytest
import trustme
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from dnswatch.errors import SettingsError
from dnswatch.outlets import keyfile
from dnswatch.outlets.keyfile import signing_key
from dnswatch.settings import EventDestination, Sink
from tests.outlets.sinks import GOOD, key_file


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [
        (GOOD, 0o644, "may be read by everybody"),
        ("secret", 0o600, "holds no key"),
        ("whsec_AAAA", 0o600, "holds no key"),
        ("whsec_!", 0o600, "holds no key"),
    ],
)
def test_a_bad_key_is_refused_with_a_mend(tmp_path: Path, text: str, mode: int, why: str) -> None:
    """Before the server starts, and at a reload."""
    with pytest.raises(SettingsError, match=why):
        signing_key(key_file(tmp_path, text, mode))


def test_a_key_that_is_not_there_is_named() -> None:
    """With the command that makes one."""
    with pytest.raises(SettingsError, match="openssl rand"):
        signing_key("/nowhere/key")


def test_files_of_tls_are_looked_at_before_the_start(tmp_path: Path) -> None:
    """What is missing, or is no certificate, is named with its key."""
    to = EventDestination("syslog:tls://logs.example")
    broken = tmp_path / "broken.pem"
    broken.write_text("no certificate")
    for told, why in (
        (Sink(to=to, ca_file="/nowhere"), "events.ca_file: '/nowhere' cannot be used: No such"),
        (Sink(to=to, ca_file=str(broken)), "ca_file: .* it holds none in PEM"),
        (Sink(to=to, certificate=str(broken)), "certificate: .* it holds none in PEM"),
    ):
        with pytest.raises(SettingsError, match=why):
            keyfile.check(told)


def test_a_locked_key_asks_no_terminal(tmp_path: Path) -> None:
    """Where nobody sits: it is refused in a sentence."""
    issued = trustme.CA().issue_cert("watch.example")
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    locked = key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"a password")
    )
    pem = tmp_path / "locked.pem"
    pem.write_bytes(locked + issued.cert_chain_pems[0].bytes())
    to = EventDestination("syslog:tls://logs.example")
    with pytest.raises(SettingsError, match="cannot be used"):
        keyfile.check(Sink(to=to, certificate=str(pem)))
