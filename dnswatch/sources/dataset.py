"""The data set: observations and flows as Parquet files, one folder a day (docs/dataset.md).

    DIR/observations/day=YYYY-MM-DD/part-*.parquet
    DIR/flows/day=YYYY-MM-DD/part-*.parquet

Rules of this file: a row is written once and never changed; what memory holds is bounded by
`GROUP` rows a table, however long the stream; a file has its name only once it is whole.
"""

import socket
from collections.abc import Callable, Hashable, Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, chain
from pathlib import Path
from types import TracebackType
from typing import Final, Generic, Self, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from dnswatch.codes import UNANSWERED
from dnswatch.errors import SourceError
from dnswatch.model.flow import Flow
from dnswatch.model.observation import Observation, Origin
from dnswatch.wire.name import to_text

GROUP: Final = 65_536
"""Rows held in memory, and in one row group: some 30 MB."""

DAY: Final = 86_400
_MICROSECONDS: Final = 1_000_000
_TIME: Final = pa.timestamp("us", tz="UTC")
_RECORD: Final = pa.struct([("address", pa.string()), ("ttl", pa.uint32())])

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
            pa.list_(_RECORD),
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
V = TypeVar("V", bound=Hashable)


class DataSet:
    """A data set that is being written; whole once the `with` has ended."""

    def __init__(self, directory: Path) -> None:
        """Begin a data set in `directory`, which must not hold one yet."""
        self.observations = PartitionedTable(
            directory / "observations", OBSERVATIONS, observation_columns
        )
        self.flows = PartitionedTable(directory / "flows", FLOWS, flow_columns)

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
        self,
        directory: Path,
        schema: pa.Schema,
        columns: Callable[[Sequence[T]], list[pa.Array]],
        group: int = GROUP,
    ) -> None:
        """Write to `directory`; `columns` lays things into columns, the first of which is `at`."""
        self._directory = directory
        self._schema = schema
        self._columns = columns
        self._group = group
        self._things: list[T] = []
        self._part: _Part | None = None
        if directory.exists() and any(directory.iterdir()):
            raise SourceError(
                f"'{directory}' holds a data set already: name another directory, or remove it"
            )
        _make(directory)

    def add(self, things: Iterable[T]) -> None:
        """Write rows."""
        self._things.extend(things)
        if len(self._things) >= self._group:
            self._flush()

    def close(self) -> None:
        """Write what is held back, and end."""
        self._flush()
        if self._part is not None:
            self._part.close()
            self._part = None

    def _flush(self) -> None:
        if not self._things:
            return
        rows = pa.Table.from_arrays(self._columns(self._things), schema=self._schema)
        self._things = []
        days = pc.divide(rows["at"].cast(pa.int64()), DAY * _MICROSECONDS)
        for day in sorted(pc.unique(days).to_pylist()):
            self._of(day).write(rows.filter(pc.equal(days, day)))

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

    def write(self, rows: pa.Table) -> None:
        """Write rows as a group."""
        try:
            self._writer.write_table(rows)
        except OSError as error:
            raise _refused(self._path, error) from None

    def close(self) -> None:
        """Make the file whole, and give it its name."""
        try:
            self._writer.close()
            self._unfinished.rename(self._path)
        except OSError as error:
            raise _refused(self._path, error) from None


def observation_columns(some: Sequence[Observation]) -> list[pa.Array]:
    """Lay lookups into columns."""
    return [
        _moments([seen.at for seen in some]),
        _texts([seen.client for seen in some], _address),
        _texts([seen.server for seen in some], _address),
        _texts([seen.qname for seen in some], _name),
        pa.array([seen.qtype for seen in some], pa.uint16()),
        pa.array([None if seen.rcode == UNANSWERED else seen.rcode for seen in some], pa.uint16()),
        _texts([seen.origin for seen in some], _origin),
        pa.array([seen.recursion for seen in some], pa.bool_()),
        pa.array([seen.redirected for seen in some], pa.bool_()),
        _lists([seen.addresses for seen in some], _records),
        _lists([seen.exchanges for seen in some], lambda flat: _texts(flat, _name)),
        pa.array([seen.ttl if seen.exchanges else None for seen in some], pa.uint32()),
    ]


def flow_columns(some: Sequence[Flow]) -> list[pa.Array]:
    """Lay flows into columns."""
    return [
        _moments([flow.at for flow in some]),
        _texts([flow.source for flow in some], _address),
        _texts([flow.destination for flow in some], _address),
        pa.array([flow.protocol for flow in some], pa.uint8()),
        pa.array([flow.port for flow in some], pa.uint16()),
        _texts([flow.outcome for flow in some], str),
        _moments([flow.ended for flow in some]),
        pa.array([flow.packets for flow in some], pa.uint64()),
        pa.array([flow.bytes for flow in some], pa.uint64()),
        pa.array([flow.payload for flow in some], pa.uint64()),
    ]


def _moments(times: list[float]) -> pa.Array:
    """Lay Unix seconds."""
    microseconds = pc.multiply(pa.array(times, pa.float64()), float(_MICROSECONDS))
    return pc.round(microseconds, round_mode="half_to_even").cast(pa.int64()).cast(_TIME)


def _texts(values: Sequence[V], text: Callable[[V], str | None]) -> pa.Array:
    """Lay what is told as text; each is written once, since most come again and again."""
    numbers: dict[V, int] = {}
    places = [numbers.setdefault(value, len(numbers)) for value in values]
    return pa.array(map(text, numbers), pa.string()).take(pa.array(places, pa.int32()))


def _lists(values: Sequence[Sequence[T]], lay: Callable[[list[T]], pa.Array]) -> pa.Array:
    """Lay a list in each row; by hand, since pyarrow takes four times as long."""
    offsets = pa.array(accumulate(map(len, values), initial=0), pa.int32())
    return pa.ListArray.from_arrays(offsets, lay(list(chain.from_iterable(values))))


def _records(flat: list[tuple[bytes, int]]) -> pa.Array:
    """Lay addresses with their TTLs."""
    addresses = _texts([address for address, _ in flat], _address)
    ttls = pa.array([ttl for _, ttl in flat], pa.uint32())
    return pa.StructArray.from_arrays([addresses, ttls], fields=list(_RECORD))


def _origin(origin: Origin) -> str:
    return origin.name.lower()


@lru_cache(100_000)
def _address(packed: bytes | None) -> str | None:
    """Write an address; IPv4 within IPv6 as IPv4, as everywhere in dnswatch."""
    if packed is None:
        return None
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
