"""The data set: what is written can be read by others, day by day, and memory stays bounded."""

from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from dnswatch.codes import UNANSWERED, Type
from dnswatch.errors import SourceError
from dnswatch.model.flow import Flow, Outcome
from dnswatch.model.observation import Observation, Origin
from dnswatch.sources.dataset import FLOWS, OBSERVATIONS, DataSet, PartitionedTable
from dnswatch.wire.name import from_text
from tests.rows import Row, by_row

NIGHT = datetime(2003, 8, 5, 23, 59, 59, tzinfo=UTC).timestamp()


def packed(address: str) -> bytes:
    """Pack an address."""
    return ip_address(address).packed


def asked(at: float, **more: object) -> Observation:
    """Tell of one lookup."""
    given: dict[str, object] = {"addresses": ((packed("192.0.2.1"), 60), (packed("::1"), 30))}
    return Observation(
        at,
        packed("10.0.0.1"),
        from_text("www.example.org"),
        Type.A,
        0,
        Origin.UPSTREAM,
        **{**given, **more},  # type: ignore[arg-type]
    )


def test_an_observation_is_read_back_column_by_column(tmp_path: Path) -> None:
    """Each column holds what docs/dataset.md says of it."""
    mx = Observation(
        NIGHT,
        None,
        from_text("example.org"),
        Type.MX,
        3,
        Origin.LATE,
        (),
        (from_text("mail.example.org"), b"\0"),
        300,
        True,
        False,
        None,
        packed("10.0.0.53"),
    )
    with DataSet(tmp_path) as data:
        data.observations.add([asked(NIGHT), mx])
    table = pq.read_table(tmp_path / "observations" / "day=2003-08-05" / "part-0000.parquet")
    assert table.schema.equals(OBSERVATIONS)
    first, second = table.to_pylist()
    at = datetime.fromtimestamp(NIGHT, UTC)
    assert first == {
        "at": at,
        "client": "10.0.0.1",
        "server": None,
        "qname": "www.example.org",
        "qtype": 1,
        "rcode": 0,
        "origin": "upstream",
        "recursion": True,
        "redirected": False,
        "addresses": [{"address": "192.0.2.1", "ttl": 60}, {"address": "::1", "ttl": 30}],
        "exchanges": [],
        "mx_ttl": None,
    }
    assert second == {
        "at": at,
        "client": None,
        "server": "10.0.0.53",
        "qname": "example.org",
        "qtype": 15,
        "rcode": 3,
        "origin": "late",
        "recursion": False,
        "redirected": True,
        "addresses": [],
        "exchanges": ["mail.example.org", "."],
        "mx_ttl": 300,
    }


def test_a_lookup_without_a_response_has_no_rcode(tmp_path: Path) -> None:
    """`rcode` is null where no response was seen."""
    with DataSet(tmp_path) as data:
        lost = Observation(NIGHT, packed("10.0.0.1"), b"\0", 2, UNANSWERED, Origin.FAILED)
        data.observations.add([lost])
    [row] = pq.read_table(tmp_path / "observations").to_pylist()
    assert (row["rcode"], row["origin"], row["qname"]) == (None, "failed", ".")


def test_a_flow_is_read_back_column_by_column(tmp_path: Path) -> None:
    """Each column holds what docs/dataset.md says of it."""
    flow = Flow(
        NIGHT,
        packed("10.0.0.1"),
        packed("::ffff:192.0.2.1"),
        6,
        25,
        Outcome.SUCCESS,
        NIGHT + 2.5,
        12,
        3400,
        1500,
    )
    with DataSet(tmp_path) as data:
        data.flows.add([flow])
    table = pq.read_table(tmp_path / "flows" / "day=2003-08-05" / "part-0000.parquet")
    assert table.schema.equals(FLOWS)
    assert table.to_pylist() == [
        {
            "at": datetime.fromtimestamp(NIGHT, UTC),
            "source": "10.0.0.1",
            "destination": "192.0.2.1",
            "protocol": 6,
            "port": 25,
            "outcome": "success",
            "ended": datetime.fromtimestamp(NIGHT + 2.5, UTC),
            "packets": 12,
            "bytes": 3400,
            "payload": 1500,
        }
    ]


def test_each_day_has_its_folder_and_sql_sees_all(tmp_path: Path) -> None:
    """Rows of two days lie in two folders, also those that come late."""
    times = [NIGHT, NIGHT + 2, NIGHT + 3, NIGHT - 1]
    with DataSet(tmp_path) as data:
        for at in times:
            data.observations.add([asked(at)])
    query = f"SELECT day::VARCHAR, count(*) FROM '{tmp_path}/observations/*/*.parquet' GROUP BY ALL"
    with duckdb.connect() as db:
        found = sorted(db.execute(query).fetchall())
    assert found == [("2003-08-05", 2), ("2003-08-06", 2)]


def test_rows_held_in_memory_are_bounded(tmp_path: Path) -> None:
    """A row group holds no more than it may, so a long stream becomes many groups of one file."""
    table = PartitionedTable[Row](tmp_path, OBSERVATIONS, by_row(OBSERVATIONS), group=10)
    for n in range(95):
        table.add([_bare(NIGHT - 1000 + n)])
    table.close()
    [part] = tmp_path.glob("day=*/*.parquet")
    read = pq.ParquetFile(part)
    assert read.metadata.num_rows == 95
    assert [read.metadata.row_group(n).num_rows for n in range(read.num_row_groups)] == [10] * 9 + [
        5
    ]


def test_a_run_that_was_broken_off_leaves_no_half_file_with_a_name(tmp_path: Path) -> None:
    """Until it is whole, a file's name says that it is not."""
    table = PartitionedTable[Row](tmp_path, OBSERVATIONS, by_row(OBSERVATIONS), group=1)
    table.add([_bare(NIGHT)])
    assert list(tmp_path.glob("day=*/*")) == [
        tmp_path / "day=2003-08-05" / ".part-0000.parquet.new"
    ]
    table.close()
    assert [path.name for path in tmp_path.glob("day=*/*")] == ["part-0000.parquet"]


def test_a_data_set_is_not_written_into_another(tmp_path: Path) -> None:
    """Two replays into one directory would count everything twice."""
    with DataSet(tmp_path) as data:
        data.observations.add([asked(NIGHT)])
    with pytest.raises(SourceError, match="holds a data set already"):
        DataSet(tmp_path)


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The error says which path, and what to do."""
    (tmp_path / "file").touch()
    with pytest.raises(SourceError, match=r"cannot write .*name another directory"):
        DataSet(tmp_path / "file" / "below")


def _bare(at: float) -> Row:
    return (
        round(at * 1e6),
        None,
        None,
        ".",
        1,
        None,
        "upstream",
        True,
        False,
        [],
        [],
        None,
    )
