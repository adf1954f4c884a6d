"""The trace: expressions over lookups and flows, for any engine.

The site cache is a query: what was each address in an answer to the cache of the whole site?  An
answer that brings address `a` at time `t` is new where `t` is not before the running maximum of `t
+ l` over the earlier answers for `a`, else a refresh (WORM'04, section 5.3; `model.sitecache` is
the same as a stream, and a test holds them together).  What a worker gave from its own answer cache
is a hit, which lengthens no life.  Answers of the same microsecond are taken by TTL, longest first:
so the number of new ones does not hang on the order of rows.

A translation is what a freshly translated address was first used for.  It is SMTP-related where the
first contact to the address goes to TCP port 25, and TCP-related where it is TCP (WORM'04, section
5.3).  The paper leaves two things open; they are settled so:

- An address is fresh for its TTL, for `window` seconds at most, and for one second at least: what
  has TTL 0 is meant for the contact that follows.
- At the edge nobody sees who asked.  A translation belongs to the host that contacts the address
  first (view `edge`), or to the client that asked, by its own first contact (view `client`).

Answers and flows are laid into one table and sorted once, by address and time: a trace is too long
to be sorted twice.  For the same reason a contact is a single number with its time in front, so
that the first one is the smallest.

Traffic is the flows that leave the site, counted by bin, host and destination.  `pairs` is the one
pass over all flows; what the figures need follows from it, since a distinct destination of a host
is a row there.
"""

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from dnswatch.lab.study.bins import Bins
from dnswatch.model.sitecache import MAX_TTL
from dnswatch.model.translations import LEAST

if TYPE_CHECKING:
    from ibis.common.deferred import Deferred
    from ibis.expr.types import BooleanValue, Table


KINDS: Final = ("new", "refresh", "hit")
"""What an address in an answer can be to the site cache."""

_MICROSECONDS: Final = 1_000_000
_FROM_UPSTREAM: Final = ("upstream", "late")
_FROM_WORKER: Final = ("cache", "stale")


def answers(lookups: "Table") -> "Table":
    """List each address of each answer: address, at, client, ttl, is_hit."""
    import ibis
    from ibis import _

    given = lookups.filter(
        _.origin.isin(_FROM_UPSTREAM + _FROM_WORKER) & (_.addresses.length() > 0)
    )
    given = given.select("at", "client", "addresses", is_hit=_.origin.isin(_FROM_WORKER))
    return given.unnest("addresses").select(
        "at",
        "client",
        "is_hit",
        address=_.addresses["address"],
        ttl=ibis.least(_.addresses["ttl"], MAX_TTL),
    )


ORDER: Final = ("at", "code")
"""In which rows of an address are folded in."""

_TTL_BITS: Final = 20
_BROUGHT: Final = -(1 << _TTL_BITS)
"""Codes from here down are answers of upstreams, from there to 0 hits, above 0 contacts."""


def coded(answers: "Table") -> "Table":
    """Add the column `code`: what a row is, in one number, in order of a microsecond.

    Rows are sorted by the hundred million, and each byte of one costs time and disk.
    """
    import ibis
    from ibis import _

    return answers.mutate(code=ibis.ifelse(_.is_hit, -_.ttl, _BROUGHT - _.ttl))


def ttl() -> "Deferred":
    """TTL of an answer, out of its code."""
    from ibis import _

    return (-_.code) & ((1 << _TTL_BITS) - 1)


def until() -> "Deferred":
    """When the life of a row's address ends, as of the rows before it; null before the first."""
    import ibis
    from ibis import _

    before = ibis.window(group_by="address", order_by=ORDER, rows=(None, -1))
    end = ibis.ifelse(_.code <= _BROUGHT, _.at + ttl() * _MICROSECONDS, ibis.null("int64"))
    return end.max().over(before)


def kind() -> "Deferred":
    """What a row was to the site cache, one of `KINDS`; needs `until`."""
    import ibis
    from ibis import _

    is_new = _.until.isnull() | (_.at >= _.until)
    return ibis.cases((_.code > _BROUGHT, "hit"), (is_new, "new"), else_="refresh")


def events(answers: "Table") -> "Table":
    """Say what each address of each answer was: address, at, client, ttl, kind."""
    judged = coded(answers).mutate(until=until())
    return judged.select("address", "at", "client", "ttl", kind=kind())


def lives(events: "Table") -> "Table":
    """List each life of each address: address, begun, expiry, refreshes.

    An `expire` event falls at the expiry, if the trace goes on that long.
    """
    import ibis
    from ibis import _

    upstream = events.filter(_.kind != "hit")
    upstream = upstream.mutate(is_new=(_.kind == "new").cast("int64"), longest=-_.ttl)
    sofar = ibis.window(
        group_by="address", order_by=("at", ibis.desc("is_new"), "longest"), rows=(None, 0)
    )
    numbered = upstream.mutate(life=_.is_new.sum().over(sofar))
    return numbered.group_by("address", "life").aggregate(
        begun=_.at.min(),
        expiry=(_.at + _.ttl * _MICROSECONDS).max(),
        refreshes=(1 - _.is_new).sum(),
    )


WINDOWS: Final = (1, 5, 10, 60, 600, 604_800)
"""Windows for which the report tells what they would have counted, seconds; the last is the TTL."""

PURPOSES: Final = ("smtp", "http", "tcp", "other")
"""What a contact was for: SMTP, HTTP, other TCP, or no TCP."""

_PURPOSE_BITS: Final = 2
_OWNER_BITS: Final = 4


class TranslationView(StrEnum):
    """Whose translations are counted."""

    EDGE = "edge"
    "Answers of upstreams, as the paper saw them."
    CLIENT = "client"
    "Answers that clients received, from the workers' caches too."


def first_contacts(answers: "Table", outgoing: "Table", view: TranslationView) -> "Table":
    """Judge each answer, and find what followed it: at, ttl, kind, wait, purpose, owner.

    `wait` is in microseconds, `owner` the number of the group of who contacted; they and `purpose`
    (a number, into `PURPOSES`) are null where nobody ever did.
    """
    import ibis
    from ibis import _

    by = ("address",) if view is TranslationView.EDGE else ("address", "client")
    row = (*by, "at", "code")
    rows = coded(answers).select(*row).union(_contacts(outgoing).select(*row))
    following = ibis.window(group_by=by, order_by=ORDER, rows=(0, None))
    contact = ibis.ifelse(
        _.code > 0, (_.at << (_PURPOSE_BITS + _OWNER_BITS)) | (_.code - 1), ibis.null("int64")
    )
    judged = rows.mutate(until=until(), first=contact.min().over(following))
    return judged.filter(_.code <= 0).select(
        "at",
        ttl=ttl(),
        kind=kind(),
        wait=(_.first >> (_PURPOSE_BITS + _OWNER_BITS)) - _.at,
        purpose=_.first & ((1 << _PURPOSE_BITS) - 1),
        owner=(_.first >> _PURPOSE_BITS) & ((1 << _OWNER_BITS) - 1),
    )


def _contacts(outgoing: "Table") -> "Table":
    from ibis import _

    return outgoing.select(
        "at",
        address=_.destination,
        client=_.source,
        code=((_.owner << _PURPOSE_BITS) | _purpose()) + 1,
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

    edges = sorted({*WINDOWS, window})
    asked = {relation: (relation, window) for relation in _RELATED} | {
        f"{relation}_within_{seconds}": (relation, seconds)
        for relation in ("tcp", "smtp")
        for seconds in WINDOWS
    }
    tallied = (
        contacts.mutate(bin=bins.of(contacts["at"]), within=_within(edges))
        .group_by("bin", "kind", "owner", "purpose", "within")
        .aggregate(tally=_.count())
    )
    # Of each row one thing is found out and counted: the rest is sums of a short table.
    return tallied.group_by("bin", "kind", "owner").aggregate(
        count=_.tally.sum(),
        **{
            name: _related(relation, edges.index(seconds))
            for name, (relation, seconds) in asked.items()
        },
    )


_RELATED: Final = {"tcp": ("smtp", "http", "tcp"), "smtp": ("smtp",), "http": ("http",)}


def _within(edges: Sequence[float]) -> "Deferred":
    """Number of the shortest window that the first contact lies in; null where in none.

    It must lie within the TTL as well.
    """
    import ibis
    from ibis import _

    is_fresh = _.wait <= ibis.greatest(_.ttl, int(LEAST)) * _MICROSECONDS
    ends = [int(max(seconds, LEAST) * _MICROSECONDS) for seconds in edges]
    steps = [(is_fresh & (_.wait <= end), number) for number, end in enumerate(ends)]
    return ibis.cases(*steps, else_=ibis.null("int64"))


def _related(relation: str, number: int) -> "Deferred":
    """Count those whose first contact was for that, within a window or a shorter one."""
    import ibis
    from ibis import _

    purposes = [PURPOSES.index(purpose) for purpose in _RELATED[relation]]
    is_related = (_.purpose.isin(purposes) & (_.within <= number)).fill_null(False)
    return ibis.ifelse(is_related, _.tally, 0).sum()


TCP: Final = 6
SMTP: Final = 25
HTTP: Final = (80, 443)
"""What the paper calls HTTP, and its encrypted form, which took its place."""

SIMILAR: Final = (0.8, 1.5)
"""Payload of a flow, as a part of the worm's size, that is similar to it: SMTP's commands and a
short text come on top."""

FLOWS: Final = (
    "all",
    "tcp",
    "tcp_success",
    "tcp_failure",
    "smtp",
    "smtp_success",
    "smtp_failure",
    "http_success",
)
"""Kinds of flows that are counted."""

DISTINCT: Final = ("all", "tcp", "tcp_success", "smtp", "smtp_success")
"""Kinds of flows whose distinct destinations are counted."""


def outgoing(flows: "Table", hosts: "Table") -> "Table":
    """Keep the flows from hosts of the site to others; add the sender's group as `owner`."""
    leaving = flows.inner_join(hosts, [("source", "address")]).drop("address")
    return leaving.anti_join(hosts, [("destination", "address")])


def pairs(outgoing: "Table", bins: Bins, worm_bytes: int | None) -> "Table":
    """Count the flows of each host to each destination: bin, source, destination, a kind each.

    `smtp_sized` counts SMTP flows whose payload is known, `smtp_similar` those of them that are as
    long as the worm.
    """
    from ibis import _

    flows = outgoing.select(
        "source", "destination", *_kinds(outgoing, worm_bytes), bin=bins.of(_.at)
    )
    counted = (*FLOWS, "smtp_sized", "smtp_similar")
    # Counts, and in four bytes: sums of DuckDB have sixteen, ten of them in each of many rows.
    return flows.group_by("bin", "source", "destination").aggregate(
        **{kind: flows.count(where=flows[kind]).cast("int32") for kind in counted}
    )


def _kinds(flows: "Table", worm_bytes: int | None) -> "list[BooleanValue]":
    import ibis

    tcp = flows["protocol"] == TCP
    smtp = tcp & (flows["port"] == SMTP).fill_null(False)
    http = tcp & flows["port"].isin(HTTP).fill_null(False)
    success, failure = flows["outcome"] == "success", flows["outcome"] == "failure"
    sized = smtp & flows["payload"].notnull()
    least, most = (part * (worm_bytes or 0) for part in SIMILAR)
    similar = sized & flows["payload"].between(least, most).fill_null(False)
    return [
        ibis.literal(True).name("all"),
        tcp.name("tcp"),
        (tcp & success).name("tcp_success"),
        (tcp & failure).name("tcp_failure"),
        smtp.name("smtp"),
        (smtp & success).name("smtp_success"),
        (smtp & failure).name("smtp_failure"),
        (http & success).name("http_success"),
        sized.name("smtp_sized"),
        similar.name("smtp_similar"),
    ]


def senders(pairs: "Table") -> "Table":
    """Tell who sent mail by SMTP, by bin: bin, source, smtp, smtp_sized, smtp_similar."""
    from ibis import _

    return (
        pairs.filter(_.smtp > 0)
        .group_by("bin", "source")
        .aggregate(**{kind: pairs[kind].sum() for kind in ("smtp", "smtp_sized", "smtp_similar")})
    )


def by_group(pairs: "Table", hosts: "Table") -> "Table":
    """Sum up the flows of each group by bin: bin, owner, and columns for each kind.

    `active` counts hosts with any TCP flow, `to_K` the distinct destinations of flows of kind K,
    host by host, `together_to_K` those of the group as a whole.
    """
    from ibis import _

    joined = pairs.inner_join(hosts, [("source", "address")])
    shared = joined.group_by("bin", "owner", "destination").aggregate(
        **{kind: joined[kind].max() for kind in DISTINCT}
    )
    together = shared.group_by("bin", "owner").aggregate(
        **{f"together_to_{kind}": (shared[kind] > 0).sum() for kind in DISTINCT}
    )
    each = joined.group_by("bin", "owner").aggregate(
        active=_.source.nunique(where=_.tcp > 0),
        **{kind: joined[kind].sum() for kind in FLOWS},
        **{f"to_{kind}": (joined[kind] > 0).sum() for kind in DISTINCT},
    )
    return each.inner_join(together, ["bin", "owner"])
