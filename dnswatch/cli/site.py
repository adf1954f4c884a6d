"""`dnswatch cache`: the site cache, and what it costs."""

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from dnswatch.cli.options import Json, Since, State, nothing_found
from dnswatch.cli.state import present, state_directory

if TYPE_CHECKING:
    from dnswatch.store.reports import CacheReport

_EVENTS: Final = ("new", "refresh", "expire", "hit")


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
        nothing_found("nothing was recorded", since, empty="null" if json else "")
    if json:
        from dnswatch.cli.render import print_json

        print_json(_cache_json(found))
    else:
        _print_cache(found, now)


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
                "address": entry.address,
                "refreshes": entry.refreshes,
                "hits": entry.hits,
                "lives": entry.lives,
                "first_seen": iso(entry.first_seen),
                "expiry": iso(entry.expiry),
            }
            for entry in found.most_refreshed
        ],
    }


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
