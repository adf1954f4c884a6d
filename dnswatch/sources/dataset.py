"""The data set: observations and flows as Parquet files, one folder a day (docs/dataset.md).

    DIR/observations/day=YYYY-MM-DD/part-*.parquet
    DIR/flows/day=YYYY-MM-DD/part-*.parquet

Rules of this file: a row is written once and never changed; what memory holds is bounded by
`GROUP` rows a table, however long the stream; a file has its name only once it is whole.
"""

import socket
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, chain
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from dnswatch.codes import UNANSWERED
from dnswatch.errors import SourceError
from dnswatch.model.flow import Flow
from dnswatch.model.observation import Observation
from dnswatch.wire.name import to_text

GROUP: Final = 65_536
"""Rows held in memory, and in one row group: some 30 MB."""

DAY: Final = 86_400
_MICROSECONDS: Final = 1_000_000
_TIME: Final = pa.timestamp("us", tz="UTC")

OBSERVATIONS: Final = pa.schema(
    [
        pa.field("at", _TIME, nullable=False),
        pa.field("client", pa.string()),
        pa.field("server", pa.string()),
        pa.field("qname", pa.string(), nullable=False),
        pa.field("qtype", pa.uint16(), nullable=False),
        pa.field("rcode", pa.uint16()),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("recursion", pa.bool_(), nullable=False),
        pa.field("redirected", pa.bool_(), nullable=False),
        pa.field(
            "addresses",
            pa.list_(pa.struct([("address", pa.string()), ("ttl", pa.uint32())])),
            nullable=False,
        ),
        pa.field("exchanges", pa.list_(pa.string()), nullable=False),
        pa.field("mx_ttl", pa.uint32()),
    ]
)
"""Columns of `observations`, one row a lookup."""

FLOWS: Final = pa.schema(
    [
        pa.field("at", _TIME, nullable=False),
        pa.field("source", pa.string(), nullable=False),
        pa.field("destination", pa.string(), nullable=False),
        pa.field("protocol", pa.uint8(), nullable=False),
        pa.field("port", pa.uint16()),
        pa.field("outcome", pa.string(), nullable=False),
        pa.field("ended", _TIME, nullable=False),
        pa.field("packets", pa.uint64(), nullable=False),
        pa.field("bytes", pa.uint64(), nullable=False),
        pa.field("payload", pa.uint64()),
    ]
)
"""Columns of `flows`, one row a flow."""

T = TypeVar("T")
Row = tuple[Any, ...]


class DataSet:
    """A data set that is being written; whole once the `with` has ended."""

    def __init__(self, directory: Path) -> None:
        """Begin a data set in `directory`, which must not hold one yet."""
        self.observations = PartitionedTable(
            directory / "observations", OBSERVATIONS, observation_row
        )
        self.flows = PartitionedTable(directory / "flows", FLOWS, flow_row)

    def __enter__(self) -> Self:
        """Begin a `with`."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Write what is held back."""
        self.observations.close()
        self.flows.close()


class PartitionedTable(Generic[T]):
    """One table, in folders by the day; rows may come in any order, but cost least in order."""

    def __init__(
        self, directory: Path, schema: pa.Schema, row: Callable[[T], Row], group: int = GROUP
    ) -> None:
        """Write to `directory`; `row` turns a thing into its columns, the first of which is `at`.

        `at` counts microseconds since 1970.
        """
        self._directory = directory
        self._schema = schema
        self._row = row
        self._group = group
        self._rows: list[Row] = []
        self._part: _Part | None = None
        if directory.exists() and any(directory.iterdir()):
            raise SourceError(
                f"'{directory}' holds a data set already: name another directory, or remove it"
            )
        _make(directory)

    def add(self, things: Iterable[T]) -> None:
        """Write rows."""
        self._rows.extend(map(self._row, things))
        if len(self._rows) >= self._group:
            self._flush()

    def close(self) -> None:
        """Write what is held back, and end."""
        self._flush()
        if self._part is not None:
            self._part.close()
            self._part = None

    def _flush(self) -> None:
        by_day: dict[int, list[Row]] = {}
        for row in self._rows:
            by_day.setdefault(row[0] // (DAY * _MICROSECONDS), []).append(row)
        self._rows = []
        for day in sorted(by_day):
            self._of(day).write(by_day[day])

    def _of(self, day: int) -> "_Part":
        """Return the part that is open for a day; only one is open at a time."""
        if self._part is None or self._part.day != day:
            if self._part is not None:
                self._part.close()
            self._part = _Part(self._directory, day, self._schema)
        return self._part


class _Part:
    """One file of a table."""

    def __init__(self, directory: Path, day: int, schema: pa.Schema) -> None:
        self.day = day
        self._schema = schema
        folder = directory / f"day={_date(day)}"
        _make(folder)
        number = sum(1 for _ in folder.glob("part-*.parquet"))
        self._path = folder / f"part-{number:04d}.parquet"
        self._unfinished = folder / f".{self._path.name}.new"
        try:
            self._writer = pq.ParquetWriter(self._unfinished, schema, compression="zstd")
        except OSError as error:
            raise _refused(self._path, error) from None

    def write(self, rows: Sequence[Row]) -> None:
        """Write rows as a group."""
        try:
            self._writer.write_table(table(rows, self._schema))
        except OSError as error:
            raise _refused(self._path, error) from None

    def close(self) -> None:
        """Make the file whole, and give it its name."""
        try:
            self._writer.close()
            self._unfinished.rename(self._path)
        except OSError as error:
            raise _refused(self._path, error) from None


def table(rows: Sequence[Row], schema: pa.Schema) -> pa.Table:
    """Lay rows, of which there is one at least, into columns."""
    columns = zip(zip(*rows, strict=True), schema, strict=True)
    arrays = [_column(column, field.type) for column, field in columns]
    return pa.Table.from_arrays(arrays, schema=schema)


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Make a column; that of structs by hand, since pyarrow takes four times as long."""
    if not pa.types.is_list(kind) or not pa.types.is_struct(kind.value_type):
        return pa.array(values, kind)
    fields = list(kind.value_type)
    flat = list(chain.from_iterable(values))
    parts = zip(*flat, strict=True) if flat else ([] for _ in fields)
    arrays = [pa.array(part, field.type) for part, field in zip(parts, fields, strict=True)]
    offsets = pa.array(accumulate(map(len, values), initial=0), pa.int32())
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(arrays, fields=fields))


def observation_row(seen: Observation) -> Row:
    """Return a lookup's columns."""
    return (
        round(seen.at * _MICROSECONDS),
        None if seen.client is None else _address(seen.client),
        None if seen.server is None else _address(seen.server),
        _name(seen.qname),
        seen.qtype,
        None if seen.rcode == UNANSWERED else seen.rcode,
        seen.origin.name.lower(),
        seen.recursion,
        seen.redirected,
        [(_address(address), ttl) for address, ttl in seen.addresses],
        [_name(exchange) for exchange in seen.exchanges],
        seen.ttl if seen.exchanges else None,
    )


def flow_row(flow: Flow) -> Row:
    """Return a flow's columns."""
    return (
        round(flow.at * _MICROSECONDS),
        _address(flow.source),
        _address(flow.destination),
        flow.protocol,
        flow.port,
        flow.outcome.value,
        round(flow.ended * _MICROSECONDS),
        flow.packets,
        flow.bytes,
        flow.payload,
    )


@lru_cache(100_000)
def _address(packed: bytes) -> str:
    """Write an address; IPv4 within IPv6 as IPv4, as everywhere in dnswatch."""
    if len(packed) == 16 and packed.startswith(b"\0" * 10 + b"\xff\xff"):
        packed = packed[12:]
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


_name: Final = lru_cache(100_000)(to_text)


def _date(day: int) -> str:
    return str(pa.scalar(day, pa.date32()))


def _make(directory: Path) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _refused(directory, error) from None


def _refused(path: Path, error: OSError) -> SourceError:
    return SourceError(
        f"cannot write '{path}': {error.strerror or error};"
        " make room or make it writable, or name another directory"
    )
