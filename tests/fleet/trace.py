"""A site's lookups in the manner of the paper's: browsing, mail servers, and a worm among them.

The very same go to one server by itself, and, divided by client, to the nodes of a fleet.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from dnswatch.codes import Type
from dnswatch.model.observation import Observation, Origin, Tally
from dnswatch.seams.batch import Batch
from dnswatch.settings import Source, combine
from dnswatch.watchdog.archive import Archive
from dnswatch.watchdog.pipeline import SitePipeline
from dnswatch.wire.name import from_text
from tests.watchdog.process import QUIET, query

Records = dict[str, list[tuple[Any, ...]]]
"""Rows by table."""

CLIENTS: Final = [bytes((192, 0, 2, number)) for number in range(1, 31)]
WORM: Final = CLIENTS[7]

PACE: Final = 0.02

TABLES: Final = {
    "lookups": "SELECT l.id, at, c.key, kind, domain, qname, qtype, rcode, origin, addresses,"
    " exchanges, ttl, new, refreshed, hits, proven FROM lookup l JOIN client c ON c.id = l.client"
    " ORDER BY l.id",
    "accounts": "SELECT start, c.key, m.name, count FROM tally JOIN client c ON c.id = tally.client"
    " JOIN measure m ON m.id = measure ORDER BY 1, 2, 3",
    "site": "SELECT start, measure, count FROM site ORDER BY 1, 2",
    "clients": "SELECT key, first_seen, last_seen FROM client ORDER BY key",
}
"""The records that must be equal, row by row."""


def seen(begin: float, count: int, seed: int = 1) -> Iterator[Observation]:
    """Tell lookups, one each `PACE` seconds."""
    chance = random.Random(seed)
    for number in range(count):
        at = begin + number * PACE
        if number % 9 == 0:
            domain = f"victim{number}.example"
            exchange = (from_text(f"mx.{domain}"),)
            yield Observation(
                at,
                WORM,
                from_text(domain),
                Type.MX,
                0,
                Origin.UPSTREAM,
                exchanges=exchange,
                ttl=300,
            )
        elif number % 9 == 1:
            host = from_text(f"mx.victim{number - 1}.example")
            address = bytes((203, 0, 113, number % 250))
            yield Observation(at, WORM, host, Type.A, 0, Origin.UPSTREAM, ((address, 60),))
        else:
            name = from_text(f"www{chance.randrange(60)}.example")
            address = bytes((198, 51, 100, chance.randrange(200)))
            yield Observation(
                at,
                chance.choice(CLIENTS),
                name,
                Type.A,
                0,
                Origin.UPSTREAM,
                ((address, chance.randrange(1, 40)),),
            )


def home(client: bytes | None, nodes: int, workers: int) -> tuple[int, int]:
    """Say which node and worker a client asks."""
    number = client[-1] if client else 0
    return number % nodes, number // nodes % workers


def batches(
    lookups: list[Observation], nodes: int, workers: int, pieces: int
) -> Iterator[tuple[int, int, Batch]]:
    """Divide lookups by client, and cut them into batches as workers do; the last is empty."""
    cut = -(-len(lookups) // pieces)
    for piece in range(pieces):
        some = lookups[piece * cut : (piece + 1) * cut]
        until = lookups[min((piece + 1) * cut, len(lookups) - 1)].at
        until += 10.0 if piece == pieces - 1 else 0.0
        for node in range(nodes):
            for worker in range(workers):
                mine = [one for one in some if home(one.client, nodes, workers) == (node, worker)]
                tallies = [Tally(CLIENTS[node], Type.A, 0, 1, False, 1)]
                counters = {"packets_in": len(mine)} if mine else {}
                yield node, worker, Batch(until, mine, tallies, counters, number=piece)


def alone(state: Path, sent: list[Batch]) -> Records:
    """Give the records of one server that hears all of it in order of time."""
    source = Source(QUIET, "dnswatch.toml")
    settings = combine(source)
    archive = Archive(state, settings)
    site = SitePipeline(source, archive.key, 0.0)
    site.configure(source, settings)
    lookups = [one for batch in sent for one in batch.observations]
    for one in sorted(lookups, key=lambda one: one.at):
        site.watch.fold(one)
    end = max(batch.until for batch in sent)
    site.watch.expire(end)
    for batch in sent:
        for tally in batch.tallies:
            site.watch.tally(tally, batch.until)
    changes, _ = site.drain(end)
    archive.write(changes, end)
    archive.close()
    return records(state)


def records(state: Path) -> Records:
    """Give the records of a server."""
    return {name: query(state, sql) for name, sql in TABLES.items()}
