"""A flood of forged sources takes its share of the store, and no more."""

from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from dnswatch.codes import Type
from dnswatch.model.changes import Changes
from dnswatch.model.observation import Observation
from dnswatch.model.policies.standing import Standing
from dnswatch.settings import Records, Settings, Size
from dnswatch.store import Store, clients, orders
from dnswatch.watchdog.archive import Archive
from tests.records import NOON, asked, changes, person, worm

SIZE = 1_000_000
WORM = bytes((10, 0, 0, 66))
HOUR = 3600


def forged(number: int) -> str:
    return f"172.{16 + number // 65536}.{number // 256 % 256}.{number % 256}"


def flood(minutes: int, each: int, qtype: int) -> Iterator[tuple[float, Changes]]:
    """Tell of sources that were never seen before, each of which asks once; hours later."""
    for minute in range(minutes):
        at = 5.0 * HOUR + 60 * minute
        sources = range(minute * each, (minute + 1) * each)
        seen: list[Observation] = [
            asked(at, forged(one), f"host{one}.example", qtype) for one in sources
        ]
        found = changes(seen)
        for number in sources:  # what the detector would store of each
            found.client_states[forged(number)] = b"x" * 400
            if qtype == Type.MX:
                client = ip_address(forged(number)).packed
                found.standings[client] = Standing(0.02, NOON + 48 * HOUR, NOON + at)
        yield NOON + at, found


def begin(archive: Archive) -> None:
    """Record a worm with its verdict, and a person who was here for some hours."""
    first = changes(worm())
    first.standings[WORM] = Standing(1.5, NOON + 48 * HOUR, NOON + 700)
    first.client_states["10.0.0.66"] = b"evidence"
    archive.write(first, NOON + 700)
    for hour in range(3):
        archive.write(changes(person("10.0.0.1", hour * HOUR)), NOON + hour * HOUR + 60)


def size(state: Path) -> int:
    return sum(path.stat().st_size for path in state.glob("dnswatch.db*"))


@pytest.mark.parametrize("qtype", [Type.A, Type.MX])
def test_forged_sources_push_nobody_out_and_the_files_stay_in_bounds(
    tmp_path: Path, qtype: int
) -> None:
    """30,000 forged sources leave the worm's account, lookups and verdict, and others' accounts.

    The files are never larger than `records.size`, by as much as one transaction.
    """
    archive = Archive(tmp_path, Settings(records=Records(size=Size(SIZE))))
    begin(archive)
    largest = one = 0
    for now, found in flood(150, 200, qtype):
        before = size(tmp_path)
        archive.write(found, now)
        one = max(one, size(tmp_path) - before)
        largest = max(largest, size(tmp_path))
    archive.close()
    assert largest <= SIZE + one
    with Store.read(tmp_path) as store, store.snapshot() as db:
        known = {client.key: client for client in clients.clients(db)}
        totals = clients.totals(db, 0)
        assert totals[known["10.0.0.66"].id]["lookup"] == 30
        assert len(clients.last_lookups(db, [known["10.0.0.66"].id], 0, 100)) == 30
        assert totals[known["10.0.0.1"].id]["lookup"] == 9
        assert [one.key for one in orders.judgments(db, now) if one.share >= 1] == ["10.0.0.66"]
        evidence = dict(db.conn.execute("SELECT client, state FROM evidence"))
        assert evidence["10.0.0.66"] == b"evidence"
        lookups = db.conn.execute("SELECT sum(count) FROM site WHERE measure = 'lookup'")
        assert lookups.fetchone() == (30_000 + 30 + 9,)
    assert largest > SIZE / 2, "room was not what stopped the flood"
