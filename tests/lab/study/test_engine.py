"""Engines: Spark computes the very same as DuckDB, from the same expressions."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dnswatch.errors import DnswatchError, SourceError
from dnswatch.lab.study import engine
from dnswatch.lab.study.analysis import analyse
from dnswatch.lab.study.engine import Engine
from tests.lab.study import planted
from tests.lab.study.planted import SMALL
from tests.lab.study.test_analysis import agree, question
from tests.live.tools import lacking


@pytest.fixture(scope="module")
def spark() -> Iterator[Engine]:
    """Start Spark in this machine, as small as it gets."""
    if shutil.which("java") is None:
        lacking("java (Debian package default-jre-headless)")
    options = {
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.default.parallelism": "1",
        "spark.driver.memory": "1g",
        "spark.sql.adaptive.enabled": "false",
    }
    with engine.spark("local[1]", options) as found:
        yield found


@pytest.mark.timeout(400)
def test_spark_finds_what_was_planted(tmp_path: Path, spark: Engine) -> None:
    """On Spark, too, every count of a planted trace is found."""
    planted.write(tmp_path, SMALL)
    trace = analyse(spark, question(tmp_path))
    assert trace.engine.startswith("Spark")
    agree(trace, SMALL)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without what the study needs, one sentence says how to install it."""
    monkeypatch.setattr(engine, "_STUDY", ("duckdb", "no_such_module"))
    with pytest.raises(DnswatchError, match=r"needs no_such_module, .*'\.\[study\]'"):
        engine.duckdb().__enter__()


def test_what_the_engine_cannot_do_is_said(tmp_path: Path) -> None:
    """Too little memory ends with one sentence that names the mend."""
    planted.write(tmp_path, SMALL)
    said = pytest.raises(DnswatchError, match=r"cannot compute the study: .*give it more --memory")
    with said, engine.duckdb("2MB") as tight:
        analyse(tight, question(tmp_path))


def test_damage_is_said_in_a_sentence(tmp_path: Path) -> None:
    """A file that is no Parquet is named."""
    day = tmp_path / "day=2003-08-05"
    day.mkdir()
    (day / "part-0000.parquet").write_bytes(b"no Parquet at all")
    with engine.duckdb() as found, pytest.raises(SourceError, match="cannot read"):
        found.read(str(tmp_path))
