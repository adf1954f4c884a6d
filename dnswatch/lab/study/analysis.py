"""The analysis: from a data set to what was measured of it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dnswatch.lab.study import outbreak, trace
from dnswatch.lab.study.bins import DAY, Bins
from dnswatch.lab.study.engine import Engine
from dnswatch.lab.study.hosts import Census, HostGroup, census
from dnswatch.lab.study.loading import Tables, load
from dnswatch.lab.study.measured import Measured, MeasuredTrace, Onset, collect
from dnswatch.lab.study.outbreak import SuspectSender
from dnswatch.lab.study.question import TraceQuestion

if TYPE_CHECKING:
    from ibis.expr.types import Table


def analyse(engine: Engine, question: TraceQuestion) -> MeasuredTrace:
    """Measure one trace."""
    tables = load(engine, question.place, question.begin, question.end)
    days = Bins.over(tables.begin, tables.end, DAY, question.zone)
    people = census(tables, question.networks, question.roles, question.declared)
    hosts = engine.keep(people.table())
    outgoing = _shortened(engine, trace.outgoing(tables.flows, hosts), "destination")
    pairs = engine.keep(trace.pairs(outgoing, days, question.worm_bytes))
    senders = outbreak.read(engine.rows(trace.senders(pairs)))
    jump = outbreak.onset(_by_day(senders, people, len(days)))
    onset = _onset(question, tables, days, jump)
    people, remarks = _infected(people, senders, onset, question.worm_bytes)
    if tables.astray:
        remarks.append(f"{tables.astray:,} rows are of a time that cannot be, and are left out.")
    hosts = engine.keep(people.table())
    daily = shown = _measure(question, tables, hosts, pairs, days)
    if question.width != DAY:
        bins = Bins.over(tables.begin, tables.end, question.width, question.zone)
        pairs = engine.keep(trace.pairs(outgoing, bins, None))
        shown = _measure(question, tables, hosts, pairs, bins)
    return MeasuredTrace(
        question,
        engine.name,
        tables.begin,
        tables.end,
        tables.has_lookups,
        tables.has_flows,
        people,
        onset,
        jump,
        daily,
        shown,
        remarks,
    )


def _measure(
    question: TraceQuestion, tables: Tables, hosts: "Table", pairs: "Table", bins: Bins
) -> Measured:
    """Count flows, translations and events of the site cache."""
    engine = tables.engine
    flows = engine.rows(trace.by_group(pairs, hosts))
    answers = _shortened(engine, trace.answers(tables.lookups), "address", "client")
    outgoing = trace.outgoing(tables.flows, hosts)
    outgoing = _shortened(engine, outgoing, "destination", "source")
    contacts = trace.first_contacts(answers, outgoing, question.view)
    found = engine.rows(trace.counts(contacts, bins, question.window))
    return collect(bins, flows, found, question.view)


def _shortened(engine: Engine, table: "Table", *columns: str) -> "Table":
    """Put fingerprints in the place of texts that are only compared with each other."""
    return table.mutate(**{name: engine.fingerprint(table[name]) for name in columns})


def _by_day(senders: Mapping[str, SuspectSender], people: Census, days: int) -> list[int]:
    """SMTP flows of each day, from all but mail servers and others that are known."""
    counts = [0] * days
    for address, sender in senders.items():
        if people.groups[address] in (HostGroup.NORMAL, HostGroup.INFECTED):
            for day, count in sender.flows.items():
                counts[day] += count
    return counts


def _onset(question: TraceQuestion, tables: Tables, days: Bins, jump: int | None) -> Onset | None:
    if question.onset is not None:
        return Onset(days.number(question.onset), "as named")
    if tables.truth and tables.truth.infections:
        return Onset(days.number(min(tables.truth.infections.values())), "the campus' truth")
    return None if jump is None else Onset(jump, "found: outgoing SMTP jumps")


def _infected(
    people: Census,
    senders: Mapping[str, SuspectSender],
    onset: Onset | None,
    worm_bytes: int | None,
) -> tuple[Census, list[str]]:
    """Find who is infected, where nobody said so; and what a reader must know of that."""
    remarks = []
    if not any(group is HostGroup.MAIL_SERVERS for group in people.groups.values()):
        remarks.append("No mail server is named: what they sent counts as the normal hosts'.")
    if people.knows_infected:
        return people, remarks
    if onset is None:
        remarks.append("No outbreak was found, so nobody is taken for infected.")
        return people, remarks
    found = outbreak.suspects(senders, onset.day, worm_bytes is not None)
    if worm_bytes is None:
        remarks.append("The heuristic did not look at payloads: the worm's size is not given.")
    elif not any(any(senders[address].sized.values()) for address in found):
        remarks.append("The heuristic could not look at payloads: no flow tells its own.")
    return people.with_infected(found), remarks
