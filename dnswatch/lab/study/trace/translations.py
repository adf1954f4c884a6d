"""Translations: what a freshly translated address was first used for.

A translation is SMTP-related where the first contact to the address goes to TCP port 25, and
TCP-related where it is TCP (WORM'04, section 5.3).  The paper leaves two things open; they are
settled so:

- An address is fresh for its TTL, for `window` seconds at most, and for one second at least: what
  has TTL 0 is meant for the contact that follows.
- At the edge nobody sees who asked.  A translation belongs to the host that contacts the address
  first (view `edge`), or to the client that asked, by its own first contact (view `client`).

Answers and flows are laid into one table and sorted once, by address and time: a trace is too long
to be sorted twice.  For the same reason a contact is a single number with its time in front, so
that the first one is the smallest.
"""

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from dnswatch.lab.study.bins import Bins
from dnswatch.lab.study.trace import sitecache
from dnswatch.lab.study.trace.traffic import HTTP, SMTP, TCP
from dnswatch.model.translations import LEAST

if TYPE_CHECKING:
    from ibis.common.deferred import Deferred
    from ibis.expr.types import Table

WINDOWS: Final = (1, 5, 10, 60, 600, 604_800)
"""Windows for which the report tells what they would have counted, seconds; the last is the TTL."""

PURPOSES: Final = ("smtp", "http", "tcp", "other")
"""What a contact was for: SMTP, HTTP, other TCP, or no TCP."""

_MICROSECONDS: Final = 1_000_000
_PURPOSE_BITS: Final = 2
_OWNER_BITS: Final = 4


class View(StrEnum):
    """Whose translations are counted."""

    EDGE = "edge"
    "Answers of upstreams, as the paper saw them."
    CLIENT = "client"
    "Answers that clients received, from the workers' caches too."


def first_contacts(answers: "Table", outgoing: "Table", view: View) -> "Table":
    """Judge each answer, and find what followed it: at, ttl, kind, wait, purpose, owner.

    `wait` is in microseconds, `owner` the number of the group of who contacted; they and `purpose`
    (a number, into `PURPOSES`) are null where nobody ever did.
    """
    import ibis
    from ibis import _

    by = ("address",) if view is View.EDGE else ("address", "client")
    row = (*by, "at", "ttl", "is_hit", "contact")
    asked = answers.mutate(contact=ibis.null("int64")).select(*row)
    rows = sitecache.ordered(asked.union(_contacts(outgoing).select(*row)))
    # Answers come before contacts of the same microsecond: a contact's `is_hit` is null, the last.
    following = ibis.window(group_by=by, order_by=sitecache.ORDER, rows=(0, None))
    judged = rows.mutate(until=sitecache.until(), first=_.contact.min().over(following))
    return judged.filter(_.is_hit.notnull()).select(
        "at",
        "ttl",
        kind=sitecache.kind(),
        wait=(_.first >> (_PURPOSE_BITS + _OWNER_BITS)) - _.at,
        purpose=_.first & ((1 << _PURPOSE_BITS) - 1),
        owner=(_.first >> _PURPOSE_BITS) & ((1 << _OWNER_BITS) - 1),
    )


def _contacts(outgoing: "Table") -> "Table":
    import ibis
    from ibis import _

    code = ((_.at << _OWNER_BITS) | _.owner) << _PURPOSE_BITS
    return outgoing.select(
        "at",
        address=_.destination,
        client=_.source,
        ttl=ibis.null("int64"),
        is_hit=ibis.null("boolean"),
        contact=code | _purpose(),
    )


def _purpose() -> "Deferred":
    import ibis
    from ibis import _

    tcp = _.protocol == TCP
    number = {purpose: PURPOSES.index(purpose) for purpose in PURPOSES}
    return ibis.cases(
        (tcp & (_.port == SMTP), number["smtp"]),
        (tcp & _.port.isin(HTTP), number["http"]),
        (tcp, number["tcp"]),
        else_=number["other"],
    ).cast("int64")


def counts(contacts: "Table", bins: Bins, window: float) -> "Table":
    """Count translations: bin, kind, owner, count, and those related to tcp, smtp and http.

    `tcp_within_N` and `smtp_within_N` count for the windows of `WINDOWS`.  What nobody contacted
    has no owner.
    """
    from ibis import _

    related = {relation: _related(relation, window) for relation in _RELATED} | {
        f"{relation}_within_{seconds}": _related(relation, seconds)
        for relation in ("tcp", "smtp")
        for seconds in WINDOWS
    }
    grouped = contacts.mutate(bin=bins.of(contacts["at"])).group_by("bin", "kind", "owner")
    return grouped.aggregate(
        count=_.count(), **{name: found.cast("int64").sum() for name, found in related.items()}
    )


_RELATED: Final = {"tcp": ("smtp", "http", "tcp"), "smtp": ("smtp",), "http": ("http",)}


def _related(relation: str, window: float) -> "Deferred":
    """Whether the first contact was for that, while the address was fresh."""
    import ibis
    from ibis import _

    ttl = ibis.greatest(_.ttl, int(LEAST)) * _MICROSECONDS
    fresh = ibis.least(ttl, int(max(window, LEAST) * _MICROSECONDS))
    numbers = [PURPOSES.index(purpose) for purpose in _RELATED[relation]]
    return (_.purpose.isin(numbers) & (_.wait <= fresh)).fill_null(False)
