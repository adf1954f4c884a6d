"""The analysis: from a data set to what was measured of it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from dnswatch.lab.study import outbreak
from dnswatch.lab.study.bins import DAY, Bins
from dnswatch.lab.study.engine import Engine
from dnswatch.lab.study.hosts import Census, Group, census
from dnswatch.lab.study.loading import Tables, load
from dnswatch.lab.study.measured import Measured, Onset, Trace, collect
from dnswatch.lab.study.outbreak import Sender
from dnswatch.lab.study.question import Question
from dnswatch.lab.study.trace import sitecache, traffic, translations

if TYPE_CHECKING:
    from ibis.expr.types import Table


def analyse(engine: Engine, question: Question) -> Trace:
    """Measure one trace."""
    tables = load(engine, question.place, question.begin, question.end)
    days = Bins.over(tables.begin, tables.end, DAY, question.zone)
    people = census(tables, question.networks, question.roles, question.declared)
    hosts = engine.keep(people.table())
    outgoing = traffic.outgoing(tables.flows, hosts)
    pairs = engine.keep(traffic.pairs(outgoing, days, question.worm_bytes))
    senders = outbreak.read(engine.rows(traffic.senders(pairs)))
    jump = outbreak.onset(_by_day(senders, people, len(days)))
    onset = _onset(question, tables, days, jump)
    people, remarks = _infected(people, senders, onset, question.worm_bytes)
    if tables.astray:
        remarks.append(f"{tables.astray:,} rows are of a time that cannot be, and are left out.")
    hosts = engine.keep(people.table())
    daily = shown = _measure(question, tables, hosts, pairs, days)
    if question.width != DAY:
        bins = Bins.over(tables.begin, tables.end, question.width, question.zone)
        pairs = engine.keep(traffic.pairs(outgoing, bins, None))
        shown = _measure(question, tables, hosts, pairs, bins)
    return Trace(
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
    question: Question, tables: Tables, hosts: "Table", pairs: "Table", bins: Bins
) -> Measured:
    """Count flows, translations and events of the site cache."""
    flows = tables.engine.rows(traffic.by_group(pairs, hosts))
    answers = sitecache.answers(tables.lookups)
    outgoing = traffic.outgoing(tables.flows, hosts)
    contacts = translations.first_contacts(answers, outgoing, question.view)
    found = tables.engine.rows(translations.counts(contacts, bins, question.window))
    return collect(bins, flows, found, question.view)


def _by_day(senders: Mapping[str, Sender], people: Census, days: int) -> list[int]:
    """SMTP flows of each day, from all but mail servers and others that are known."""
    counts = [0] * days
    for address, sender in senders.items():
        if people.groups[address] in (Group.NORMAL, Group.INFECTED):
            for day, count in sender.flows.items():
                counts[day] += count
    return counts


def _onset(question: Question, tables: Tables, days: Bins, jump: int | None) -> Onset | None:
    if question.onset is not None:
        return Onset(days.number(question.onset), "as named")
    if tables.truth and tables.truth.infections:
        return Onset(days.number(min(tables.truth.infections.values())), "the campus' truth")
    return None if jump is None else Onset(jump, "found: outgoing SMTP jumps")


def _infected(
    people: Census, senders: Mapping[str, Sender], onset: Onset | None, worm_bytes: int | None
) -> tuple[Census, list[str]]:
    """Find who is infected, where nobody said so; and what a reader must know of that."""
    remarks = []
    if not any(group is Group.MAIL_SERVERS for group in people.groups.values()):
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
