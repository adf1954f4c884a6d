"""The log: what changed, when, why and by whom."""

import msgspec

from dnswatch.model.policies.note import About
from dnswatch.store import orders
from dnswatch.store.clients import names
from dnswatch.web.pages.client import LogRow
from dnswatch.web.pages.request import ConsoleRequest

PAGE = 100


class LogPage(msgspec.Struct):
    """The changes that fit, the latest first."""

    turns: list[LogRow]
    about: str
    client: str
    span: str
    page: int
    more: bool
    kinds: list[str]
    "All that a change may be about."


def read(request: ConsoleRequest) -> LogPage:
    """Read the changes that fit."""
    about, client = request.text("about"), request.text("client", longest=200)
    page = request.number("page", 1, 1000)
    with request.console.glance() as glance:
        since = max(0.0, glance.now - request.span("span", "all"))
        wanted = None
        if client:
            low = client.lower()
            wanted = [
                key for key, name in names(glance.db) if low in key or low in (name or "").lower()
            ]
        found = orders.log(glance.db, since, wanted, 10**6)
    fit = [one for one in found if not about or one.about == about]
    shown = fit[(page - 1) * PAGE : page * PAGE]
    turns = [LogRow(o.at, o.about, o.client or "", o.text, o.cause, o.actor) for o in shown]
    return LogPage(
        turns,
        about,
        client,
        request.text("span", "all"),
        page,
        len(fit) > page * PAGE,
        [kind.value for kind in About],
    )
