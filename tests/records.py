"""Records: lookups as a test tells them, put through the real watch into a real store."""

from collections import Counter
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from pathlib import Path

from dnswatch.codes import Type
from dnswatch.errors import StoreError
from dnswatch.model.changes import Changes
from dnswatch.model.observation import Observation, Origin
from dnswatch.model.watch import Watch
from dnswatch.store import Store, clients, reports
from dnswatch.wire.name import from_text
from tests.check import eventually

NOON = 1795435200.0
"""2026-11-23 12:00:00 UTC."""


def plain(packed: bytes) -> str:
    """Key a client by its address."""
    return str(ip_address(packed))


def asked(
    at: float,
    client: str,
    qname: str,
    qtype: int = Type.A,
    gives: Sequence[str] = (),
    *,
    exchanges: Sequence[str] = (),
    ttl: int = 300,
    rcode: int = 0,
    origin: Origin = Origin.UPSTREAM,
    redirected: bool = False,
) -> Observation:
    """Tell one lookup; `at` is seconds after noon."""
    return Observation(
        NOON + at,
        ip_address(client).packed,
        from_text(qname),
        qtype,
        rcode,
        origin,
        tuple((ip_address(address).packed, ttl) for address in gives),
        tuple(map(from_text, exchanges)),
        ttl if exchanges else 0,
        redirected,
    )


def changes(seen: Iterable[Observation], until: float | None = None) -> Changes:
    """Fold lookups into changes; `until` (seconds after noon) lets what ends by then expire."""
    watch = Watch(1000)
    for observation in seen:
        watch.fold(observation)
    if until is not None:
        watch.expire(NOON + until)
    return watch.drain()


def record(state: Path, seen: Iterable[Observation], until: float | None = None) -> None:
    """Store lookups under the clients' addresses."""
    with Store.open(state) as store:
        store.write(changes(seen, until), plain, NOON)


def worm(client: str = "10.0.0.66") -> list[Observation]:
    """Tell of a client that sends mail by itself to ten domains."""
    seen = []
    for number in range(10):
        domain, at = f"victim{number}.example", 60.0 * number
        mx = f"mx.{domain}"
        seen.append(asked(at, client, domain, Type.MX, exchanges=[mx]))
        seen.append(asked(at + 1, client, mx, gives=[f"192.0.2.{number}"]))
        seen.append(asked(at + 2, client, f"smtp.{domain}", rcode=3))
    return seen


def person(client: str, start: float = 0.0) -> list[Observation]:
    """Tell of a client that reads the web: three lookups, one of them from the cache."""
    return [
        asked(start + 5, client, "www.example.org", gives=["198.51.100.1"]),
        asked(start + 6, client, "www.example.org", Type.AAAA, gives=["2001:db8::1"]),
        asked(start + 7, client, "www.example.org", gives=["198.51.100.1"], origin=Origin.CACHE),
    ]


def site() -> list[Observation]:
    """Tell of a site with one worm and three persons, in order of time."""
    people = [*person("10.0.0.1"), *person("10.0.0.2", 100.0), *person("2001:db8:1::3", 200.0)]
    return sorted([*worm(), *people], key=lambda observation: observation.at)


def accounts(state: Path) -> dict[str, Counter[str]]:
    """Read each client's account, once a server that starts has begun any: key to measures."""
    eventually(lambda: is_begun(state))
    with Store.read(state) as store, store.snapshot() as db:
        totals = clients.totals(db, 0.0)
        return {client.key: totals.get(client.id, Counter()) for client in clients.clients(db)}


def is_begun(state: Path) -> bool:
    """Tell whether there are records to read."""
    try:
        Store.read(state).close()
    except StoreError:
        return False
    return True


def counters(state: Path) -> Counter[str]:
    """Read the counters of `dnswatch status`, as soon as a server that starts has begun any."""
    eventually(lambda: is_begun(state))
    with Store.read(state) as store, store.snapshot() as db:
        return Counter(reports.status(db, 0.0).counters)
