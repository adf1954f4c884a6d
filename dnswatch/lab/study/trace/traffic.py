"""Traffic: flows that leave the site, counted by bin, host and destination.

`pairs` is the one pass over all flows; what the figures need follows from it, since a distinct
destination of a host is a row there.
"""

from typing import TYPE_CHECKING, Final

from dnswatch.lab.study.bins import Bins

if TYPE_CHECKING:
    from ibis.expr.types import BooleanValue, Table

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
    return flows.group_by("bin", "source", "destination").aggregate(
        **{kind: flows[kind].cast("int64").sum() for kind in counted}
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
