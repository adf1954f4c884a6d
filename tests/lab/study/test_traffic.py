"""Traffic: which flows are outgoing, and what they count as."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from dnswatch.lab.study import trace
from dnswatch.lab.study.bins import DAY, Bins
from dnswatch.lab.study.engine import Engine, duckdb

BEGIN = 1_060_041_600
BINS = Bins.over(BEGIN, BEGIN + DAY - 1, DAY, ZoneInfo("UTC"))
FLOWS = pa.schema(
    [
        ("at", pa.int64()),
        ("source", pa.string()),
        ("destination", pa.string()),
        ("protocol", pa.int64()),
        ("port", pa.int64()),
        ("outcome", pa.string()),
        ("payload", pa.int64()),
    ]
)
IN, OTHER, OUT = "10.0.0.1", "10.0.0.2", "192.0.2.1"


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Compute with DuckDB."""
    with duckdb() as found:
        yield found


def pairs(engine: Engine, *flows: tuple[str, str, int, int | None, str, int | None]) -> list[dict]:  # type: ignore[type-arg]
    """Count flows between pairs, for a worm of 1000 bytes."""
    rows = [(BEGIN * 1_000_000, *flow) for flow in flows]
    columns = [
        pa.array(column, field.type)
        for column, field in zip(zip(*rows, strict=True), FLOWS, strict=True)
    ]
    hosts = engine.keep(pa.table({"address": [IN, OTHER], "owner": pa.array([0, 1], pa.int64())}))
    outgoing = trace.outgoing(engine.keep(pa.table(columns, schema=FLOWS)), hosts)
    return engine.rows(trace.pairs(outgoing, BINS, 1000))


def test_only_what_leaves_the_site_is_outgoing(engine: Engine) -> None:
    """Flows into the site, within it and past it do not count."""
    found = pairs(
        engine,
        (IN, OUT, 6, 80, "success", None),
        (OUT, IN, 6, 80, "success", None),
        (IN, OTHER, 6, 80, "success", None),
        (OUT, "192.0.2.2", 6, 80, "success", None),
    )
    assert [(row["source"], row["destination"], row["all"]) for row in found] == [(IN, OUT, 1)]


@pytest.mark.parametrize(
    ("protocol", "port", "outcome", "kinds"),
    [
        (6, 25, "success", {"tcp", "tcp_success", "smtp", "smtp_success"}),
        (6, 25, "failure", {"tcp", "tcp_failure", "smtp", "smtp_failure"}),
        (6, 25, "unknown", {"tcp", "smtp"}),
        (6, 80, "success", {"tcp", "tcp_success", "http_success"}),
        (6, 443, "success", {"tcp", "tcp_success", "http_success"}),
        (6, 443, "failure", {"tcp", "tcp_failure"}),
        (6, None, "success", {"tcp", "tcp_success"}),
        (17, 25, "unknown", set()),
        (1, None, "unknown", set()),
    ],
)
def test_a_flow_counts_by_protocol_port_and_outcome(
    engine: Engine, protocol: int, port: int | None, outcome: str, kinds: set[str]
) -> None:
    """SMTP is TCP to port 25, HTTP is TCP to 80 and 443; an unknown outcome is neither."""
    [row] = pairs(engine, (IN, OUT, protocol, port, outcome, None))
    assert {kind for kind in trace.FLOWS if row[kind]} == kinds | {"all"}


@pytest.mark.parametrize(
    ("payload", "sized", "similar"), [(None, 0, 0), (100, 1, 0), (1200, 1, 1), (9000, 1, 0)]
)
def test_payloads_are_compared_with_the_worm(
    engine: Engine, payload: int | None, sized: int, similar: int
) -> None:
    """A payload is similar where it is as long as the worm with some text around it."""
    [row] = pairs(engine, (IN, OUT, 6, 25, "success", payload))
    assert (row["smtp_sized"], row["smtp_similar"]) == (sized, similar)
