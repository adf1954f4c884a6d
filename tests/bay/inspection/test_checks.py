"""What the inspector of programs says."""

import pytest

from dnswatch.bay.inspection.checks import Programs
from tests.bay.inspection.letters import PROGRAM, envelope, letter, look


@pytest.mark.parametrize(
    ("name", "says"), [("a.pdf.exe", "worm"), ("a.exe", "suspicious"), ("a.dat", "suspicious")]
)
def test_programs_are_told(name: str, says: str) -> None:
    """A program is suspicious, a disguised one is a worm, and the reason names the file."""
    said = look(Programs(), envelope(), letter((name, PROGRAM)))
    assert said[0] == says
    assert name in said[1]


def test_documents_are_clean() -> None:
    """A message without programs is clean."""
    assert look(Programs(), envelope(), letter(("a.pdf", b"%PDF")))[0] == "clean"
