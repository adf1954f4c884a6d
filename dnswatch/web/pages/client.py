"""One client: its verdict, its lookups, what policies did and its held mail on one time axis."""

from collections.abc import Callable
from math import inf, isinf
from typing import Final

import msgspec
from markupsafe import Markup

from dnswatch import clock
from dnswatch.codes import rcode_name, type_name
from dnswatch.errors import ConsoleError
from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.model.role import Role
from dnswatch.office import orders
from dnswatch.office.text import local, span
from dnswatch.office.whom import nearest
from dnswatch.store import clients, reports
from dnswatch.store import orders as stored
from dnswatch.store.summary import Grid
from dnswatch.web import drawing
from dnswatch.web.console import Glance
from dnswatch.web.pages.clients import groups_of
from dnswatch.web.pages.mail import MessageRow, of_clients
from dnswatch.web.pages.request import ConsoleRequest, Done
from dnswatch.web.register import Rank

MOST_LOOKUPS: Final = 2000
"""Lookups of which the axis shows what policies did to them."""

SHOWN: Final = 20
"""Lookups that are listed."""

HEAVY: Final = {"clean": 0.0, "learning": 0.0, "suspect": 0.4, "likely": 0.7, "infected": 1.0}
"""How high a verdict stands on the axis."""


class LookupRow(msgspec.Struct):
    """A mail-related lookup."""

    at: float
    kind: str
    question: str
    answer: str
    policy: str
    "What a policy did to the answer."


class LogRow(msgspec.Struct):
    """A change that the log tells of."""

    at: float
    about: str
    client: str
    text: str
    cause: str
    actor: str


class TimeAxis(msgspec.Struct):
    """The time that all lanes share."""

    begin: float
    end: float
    lookups: list[int]
    mail: list[int]
    "Mail-related lookups, in as many equal intervals."


class ClientPage(msgspec.Struct):
    """All about one client."""

    who: str
    name: str
    keys: list[str]
    groups: list[str]
    role: str
    is_configured: bool
    "Its role stands in the configuration, which no order changes."
    verdict: str
    learning_until: float | None
    policy: str
    said: str
    first_seen: float
    last_seen: float
    span: str
    measures: list[tuple[str, int, float | None]]
    "A measure, how often, and the median of the others of its role."
    axis: TimeAxis | None
    explanation: dict[str, list[str]]
    "Of each address."
    is_long: bool
    turns: list[LogRow]
    lookups: list[LookupRow]
    has_more: bool
    "There are more lookups than are listed."
    acted: list[LookupRow]
    "Those that a policy did something to, at most as many as the axis shows."
    mail: list[MessageRow]


def read(request: ConsoleRequest) -> ClientPage:
    """Read the page of a client."""
    who, is_long = request.path["who"], bool(request.text("steps"))
    with request.console.glance() as glance:
        since = max(0.0, glance.now - request.span("span", "24h"))
        try:
            choose = glance.whom.meant(who)
        except ValueError as error:
            raise ConsoleError(str(error), 404) from None
        role_of = glance.whom.role_of
        found = reports.portrait(glance.db, since, role_of, choose, MOST_LOOKUPS)
        if found is not None and not found.accounts:  # nothing of late: all that is kept
            found = reports.portrait(glance.db, 0.0, role_of, choose, MOST_LOOKUPS)
        if found is None or not found.accounts:
            near = nearest(who, clients.names(glance.db))
            hint = f"; did you mean '{near}'?" if near else ""
            raise ConsoleError(f"no client '{who}' is on record{hint}", 404)
        page = _page(glance, found, who, is_long=is_long)
    shown = request.number("lookups", SHOWN, MOST_LOOKUPS)
    page.lookups, page.has_more = page.lookups[:shown], len(page.lookups) > shown
    page.span = request.text("span", "24h")
    page.mail = of_clients(
        request.console, page.keys, sees_letters=request.visitor.rank.covers(Rank.MAIL)
    )
    return page


def overrule(request: ConsoleRequest) -> Done:
    """Put a person's word above the verdict: trust, distrust or clear."""
    word, who = request.path["word"], request.path["who"]
    if word not in tuple(Word):
        raise ConsoleError(f"'{word}' is no word on a client: expected {', '.join(Word)}", 404)
    until = inf if word == Word.CLEAR else request.until()
    keys = _keys(request, who)
    said = Overrule(Word(word), clock.now(), until, request.why, request.visitor.name)
    orders.overrule(request.console.state, request.console.settings, keys, said)
    end = "" if isinf(until) else f" until {local(until):%b %d %H:%M}"
    return Done(f"ordered: {', '.join(keys)} {_MEANS[word]}{end}", f"/clients/{who}")


def declare(request: ConsoleRequest) -> Done:
    """Confirm what a client is for."""
    role, who = request.text("role"), request.path["who"]
    if role not in tuple(Role):
        raise ConsoleError(f"'{role}' is no role: expected one of {', '.join(Role)}")
    keys = _keys(request, who)
    orders.declare(
        request.console.state,
        request.console.settings,
        keys,
        Role(role),
        request.why,
        request.visitor.name,
    )
    return Done(f"ordered: {', '.join(keys)}: {role} from now on", f"/clients/{who}")


_MEANS: Final = {
    "clear": "is clean now; what was seen before counts no more",
    "trust": "is clean, whatever is seen,",
    "distrust": "is infected, whatever is seen,",
}


def lanes(page: ClientPage) -> Markup:
    """Draw the lanes of its axis, which a person reads from above to below."""
    axis = page.axis
    assert axis is not None
    long = max(1.0, axis.end - axis.begin)
    width = long / max(1, len(axis.lookups))
    titles = [
        f"{local(axis.begin + n * width):%b %d %H:%M}, {span(int(width))}: {all_} lookups,"
        f" {mail} mail-related"
        for n, (all_, mail) in enumerate(zip(axis.lookups, axis.mail, strict=True))
    ]

    def share(at: float) -> float:
        return (at - axis.begin) / long

    def acts(one: LookupRow) -> drawing.Dot:
        text = f"{local(one.at):%H:%M:%S} {one.question}: {one.policy}"
        return drawing.Dot(share(one.at), "policy", text)

    def mails(one: MessageRow) -> drawing.Dot:
        text = f"{local(one.at):%H:%M:%S} {one.verdict or 'not judged'}, {one.state}"
        return drawing.Dot(share(one.at), f"held {one.verdict or 'unsure'}", text)

    found = (
        ("verdict", drawing.lane(_stretches(page, share), f"verdict: {page.verdict} now", 28)),
        (
            "lookups",
            drawing.lane(
                drawing.bars(axis.lookups, "lookups", titles), f"{sum(axis.lookups)} lookups"
            ),
        ),
        (
            "mail-related",
            drawing.lane(
                drawing.bars(axis.mail, "mail", titles), f"{sum(axis.mail)} mail-related lookups"
            ),
        ),
        (
            "policies did",
            drawing.lane(
                map(acts, page.acted), f"{len(page.acted)} answers held, refused or rewritten", 24
            ),
        ),
        (
            "held mail",
            drawing.lane(
                [mails(one) for one in page.mail if axis.begin <= one.at <= axis.end],
                f"{len(page.mail)} messages in the holding bay",
                24,
            ),
        ),
    )
    return Markup("").join(
        Markup('<div class="row"><span class="what">{}</span>{}</div>').format(what, picture)
        for what, picture in found
    )


def _stretches(page: ClientPage, share: Callable[[float], float]) -> list[drawing.Bar]:
    """LogRow the changes of the verdict into stretches; what was before the first is not known."""
    assert page.axis is not None
    turns = sorted((one.at, one.text) for one in page.turns if one.about == "verdict")
    ends = [*(at for at, _ in turns), page.axis.end][1:]
    found = []
    for (at, text), end in zip(turns, ends, strict=True):
        begin, stop = max(0.0, share(at)), share(end)
        if stop > begin and text in HEAVY:
            title = f"{text} since {local(at):%b %d %H:%M:%S}"
            found.append(
                drawing.Bar(begin, stop - begin, max(0.12, HEAVY[text]), f"v-{text}", title)
            )
    return found


def _page(glance: Glance, found: reports.Portrait, who: str, *, is_long: bool) -> ClientPage:
    account = found.accounts[0]
    keys = [key for one in found.accounts for key in one.machine.keys]
    role = account.machine.role
    detector, now = glance.detector, glance.now
    told = {
        key: detector.explain(key.encode(), now, is_short=not is_long) if detector else [_NOTHING]
        for key in keys
    }
    words = stored.read(glance.db, clock.now()).overrules
    said = [
        f"{one.word} by {one.actor}{f': {one.why}' if one.why else ''}{_end(one)}"
        for key in keys
        if (one := words.get(key))
    ]
    looked = [_looked(one) for one in found.last]
    return ClientPage(
        who,
        account.machine.name or "",
        keys,
        groups_of(glance, keys),
        role.value,
        any(glance.whom.is_configured(key) for key in keys),
        glance.judged.of(keys, role),
        glance.judged.learning_until,
        ", ".join(dict.fromkeys(glance.acting[key] for key in keys if key in glance.acting)),
        "; ".join(dict.fromkeys(said)),
        min(one.machine.first_seen for one in found.accounts),
        max(one.machine.last_seen for one in found.accounts),
        "",
        [(c.measure, c.count, c.others) for c in found.comparisons if c.count or c.others],
        _axis(found.grid, found.activity, now),
        told,
        is_long,
        [
            LogRow(one.at, one.about, one.client or "", one.text, one.cause, one.actor)
            for one in stored.log(glance.db, 0.0, keys, 200)
        ],
        looked,
        False,
        [one for one in looked if one.policy],
        [],
    )


def _axis(grid: Grid, activity: reports.Activity, now: float) -> TimeAxis:
    """Lay out the time from the first record to now; not the long time after old ones."""
    until_now = int((now - grid.begin) // grid.width) + 1
    count = max(grid.count, until_now if until_now <= 2 * reports.INTERVALS else 0)
    more = [0] * (count - grid.count)
    end = grid.begin + count * grid.width
    return TimeAxis(grid.begin, end, activity.lookups + more, activity.mail + more)


_NOTHING: Final = "no evidence is stored yet: it is written a second after the first lookups"


def _end(one: Overrule) -> str:
    return "" if isinf(one.until) else f", until {local(one.until):%b %d %H:%M}"


def _looked(one: clients.RecordedLookup) -> LookupRow:
    given = [*one.exchanges, *(address for address, _ in one.addresses)]
    more = f" and {len(given) - 3} more" if len(given) > 3 else ""
    answer = ", ".join(given[:3]) + more or (rcode_name(one.rcode) if one.rcode else "nothing")
    would = "would be " if one.dry_run else ""
    policy = f"{would}{one.decided} by {one.policy}" if one.policy else ""
    return LookupRow(one.at, one.kind, f"{one.qname} {type_name(one.qtype)}", answer, policy)


def _keys(request: ConsoleRequest, who: str) -> list[str]:
    try:
        return orders.keys_meant(request.console.state, request.console.settings, who)
    except ValueError as error:
        raise ConsoleError(str(error)) from None
