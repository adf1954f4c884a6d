"""Translations: the query tells what the streaming model tells."""

from collections import Counter
from collections.abc import Iterator, Sequence
from ipaddress import ip_address
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnswatch.lab.study.bins import DAY, Bins
from dnswatch.lab.study.engine import Engine, duckdb
from dnswatch.lab.study.trace import TranslationView, counts, first_contacts
from dnswatch.model.flow import Contact
from dnswatch.model.observation import Observation, Origin
from dnswatch.model.translations import WINDOW, Translations

BEGIN = 1_060_041_600
BINS = Bins.over(BEGIN, BEGIN + DAY - 1, DAY, ZoneInfo("UTC"))
ADDRESSES = ["192.0.2.1", "192.0.2.2"]
ANSWERS = pa.schema(
    [
        ("address", pa.string()),
        ("at", pa.int64()),
        ("client", pa.string()),
        ("ttl", pa.int64()),
        ("is_hit", pa.bool_()),
    ]
)
OUTGOING = pa.schema(
    [
        ("destination", pa.string()),
        ("at", pa.int64()),
        ("source", pa.string()),
        ("protocol", pa.int64()),
        ("port", pa.int64()),
        ("owner", pa.int64()),
    ]
)

Answer = tuple[str, int, int]
"""Address, half seconds, TTL."""
Begun = tuple[str, int, int, int]
"""Destination, half seconds, protocol, port."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """Compute with DuckDB."""
    with duckdb() as found:
        yield found


def half(ticks: int) -> int:
    """Turn half seconds into microseconds since 1970."""
    return BEGIN * 1_000_000 + ticks * 500_000


def table(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    """Make a table."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)


def streamed(answers: list[Answer], begun: list[Begun]) -> Counter[tuple[str, str]]:
    """Count by the streaming model."""
    model = Translations()
    rows = [(at, 0, -ttl, address, 0) for address, at, ttl in answers]
    rows += [(at, 1, protocol, address, port) for address, at, protocol, port in begun]
    for at, is_flow, second, address, port in sorted(rows, key=_order):
        packed, when = ip_address(address).packed, half(at) / 1e6
        if is_flow:
            model.contact(Contact(when, b"\x0a\0\0\1", packed, second, port))
        else:
            seen = Observation(when, None, b"\0", 1, 0, Origin.UPSTREAM, ((packed, -second),))
            model.answer(seen)
    return model.counts


def _order(row: tuple[int, int, int, str, int]) -> tuple[int, ...]:
    """Of contacts at one moment the query takes SMTP before HTTP, other TCP and the rest."""
    at, is_flow, second, _, port = row
    purpose = {(6, 25): 0, (6, 80): 1, (6, 22): 2}.get((second, port), 3)
    return (at, is_flow, purpose if is_flow else second)


def queried(engine: Engine, answers: list[Answer], begun: list[Begun]) -> Counter[tuple[str, str]]:
    """Count by the query."""
    asked = table([(a, half(at), None, ttl, False) for a, at, ttl in answers], ANSWERS)
    used = table(
        [(a, half(at), "10.0.0.1", protocol, port, 1) for a, at, protocol, port in begun], OUTGOING
    )
    contacts = first_contacts(engine.keep(asked), engine.keep(used), TranslationView.EDGE)
    found: Counter[tuple[str, str]] = Counter()
    for row in counts(contacts, BINS, WINDOW).to_pyarrow().to_pylist():
        found["all", row["kind"]] += row["count"]
        for relation in ("tcp", "smtp", "http"):
            found[relation, row["kind"]] += row[relation]
    return found


addresses = st.sampled_from(ADDRESSES)
moments = st.integers(0, 300)
flows = st.sampled_from([(6, 25), (6, 80), (6, 22), (17, 53)])


@given(
    st.lists(st.tuples(addresses, moments, st.sampled_from([0, 1, 5, 30, 600])), max_size=25),
    st.lists(st.builds(lambda a, at, use: (a, at, *use), addresses, moments, flows), max_size=25),
)
@settings(max_examples=40, deadline=None)
def test_query_and_stream_relate_the_same(
    engine: Engine, answers: list[Answer], begun: list[Begun]
) -> None:
    """As many translations, new and refreshed, are related to TCP, SMTP and HTTP."""
    assert +queried(engine, answers, begun) == +streamed(answers, begun)


def test_the_first_contact_decides(engine: Engine) -> None:
    """A web flow before the mail makes the translation HTTP-related, and no SMTP-related one."""
    asked: list[Answer] = [("192.0.2.1", 0, 60)]
    web: Begun = ("192.0.2.1", 2, 6, 80)
    mail: Begun = ("192.0.2.1", 3, 6, 25)
    assert queried(engine, asked, [web, mail])["smtp", "new"] == 0
    assert queried(engine, asked, [web, mail])["http", "new"] == 1
    assert queried(engine, asked, [mail])["smtp", "new"] == 1


def test_no_tcp_is_no_tcp(engine: Engine) -> None:
    """A translation that is first used by UDP is related to nothing."""
    found = queried(engine, [("192.0.2.1", 0, 60)], [("192.0.2.1", 1, 17, 53)])
    assert +found == Counter({("all", "new"): 1})
