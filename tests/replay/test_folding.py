"""Folding: the past goes through the very same watch as the present."""

import os
from collections import Counter
from ipaddress import ip_address
from pathlib import Path

import pytest

from dnswatch.errors import StoreError
from dnswatch.model.flow import Flow, Outcome
from dnswatch.model.observation import Observation
from dnswatch.model.policies.orders import Orders
from dnswatch.replay.folding import Folding
from dnswatch.settings import Source, combine
from dnswatch.store import Store
from dnswatch.store.directory import hold, present
from dnswatch.watchdog.archive import Archive
from dnswatch.watchdog.pipeline import SitePipeline
from tests.model.policies.texts import policy
from tests.records import NOON, asked

WORM, PERSON = "10.0.0.66", "10.0.0.7"
SOURCE = Source(
    'detection.learning = "0s"\n', "test", None, None, None, policies=(("slow", policy()),)
)
TABLES = ("tally", "lookup", "site", "entry", "verdict")


def day() -> list[Observation]:
    """Tell of a worm among persons, with a long silence, over two hours."""
    lookups = []
    for n in range(120):
        lookups.append(asked(n * 3, PERSON, f"www{n % 9}.example", gives=["192.0.2.80"], ttl=20))
    for n in range(80):
        at = 400 + n * 2
        lookups.append(asked(at, WORM, f"v{n}.example", 15, exchanges=[f"mx.v{n}.example"]))
        lookups.append(asked(at + 0.5, WORM, f"mx.v{n}.example", gives=[f"192.0.3.{n}"]))
    lookups.append(asked(7000, PERSON, "late.example", gives=["192.0.2.1"]))
    return sorted(lookups, key=lambda seen: seen.at)


def folded(state: Path, *days: list[Observation], policies: frozenset[str] = frozenset()) -> None:
    """Replay days into a directory, in pieces."""
    folding = Folding(state, SOURCE, policies)
    for lookups in days:
        for begin in range(0, len(lookups), 37):
            folding.take(lookups[begin : begin + 37])
    folding.close()


def live(state: Path, lookups: list[Observation]) -> None:
    """Do what the watch process does, with a hand-over every second."""
    archive = Archive(state, combine(SOURCE))
    site = SitePipeline(SOURCE, archive.key, lookups[0].at)
    site.configure(SOURCE, combine(SOURCE))
    site.order(Orders(), lookups[0].at)
    now = lookups[0].at
    for seen in lookups:
        while seen.at > now + 1:
            now += 1
            site.watch.expire(now)
            archive.write(site.drain(now)[0], now)
        site.watch.fold(seen)
    archive.write(site.drain(lookups[-1].at, is_last=True)[0], lookups[-1].at)
    archive.close()


def connection(client: str, port: int) -> Flow:
    """Tell of a connection."""
    ours, theirs = (ip_address(text).packed for text in (client, "192.0.3.1"))
    return Flow(NOON, ours, theirs, 6, port, Outcome.SUCCESS, NOON + 9, 20, 3000, 1000)


def test_connections_that_carry_mail_stand_in_their_clients_accounts(tmp_path: Path) -> None:
    """Also of a recording without a single lookup; who is no client of the site has no account."""
    source = Source('privacy.leave_out = ["10.0.0.9"]\n', "test")
    folding = Folding(tmp_path, source, frozenset())
    sent = [(WORM, 25), (WORM, 25), (PERSON, 465), (PERSON, 587), (PERSON, 443)]
    flows = [connection(*one) for one in [*sent, ("198.51.100.1", 25), ("10.0.0.9", 25)]]
    folding.take([], flows)
    folding.close()
    with Store.read(tmp_path) as store, store.snapshot() as db:
        found = db.conn.execute(
            "SELECT key, measure.name, count FROM tally JOIN client ON client.id = client"
            " JOIN measure ON measure.id = measure"
        )
        assert set(found) == {(WORM, "smtp", 2), (PERSON, "submission", 2)}
    assert present(tmp_path, 0.0) == NOON + 9


def rows(state: Path, table: str) -> Counter[tuple[object, ...]]:
    """Read a table, without numbers that only count rows, and when a verdict was last told."""
    with Store.read(state) as store, store.snapshot() as db:
        found = db.conn.execute(f"SELECT * FROM {table}").fetchall()
        names = dict(db.conn.execute("SELECT id, key FROM client").fetchall())
        measures = dict(db.conn.execute("SELECT id, name FROM measure").fetchall())
    if table == "tally":
        return Counter((start, names[who], measures[what], n) for start, who, what, n in found)
    if table == "lookup":
        return Counter((at, names[who], *rest) for _, at, who, *rest in found)
    if table == "verdict":
        return Counter((who, share, until) for who, share, _, until in found)
    return Counter(map(tuple, found))


def test_a_replay_records_what_the_live_watch_records(tmp_path: Path) -> None:
    """Accounts, mail-related lookups, the site cache and the verdicts, row by row."""
    live(tmp_path / "live", day())
    folded(tmp_path / "replay", day())
    for table in TABLES:
        assert rows(tmp_path / "replay", table) == rows(tmp_path / "live", table), table


def test_the_worm_is_found_in_the_past(tmp_path: Path) -> None:
    """Its verdict stands, with the time of the recording."""
    folded(tmp_path, day())
    [(client, share, _)] = rows(tmp_path, "verdict")
    assert client == WORM
    assert isinstance(share, float)
    assert share >= 1.0
    with Store.read(tmp_path) as store, store.snapshot() as db:
        [at] = db.conn.execute("SELECT min(at) FROM change WHERE text = 'infected'").fetchone()
    assert NOON + 400 < at < NOON + 600


def test_policies_tell_what_they_would_have_done(tmp_path: Path) -> None:
    """Without any being switched on for good."""
    folded(tmp_path, day(), policies=frozenset(("slow",)))
    with Store.read(tmp_path) as store, store.snapshot() as db:
        texts = [text for (text,) in db.conn.execute("SELECT text FROM change").fetchall()]
        assert not db.conn.execute("SELECT * FROM enabled").fetchall()
    assert "delay by policy 'slow', dry run" in texts


def test_the_next_day_goes_on_where_the_first_ended(tmp_path: Path) -> None:
    """Two replays into one directory are one."""
    lookups = day()
    folded(tmp_path / "whole", lookups)
    folded(tmp_path / "parts", lookups[:200])
    folded(tmp_path / "parts", lookups[200:])
    for table in ("tally", "lookup", "site"):
        assert rows(tmp_path / "parts", table) == rows(tmp_path / "whole", table), table
    assert present(tmp_path / "parts", 0.0) == NOON + 7000


def test_time_does_not_run_backwards(tmp_path: Path) -> None:
    """A recording that begins before the records end is refused, and nothing is changed."""
    folded(tmp_path, day())
    before = rows(tmp_path, "tally")
    with pytest.raises(StoreError, match="go on after this recording begins"):
        folded(tmp_path, day())
    assert rows(tmp_path, "tally") == before


def test_a_servers_directory_is_refused(tmp_path: Path) -> None:
    """While it runs, and after."""
    lock = hold(tmp_path)
    with pytest.raises(StoreError, match="another dnswatch"):
        Folding(tmp_path, SOURCE, frozenset())
    os.close(lock)
    Store.open(tmp_path).close()
    with pytest.raises(StoreError, match="records of a server"):
        Folding(tmp_path, SOURCE, frozenset())


def test_old_records_stay(tmp_path: Path) -> None:
    """However long ago they were: retention is for the living."""
    with Store.open(tmp_path / "other") as store:
        assert store.passed() == 0.0
    folded(tmp_path / "state", day())
    with Store.read(tmp_path / "state") as store:
        assert store.passed() == NOON + 7000
