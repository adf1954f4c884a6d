"""Loading: the tables of a data set (docs/dataset.md), with the columns that the study needs.

Unsigned columns become int64, and timestamps microseconds: Spark knows no unsigned numbers, and
engines disagree on zones.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from dnswatch.errors import SourceError
from dnswatch.lab.study.engine import Engine
from dnswatch.sources.moments import LATEST

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table

MICROSECONDS: Final = 1_000_000

_LOOKUPS: Final = {
    "at": "int64",
    "client": "string",
    "origin": "string",
    "addresses": "array<struct<address: string, ttl: int64>>",
}
_FLOWS: Final = {
    "at": "int64",
    "source": "string",
    "destination": "string",
    "protocol": "int64",
    "port": "int64",
    "outcome": "string",
    "payload": "int64",
}


@dataclass(frozen=True, slots=True)
class LoadedTruth:
    """What a simulated campus knows of itself."""

    roles: dict[str, str]
    "Address to role."
    infections: dict[str, float]
    "Address to the moment it was infected, Unix seconds."
    worms: frozenset[str]


@dataclass(frozen=True, slots=True)
class Tables:
    """A data set, opened."""

    engine: Engine
    lookups: "Table"
    flows: "Table"
    has_lookups: bool
    has_flows: bool
    begin: float
    "First lookup or flow, Unix seconds."
    end: float
    "Last one."
    truth: LoadedTruth | None
    astray: int = 0
    "Rows left out, since they are of a time that no recording can be of."


def load(engine: Engine, place: str, begin: float | None, end: float | None) -> Tables:
    """Open a data set, cut to what lies from `begin` to before `end`.

    Raises `SourceError` where there is no data set, or nothing in it.
    """
    place = place.rstrip("/")
    found: dict[str, Table | None] = {}
    astray = 0
    spans: list[tuple[int, int] | None] = []
    for name, columns in (("observations", _LOOKUPS), ("flows", _FLOWS)):
        table = _open(engine, f"{place}/{name}", columns, (begin, end))
        if table is not None:
            is_possible = table["at"].between(0, int(LATEST) * MICROSECONDS - 1)
            span, count = _span(engine, table, is_possible)
            table, astray = table.filter(is_possible), astray + count
            spans.append(span)
        else:
            spans.append(None)
        found[name] = table
    if all(table is None for table in found.values()):
        raise SourceError(
            f"'{place}' holds no data set: `dnswatch replay --to-parquet DIR` writes one"
        )
    known = [span for span in spans if span]
    if not known:
        raise SourceError(f"'{place}' holds neither lookups nor flows{_between(begin, end)}")
    lookups, flows = found["observations"], found["flows"]
    return Tables(
        engine,
        _none(engine, _LOOKUPS) if lookups is None else lookups,
        _none(engine, _FLOWS) if flows is None else flows,
        spans[0] is not None,
        spans[1] is not None,
        min(span[0] for span in known) / MICROSECONDS,
        max(span[1] for span in known) / MICROSECONDS,
        _truth(engine, f"{place}/truth"),
        astray,
    )


def _open(
    engine: Engine, place: str, columns: dict[str, str], cut: Sequence[float | None]
) -> "Table | None":
    import ibis

    table = engine.read(place)
    if table is None:
        return None
    if missing := [name for name in columns if name not in table.columns]:
        raise SourceError(
            f"'{place}' has no column '{missing[0]}': docs/dataset.md says what a data set holds"
        )
    if not table["at"].type().is_timestamp():
        raise SourceError(f"'{place}': the column 'at' is {table['at'].type()}, not a timestamp")
    begin, end = (None if at is None else datetime.fromtimestamp(at, UTC) for at in cut)
    if begin is not None:
        table = table.filter(table["at"] >= ibis.literal(begin))
    if end is not None:
        table = table.filter(table["at"] < ibis.literal(end))
    taken = {
        name: engine.microseconds(table[name]) if name == "at" else table[name].cast(kind)
        for name, kind in columns.items()
    }
    return table.select(**taken)


def _span(
    engine: Engine, table: "Table", is_possible: "BooleanValue"
) -> tuple[tuple[int, int] | None, int]:
    """Return the first and last of the moments that can be, and how many rows are of others."""
    at = table["at"]
    [row] = engine.rows(
        table.aggregate(
            first=at.min(where=is_possible),
            last=at.max(where=is_possible),
            astray=table.count(where=~is_possible),
        )
    )
    return None if row["first"] is None else (row["first"], row["last"]), row["astray"]


def _none(engine: Engine, columns: dict[str, str]) -> "Table":
    import ibis

    return engine.keep(ibis.schema(columns).to_pyarrow().empty_table())


def _between(begin: float | None, end: float | None) -> str:
    return " in the time that --begin and --end leave" if begin or end else ""


def _truth(engine: Engine, place: str) -> LoadedTruth | None:
    """Read the truth of a campus, if it is one."""
    hosts = engine.read_file(f"{place}/hosts.parquet")
    if hosts is None:
        return None
    roles = engine.rows(hosts.select("address", "role"))
    infections = engine.read_file(f"{place}/infections.parquet")
    rows: list[dict[str, Any]] = []
    if infections is not None:
        at = engine.microseconds(infections["at"])
        rows = engine.rows(infections.select("address", "worm", at=at))
    return LoadedTruth(
        {row["address"]: row["role"] for row in roles},
        {row["address"]: row["at"] / MICROSECONDS for row in rows},
        frozenset(row["worm"] for row in rows),
    )
