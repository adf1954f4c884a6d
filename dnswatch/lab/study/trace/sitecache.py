"""The site cache as a query: what each address in an answer was to the cache of the whole site.

An answer that brings address `a` at time `t` is new where `t` is not before the running maximum of
`t + l` over the earlier answers for `a`, else a refresh (WORM'04, section 5.3; `model.sitecache` is
the same as a stream, and a test holds them together).  What a worker gave from its own answer cache
is a hit, which lengthens no life.  Answers of the same microsecond are taken by TTL, longest first:
so the number of new ones does not hang on the order of rows.
"""

from typing import TYPE_CHECKING, Final

from dnswatch.model.sitecache import MAX_TTL

if TYPE_CHECKING:
    from ibis.common.deferred import Deferred
    from ibis.expr.types import Table

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


ORDER: Final = ("at", "is_hit", "longest")
"""In which rows of an address are folded in, by the columns that `ordered` gives."""


def ordered(answers: "Table") -> "Table":
    """Add the column by which answers of the same microsecond are ordered."""
    return answers.mutate(longest=-answers["ttl"])


def until() -> "Deferred":
    """When the life of a row's address ends, as of the rows before it; null before the first."""
    import ibis
    from ibis import _

    before = ibis.window(group_by="address", order_by=ORDER, rows=(None, -1))
    end = ibis.ifelse(_.is_hit, ibis.null("int64"), _.at + _.ttl * _MICROSECONDS)
    return end.max().over(before)


def kind() -> "Deferred":
    """What a row was to the site cache, one of `KINDS`; needs `until`."""
    import ibis
    from ibis import _

    is_new = _.until.isnull() | (_.at >= _.until)
    return ibis.cases((_.is_hit, "hit"), (is_new, "new"), else_="refresh")


def events(answers: "Table") -> "Table":
    """Say what each address of each answer was: address, at, client, ttl, kind."""
    judged = ordered(answers).mutate(until=until())
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
