"""`dnswatch cache` and `dnswatch status`: the site as a whole, and dnswatch itself."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from dnswatch.cli.options import Json, Since, State, nothing_found
from dnswatch.cli.state import present, state_directory

if TYPE_CHECKING:
    from dnswatch.store.reports import CacheReport, StatusReport

_EVENTS: Final = ("new", "refresh", "expire", "hit")
_LOSSES: Final = {
    "broken", "dropped", "evicted", "forgotten", "full", "late", "lost", "malformed", "mismatch",
    "unsent",
}  # fmt: skip
"""Words in the names of counters that tell of what was dropped, evicted or not believed."""


def cache(
    since: Since = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Print at most this many addresses.")
    ] = 10,
    json: Json = False,
    state: State = None,
) -> None:
    """Show the site cache: the addresses it knows, and what they cost.

    It is one virtual cache for the whole site, however many resolvers answer.  An address is new
    where the site did not know it or it had expired; a refresh asks upstream for what is still
    unexpired.  Lookups whose answer brought nothing but refreshes are superfluous load.

    \b
    Examples:
      dnswatch cache
      dnswatch cache --since 24h --json
    """
    from dnswatch.store import Store, reports

    directory = state_directory(state)
    now = present(directory)
    with Store.read(directory) as store, store.snapshot() as db:
        found = reports.cache(db, since or 0.0, now, limit)
    if found is None:
        nothing_found("nothing was recorded", since)
    if json:
        from dnswatch.cli.render import print_json

        print_json(_cache_json(found))
    else:
        _print_cache(found, now)


def status(since: Since = None, json: Json = False, state: State = None) -> None:
    """Show how dnswatch does: upstreams, counters, size of the records.

    \b
    Examples:
      dnswatch status
      dnswatch status --since 10m --json
    """
    from dnswatch.store import Store, reports

    directory = state_directory(state)
    with Store.read(directory) as store, store.snapshot() as db:
        found = reports.status(db, since or 0.0)
    if json:
        from dnswatch.cli.render import print_json

        print_json({"state": str(directory), **_status_json(found)})
    else:
        _print_status(str(directory), found, present(directory))


def _cache_json(found: "CacheReport") -> dict[str, Any]:
    from dnswatch.cli.ranking import axis
    from dnswatch.cli.render import iso

    measures = (*_EVENTS, "lookup", "upstream", "superfluous", "evicted", "unrecorded")
    return {
        "live": found.live,
        **{measure: found.measures[measure] for measure in measures},
        "superfluous_share": found.superfluous_share,
        "interval": axis(found.grid),
        "over_time": {event: [each[event] for each in found.over_time] for event in _EVENTS},
        "most_refreshed": [
            {
                "address": entry.address, "refreshes": entry.refreshes, "hits": entry.hits,
                "lives": entry.lives, "first_seen": iso(entry.first_seen),
                "expiry": iso(entry.expiry),
            }
            for entry in found.most_refreshed
        ],
    }  # fmt: skip


def _print_cache(found: "CacheReport", now: float) -> None:
    from dnswatch.cli import render
    from dnswatch.cli.ranking import period

    console, grid, sums = render.console(), found.grid, found.measures
    share = "" if found.superfluous_share is None else f" ({found.superfluous_share:.1%})"
    console.print(f"site cache: {found.live} addresses live", style="bold")
    console.print(
        f"{sums['lookup']} lookups, {sums['upstream']} of them asked upstream;"
        f" {sums['superfluous']}{share} asked for\nwhat was still unexpired (superfluous load)\n"
    )
    table = render.table("event", "addresses", "over time", words=("event", "over time"))
    for event in _EVENTS:
        line = render.sparkline([each[event] for each in found.over_time])
        table.add_row(event, str(sums[event]), line)
    console.print(table)
    console.print(f"{period(grid, now)}; a bar is {render.span(grid.width)}")
    if sums["evicted"]:
        console.print(f"{sums['evicted']} entries went early: raise limits.addresses", style="red")
    if found.most_refreshed:
        console.print("\nmost refreshed addresses, over all their lives", style="bold")
        heads = ("address", "refreshes", "hits", "lives", "expiry")
        table = render.table(*heads, words=("address", "expiry"))
        for entry in found.most_refreshed:
            expiry = render.recent(entry.expiry, now) if entry.expiry > now else "expired"
            numbers = (entry.refreshes, entry.hits, entry.lives)
            table.add_row(entry.address, *map(str, numbers), expiry)
        console.print(table)


def _status_json(found: "StatusReport") -> dict[str, Any]:
    from dnswatch.cli.render import iso

    extent = found.extent
    return {
        "store": {
            "bytes": extent.used, "clients": extent.clients, "mail_related": extent.lookups,
            "addresses": extent.entries,
            "first": None if extent.first is None else iso(extent.first),
            "last": None if extent.last is None else iso(extent.last),
        },
        "counters": dict(sorted(found.counters.items())),
        "losses": {name: found.counters[name] for name in _losses(found)},
        "upstreams": [
            {
                "upstream": each.upstream, "worker": each.worker, "up": each.up, "rtt": each.rtt,
                "answers": each.answers, "failures": each.failures, "edns": each.edns,
                "at": iso(each.at),
            }
            for each in found.upstreams
        ],
    }  # fmt: skip


def _losses(found: "StatusReport") -> list[str]:
    return sorted(
        name for name, count in found.counters.items() if count and _LOSSES & set(name.split("_"))
    )


def _state(upstream: "Upstream") -> "Text":
    from rich.text import Text

    if not upstream.up:
        return Text("DOWN", "bold red")
    return Text("up", "green") if upstream.edns else Text("up, without EDNS", "yellow")


def _print_status(state: str, found: "StatusReport", now: float) -> None:
    from rich.text import Text

    from dnswatch.cli import render

    console, extent = render.console(), found.extent
    console.print(render.plain(f"records in {state}", "bold"))
    console.print(
        f"{render.size(extent.used)}: {render.many(extent.clients, 'client')},"
        f" {render.many(extent.lookups, 'mail-related lookup')},"
        f" {render.many(extent.entries, 'address', 'addresses')}"
    )
    if extent.first is not None and extent.last is not None:
        console.print(f"from {render.moment(extent.first)} to {render.moment(extent.last)}")
    if found.upstreams:
        heads = ("upstream", "worker", "state", "rtt", "answers", "failures", "heard")
        table = render.table(*heads, words=("upstream", "state"))
        console.print()
        for each in found.upstreams:
            table.add_row(
                render.plain(each.upstream),
                str(each.worker),
                _state(each),
                f"{each.rtt * 1000:.0f} ms" if each.rtt else "-",
                *(render.short(number) for number in (each.answers, each.failures)),
                render.recent(each.at, now),
            )
        console.print(table)
    if found.counters:
        losses = _losses(found)
        table = render.table("counter", "count", words=("counter",))
        console.print()
        for name in [*losses, *sorted(set(found.counters) - set(losses))]:
            style = "bold red" if name in losses else ""
            label = f"! {name}" if name in losses else f"  {name}"
            table.add_row(label, str(found.counters[name]), style=style)
        console.print(table)
