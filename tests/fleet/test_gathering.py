"""Three nodes have the records of one, row by row, whatever is killed."""

import os
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

import pytest

from tests import check
from tests.fleet.engine import RealEngine
from tests.fleet.servers import Server
from tests.fleet.trace import PACE, Records, alone, batches, records, seen

KILLS = int(os.environ.get("DNSWATCH_TEST_KILLS", "8"))
"""Kills in a row, of engine, leader, relay and worker by turns."""

KINDS: Final = ["engine", "older engine", "leader", "leader", "relay"]

NODES: Final = 3
WORKERS: Final = 2


@pytest.fixture
def fleet(tmp_path: Path, engine: RealEngine) -> Iterator[list[Server]]:
    """Three servers of one site."""
    with ExitStack() as stack:
        yield [stack.enter_context(Server(tmp_path, engine, name, WORKERS)) for name in "abc"]


def test_three_nodes_have_the_records_of_one(
    tmp_path: Path, engine: RealEngine, fleet: list[Server]
) -> None:
    """Kills at random, and an engine that comes back with an older file: whatever one server alone
    would have on record stands in the stores of all three, nothing twice and nothing less."""
    chance = random.Random(KILLS)
    count = 200 + 100 * KILLS
    lookups = list(seen(time.time() - 20 - count * PACE, count))
    sent = list(batches(lookups, NODES, WORKERS, 3 * KILLS))
    expected = alone(tmp_path / "alone", [batch for *_, batch in sent])
    engine.keep_file()
    kill_each = max(1, len(sent) // KILLS)
    goes_on = Progress(fleet)
    for number, (node, worker, batch) in enumerate(sent):
        fleet[node].send(worker, batch)
        if number % kill_each == kill_each - 1:
            if chance.random() < 0.6:  # else it hits those that have just begun
                check.eventually(goes_on)
            strike(chance.choice(KINDS), chance, engine, fleet)
            goes_on = Progress(fleet)
    for server in fleet:
        check.eventually(partial(is_complete, fleet, server, expected))
        assert records(server.state) == expected
        assert "Traceback" not in server.log.read_text()


def test_a_cut_line_costs_nothing_but_time(
    tmp_path: Path, engine: RealEngine, fleet: list[Server]
) -> None:
    """While nobody reaches the engine the leader gives up, and all nodes keep what they see; when
    it can be reached again that comes in order, and all is as if nothing had been."""
    count = 600
    lookups = list(seen(time.time() - 20 - count * PACE, count))
    sent = list(batches(lookups, NODES, WORKERS, 12))
    expected = alone(tmp_path / "alone", [batch for *_, batch in sent])
    goes_on = Progress(fleet)
    for number, (node, worker, batch) in enumerate(sent):
        if number == len(sent) // 3:
            check.eventually(goes_on)
            engine.pause()
        fleet[node].send(worker, batch)
    check.eventually(lambda: any(server.said("leads the fleet no more") for server in fleet))
    check.eventually(lambda: all(server.said("waits in memory") for server in fleet))
    engine.go_on()
    for server in fleet:
        check.eventually(partial(is_complete, fleet, server, expected))
        assert "Traceback" not in server.log.read_text()


class Progress:
    """Whether somebody has more records than when this was made."""

    def __init__(self, fleet: list[Server]) -> None:
        self._fleet = fleet
        self._before = self._count()

    def __call__(self) -> bool:
        for server in self._fleet:
            server.look_after()
        return self._count() > self._before

    def _count(self) -> int:
        found = [server.rows("SELECT sum(count) FROM site") for server in self._fleet]
        return max(rows[0][0] or 0 if rows else 0 for rows in found)


def is_complete(fleet: list[Server], server: Server, expected: Records) -> bool:
    """See whether a server's records are those; start again what has ended by itself."""
    for each in fleet:
        each.look_after()
    return records(server.state) == expected


def strike(what: str, chance: random.Random, engine: RealEngine, fleet: list[Server]) -> None:
    """Kill something, and have it come again."""
    if what == "engine":
        engine.kill()
        engine.start()
    elif what == "older engine":
        engine.kill()
        engine.come_back(engine.folder / "older")
    elif what == "relay":
        chance.choice(fleet).kill("relay")
    else:
        it = engine.connect()
        if leader := it.get(it.key("lead")):
            next(one for one in fleet if one.name == leader.decode().split()[0]).kill("watch")
    engine.keep_file()
    for server in fleet:
        server.look_after()
