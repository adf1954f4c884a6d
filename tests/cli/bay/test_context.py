"""Which messages are meant."""

from dnswatch.bay.desk.rows import Row
from dnswatch.cli.bay.context import SHORTEST, short_names


def row(ident: str) -> Row:
    """A message of that name."""
    return Row(ident, 0.0, "k", "", (), None, "held", 1, True, 0.0, None)


def test_names_are_as_short_as_they_can_be() -> None:
    """Each is told from the others by what is shown of it."""
    idents = ["0" * 22, "0" * 15 + "1" * 7, "1" * 22]
    names = short_names([row(ident) for ident in idents])
    assert set(map(len, names.values())) == {16}
    assert len(set(names.values())) == 3
    assert short_names([row("0" * 22)]) == {"0" * 22: "0" * SHORTEST}
    assert short_names([]) == {}
