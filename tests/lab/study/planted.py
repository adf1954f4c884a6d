"""A trace with planted truth: every count of it is written down before a packet is made up.

The site is the paper's: 1,128 hosts, of them 4 mail servers and 3 DNS servers.  All goes by the
clock, so that the number of new entries and refreshes is known:

- A normal host at work makes 8 web flows a day, two to each of 4 addresses of its own; 2 of the 8
  fail.  It looks each address up before the first of the two (new: the TTL is 300 s), and one of
  them again before the second, 100 s later (refresh).
- An infected host sends mail in 10 rounds an hour apart, each to 20 servers, from the onset on; the
  last three rounds go to 20 hosts that do not answer.  It asks before each mail (TTL 1800 s), 1 s
  after the infected host before it: only the first one's answer is new.
- Each mail server delivers to some servers in 12 rounds an hour apart (TTL 6 h), 1 s after the mail
  server before it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final

from dnswatch.sources.dataset import FLOWS, OBSERVATIONS, PartitionedTable
from tests.rows import Row, by_row

HOSTS: Final = 1128
MAIL_SERVERS: Final = 4
DNS_SERVERS: Final = 3
ADDRESSES: Final = 4
"Web addresses of a host."
ROUNDS: Final = 10
TARGETS: Final = 20
DEAD_ROUNDS: Final = 3
DELIVERIES: Final = 12
WORM_BYTES: Final = 100_000
SECOND: Final = 1_000_000
HOUR: Final = 3600 * SECOND
DAY: Final = 24 * HOUR
_SOON: Final = SECOND // 5
"A contact follows its lookup so soon."

_TCP: Final = 6
_UDP: Final = 17


@dataclass(frozen=True)
class Plan:
    """One trace."""

    begin: int
    "Midnight of the first day, Unix seconds."
    days: int
    weekends: frozenset[int]
    infected: int
    "Hosts, the first ones of the normal."
    onset: int
    partners: int
    "Servers that each mail server delivers to on an ordinary day."
    spike: frozenset[int] = frozenset()
    "Days with three times as many."
    hosts: int = HOSTS

    @property
    def clients(self) -> int:
        """Hosts that are neither mail nor DNS servers."""
        return self.hosts - MAIL_SERVERS - DNS_SERVERS

    def is_at_work(self, client: int, day: int) -> bool:
        """At weekends every other normal host rests."""
        return client < self.infected or day not in self.weekends or client % 2 == 0

    def at_work(self, day: int) -> int:
        """Count the normal hosts that are at work."""
        return sum(self.is_at_work(client, day) for client in range(self.infected, self.clients))

    def delivered_to(self, day: int) -> int:
        """Count the servers that the mail servers deliver to."""
        return self.partners * (3 if day in self.spike else 1)


SOBIG: Final = Plan(
    1_060_041_600, 32, frozenset({4, 5, 11, 12, 18, 19, 25, 26}), 5, 12, 10, frozenset({13, 14})
)
MYDOOM: Final = Plan(1_074_124_800, 22, frozenset({2, 3, 9, 10, 16, 17}), 6, 11, 12)
SMALL: Final = Plan(1_060_041_600, 3, frozenset(), 2, 1, 3, hosts=20)


def client(number: int) -> str:
    """Address of a client."""
    return f"10.1.{number // 250}.{number % 250}"


def mail_server(number: int) -> str:
    """Address of a mail server."""
    return f"10.2.0.{number}"


def dns_server(number: int) -> str:
    """Address of a DNS server."""
    return f"10.3.0.{number}"


def write(place: Path, plan: Plan) -> None:
    """Write the trace as a data set."""
    lookups = PartitionedTable[Row](place / "observations", OBSERVATIONS, by_row(OBSERVATIONS))
    flows = PartitionedTable[Row](place / "flows", FLOWS, by_row(FLOWS))
    for day in range(plan.days):
        begin = plan.begin * SECOND + day * DAY
        rows = [*_web(plan, day), *_mail(plan, day)]
        if day >= plan.onset:
            rows += _worm(plan)
        lookups.add(_lookup(begin, row) for row in rows)
        flows.add(_flow(begin, row) for row in _flows(plan, day))
    lookups.close()
    flows.close()


Asked = tuple[int, str, str, int, str]
"""When in the day, who, which address, its TTL, and from where."""


def _web(plan: Plan, day: int) -> Iterator[Asked]:
    for number in range(plan.clients):
        if plan.is_at_work(number, day):
            for place in range(ADDRESSES):
                at = _reads(number, place)
                yield at, client(number), _site(number, place), 300, "upstream"
            again = _reads(number, 0) + 100 * SECOND
            yield again - 50 * SECOND, client(number), _site(number, 0), 250, "cache"
            yield again, client(number), _site(number, 0), 300, "upstream"


def _worm(plan: Plan) -> Iterator[Asked]:
    for number, turn, target in product(range(plan.infected), range(ROUNDS), range(TARGETS)):
        at = _sends(number, turn, target)
        yield at, client(number), _target(turn, target), 1800, "upstream"


def _mail(plan: Plan, day: int) -> Iterator[Asked]:
    partners = range(plan.delivered_to(day))
    for number, turn, partner in product(range(MAIL_SERVERS), range(DELIVERIES), partners):
        at = _delivers(number, turn, partner)
        yield at, mail_server(number), _partner(partner), 6 * 3600, "upstream"


Moved = tuple[int, str, str, int, int, str, int]
"""When in the day, source, destination, protocol, port, outcome and payload."""


def _flows(plan: Plan, day: int) -> Iterator[Moved]:
    yield from _web_flows(plan, day)
    if day >= plan.onset:
        yield from _worm_flows(plan)
    yield from _mail_flows(plan, day)
    for number in range(DNS_SERVERS):
        yield HOUR, dns_server(number), "198.41.0.4", _UDP, 53, "unknown", 40
    # What crosses the edge inwards, and what stays inside, is no outgoing flow.
    yield HOUR, "203.0.113.9", mail_server(0), _TCP, 25, "success", 900
    yield HOUR, client(0), mail_server(0), _TCP, 25, "success", 900


def _web_flows(plan: Plan, day: int) -> Iterator[Moved]:
    for number in range(plan.clients):
        if plan.is_at_work(number, day):
            for place, again in product(range(ADDRESSES), (0, 1)):
                at = _reads(number, place) + again * 100 * SECOND + _SOON
                outcome = "failure" if again and place < 2 else "success"
                yield at, client(number), _site(number, place), _TCP, 80, outcome, 500


def _worm_flows(plan: Plan) -> Iterator[Moved]:
    for number, turn, target in product(range(plan.infected), range(ROUNDS), range(TARGETS)):
        at = _sends(number, turn, target) + _SOON
        outcome = "success" if turn < ROUNDS - DEAD_ROUNDS else "failure"
        yield at, client(number), _target(turn, target), _TCP, 25, outcome, WORM_BYTES


def _mail_flows(plan: Plan, day: int) -> Iterator[Moved]:
    partners = range(plan.delivered_to(day))
    for number, turn, partner in product(range(MAIL_SERVERS), range(DELIVERIES), partners):
        at = _delivers(number, turn, partner) + _SOON
        yield at, mail_server(number), _partner(partner), _TCP, 25, "success", 3000


def _reads(number: int, place: int) -> int:
    return (8 + place) * HOUR + number * SECOND


def _sends(number: int, turn: int, target: int) -> int:
    return (2 + turn) * HOUR + (target * 10 + number) * SECOND


def _delivers(number: int, turn: int, partner: int) -> int:
    return (1 + turn) * HOUR + (partner * 10 + number) * SECOND


def _site(number: int, place: int) -> str:
    return f"192.{number // 250}.{number % 250}.{place}"


def _target(turn: int, target: int) -> str:
    return f"198.18.{1 if turn < ROUNDS - DEAD_ROUNDS else 2}.{target}"


def _partner(partner: int) -> str:
    return f"198.19.0.{partner}"


def _lookup(begin: int, asked: Asked) -> Row:
    at, who, address, ttl, origin = asked
    answer = [(address, ttl)]
    server, name = dns_server(0), "name.example.org"
    return (begin + at, who, server, name, 1, 0, origin, True, False, answer, [], None)


def _flow(begin: int, moved: Moved) -> Row:
    at, source, destination, protocol, port, outcome, payload = moved
    begun, ended = begin + at, begin + at + SECOND
    return (begun, source, destination, protocol, port, outcome, ended, 10, 2000, payload)
