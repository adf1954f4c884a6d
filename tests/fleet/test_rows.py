"""Versions as entries of a stream: cut, broken off, and put together again."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.fleet import rows
from dnswatch.fleet.rows import ShippedVersion, VersionAssembly
from dnswatch.store.replica import Position, TablePart

VALUES = st.one_of(
    st.none(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.text(), st.binary()
)
LINES = st.lists(st.lists(VALUES, min_size=1, max_size=3), max_size=6)
TABLES = st.sampled_from(("client", "tally", "lookup"))
PARTS = st.lists(
    st.builds(TablePart, TABLES, LINES, LINES), max_size=3, unique_by=lambda part: part.table
)


def changed(parts: list[TablePart]) -> list[tuple[str, bool, list[object]]]:
    """Lay out what changed, row by row."""
    found = []
    for part in parts:
        found += [(part.table, True, line) for line in part.gone]
        found += [(part.table, False, line) for line in part.rows]
    return found


@given(PARTS, st.integers(1, 200))
def test_pieces_hold_all_in_order(parts: list[TablePart], most: int) -> None:
    """However small the pieces are, together they tell the same in the same order."""
    pieces = list(rows.packed(parts, most))
    assert changed([each for piece in pieces for each in rows.unpacked(piece)]) == changed(parts)


@given(st.lists(st.tuples(PARTS, st.integers(0, 5)), min_size=1, max_size=6))
def test_only_whole_versions_come_out(versions: list[tuple[list[TablePart], int]]) -> None:
    """A version that breaks off is none; the next one follows what was whole before it."""
    assembly, here, number = VersionAssembly(), Position(1, 0), 0
    for parts, cut in versions:
        with_cut = rows.entries(here, 1, number, "11 form", parts)
        pieces = with_cut[: len(with_cut) - cut] if cut else with_cut
        found = [one for at, fields in pieces if (one := assembly.add(at, fields)) is not None]
        number += len(pieces)
        if cut:
            assert found == []
            continue
        (version,) = found
        assert isinstance(version, ShippedVersion)
        assert (version.after, version.position.number) == (here, number)
        assert (changed(version.parts()), version.form) == (changed(parts), "11 form")
        here = version.position


def test_a_large_version_is_many_entries() -> None:
    """A version is cut so that no entry is much larger than a piece may be."""
    row = [b"x" * 1000]
    found = rows.entries(Position(3, 7), 4, 9, "f", [TablePart("client", [], [row] * 1000)])
    assert [at for at, _ in found] == [Position(4, number) for number in range(10, 14)]
    assert ["after" in fields for _, fields in found] == [True, False, False, False]
    assert ["last" in fields for _, fields in found] == [False, False, False, True]
