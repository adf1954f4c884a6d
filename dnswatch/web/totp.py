"""One-time codes: what an authenticator app shows (RFC 6238: SHA-1, 30 s, six digits); pure."""

import base64
import hmac
from typing import Final
from urllib.parse import quote

STEP: Final = 30
"""Seconds for which a code is shown."""

DIGITS: Final = 6

DRIFT: Final = 1
"""Steps by which a telephone's clock may be wrong, either way (RFC 6238 section 5.2)."""

SECRET: Final = 20
"""Octets of a secret: as long as the hash (RFC 4226 section 4)."""


def code(secret: bytes, step: int) -> str:
    """Return the code of a step (RFC 4226 section 5.3)."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    at = digest[-1] & 15
    number = int.from_bytes(digest[at : at + 4], "big") & 0x7FFF_FFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(secret: bytes, shown: str, now: float, used: int) -> int | None:
    """Return the step that a code is of; None where it is no good.

    `used` is the last step whose code was taken: none is good twice (RFC 6238 section 5.2).
    """
    here, given = int(now // STEP), shown.encode("utf-8", "replace")
    steps = range(max(here - DRIFT, used + 1), here + DRIFT + 1)
    fits = [step for step in steps if hmac.compare_digest(code(secret, step).encode(), given)]
    return fits[0] if fits else None


def text_of(secret: bytes) -> str:
    """Write a secret as a person types it into an app: base32."""
    return base64.b32encode(secret).decode()


def address_of(secret: bytes, name: str, site: str) -> str:
    """Write what a QR code for an app holds (otpauth)."""
    label = quote(f"dnswatch {site}:{name}", safe="")
    return f"otpauth://totp/{label}?secret={text_of(secret)}&issuer={quote(f'dnswatch {site}')}"
