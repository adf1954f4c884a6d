"""Pseudonyms: what stands in the records in an address's place, keyed (RFC 2104, FIPS 180-4).

A plain hash of an address hides nothing, since all addresses can be tried.  Here the key is the
site's own; whoever has the records but not the key cannot try.  The same address has the same
pseudonym as long as the key stays.
"""

import hmac
import os
import secrets
from pathlib import Path
from typing import Final, Self

from dnswatch import addresses
from dnswatch.errors import StoreError
from dnswatch.ownership import settle

KEY_BYTES: Final = 32
"""As long as the output of SHA-256 (RFC 2104 section 3)."""

DIGITS: Final = 16
"""Hexadecimal digits shown: among a million clients two share one once in 40 million sites."""


class Pseudonyms:
    """The pseudonyms of one site."""

    def __init__(self, key: bytes) -> None:
        """Use `key`, which never leaves this machine."""
        self._key = key

    @classmethod
    def load(cls, state: Path) -> Self:
        """Read the key in the state directory; make one where there is none."""
        path = state / "key"
        try:
            if not path.exists():
                _create(path)
            key = path.read_bytes()
            mode = path.stat().st_mode & 0o777
        except OSError as error:
            raise StoreError(
                f"the key of the pseudonyms, {path}, is out of reach: {error}"
            ) from error
        if len(key) != KEY_BYTES:
            raise StoreError(
                f"{path} has {len(key)} bytes, expected {KEY_BYTES}: restore it from a backup, or"
                " remove it; with a new key nobody in the old records will be recognised"
            )
        if mode & 0o077:
            raise StoreError(f"{path} may be read by others: chmod 600 {path}")
        return cls(key)

    def of(self, packed: bytes) -> str:
        """Write the pseudonym of a packed address, whatever form it is in."""
        return self._of(b"address ", addresses.packed(packed))

    def of_text(self, text: str) -> str:
        """Write the pseudonym of a name or a MAC address, in whatever case it is."""
        return self._of(b"text ", text.lower().encode("utf-8", "surrogatepass"))

    def _of(self, kind: bytes, value: bytes) -> str:
        return "~" + hmac.digest(self._key, kind + value, "sha256").hex()[:DIGITS]


def _create(path: Path) -> None:
    """Make a key; of two processes that do so at once, the first one's stays."""
    draft = path.with_name(f".key-{secrets.token_hex(8)}")
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        settle(draft)
        path.hardlink_to(draft)
        _sync(path.parent)
    except FileExistsError:
        return
    finally:
        draft.unlink(missing_ok=True)


def _sync(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
