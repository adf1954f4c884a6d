"""A node's relay: a real process, with a real engine behind it."""

import time
from functools import partial
from pathlib import Path

from dnswatch.codes import Type
from dnswatch.fleet.bulletin import Bulletin
from dnswatch.fleet.forms import StreamName
from dnswatch.fleet.reader import Arrival, StreamReader
from dnswatch.model.exchanges import Lessons
from dnswatch.seams.batch import STARTED, Batch, Briefing, Marks
from dnswatch.watchdog.journal import Journal
from dnswatch.wire.name import from_text
from tests import check
from tests.fleet.engine import RealEngine
from tests.fleet.servers import Server
from tests.fleet.test_mirror import ALICE, mark
from tests.fleet.test_uplink import read
from tests.watchdog.process import saw

DOMAIN, MAILER = from_text("example.org"), from_text("mx.example.net")


def has_learned(server: Server, worker: int) -> bool:
    """See whether a worker was taught the exchange."""
    told = server.briefings(worker)
    return any(name == MAILER for one in told for name, _, _ in one.lessons.exchanges)


def test_a_node_goes_on_by_itself_and_loses_nothing(tmp_path: Path, engine: RealEngine) -> None:
    """While the engine is away siblings teach each other, and a worker that begins is told what
    holds; what was seen meanwhile comes to the leader, once, also where the relay was killed."""
    engine.pause()
    now = time.time()
    with Server(tmp_path, engine, "a", only_relay=True) as server:
        lookup = saw(now, ALICE, DOMAIN, Type.MX, exchanges=(MAILER,), ttl=300)
        server.send(0, Batch(now, [lookup], number=1))
        check.eventually(partial(has_learned, server, 1))
        server.kill("relay")
        server.send(0, Batch(now + 1, counters={STARTED: 1}, number=2))
        server.send(1, Batch(now + 1, [lookup], number=1))
        check.eventually(partial(has_learned, server, 0))
        engine.go_on()
        reader = StreamReader(engine.connect)
        reader.follow(StreamName("a", Journal(server.journal).name), 0, 0)
        reader.start()
        heard: list[Arrival] = []
        check.eventually(partial(read, reader, heard, 3))
        reader.stop()
        assert sorted(each.piece.name for each in heard) == ["worker 0", "worker 0", "worker 1"]


def test_workers_are_told_what_the_leader_tells(tmp_path: Path, engine: RealEngine) -> None:
    """Marks and lessons reach every worker, divided by all workers of the site; who begins later
    has them from the relay."""
    bulletin = Bulletin(engine.connect, 5)
    bulletin.start()
    bulletin.tell([Briefing(Lessons([(MAILER, 9e9, DOMAIN)]), Marks([mark(ALICE, 9e9)]))])
    with Server(tmp_path, engine, "a", only_relay=True) as server:
        for worker in range(2):
            check.eventually(partial(has_learned, server, worker))
        server.send(1, Batch(1.0, counters={STARTED: 1}))
        check.eventually(partial(has_learned, server, 1))
    bulletin.stop(check.PATIENCE)
