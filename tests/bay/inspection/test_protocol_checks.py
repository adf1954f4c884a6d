"""How the sending engine speaks."""

from typing import Any

import pytest

from dnswatch.bay.inspection.checks import ProtocolChecks
from dnswatch.bay.record import Manners
from tests.bay.inspection.letters import envelope, look


@pytest.mark.parametrize(
    ("seen", "helo", "says"),
    [
        ({}, "pc7.here.example", "clean"),
        ({"early": True}, "pc7", "suspicious"),
        ({"unheard": 2}, "pc7", "suspicious"),
        ({"greeting": "HELO"}, "scanner", "clean"),
        ({"bare_newlines": True}, "scanner", "clean"),
        ({"greeting": "HELO", "bare_newlines": True}, "scanner", "suspicious"),
        ({"greeting": "HELO"}, "localhost", "suspicious"),
        ({"faults": 1}, "localhost", "clean"),
        ({"faults": 5}, "localhost", "suspicious"),
    ],
)
def test_bad_manners_are_suspicious(seen: dict[str, Any], helo: str, says: str) -> None:
    """What no mail program does is suspicious; of what simple ones do it takes two."""
    said = look(ProtocolChecks(), envelope(helo=helo, manners=Manners(**seen)))
    assert said[0] == says
    assert said[1]
