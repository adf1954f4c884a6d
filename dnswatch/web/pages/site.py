"""The first page: how the site does, and who stands out."""

from collections import Counter

import msgspec
from markupsafe import Markup

from dnswatch import clock
from dnswatch.fleet.view import FleetNode, look
from dnswatch.office import wording
from dnswatch.office.fleet import headline, warnings
from dnswatch.office.text import local, short, span
from dnswatch.store import orders, reports, site
from dnswatch.store.directory import server
from dnswatch.store.standouts import standouts
from dnswatch.web import drawing
from dnswatch.web.console import Console, Glance
from dnswatch.web.pages.request import ConsoleRequest

FIGURES = {
    "lookup": "lookups",
    "mail": "mail-related",
    "new": "new addresses",
    "refresh": "refreshes",
    "hit": "hits",
}
"""Figures of the last day, and what they are called."""

DAY = 86400.0


class StandoutRow(msgspec.Struct):
    """Somebody who stands out."""

    key: str
    name: str
    role: str
    verdict: str
    policy: str
    said: str
    "A person's word, where one is in force."


class UpstreamRow(msgspec.Struct):
    """Whom dnswatch asks, as its workers see it together."""

    name: str
    is_up: bool
    has_edns: bool
    rtt: float
    "Seconds; 0 before the first response."
    answers: int
    failures: int


class Chart(msgspec.Struct):
    """Lookups over time."""

    begin: float
    width: int
    "Seconds of an interval."
    offset: float
    "Seconds by which the site's zone is ahead of UTC."
    lookups: list[int]
    mail: list[int]


class Front(msgspec.Struct):
    """The first page."""

    runs_since: float | None
    "None where no server runs."
    version: str
    learning_until: float | None
    "None where clients are judged."
    figures: dict[str, int]
    "Of the last 24 hours."
    chart: Chart | None
    upstreams: list[UpstreamRow]
    standouts: list[StandoutRow]
    provisional: list[str]
    "Who would be suspect, were the site not being learned."
    policies: list[str]
    "Those that are switched on."
    dry_runs: list[str]
    "Those of them that only say what they would do."
    losses: dict[str, int]
    "Counters of what was dropped or not believed in the last 24 hours."
    fleet: str
    "This node's part in its fleet; empty where there is none."
    fleet_warnings: list[str]
    "What is wrong with that."
    fleet_nodes: list[FleetNode]


def read(request: ConsoleRequest) -> Front:
    """Read the first page."""
    with request.console.glance() as glance:
        return _front(request.console, glance)


def _front(console: Console, glance: Glance) -> Front:
    db, now = glance.db, glance.now
    status = reports.status(db, now - DAY)
    running = server(console.state)
    modes = wording.switched_on(console.policies.values(), orders.read(db, clock.now()))
    chart = _chart(glance)
    return Front(
        running.since if running else None,
        running.version if running else "",
        glance.judged.learning_until,
        figures(glance, chart),
        chart,
        _upstreams(status.upstreams),
        list(_standouts(glance)),
        [key for key, _ in glance.judged.provisional],
        list(modes),
        [name for name, how in modes.items() if how == "dry run"],
        {name: status.counters[name] for name in status.losses},
        *_fleet(console),
    )


def _fleet(console: Console) -> tuple[str, list[str], list[FleetNode]]:
    if not console.settings.fleet.engine:
        return "", [], []
    now = clock.now()
    view = look(console.state, console.settings.fleet, now)
    return headline(view), warnings(view, now), view.nodes


def figures(glance: Glance, chart: Chart | None) -> dict[str, int]:
    """Count what moves on every page."""
    measures = reports.status(glance.db, glance.now - DAY).measures
    counts = {name: measures[name] for name in FIGURES if name != "mail"}
    counts["mail"] = sum(chart.mail) if chart else 0
    return counts | dict(Counter(glance.judged.words.values()))


def live(console: Console) -> Front:
    """Read the first page for all who have one open."""
    with console.glance() as glance:
        return _front(console, glance)


def picture(chart: Chart) -> Markup:
    """Draw lookups over time, the mail-related ones before them."""
    titles = [
        f"{local(chart.begin + place * chart.width):%b %d %H:%M}, {span(chart.width)}:"
        f" {short(all_)} lookups, {short(mail)} mail-related"
        for place, (all_, mail) in enumerate(zip(chart.lookups, chart.mail, strict=True))
    ]
    top = max([*chart.lookups, 1])
    found = drawing.bars(chart.lookups, "lookups", titles)
    return drawing.lane(
        [*found, *drawing.bars(chart.mail, "mail", titles, top)],
        f"{sum(chart.lookups)} lookups, {sum(chart.mail)} of them mail-related",
        160,
    )


def ticks(begin: float, seconds: float) -> Markup:
    """Write five times below a picture."""
    form = "%b %d" if seconds > 2 * DAY else "%H:%M" if seconds > 600 else "%H:%M:%S"
    return drawing.axis((n / 4, f"{local(begin + seconds * n / 4):{form}}") for n in range(5))


def _chart(glance: Glance) -> Chart | None:
    found = reports.portrait(glance.db, glance.now - DAY, glance.whom.role_of, list, 0)
    if found is None or not found.accounts:
        return None
    activity = found.activity
    begin, offset = found.grid.begin, clock.offset(glance.now)
    return Chart(begin, found.grid.width, offset, activity.lookups, activity.mail)


def _standouts(glance: Glance) -> list[StandoutRow]:
    found = []
    for one in standouts(glance.db, glance.whom.role_of, glance.now):
        said = one.said
        word = f"{said.word} by {said.actor}{f': {said.why}' if said.why else ''}" if said else ""
        verdict = glance.judged.of([one.key], one.role)
        policy = glance.acting.get(one.key, "")
        found.append(StandoutRow(one.key, one.name or "", one.role.value, verdict, policy, word))
    return found


def _upstreams(found: list[site.UpstreamStatus]) -> list[UpstreamRow]:
    """Sum up what the workers say of each."""
    by_name: dict[str, UpstreamRow] = {}
    for one in found:
        sums = by_name.setdefault(one.upstream, UpstreamRow(one.upstream, False, True, 0.0, 0, 0))
        sums.is_up |= one.up
        sums.has_edns &= one.edns
        sums.rtt = max(sums.rtt, one.rtt)
        sums.answers += one.answers
        sums.failures += one.failures
    return list(by_name.values())
