"""What must be counted of a planted trace: worked out from its plan, not from its rows."""

from dnswatch.lab.study.hosts import HostGroup
from tests.lab.study.planted import (
    ADDRESSES,
    DEAD_ROUNDS,
    DELIVERIES,
    DNS_SERVERS,
    MAIL_SERVERS,
    ROUNDS,
    TARGETS,
    Plan,
)

Counts = dict[str, int]


def of(plan: Plan, day: int) -> dict[HostGroup, Counts]:
    """Count what each group did on a day."""
    return {
        HostGroup.NORMAL: _browsing(plan.at_work(day)),
        HostGroup.INFECTED: _infected(plan, day),
        HostGroup.MAIL_SERVERS: _mail_servers(plan.delivered_to(day)),
        HostGroup.OTHER: {"all": DNS_SERVERS, "to_all": DNS_SERVERS, "together_to_all": 1},
    }


def cache(plan: Plan, day: int) -> Counts:
    """Count what addresses were to the site cache on a day."""
    groups = of(plan, day).values()
    return {
        "new": sum(counts.get("tcp_new", 0) for counts in groups),
        "refresh": sum(counts.get("tcp_refresh", 0) for counts in groups),
        "hit": plan.at_work(day) + plan.infected,
    }


def _browsing(hosts: int) -> Counts:
    flows, places = 8 * hosts, ADDRESSES * hosts
    successes = 6 * hosts
    return {
        "active": hosts,
        "all": flows,
        "tcp": flows,
        "tcp_success": successes,
        "tcp_failure": 2 * hosts,
        "http_success": successes,
        **{
            f"{how}_{kind}": places
            for how in ("to", "together_to")
            for kind in ("all", "tcp", "tcp_success")
        },
        "tcp_new": places,
        "http_new": places,
        "tcp_refresh": hosts,
        "http_refresh": hosts,
        **_within("tcp", places + hosts),
    }


def _infected(plan: Plan, day: int) -> Counts:
    counts = _browsing(plan.infected)
    if day < plan.onset:
        return counts
    asked = ROUNDS * TARGETS
    mails, dead = asked * plan.infected, DEAD_ROUNDS * TARGETS * plan.infected
    each = {
        "all": mails,
        "tcp": mails,
        "tcp_success": mails - dead,
        "tcp_failure": dead,
        "smtp": mails,
        "smtp_success": mails - dead,
        "smtp_failure": dead,
        "tcp_new": asked,
        "smtp_new": asked,
        "tcp_refresh": mails - asked,
        "smtp_refresh": mails - asked,
        **_within("tcp", mails),
        **_within("smtp", mails),
    }
    for how, hosts in (("to", plan.infected), ("together_to", 1)):
        answering, all_of_them = TARGETS * hosts, 2 * TARGETS * hosts
        each |= {f"{how}_{kind}": all_of_them for kind in ("all", "tcp", "smtp")}
        each |= {f"{how}_{kind}": answering for kind in ("tcp_success", "smtp_success")}
    return {name: counts.get(name, 0) + each.get(name, 0) for name in counts | each}


def _mail_servers(partners: int) -> Counts:
    flows = MAIL_SERVERS * DELIVERIES * partners
    kinds = ("all", "tcp", "tcp_success", "smtp", "smtp_success")
    return {
        "active": MAIL_SERVERS,
        **dict.fromkeys(kinds, flows),
        **{f"to_{kind}": MAIL_SERVERS * partners for kind in kinds},
        **{f"together_to_{kind}": partners for kind in kinds},
        "tcp_new": partners,
        "smtp_new": partners,
        "tcp_refresh": flows - partners,
        "smtp_refresh": flows - partners,
        **_within("tcp", flows),
        **_within("smtp", flows),
    }


def _within(relation: str, count: int) -> Counts:
    """Each contact follows its lookup by a fifth of a second, and no other lookup comes between."""
    return {f"{relation}_within_{window}": count for window in (1, 5, 10, 60, 600, 604_800)}
