"""Groups: which upstream is asked first, which next, and which group for which domain."""

import logging
from collections.abc import Callable, Iterable
from math import inf
from typing import Final

from dnswatch.codes import Rcode, Type
from dnswatch.proxy.upstream.edns import MISUNDERSTOOD, plainer
from dnswatch.proxy.upstream.transport import Asking, Upstream
from dnswatch.resolver.health import PROBE_PATIENCE
from dnswatch.wire import name
from dnswatch.wire.query import MIN_UDP, Query

PROBE_ROUND: Final = 0.1
"""Seconds between two looks at who is due for a probe."""


class Group:
    """Upstreams that are asked for the same names."""

    def __init__(self, upstreams: list[Upstream], strategy: str) -> None:
        """Prefer by `strategy`: `fastest` or `ordered`."""
        self.upstreams = upstreams
        self._fastest = strategy == "fastest"

    def candidates(self) -> tuple[list[Upstream], list[Upstream]]:
        """Return whom to ask, in order, and whom only if those fail.

        One that never answered comes last: probes get to know it, not clients.
        """
        if len(self.upstreams) == 1:
            return self.upstreams, []
        if self._fastest:
            return trusted(sorted(self.upstreams, key=lambda u: u.health.rtt or inf))
        return trusted(self.upstreams)


def trusted(upstreams: list[Upstream]) -> tuple[list[Upstream], list[Upstream]]:
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

    def __init__(self, default: Group, domains: dict[bytes, Group]) -> None:
        """Ask `default` for whatever lies in none of `domains` (lower-case wire form)."""
        self._default = default
        self._domains = domains

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

    def upstreams(self) -> Iterable[Upstream]:
        """All upstreams, each once."""
        for group in {id(g): g for g in (self._default, *self._domains.values())}.values():
            yield from group.upstreams

    def close(self) -> None:
        """Close all upstreams."""
        for upstream in self.upstreams():
            upstream.close()


class Probe:
    """A question of our own, the root's NS: is an upstream there, and does it know EDNS?"""

    edns = True
    query = Query(0x0100, name.ROOT + bytes((0, Type.NS, 0, 1)), 0, MIN_UDP, b"", False)

    def __init__(self, now: Callable[[], float]) -> None:
        """Wait to be told."""
        self._now = now
        self.done = False

    def response(
        self, upstream: Upstream, message: bytes, sent_at: float, form: Asking | None = None
    ) -> None:
        """Note that it is there, and once it has understood one form, whether that had EDNS."""
        now = self._now()
        form, rcode = form or self, message[3] & 15
        if rcode == Rcode.REFUSED:
            upstream.health.probe_refused(now - sent_at, now)
        else:
            upstream.health.succeeded(now - sent_at, now)
        again = plainer(self, form, rcode, message)
        if again is not None:
            upstream.ask(again)
            return
        self.done = True
        knows = form.edns or rcode in MISUNDERSTOOD
        if knows != upstream.health.edns:
            log.warning(_KNOWS if knows else _KNOWS_NOT, upstream.url)
        upstream.health.learn_edns(now, knows)

    def failure(self, upstream: Upstream) -> None:
        """Note that it is not."""
        if not self.done:
            self.done = True
            upstream.health.probe_failed(self._now())


_KNOWS: Final = "%s knows EDNS again, and is asked with it"
_KNOWS_NOT: Final = (
    "%s knows no EDNS: it is asked without, so that answers have no DNSSEC; better ask another one"
)

log = logging.getLogger("dnswatch.proxy")


class Prober:
    """Probes upstreams: at the start, often while one is down, rarely while it is up and idle."""

    def __init__(self, routes: Routes, now: Callable[[], float]) -> None:
        """Probe the upstreams of `routes`."""
        self._routes = routes
        self._now = now
        self._probes: dict[Upstream, tuple[Probe, float]] = {}

    def round(self) -> None:
        """Look at who is due; to be called every `PROBE_ROUND` seconds."""
        now = self._now()
        for upstream, (probe, until) in list(self._probes.items()):
            if now > until:
                probe.failure(upstream)
            if probe.done:
                del self._probes[upstream]
        for upstream in self._routes.upstreams():
            if upstream not in self._probes and now >= upstream.health.due:
                probe = Probe(self._now)
                patience = max(upstream.health.patience, PROBE_PATIENCE)
                self._probes[upstream] = probe, now + patience
                upstream.health.probed(now)
                upstream.ask(probe)
