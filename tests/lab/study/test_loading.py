"""Loading: a data set, or a sentence that says why it is none."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dnswatch.errors import SourceError
from dnswatch.lab.study.engine import Engine, duckdb
from dnswatch.lab.study.loading import load
from dnswatch.sources.dataset import FLOWS, OBSERVATIONS
from tests.lab.study import planted
from tests.lab.study.planted import SMALL


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Compute with DuckDB."""
    with duckdb() as found:
        yield found


def put(place: Path, table: pa.Table, folder: str) -> None:
    """Write a table as one part of a data set."""
    day = place / folder / "day=2003-08-05"
    day.mkdir(parents=True)
    pq.write_table(table, day / "part-0000.parquet")


def test_times_are_microseconds(tmp_path: Path, engine: Engine) -> None:
    """All tables count microseconds since 1970, and the trace knows from when to when it goes."""
    planted.write(tmp_path, SMALL)
    tables = load(engine, f"{tmp_path}/", None, None)
    assert tables.has_lookups
    assert tables.has_flows
    assert tables.begin == SMALL.begin + 3600
    assert tables.flows["at"].min().to_pyarrow().as_py() == tables.begin * 1_000_000
    assert tables.truth is None


def test_a_trace_can_be_cut(tmp_path: Path, engine: Engine) -> None:
    """What lies before the begin, and from the end on, is left out."""
    planted.write(tmp_path, SMALL)
    day = SMALL.begin + 86400
    tables = load(engine, str(tmp_path), day, day + 86400)
    assert day <= tables.begin < tables.end < day + 86400
    with pytest.raises(SourceError, match="neither lookups nor flows in the time"):
        load(engine, str(tmp_path), day + 10 * 86400, None)


def test_a_time_that_cannot_be_is_left_out(tmp_path: Path, engine: Engine) -> None:
    """Rows before 1970 and after 2099 stretch no trace over centuries; they are counted."""
    planted.write(tmp_path, SMALL)
    whole = load(engine, str(tmp_path), None, None)
    [first, *_] = sorted((tmp_path / "flows").rglob("*.parquet"))
    rows = pq.read_table(first, partitioning=None)[:2]
    odd = pa.array(
        [datetime(1960, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)],
        pa.timestamp("us", tz="UTC"),
    )
    pq.write_table(rows.set_column(0, rows.field(0), odd), first.with_name("part-9999.parquet"))
    tables = load(engine, str(tmp_path), None, None)
    assert tables.astray == 2
    assert (tables.begin, tables.end) == (whole.begin, whole.end)


def test_what_is_no_data_set_is_said(tmp_path: Path, engine: Engine) -> None:
    """An empty folder, an empty table and a missing column each have their sentence."""
    with pytest.raises(SourceError, match="holds no data set: `dnswatch replay --to-parquet DIR`"):
        load(engine, str(tmp_path), None, None)
    put(tmp_path, FLOWS.empty_table(), "flows")
    with pytest.raises(SourceError, match=r"neither lookups nor flows$"):
        load(engine, str(tmp_path), None, None)
    put(tmp_path, OBSERVATIONS.empty_table().drop_columns(["addresses"]), "observations")
    with pytest.raises(SourceError, match=r"has no column 'addresses': docs/dataset\.md"):
        load(engine, str(tmp_path), None, None)


def test_time_must_be_time(tmp_path: Path, engine: Engine) -> None:
    """A column `at` that holds numbers is refused."""
    odd = FLOWS.set(0, pa.field("at", pa.int64()))
    put(tmp_path, odd.empty_table(), "flows")
    with pytest.raises(SourceError, match="not a timestamp"):
        load(engine, str(tmp_path), None, None)


def test_a_campus_knows_the_truth(tmp_path: Path, engine: Engine) -> None:
    """The roles and infections of a simulated campus are read with its trace."""
    planted.write(tmp_path, SMALL)
    (tmp_path / "truth").mkdir()
    hosts = pa.table({"address": ["10.1.0.1"], "role": ["client"], "name": ["desk"]})
    pq.write_table(hosts, tmp_path / "truth" / "hosts.parquet")
    when = pa.array([datetime(2003, 8, 6, tzinfo=UTC)], pa.timestamp("us", tz="UTC"))
    infections = pa.table({"address": ["10.1.0.1"], "worm": ["sobig"], "at": when})
    pq.write_table(infections, tmp_path / "truth" / "infections.parquet")
    truth = load(engine, str(tmp_path), None, None).truth
    assert truth
    assert truth.roles == {"10.1.0.1": "client"}
    assert truth.infections == {"10.1.0.1": datetime(2003, 8, 6, tzinfo=UTC).timestamp()}
    assert truth.worms == {"sobig"}
