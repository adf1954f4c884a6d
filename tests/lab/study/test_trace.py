"""The site cache as a query: event by event what the streaming model says."""

from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnswatch.lab.study import trace
from dnswatch.lab.study.engine import Engine, duckdb
from dnswatch.lab.study.loading import load
from dnswatch.model.cache_entry import CacheEntry
from dnswatch.model.sitecache import SiteCache
from tests.lab.study.captures import capture, replayed

SECOND = 1_000_000
SCHEMA = pa.schema(
    [
        ("address", pa.string()),
        ("at", pa.int64()),
        ("client", pa.string()),
        ("ttl", pa.int64()),
        ("is_hit", pa.bool_()),
    ]
)

Answer = tuple[str, int, str | None, int, bool]
Event = tuple[str, int, str]
"""Address, microseconds, and what happened."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Compute with DuckDB."""
    with duckdb() as found:
        yield found


def streamed(answers: list[Answer]) -> Counter[Event]:
    """Fold answers into the model; count the events at each address and moment."""
    found: Counter[Event] = Counter()
    packed = {address: ip_address(address).packed for address, *_ in answers}
    names = {value: address for address, value in packed.items()}

    def ended(address: bytes, entry: CacheEntry, _: bool) -> None:
        found[names[address], round(entry.expiry * SECOND), "expire"] += 1

    cache = SiteCache(1_000_000, ended)
    ordered = sorted(answers, key=lambda answer: (answer[1], answer[4], -answer[3]))
    for address, at, _, ttl, is_hit in ordered:
        if is_hit:
            found[address, at, "hit"] += 1
            continue
        # Whole microseconds, which a float holds exactly, in place of seconds.
        is_new = cache.renew(packed[address], ttl, at / SECOND)
        found[address, at, "new" if is_new else "refresh"] += 1
    cache.expire(float("inf"))
    return found


def queried(engine: Engine, answers: pa.Table) -> Counter[Event]:
    """Ask for the same by the query."""
    events = trace.events(engine.keep(answers))
    found = Counter(
        (row["address"], row["at"], row["kind"]) for row in events.to_pyarrow().to_pylist()
    )
    lives = trace.lives(events).to_pyarrow().to_pylist()
    found.update((life["address"], life["expiry"], "expire") for life in lives)
    assert sum(life["refreshes"] for life in lives) == sum(
        count for (*_, kind), count in found.items() if kind == "refresh"
    )
    return found


moments = st.integers(0, 40).map(lambda tick: 1_060_041_600 * SECOND + tick * SECOND // 2)
answers = st.lists(
    st.tuples(
        st.sampled_from(["192.0.2.1", "192.0.2.2", "2001:db8::1"]),
        moments,
        st.none(),
        st.sampled_from([0, 1, 2, 5, 10]),
        st.booleans(),
    ),
    max_size=40,
)


@given(answers)
@settings(max_examples=40, deadline=None)
def test_query_and_stream_tell_the_same_events(engine: Engine, stream: list[Answer]) -> None:
    """New, refresh, hit and expire fall at the same addresses and moments, answers at once too."""
    columns = list(zip(*stream, strict=True)) or [()] * len(SCHEMA)
    table = pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)],
        schema=SCHEMA,
    )
    assert queried(engine, table) == streamed(stream)


@pytest.mark.parametrize("name", ["arkime_synthetic.pcap", "dns-edns-ecs.pcap", "zeek-smtp.pcap"])
def test_query_and_stream_agree_on_real_traffic(engine: Engine, tmp_path: Path, name: str) -> None:
    """On a capture that nobody here wrote, too, both tell the same events."""
    replayed(capture(name), tmp_path)
    tables = load(engine, str(tmp_path), None, None)
    table = trace.answers(tables.lookups).select(*SCHEMA.names).to_pyarrow()
    rows = [tuple(row[column] for column in SCHEMA.names) for row in table.to_pylist()]
    assert rows
    assert queried(engine, table) == streamed(rows)
