"""The engine: what computes on the tables of a trace, DuckDB in this process or Spark elsewhere.

Engines differ in two things only: how they find Parquet files, and what they call the microseconds
of a timestamp.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from dnswatch.errors import DnswatchError, LibraryError, SourceError

if TYPE_CHECKING:
    import pyarrow as pa
    from ibis.expr.types import Column, IntegerColumn, Table

MEMORY: Final = "4GB"
"""Memory that DuckDB takes before it spills to disk."""

_STUDY: Final = ("duckdb", "ibis", "jinja2", "matplotlib", "pyarrow")


@dataclass(frozen=True, slots=True)
class Engine:
    """A connection that computes."""

    name: str
    "For the report: what computed it."
    backend: Any
    "Of Ibis."
    pattern: str
    "How it names the Parquet files of a table, below the table's folder."
    microseconds: "Callable[[Column], IntegerColumn]"
    "Microseconds since 1970 of a timestamp."
    fingerprint: "Callable[[Column], IntegerColumn]"
    """A text as 64 bits, by which rows are sorted and grouped in half the time.

    Of two million addresses two are taken for one in one trace of ten million.
    """
    keep: "Callable[[Table | pa.Table], Table]"
    "Hand over a table, or compute one now for several uses."
    rows: "Callable[[Table], list[dict[str, Any]]]"
    "Compute a table that is small."

    def read(self, place: str) -> "Table | None":
        """Open a folder of Parquet files, one folder a day, or tell that there is none."""
        if "://" not in place and not any(Path(place).glob("*/part-*.parquet")):
            return None
        return self._read(place + self.pattern)

    def read_file(self, path: str) -> "Table | None":
        """Open one Parquet file, or tell that there is none."""
        return None if "://" not in path and not Path(path).exists() else self._read(path)

    def _read(self, path: str) -> "Table | None":
        try:
            return self.backend.read_parquet(path)
        except Exception as error:  # noqa: BLE001  engines raise what they like
            if "://" in path and "PATH_NOT_FOUND" in str(error):
                return None
            raise SourceError(f"cannot read '{path}': {_first_line(error)}") from None


@contextmanager
def duckdb(memory: str = MEMORY) -> Iterator[Engine]:
    """Compute here; what does not fit into `memory` goes to the temporary directory."""
    _require("study", _STUDY)
    import ibis
    from duckdb import Error

    with TemporaryDirectory(prefix="dnswatch-study-") as folder:
        backend = ibis.duckdb.connect(
            memory_limit=memory, temp_directory=folder, preserve_insertion_order="false"
        )
        backend.raw_sql("SET enable_progress_bar = false")
        names = (f"kept_{number}" for number in count())

        def keep(table: "Table | pa.Table") -> "Table":
            name = next(names)
            if isinstance(table, ibis.Table):
                return backend.create_table(name, table, temp=True)
            backend.con.register(name, table)
            return backend.table(name)

        try:
            yield Engine(
                f"DuckDB {backend.version}",
                backend,
                "/day=*/part-*.parquet",
                _named("epoch_us", "timestamp('UTC')", "int64"),
                _named("hash", "string", "uint64"),
                keep,
                lambda table: table.to_pyarrow().to_pylist(),
            )
        except Error as error:
            raise DnswatchError(
                f"DuckDB cannot compute the study: {_first_line(error)}; give it more --memory, or"
                f" room for temporary files ('{Path(folder).parent}', or where TMPDIR says)"
            ) from None
        finally:
            backend.disconnect()


@contextmanager
def spark(url: str, options: dict[str, str] | None = None) -> Iterator[Engine]:
    """Compute on a cluster: `local[4]`, `spark://host:7077`, `yarn`, or `sc://host` (Connect)."""
    _require("spark", (*_STUDY, "pyspark"))
    import ibis
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    # We use nothing of pandas, and so nobody need read what PySpark thinks of its version.
    warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
    builder = SparkSession.builder.appName("dnswatch study")
    builder = builder.remote(url) if url.startswith("sc://") else builder.master(url)
    for key, value in ({"spark.sql.session.timeZone": "UTC"} | (options or {})).items():
        builder = builder.config(key, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:  # noqa: BLE001  Java's errors come as anything
        raise DnswatchError(
            f"--spark: '{url}' cannot be reached: {_first_line(error)};"
            " name a cluster like spark://host:7077, or local[2]"
        ) from None
    backend = ibis.pyspark.connect(session)
    names = (f"dnswatch_kept_{number}" for number in count())

    def keep(table: "Table | pa.Table") -> "Table":
        is_held = not isinstance(table, ibis.Table)
        frame = session.createDataFrame(table) if is_held else compute(table).cache()
        frame.createOrReplaceTempView(name := next(names))
        return backend.table(name)

    def compute(table: "Table") -> Any:
        # By Spark alone: Ibis would go by way of pandas, whose versions PySpark is slow to follow.
        return session.sql(backend.compile(table))

    try:
        yield Engine(
            f"Spark {session.version}",
            backend,
            "",
            _named("unix_micros", "timestamp('UTC')", "int64"),
            _named("xxhash64", "string", "int64"),
            keep,
            lambda table: compute(table).toArrow().to_pylist(),
        )
    except PySparkException as error:
        raise DnswatchError(f"Spark cannot compute the study: {_first_line(error)}") from None
    finally:
        session.stop()


def _require(extra: str, modules: Sequence[str]) -> None:
    """See that all of an extra is there: better said now than after an hour of work."""
    missing = [module for module in modules if find_spec(module) is None]
    if missing:
        raise LibraryError(", ".join(missing), extra)


def _named(function: str, takes: str, gives: str) -> "Callable[[Column], IntegerColumn]":
    """Call a function of the engine's own that Ibis has no word for."""
    import ibis

    @ibis.udf.scalar.builtin(name=function, signature=((takes,), gives))  # type: ignore[untyped-decorator]
    def called(column: Any) -> Any:
        """Return the engine's own."""

    return called  # type: ignore[no-any-return]


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]
