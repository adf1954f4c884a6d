"""Metrics: what Prometheus is told, in its text form or as OpenMetrics.

Labels come from closed sets; never a client's address or a name (whoever can read metrics need not
be allowed to know who asks what).  What the store counts by the minute goes with its retention, but
a counter never falls: each scrape adds what has come since the one before.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector, CollectorRegistry

from dnswatch.bay.queue.index import Filter, Index
from dnswatch.bay.record import SCANNERS
from dnswatch.bay.state import STATES, State
from dnswatch.codes import Type
from dnswatch.errors import SpoolError
from dnswatch.fleet.view import FleetView
from dnswatch.model.durations import BOUNDS, PREFIX, TRANSPORTS, histogram
from dnswatch.model.policies.mark import Mark
from dnswatch.store import site
from dnswatch.store.directory import RunningServer, ServerProcess
from dnswatch.store.reports import RoleOf
from dnswatch.store.sqlite import Database
from dnswatch.store.standouts import Standout, standouts

STALE: Final = 60.0
"""Seconds after which a store that nothing was written to says that the watch does not work."""

_SETTLED: Final = 600
"""Seconds after which no count of a minute grows any more."""

_TYPES: Final = frozenset(one.name for one in Type)
"""RR types with a label of their own; what clients make up is `other`."""

_ORIGINS: Final = {"cache": "cached", "stale": "stale", "local": "local", "failed": "failed"}
"""Origins but for an upstream, to what an account calls them."""

_SITECACHE: Final = {
    "new": "Addresses that the site had not seen, or whose life had ended",
    "refresh": "Addresses that upstream sent again before their life had ended",
    "expire": "Addresses whose life has ended",
    "evicted": "Addresses that went early at the bound",
    "hit": "Addresses given from an answer cache",
    "superfluous": "Upstream lookups that brought nothing but unexpired addresses",
}


_OURS: Final[tuple[State, ...]] = ("waiting", "held", "releasing")
"""States of a message that a person, or the bay itself, still has to see to."""

_BAY: Final = {
    "bay_accepted": ("accepted", "Messages that the bay took the duty of delivery for"),
    "bay_released": ("released", "Recipients whose exchange has a message now"),
}


@dataclass(frozen=True)
class Beside:
    """What there is to tell that does not stand in the records."""

    server: RunningServer | None
    role_of: RoleOf
    processes: Collection[ServerProcess] = ()
    "Those of the server."
    marks: Collection[Mark] = ()
    "What policies do now."
    mail: Index | None = None
    "The messages of the bay; None where there is none."
    sinks: Mapping[str, int] = field(default_factory=dict)
    "Of each sink of events, by its label, how many changes it is behind."
    fleet: FleetView | None = None
    "None where there is none."


class Totals:
    """Sums of what the store counts by the minute, which never fall."""

    def __init__(self, statement: str, since: float) -> None:
        """Add up a statement's rows of name and count from a moment on, Unix seconds."""
        self._statement = statement
        self._from = int(since) // 60 * 60
        self._settled: Counter[str] = Counter()

    def read(self, db: Database, now: float) -> Counter[str]:
        """Return the sums up to now."""
        until = int(now - _SETTLED) // 60 * 60
        if until > self._from:
            self._settled += self._sums(db, self._from, until)
            self._from = until
        return self._settled + self._sums(db, self._from, 1 << 40)

    def _sums(self, db: Database, begin: int, end: int) -> Counter[str]:
        return Counter(dict(db.conn.execute(self._statement, (begin, end)).fetchall()))


_SITE: Final = (
    "SELECT measure, sum(count) FROM site WHERE start >= ? AND start < ? GROUP BY measure"
)
_COUNTERS: Final = (
    "SELECT name, sum(count) FROM counter WHERE start >= ? AND start < ? GROUP BY name"
)
_ACCOUNTS: Final = """
    SELECT name, sum(count) FROM tally JOIN measure ON measure.id = tally.measure
    WHERE start >= ? AND start < ? GROUP BY name"""
_ENFORCED: Final = """
    SELECT policy || ' ' || decided || ' ' || dry_run, count(*) FROM lookup
    WHERE policy IS NOT NULL AND at >= ? AND at < ? GROUP BY 1"""


class Metrics(Collector):
    """All that is told of one site."""

    def __init__(self, since: float) -> None:
        """Count from a moment on, Unix seconds."""
        self._site = Totals(_SITE, since)
        self._counters = Totals(_COUNTERS, since)
        self._accounts = Totals(_ACCOUNTS, since)
        self._enforced = Totals(_ENFORCED, since)
        self._registry = CollectorRegistry(auto_describe=False)
        self._found: list[Metric] = []
        self._registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Give what was read last, to prometheus-client."""
        return self._found

    def exposition(
        self, db: Database, beside: Beside, now: float, accept: str
    ) -> tuple[bytes, str]:
        """Read the store; return the text and its content type, in the form that is accepted."""
        ours = (*_server(beside.server), *_processes(beside.processes))
        self._found = [*ours, *self._families(db, beside, now)]
        encode, content_type = choose_encoder(accept)
        return encode(self._registry), content_type

    def _families(self, db: Database, beside: Beside, now: float) -> Iterator[Metric]:
        measures = self._site.read(db, now)
        yield from _lookups(measures, self._accounts.read(db, now))
        yield from _sitecache(measures, site.live_entries(db, now))
        yield from _upstreams(site.upstreams(db))
        yield _clients(standouts(db, beside.role_of, now), site.known_clients(db))
        yield _marks(beside.marks)
        yield _enforced(self._enforced.read(db, now))
        counted = self._counters.read(db, now)
        yield _answer_times(counted)
        yield CounterMetricFamily(
            "dnswatch_novel_domains",
            "Mail domains that were new to whoever asked",
            counted[_NOVEL],
        )
        yield from _mail(beside.mail, counted, now)
        yield _inspectors(site.last_counted(db, [*_INSPECTED]))
        yield _sinks(beside.sinks)
        if beside.fleet is not None:
            yield from _fleet(beside.fleet, now)
        others = {name: count for name, count in counted.items() if not _has_its_own(name)}
        yield _labelled("dnswatch_events", "What the processes counted", "what", others)
        yield GaugeMetricFamily("dnswatch_store_bytes", "Bytes that records take", site.used(db))
        if until := site.passed(db):
            yield GaugeMetricFamily(
                "dnswatch_store_last_commit_timestamp_seconds",
                "Up to when the store knows the site",
                until,
            )


def _lookups(measures: Counter[str], accounts: Counter[str]) -> Iterator[Metric]:
    yield CounterMetricFamily("dnswatch_lookups", "Lookups of clients", measures["lookup"])
    yield CounterMetricFamily(
        "dnswatch_upstream_lookups", "Lookups that an upstream answered", measures["upstream"]
    )
    by_prefix: dict[str, Counter[str]] = {
        "type": Counter(),
        "rcode": Counter(),
        "mail": Counter(),
    }
    for measure, count in accounts.items():
        prefix, _, value = measure.partition(":")
        if prefix in by_prefix:
            is_made_up = prefix == "type" and value not in _TYPES
            by_prefix[prefix]["other" if is_made_up else value] += count
    for prefix, name, said, label in (
        ("type", "dnswatch_lookups_by_type", "Lookups by RR type", "qtype"),
        ("rcode", "dnswatch_lookups_by_rcode", "Lookups by response code", "rcode"),
        ("mail", "dnswatch_mail_lookups", "Mail-related lookups", "kind"),
    ):
        yield _labelled(name, said, label, by_prefix[prefix])
    yield _labelled(
        "dnswatch_lookups_by_origin", "Lookups by what answered", "origin", _origins(accounts)
    )
    for origin in ("stale", "failed"):
        yield CounterMetricFamily(
            f"dnswatch_{origin}_answers", f"Lookups with a {origin} answer", accounts[origin]
        )


def _origins(accounts: Counter[str]) -> dict[str, int]:
    """Count by origin; an account has no count of its own for what an upstream answered."""
    found = {origin: accounts[measure] for origin, measure in _ORIGINS.items()}
    return {"upstream": accounts["lookup"] - sum(found.values()), **found}


def _sitecache(measures: Counter[str], alive: int) -> Iterator[Metric]:
    for measure, said in _SITECACHE.items():
        yield CounterMetricFamily(f"dnswatch_sitecache_{measure}", said, measures[measure])
    yield GaugeMetricFamily("dnswatch_sitecache_addresses", "Addresses alive", alive)


def _clients(found: list[Standout], known: int) -> Metric:
    rungs = Counter(one.standing.rung for one in found)
    rungs["clean"] = max(0, known - rungs["suspect"] - rungs["infected"])
    clients = GaugeMetricFamily("dnswatch_clients", "Clients in the records", labels=["state"])
    for state in ("clean", "suspect", "infected"):
        clients.add_metric([state], rungs[state])
    return clients


def _marks(marks: Iterable[Mark]) -> Metric:
    found = Counter((one.policy, str(one.action), str(int(one.dry_run))) for one in marks)
    labels = ["policy", "action", "dry_run"]
    family = GaugeMetricFamily("dnswatch_marks", "Marks of clients by now", labels=labels)
    for what, count in sorted(found.items()):
        family.add_metric(what, count)
    return family


def _answer_times(counted: Mapping[str, int]) -> Metric:
    family = HistogramMetricFamily(
        "dnswatch_answer_duration_seconds",
        "Time until answers that could not be given at once",
        labels=["transport"],
    )
    bounds = [*(str(bound) for bound in BOUNDS), "+Inf"]
    for transport in TRANSPORTS:
        counts, total = histogram(counted, transport)
        buckets = list(zip(bounds, accumulate(counts), strict=True))
        family.add_metric([transport], buckets, total)
    return family


def _mail(index: Index | None, counted: Mapping[str, int], now: float) -> Iterator[Metric]:
    if index is None:
        return
    try:
        states, oldest = index.totals(Filter()).states, index.oldest(_OURS)
    except SpoolError:
        return
    messages = GaugeMetricFamily("dnswatch_bay_messages", "Messages in the bay", labels=["state"])
    for state in STATES:
        messages.add_metric([state], states.get(state, 0))
    yield messages
    yield GaugeMetricFamily(
        "dnswatch_bay_oldest_seconds",
        "Age of the oldest message that is still to be seen to",
        0.0 if oldest is None else max(0.0, now - oldest),
    )
    for counter, (name, said) in _BAY.items():
        yield CounterMetricFamily(f"dnswatch_bay_{name}", said, counted.get(counter, 0))
    failed = {result: counted.get(f"bay_delivery_{result}", 0) for result in ("later", "refused")}
    name, said = "dnswatch_bay_delivery_failures", "Deliveries that came to nothing"
    yield _labelled(name, said, "result", failed)


_INSPECTED: Final = [
    f"inspector_{one}_{heard}" for one in SCANNERS for heard in ("scanned", "failed")
]


def _inspectors(last: Mapping[str, int]) -> Metric:
    """Tell who scanned all messages of the last minute in which it was asked."""
    said = "Whether it scanned the last messages"
    family = GaugeMetricFamily("dnswatch_inspector_up", said, labels=["inspector"])
    for one in SCANNERS:
        scanned, failed = (last.get(f"inspector_{one}_{heard}") for heard in ("scanned", "failed"))
        if scanned or failed:
            family.add_metric([one], float((scanned or 0) > (failed or 0)))
    return family


def _sinks(behind: Mapping[str, int]) -> Metric:
    said = "Changes that a sink is still to be told of"
    family = GaugeMetricFamily("dnswatch_sink_behind", said, labels=["sink"])
    for sink, count in behind.items():
        family.add_metric([sink], count)
    return family


_NOVEL: Final = "novel_domains"


def _has_its_own(counter: str) -> bool:
    """Say whether there is a metric of its own for a counter."""
    return counter == _NOVEL or counter.startswith((PREFIX, "bay_", "inspector_"))


def _enforced(counts: Counter[str]) -> Metric:
    enforced = CounterMetricFamily(
        "dnswatch_enforced",
        "Answers that a policy held, refused or rewrote",
        labels=["policy", "decided", "dry_run"],
    )
    for what, count in sorted(counts.items()):
        enforced.add_metric(what.split(" "), count)
    return enforced


def _labelled(name: str, said: str, label: str, counts: Mapping[str, int]) -> Metric:
    family = CounterMetricFamily(name, said, labels=[label])
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
    return family


def _server(server: RunningServer | None) -> Iterator[Metric]:
    yield GaugeMetricFamily("dnswatch_up", "Whether the server runs", float(server is not None))
    if server is not None:
        value = {"version": server.version, "build": server.build}
        yield InfoMetricFamily("dnswatch_build", "What runs", value)
        yield GaugeMetricFamily(
            "dnswatch_start_timestamp_seconds", "When it was started", server.since
        )


def _processes(found: Iterable[ServerProcess]) -> Iterator[Metric]:
    labels = ["process"]
    up = GaugeMetricFamily("dnswatch_process_up", "Whether it is there", labels=labels)
    restarts = CounterMetricFamily("dnswatch_process_restarts", "Starts anew", labels=labels)
    for one in found:
        up.add_metric([one.name], float(one.pid != 0))
        restarts.add_metric([one.name], one.restarts)
    return iter((up, restarts))


def _upstreams(found: list[site.UpstreamStatus]) -> Iterator[Metric]:
    """Tell of upstreams by their place in the list and their transport, never by name."""
    labels = ["upstream", "worker"]
    up = GaugeMetricFamily("dnswatch_upstream_up", "Whether it answers", labels=labels)
    rtt = GaugeMetricFamily("dnswatch_upstream_rtt_seconds", "Smoothed", labels=labels)
    answers = CounterMetricFamily("dnswatch_upstream_answers", "Answers", labels=labels)
    failures = CounterMetricFamily("dnswatch_upstream_failures", "Failures", labels=labels)
    names = list(dict.fromkeys(one.upstream for one in found))
    for one in found:
        scheme = one.upstream.partition("://")[0]
        who = [f"{names.index(one.upstream)}-{scheme}", one.place]
        up.add_metric(who, float(one.up))
        rtt.add_metric(who, one.rtt)
        answers.add_metric(who, one.answers)
        failures.add_metric(who, one.failures)
    return iter((up, rtt, answers, failures))


def _fleet(view: FleetView, now: float) -> Iterator[Metric]:
    """Tell what this node's part is, and what it misses."""
    leads = float(view.leader == view.node)
    yield GaugeMetricFamily("dnswatch_fleet_leads", "Whether this node leads", leads)
    apart = now - view.apart_since if view.apart_since is not None else 0.0
    yield GaugeMetricFamily("dnswatch_fleet_apart_seconds", "Without the engine", apart)
    yield GaugeMetricFamily("dnswatch_fleet_batches_kept", "Waiting for the engine", view.kept)
    yield CounterMetricFamily("dnswatch_fleet_batches_lost", "Made room for others", view.lost)
    ours = [node for node in view.nodes if node.name == view.node]
    for node in ours:
        yield GaugeMetricFamily("dnswatch_fleet_clock_skew_seconds", "To the engine", node.skew)
        if node.behind is not None:
            yield GaugeMetricFamily("dnswatch_fleet_versions_behind", "Of the records", node.behind)


def is_ready(db: Database, now: float) -> bool:
    """Say whether the watch has written to the store of late."""
    return now - site.passed(db) < STALE
