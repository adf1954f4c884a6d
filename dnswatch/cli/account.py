"""What one client, or several together, looked up, beside the others of its role."""

from typing import Any

from rich.table import Table
from rich.text import Text

from dnswatch.cli import ranking, render
from dnswatch.codes import rcode_name, type_name
from dnswatch.model.detection.roles import CAUTION, Proposal
from dnswatch.model.detection.verdict import State
from dnswatch.office import wording
from dnswatch.office.detector import confirming
from dnswatch.office.verdicts import Verdicts
from dnswatch.store.clients import RecordedLookup
from dnswatch.store.reports import Portrait
from dnswatch.store.summary import Comparison, Machine


def show(
    client: str,
    found: Portrait,
    judged: Verdicts,
    proposals: list[Proposal],
    style: str,
    now: float,
) -> None:
    """Print a portrait of `client` (what the reader called it) in a style.

    `proposals` are those to declare one of its clients.
    """
    if style == "json":
        behaves = {one.client.decode(): list(one.reasons) for one in proposals}
        render.print_json({**as_json(found, judged), "behaves_like_mail_server": behaves})
    elif style == "csv":
        render.print_csv(
            ("measure", "count", "median_here", "median_of_others"),
            ((c.measure, c.count, c.each, c.others) for c in found.comparisons),
        )
    else:
        _print_text(client, found, judged, now)
        for one in proposals:
            render.console().print(f"\n{_proposed(one)}", soft_wrap=True)


def _proposed(one: Proposal) -> str:
    who, text = one.client.decode(), "behaves like a mail server; if it is one"
    return f"{who} {text}: {confirming(one)}\n({CAUTION})"


def as_json(found: Portrait, judged: Verdicts) -> dict[str, Any]:
    """Write down a portrait for programs; measures are named as the store names them."""
    return {
        "clients": [ranking.who(account, judged) for account in found.accounts],
        "others": found.others,
        "measures": {
            c.measure: {"count": c.count, "median_here": c.each, "median_of_others": c.others}
            for c in found.comparisons
        },
        "interval": ranking.axis(found.grid),
        "over_time": {
            "lookups": found.activity.lookups,
            "mail_related": found.activity.mail,
            **found.kinds,
        },
        "last_mail_related": last_json(found),
    }


def last_json(found: Portrait) -> list[dict[str, Any]]:
    """Write down the last mail-related lookups for programs."""
    return [_lookup_json(lookup) for lookup in found.last]


def print_last(found: Portrait) -> None:
    """Print the last mail-related lookups."""
    console = render.console()
    console.print(Text("\nlast mail-related lookups", "bold"))
    console.print(_lookups(found.last))


def _lookup_json(lookup: RecordedLookup) -> dict[str, Any]:
    return {
        "at": render.iso(lookup.at),
        "client": lookup.key,
        "kind": lookup.kind,
        "domain": lookup.domain,
        "qname": lookup.qname,
        "qtype": type_name(lookup.qtype),
        "rcode": rcode_name(lookup.rcode),
        "addresses": [list(pair) for pair in lookup.addresses],
        "exchanges": list(lookup.exchanges),
        "new": lookup.new,
        "refresh": lookup.refreshed,
        "hit": lookup.hits,
        "redirected": bool(lookup.redirected),
        "policy": lookup.policy,
        "decided": lookup.decided,
        "dry_run": bool(lookup.dry_run),
    }


def _print_text(client: str, found: Portrait, judged: Verdicts, now: float) -> None:
    console = render.console()
    console.print(_who(client, found, judged))
    if len(found.accounts) > 1:
        step = ranking.step_for(console, found.grid)
        console.print(ranking.rows(found.accounts, found.activities, step, now))
        console.print()
    console.print(_comparison(found))
    console.print(_over_time(found, now))
    if found.last:
        print_last(found)


def _verdict(machines: list[Machine], judged: Verdicts) -> str:
    words = {judged.of(machine.keys, machine.role) for machine in machines}
    told = ", ".join(sorted(words))
    until = judged.learning_until
    return f"{told} until {render.moment(until)}" if until and State.LEARNING in words else told


def _who(client: str, found: Portrait, judged: Verdicts) -> Text:
    machines = [account.machine for account in found.accounts]
    roles = sorted({machine.role.value for machine in machines})
    if len(machines) > 1:
        title, below = client, f"{len(machines)} clients"
    else:
        title, below = machines[0].name or client, ", ".join(machines[0].keys)
    first = min(machine.first_seen for machine in machines)
    last = max(machine.last_seen for machine in machines)
    return (
        render.plain(title, "bold")
        .append(f"  role: {', '.join(roles)}", "cyan")
        .append(f"  verdict: {_verdict(machines, judged)}\n", "cyan")
        .append(f"{render.harmless(below)}\n")
        .append(f"first seen {render.moment(first)}, last seen {render.moment(last)}\n")
    )


def _comparison(found: Portrait) -> Table:
    """Lay out the measures; what is nothing here and nothing elsewhere is left out."""
    several = len(found.accounts) > 1
    others = f"median of {found.others} other{'s' * (found.others != 1)}"
    counts = ("all", "median here") if several else ("count",)
    table = render.table("", *counts, others if found.others else "no others", words=("",))
    for c in found.comparisons:
        if c.count or c.others or c.measure in ("lookup", "mail"):
            numbers = [render.short(c.count)] + [render.short(c.each)] * several
            median = "-" if c.others is None else render.short(c.others)
            table.add_row(wording.measured(c.measure), *numbers, median, style=_style(c))
    return table


def _style(comparison: Comparison) -> str:
    """Let headings stand out from what they sum up."""
    return "bold" if comparison.measure in ("lookup", "mail", "failures") else ""


def _over_time(found: Portrait, now: float) -> Text:
    return Text(
        f"\nlookups       {render.sparkline(found.activity.lookups)}\n"
        f"mail-related  {render.sparkline(found.activity.mail)}\n"
        f"{ranking.period(found.grid, now)}; a bar is {render.span(found.grid.width)}"
    )


def _lookups(lookups: list[RecordedLookup]) -> Table:
    heads = ("time", "kind", "question", "answer")
    table = render.table(*heads, words=heads)
    for lookup in lookups:
        table.add_row(
            f"{render.local(lookup.at):%b %d %H:%M:%S}",
            lookup.kind,
            render.plain(f"{lookup.qname} {type_name(lookup.qtype)}"),
            render.plain(_answer(lookup)),
        )
    return table


def _answer(lookup: RecordedLookup) -> str:
    """Write an answer in short: what it gave, or why it gave nothing."""
    given = [*lookup.exchanges, *(address for address, _ in lookup.addresses)]
    shown = ", ".join(given[:3]) + (f" and {len(given) - 3} more" if len(given) > 3 else "")
    answer = shown or (rcode_name(lookup.rcode) if lookup.rcode else "nothing")
    if lookup.policy is None:
        return answer
    would = "would be " if lookup.dry_run else ""
    return f"{answer} ({would}{lookup.decided} by {lookup.policy})"
