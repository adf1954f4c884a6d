"""Upstreams by number: which is asked first, which next, which group for which domain; probes."""

from collections import deque
from collections.abc import Iterable, Mapping
from math import inf
from typing import Final

from dnswatch.codes import Rcode, Type
from dnswatch.resolver.ask import MISUNDERSTOOD, Ask, UpstreamState, has_opt, plainer
from dnswatch.resolver.events import EdnsNews, Event
from dnswatch.resolver.health import PROBE_PATIENCE
from dnswatch.settings import Server, Settings
from dnswatch.wire import name
from dnswatch.wire.query import MIN_UDP, PADDING_BLOCK, Query

_ENCRYPTED: Final = frozenset(("tls", "https"))


class Group:
    """Upstreams that are asked for the same names."""

    def __init__(self, upstreams: list[UpstreamState], strategy: str) -> None:
        """Prefer by `strategy`: `fastest` or `ordered`."""
        self.upstreams = upstreams
        self._fastest = strategy == "fastest"

    def candidates(self) -> tuple[list[UpstreamState], list[UpstreamState]]:
        """Return whom to ask, in order, and whom only if those fail.

        One that never answered comes last: probes get to know it, not clients.
        """
        if len(self.upstreams) == 1:
            return self.upstreams, []
        if self._fastest:
            return trusted(sorted(self.upstreams, key=lambda u: u.health.rtt or inf))
        return trusted(self.upstreams)


def trusted(upstreams: list[UpstreamState]) -> tuple[list[UpstreamState], list[UpstreamState]]:
    """Part those that may be asked from those that are down or doubted; keep the order.

    Where all are doubted those that are up are asked; where all are down all are.
    """
    for least in (2, 1):
        asked = [each for each in upstreams if each.health.standing >= least]
        if asked:
            return asked, [each for each in upstreams if each.health.standing < least]
    return upstreams, []


class Routes:
    """Domain to group; the longest domain that fits wins (conditional forwarding)."""

    def __init__(self, default: Group, domains: Mapping[bytes, Group]) -> None:
        """Ask `default` for whatever lies in none of `domains` (lower-case wire form)."""
        self._default = default
        self._domains = domains
        self.servers: dict[int, Server] = {}
        "Number of each upstream to what is configured."

    def group(self, qname: bytes) -> Group:
        """Choose the group for a name in lower case; one dict probe a label."""
        if self._domains:
            at = 0
            while True:
                group = self._domains.get(qname[at:])
                if group is not None:
                    return group
                if qname[at] == 0:
                    break
                at += qname[at] + 1
        return self._default

    def upstreams(self) -> Iterable[UpstreamState]:
        """All upstreams, each once."""
        groups = {id(group): group for group in (self._default, *self._domains.values())}
        return {each.number: each for g in groups.values() for each in g.upstreams}.values()


def routes(settings: Settings, first: int) -> Routes:
    """Number the upstreams that are configured, from `first` on, and say who is asked for what.

    A server that stands in several places is one upstream.
    """
    numbered: dict[Server, UpstreamState] = {}
    size = settings.upstream.udp_size

    def group(servers: Iterable[Server]) -> Group:
        for server in servers:
            if server not in numbered:
                block = PADDING_BLOCK if server.scheme in _ENCRYPTED else 0
                number = first + len(numbered)
                numbered[server] = UpstreamState(number, str(server), size, block)
        return Group([numbered[server] for server in servers], settings.upstream.strategy)

    default = group(settings.upstream.servers)
    domains = {name.from_text(each.domain): group(each.servers) for each in settings.forward}
    made = Routes(default, domains)
    made.servers = {state.number: server for server, state in numbered.items()}
    return made


class Probe:
    """A question of our own, the root's NS: is an upstream there, and does it know EDNS?"""

    query: Final = Query(0x0100, name.ROOT + bytes((0, Type.NS, 0, 1)), 0, MIN_UDP, b"", False)

    def __init__(self, upstream: UpstreamState, until: float, events: deque[Event]) -> None:
        """Wait to be told, to a moment (Unix seconds); what follows goes to `events`."""
        self.is_done = False
        self.until = until
        self._upstream = upstream
        self._events = events

    def heard(self, ask: Ask, message: bytes, sent_at: float, now: float) -> None:
        """Note that it is there, and once it has understood one form, whether that had EDNS."""
        health, rcode = self._upstream.health, message[3] & 15
        if rcode == Rcode.REFUSED:
            health.probe_refused(now - sent_at, now)
        else:
            health.succeeded(now - sent_at, now)
        again = plainer(ask, rcode, has_opt=has_opt(message))
        if again is not None:
            self._events.append(again)
            return
        self.is_done = True
        knows = ask.edns or rcode in MISUNDERSTOOD
        if knows != health.edns:
            self._events.append(EdnsNews(self._upstream.url, knows))
        health.learn_edns(now, knows)

    def failed(self, _: Ask | None, now: float) -> None:
        """Note that it is not."""
        if not self.is_done:
            self.is_done = True
            self._upstream.health.probe_failed(now)


class Prober:
    """Probes upstreams: at the start, often while one is down, rarely while it is up and idle."""

    def __init__(self, probed: Routes, events: deque[Event]) -> None:
        """Probe the upstreams of `probed`; questions go to `events`."""
        self._routes = probed
        self._events = events
        self._probes: dict[int, Probe] = {}

    def round(self, now: float) -> None:
        """Look at who is due."""
        for number, probe in list(self._probes.items()):
            if now > probe.until:
                probe.failed(None, now)
            if probe.is_done:
                del self._probes[number]
        for upstream in self._routes.upstreams():
            health = upstream.health
            if upstream.number not in self._probes and now >= health.due:
                until = now + max(health.patience, PROBE_PATIENCE)
                probe = self._probes[upstream.number] = Probe(upstream, until, self._events)
                health.probed(now)
                self._events.append(Ask(probe, upstream, Probe.query))
