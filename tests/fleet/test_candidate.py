"""Who leads a fleet, and what of it stands in whose store, with real processes and engine."""

import subprocess
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from dnswatch.codes import Type
from dnswatch.fleet.engine import FleetEngine
from dnswatch.seams.batch import Batch
from tests import check
from tests.fleet.engine import RealEngine
from tests.fleet.servers import Server
from tests.fleet.trace import CLIENTS
from tests.watchdog.process import saw


def leader_of(engine: FleetEngine, fleet: dict[str, Server]) -> Server | None:
    """Say who leads."""
    value = engine.get(engine.key("lead"))
    return fleet.get(value.decode().split()[0]) if value else None


def lookups(server: Server) -> int:
    """Count what stands in a server's store."""
    rows = server.rows("SELECT sum(count) FROM site WHERE measure = 'lookup'")
    return rows[0][0] or 0 if rows else 0


def test_a_leader_that_is_stopped_hands_over_at_once(tmp_path: Path, engine: RealEngine) -> None:
    """Another leads without waiting for the lease to end, from a store that has everything; the one
    that comes again follows, and has what it missed."""
    it = engine.connect()
    with ExitStack() as stack:
        fleet = {name: stack.enter_context(Server(tmp_path, engine, name, 1)) for name in "abc"}
        first = check.eventually(partial(leader_of, it, fleet))

        def send(number: int) -> None:
            now = time.time()
            for place, server in enumerate(fleet.values()):
                seen = saw(now, CLIENTS[place], b"\1n\0", Type.A, bytes((192, 0, 2, place)))
                server.send(0, Batch(now, [seen], number=number))
                server.send(0, Batch(now + 5, number=number))

        def have(count: int) -> bool:
            return all(lookups(server) == count for server in fleet.values())

        send(1)
        check.eventually(partial(have, 3))
        assert first.stop("watch") == 0
        second = check.eventually(partial(leader_of, it, fleet))
        assert second is not first
        first.start("watch")
        send(2)
        check.eventually(partial(have, 6))
        assert leader_of(it, fleet) is second
        for server in fleet.values():
            assert "Traceback" not in server.log.read_text()


def test_without_a_fleet_nothing_of_it_is_loaded() -> None:
    """A server by itself neither needs the engine's library nor imports what is about fleets."""
    program = (
        "import sys, dnswatch.serve.supervisor, dnswatch.watchdog.process, dnswatch.proxy.worker;"
        "print([name for name in sys.modules if 'valkey' in name or name == 'dnswatch.fleet'])"
    )
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert told.stdout == "[]\n"
