"""One-time codes: those of the standard, none twice, none of another time."""

import base64
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.web import totp

SECRET = b"12345678901234567890"
"""Of RFC 6238 appendix B, whose codes have eight digits: ours are their ends."""


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_codes_are_those_of_the_standard(at: int, shown: str) -> None:
    """At its six moments."""
    assert totp.code(SECRET, at // totp.STEP) == shown[-totp.DIGITS :]


@given(st.integers(10, 10**8), st.integers(-5, 5))
def test_a_code_is_good_near_its_time_and_once(step: int, off: int) -> None:
    """A clock may be half a minute wrong; what was taken, or is older than that, is not again."""
    now = (step + off) * totp.STEP + 15.0
    shown = totp.code(SECRET, step)
    around = [totp.code(SECRET, one) for one in range(step + off - 1, step + off + 2)]
    if shown in around:
        found = totp.step_of(SECRET, shown, now, 0)
        assert found is not None
        assert totp.code(SECRET, found) == shown
        assert totp.step_of(SECRET, shown, now, found + 3) is None
    else:
        assert totp.step_of(SECRET, shown, now, 0) is None


@pytest.mark.parametrize("shown", ["", "abcdef", "\uff11\uff12\uff13\uff14\uff15\uff16", "0" * 20])
def test_what_is_no_code_is_none(shown: str) -> None:
    """Whatever somebody types."""
    assert totp.step_of(SECRET, shown, 59.0, 0) is None


def test_an_app_reads_the_address() -> None:
    """Kind, label, secret and issuer, as its QR codes have them."""
    parts = urlsplit(totp.address_of(SECRET, "alice smith", "hold.example"))
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    values = parse_qs(parts.query)
    assert base64.b32decode(values["secret"][0]) == SECRET
    assert values["issuer"] == ["dnswatch hold.example"]
    assert parts.path == "/dnswatch%20hold.example%3Aalice%20smith"
