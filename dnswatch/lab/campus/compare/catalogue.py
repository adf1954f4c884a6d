"""Catalogue: all defences by name, as they are compared."""

from collections.abc import Callable
from math import inf
from typing import Final, NamedTuple

from dnswatch.errors import SettingsError
from dnswatch.lab.campus.compare.judges import NOBODY, Found
from dnswatch.lab.campus.defences.acts import Finder, Throttle
from dnswatch.lab.campus.defences.finders.any_mx import AnyMx
from dnswatch.lab.campus.defences.finders.count import Count
from dnswatch.lab.campus.defences.finders.cusum import Cusum
from dnswatch.lab.campus.defences.finders.entropy import Entropy
from dnswatch.lab.campus.defences.finders.sprt import Sprt
from dnswatch.lab.campus.defences.finders.windows import Windows
from dnswatch.lab.campus.defences.throttles.failures import Failures
from dnswatch.lab.campus.defences.throttles.hosts import HostThrottle
from dnswatch.lab.campus.defences.throttles.introduced import Introduced
from dnswatch.lab.campus.defences.throttles.mails import MailThrottle
from dnswatch.lab.campus.defences.throttles.port import PortFilter
from dnswatch.lab.campus.run.post import Edge
from dnswatch.lab.campus.run.resolver import key_of
from dnswatch.lab.campus.site.hosts import Site
from dnswatch.settings import Settings
from dnswatch.watchdog.judging import Judging
from dnswatch.watchdog.vigil import Judges

DNSWATCH: Final = "dnswatch"
"""The name of dnswatch's own detector among the judges."""


NOTHING: Final = "nothing"
"""The name of the defence that all others are measured by."""


class Defence(NamedTuple):
    """One defence."""

    name: str
    summary: str
    policies: tuple[str, ...] = ()
    "Policies of dnswatch that are switched on."
    judge: str = DNSWATCH
    "Who gives verdicts; `NOBODY` where nothing goes by them."
    edge: Callable[[Site], Edge] | None = None
    "What stands before connections."


FINDERS: Final[dict[str, Callable[[], Finder]]] = {
    "any-mx": AnyMx, "many-mx": Count, "sprt": Sprt, "cusum": Cusum, "windows": Windows,
    "entropy": Entropy,
}  # fmt: skip
"""Published detectors."""

_QUARANTINE: Final = ("quarantine",)


def _in_hosts(make: Callable[[], Throttle]) -> Callable[[Site], Edge]:
    return lambda _: Edge(make(), is_in_hosts=True)


def _in_router(make: Callable[[], Throttle]) -> Callable[[Site], Edge]:
    return lambda _: Edge(make(), is_in_hosts=False)


def _filter(site: Site) -> Edge:
    return Edge(PortFilter((*site.mail_servers, site.bay)), is_in_hosts=False)


DEFENCES: Final = (
    Defence(NOTHING, "dnswatch watches, and does nothing"),
    Defence("delay", "dnswatch's policy: a bucket of new mail domains for suspects", ("delay",)),
    Defence("limit-refreshes", "dnswatch's policy: what is known comes slowly",
        ("limit-refreshes",)),
    Defence("quarantine", "dnswatch's policy: mail of the infected goes to the bay", _QUARANTINE),
    Defence("delay+quarantine", "both: suspects are slowed", ("delay", "quarantine")),
    Defence("ladder", "dnswatch's policy: harm grows with evidence", ("ladder",)),
    Defence("quarantine+filter", "dnswatch's quarantine and a filter on port 25", _QUARANTINE,
        edge=_filter),
    Defence("host-throttle", "Williamson 2002: one new host a second",
        (), NOBODY, _in_hosts(HostThrottle)),
    Defence("mail-throttle", "Williamson 2003: one new recipient a minute",
        (), NOBODY, _in_hosts(MailThrottle)),
    Defence("nic", "Ganger 2002: only what DNS introduced", (), NOBODY,
        _in_hosts(Introduced)),
    Defence("failures", "Chen 2004: who fails often waits", (), NOBODY,
        _in_router(Failures)),
    Defence("filter", "port 25 is for mail servers", (), NOBODY, _filter),
    Defence("any-mx", "Whyte 2006: any MX question; quarantine", _QUARANTINE, "any-mx"),
    Defence("many-mx", "BotFlex: 30 MX in 5 minutes; quarantine", _QUARANTINE, "many-mx"),
    Defence("sprt", "Jung 2004: Wald's test of failures; quarantine", _QUARANTINE, "sprt"),
    Defence("cusum", "Ganesh 2006: sum of failures; quarantine", _QUARANTINE, "cusum"),
    Defence("windows", "Sekar 2006: several windows; quarantine", _QUARANTINE, "windows"),
    Defence("entropy", "Musashi 2003: entropy of sources; quarantine", _QUARANTINE, "entropy"),
)  # fmt: skip
"""In the order of the table."""


def defence(name: str) -> Defence:
    """Return a defence by its name."""
    for one in DEFENCES:
        if one.name == name:
            return one
    known = ", ".join(one.name for one in DEFENCES)
    raise SettingsError(f"there is no defence '{name}': expected one of {known}")


def judges(site: Site, settings: Settings, now: float) -> dict[str, Judges]:
    """Return all judges, each at its beginning."""
    found: dict[str, Judges] = {DNSWATCH: Judging(settings, key_of, now, save_every=inf)}
    for name, make in FINDERS.items():
        found[name] = Found(name, make(), lambda client: site.roles[client])
    return found
