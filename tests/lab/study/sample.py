"""Traces that nobody measured, for what is told of them."""

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from dnswatch.lab.study.bins import DAY, Bins
from dnswatch.lab.study.hosts import Census, HostGroup
from dnswatch.lab.study.measured import Measured, MeasuredTrace, Onset
from dnswatch.lab.study.question import TraceQuestion

BEGIN = 1_060_041_600
INFECTED, NORMAL, SERVERS = HostGroup.INFECTED, HostGroup.NORMAL, HostGroup.MAIL_SERVERS

Columns = Mapping[tuple[HostGroup, str], Sequence[int]]


def trace(
    columns: Columns,
    *,
    name: str = "sobig",
    onset: int | None = 2,
    per_member: bool = False,
    has_lookups: bool = True,
    has_flows: bool = True,
) -> MeasuredTrace:
    """Make a trace of as many days as the columns have; two hosts are infected, three normal."""
    days = max(map(len, columns.values()), default=4)
    zone = ZoneInfo("UTC")
    bins = Bins.over(BEGIN, BEGIN + days * DAY - 1, DAY, zone)
    cache = {kind: [count] * days for kind, count in (("new", 7), ("refresh", 3), ("hit", 1))}
    measured = Measured(bins, {key: list(column) for key, column in columns.items()}, cache)
    hosts = {"10.0.0.1": INFECTED, "10.0.0.2": INFECTED, "10.0.0.25": SERVERS}
    hosts |= dict.fromkeys(["10.0.1.1", "10.0.1.2", "10.0.1.3"], NORMAL)
    return MeasuredTrace(
        TraceQuestion(name, "trace", per_member=per_member),
        "DuckDB",
        BEGIN,
        BEGIN + days * DAY - 1,
        has_lookups,
        has_flows,
        Census(hosts, True, "groups.toml"),
        None if onset is None else Onset(onset, "as named"),
        onset,
        measured,
        measured,
        ("A remark with <odd> letters & a $ign.",),
    )


def outbreak(name: str = "sobig") -> MeasuredTrace:
    """Make a trace like the paper's SoBig: four days, of which two have an outbreak."""
    return trace(
        {
            (INFECTED, "active"): [2, 2, 2, 2],
            (INFECTED, "tcp"): [800, 800, 8000, 7000],
            (INFECTED, "tcp_success"): [780, 780, 5900, 5000],
            (INFECTED, "smtp"): [0, 2, 6000, 5000],
            (INFECTED, "smtp_success"): [0, 2, 4000, 3500],
            (INFECTED, "smtp_failure"): [0, 0, 2000, 1500],
            (INFECTED, "to_smtp_success"): [0, 1, 400, 380],
            (INFECTED, "tcp_new"): [60, 60, 400, 380],
            (INFECTED, "tcp_refresh"): [30, 30, 900, 800],
            (INFECTED, "smtp_new"): [0, 0, 190, 180],
            (INFECTED, "smtp_refresh"): [0, 0, 720, 600],
            (NORMAL, "active"): [3, 2, 3, 0],
            (NORMAL, "tcp"): [1260, 840, 1230, 0],
            (NORMAL, "tcp_success"): [1200, 800, 1200, 0],
            (NORMAL, "http_success"): [1100, 760, 1100, 0],
            (NORMAL, "to_tcp_success"): [60, 40, 60, 0],
            (NORMAL, "tcp_new"): [90, 60, 90, 0],
            (NORMAL, "tcp_refresh"): [45, 30, 45, 0],
            (SERVERS, "active"): [1, 1, 1, 1],
            (SERVERS, "smtp_success"): [4000, 4100, 9400, 9000],
            (SERVERS, "tcp_success"): [4000, 4100, 9400, 9000],
            (SERVERS, "together_to_smtp_success"): [700, 710, 1580, 1500],
            (SERVERS, "tcp_new"): [100, 100, 110, 110],
            (SERVERS, "tcp_refresh"): [400, 410, 900, 900],
            (SERVERS, "smtp_new"): [100, 100, 110, 110],
            (SERVERS, "smtp_refresh"): [400, 410, 900, 900],
        },
        name=name,
    )
