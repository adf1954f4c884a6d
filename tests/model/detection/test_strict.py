"""Strict mode knows who may ask for mail servers."""

import pytest

from bench.detection import lookups
from dnswatch.model.detection.strict import is_breach
from dnswatch.model.role import Role

WHO = lookups.client(1)


@pytest.mark.parametrize(
    ("role", "breaks"),
    [(Role.CLIENT, True), (Role.MAIL_SERVER, False), (Role.SERVER, False), (Role.RESOLVER, False)],
)
def test_only_an_undeclared_client_breaks_the_rule(role: Role, breaks: bool) -> None:
    """Whoever has been declared may ask for MX records."""
    assert is_breach(lookups.mx(1.0, WHO, "example.org"), role) is breaks


def test_an_address_lookup_breaks_no_rule() -> None:
    """Strict mode is about MX questions: an exchange's address may be somebody's webmail."""
    assert not is_breach(lookups.address(1.0, WHO, "mx.example.org", "example.org"), Role.CLIENT)
