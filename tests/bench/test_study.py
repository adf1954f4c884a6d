"""The measurement of the study measures the study."""

from pathlib import Path

import pytest

from bench.study.__main__ import main
from bench.study.trace import DAYS, write
from dnswatch.sources.dataset import FLOWS, OBSERVATIONS

pytestmark = pytest.mark.whole


def test_the_made_up_trace_is_a_data_set(tmp_path: Path) -> None:
    """It has the columns of docs/dataset.md, all its days, and as many lookups as wanted."""
    import pyarrow.parquet as pq

    flows = write(tmp_path, 3200)
    for name, schema in (("observations", OBSERVATIONS), ("flows", FLOWS)):
        parts = sorted((tmp_path / name).glob("day=*/part-*.parquet"))
        assert len(parts) == DAYS
        found = pq.read_schema(parts[0])
        assert found.names == schema.names
        assert [found.field(at).type for at in schema.names[:6]] == [
            schema.field(at).type for at in schema.names[:6]
        ]
    rows = [pq.read_metadata(part).num_rows for part in tmp_path.rglob("*.parquet")]
    assert sum(rows) == 3200 + flows
    assert 0.3 < flows / 3200 < 0.5


def test_the_table_is_published(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A run studies the trace in a process of its own and writes its row into the page."""
    page = tmp_path / "page.md"
    page.write_text("<!-- measured: study -->\n<!-- end of study -->\n")
    options = ["3200", "--memory", "1GB", "--folder", str(tmp_path), "--page", str(page)]
    assert main(options) == 0
    assert "| 3,200" in page.read_text()
    assert "DuckDB, 1GB of memory" in capsys.readouterr().out
    assert not list(tmp_path.glob("bench-study-*"))
