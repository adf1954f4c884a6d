"""`dnswatch status`: whether dnswatch runs, and how it does."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import typer

from dnswatch import clock
from dnswatch.cli.options import Config, Json, Since, State, settings_of
from dnswatch.cli.state import present, state_directory

if TYPE_CHECKING:
    from rich.console import Console

    from dnswatch.fleet.view import FleetView
    from dnswatch.proxy.descriptors import OpenFiles
    from dnswatch.settings import Settings
    from dnswatch.store.directory import RunningServer
    from dnswatch.store.reports import StatusReport
    from dnswatch.store.sqlite import Database

NOT_RUNNING: Final = 3
"""Exit code where no server runs, as of `systemctl status` (LSB 3.1, 20.2)."""


class _Now(NamedTuple):
    """What a server is at."""

    server: "RunningServer | None"
    "None where none runs."
    is_replayed: bool
    learning_until: float | None
    "Unix seconds; None where nothing is stored yet, or the site is learned."
    policies: dict[str, str]
    "Those that are switched on, in order of precedence, each with its mode: `on`, `dry run`."
    open_files: "list[OpenFiles]"
    "Of each worker; none where no server runs, or another user's."
    fleet: "FleetView | None"
    "None where there is no fleet."


def status(
    since: Since = None, json: Json = False, config: Config = None, state: State = None
) -> None:
    """Show whether dnswatch runs, its upstreams, counters and records.

    The exit code is 3 where no server runs: what is told then is the last that it wrote.

    \b
    Examples:
      dnswatch status
      dnswatch status --since 10m --json
    """
    from dnswatch.store import Store, reports

    directory, settings = state_directory(state), settings_of(config)
    with Store.read(directory) as store, store.snapshot() as db:
        found = reports.status(db, since or 0.0)
        now = _now(db, directory, settings)
    if json:
        from dnswatch.cli.render import print_json

        print_json({"state": str(directory), **_now_json(now), **_status_json(found)})
    else:
        _print_now(str(directory), now)
        _print_status(found, present(directory), runs=now.server is not None)
    if now.server is None and not now.is_replayed:
        raise typer.Exit(NOT_RUNNING)


def _now(db: "Database", directory: Path, settings: "Settings") -> _Now:
    from dnswatch.cli.options import policies_of
    from dnswatch.office import wording
    from dnswatch.office.detector import detector_of
    from dnswatch.office.whom import Whom
    from dnswatch.proxy.descriptors import in_use
    from dnswatch.store import orders
    from dnswatch.store.directory import is_replayed, server

    detector = detector_of(db, settings, Whom(directory, settings))
    ends = None if detector is None else detector.learned_at
    known, _ = policies_of(settings)
    running = server(directory)
    return _Now(
        running,
        is_replayed(directory),
        ends if ends is not None and ends > present(directory) else None,
        wording.switched_on(known.values(), orders.read(db, clock.now())),
        list(in_use(running.pid)) if running else [],
        _fleet(directory, settings),
    )


def _fleet(directory: Path, settings: "Settings") -> "FleetView | None":
    if not settings.fleet.engine:
        return None
    from dnswatch.fleet.view import look

    return look(directory, settings.fleet, clock.now())


def _now_json(now: _Now) -> dict[str, Any]:
    from dnswatch.cli.render import iso

    runs = now.server is not None
    return {
        "running": runs,
        "pid": now.server.pid if now.server else None,
        "version": now.server.version if now.server else None,
        "build": now.server.build if now.server else None,
        "since": iso(now.server.since) if now.server else None,
        "learning_until": None if now.learning_until is None else iso(now.learning_until),
        "policies": list(now.policies),
        "dry_runs": [name for name, how in now.policies.items() if how == "dry run"],
        "open_files": [each._asdict() for each in now.open_files],
        "fleet": None if now.fleet is None else _fleet_json(now.fleet),
    }


def _fleet_json(fleet: "FleetView") -> dict[str, Any]:
    from dnswatch.cli.render import iso
    from dnswatch.office.fleet import warnings

    return {
        "site": fleet.site,
        "node": fleet.node,
        "leader": fleet.leader,
        "leads_since": None if fleet.leads_since is None else iso(fleet.leads_since),
        "apart_since": None if fleet.apart_since is None else iso(fleet.apart_since),
        "batches_kept": fleet.kept,
        "batches_lost": fleet.lost,
        "nodes": [
            {
                "name": each.name,
                "leads": each.is_leader,
                "versions_behind": each.behind,
                "workers": each.workers,
                "clock_skew": round(each.skew, 3),
            }
            for each in fleet.nodes
        ],
        "warnings": warnings(fleet, clock.now()),
    }


def _print_fleet(fleet: "FleetView") -> None:
    from dnswatch.cli import render
    from dnswatch.office.fleet import headline, warnings

    console = render.console()
    console.print(render.harmless(headline(fleet)))
    for warning in warnings(fleet, clock.now()):
        console.print(render.plain(warning, "yellow"))
    if len(fleet.nodes) > 1:
        heads = ("node", "part", "workers", "versions behind", "clock")
        table = render.table(*heads, words=("node", "part"))
        for each in fleet.nodes:
            table.add_row(
                render.plain(each.name),
                "leads" if each.is_leader else "follows",
                str(each.workers),
                "-" if each.behind is None else f"{each.behind:,}",
                f"{round(each.skew * 1000):+d} ms",
            )
        console.print(table)


def _print_now(state: str, now: _Now) -> None:
    from dnswatch.cli import render
    from dnswatch.office.wording import listed

    console = render.console()
    if now.server is not None:
        what = f"dnswatch {now.server.version} ({now.server.build})"
        text = f"{what} runs since {render.moment(now.server.since)}"
        console.print(f"{text} (process {now.server.pid})", style="bold green")
    elif now.is_replayed:
        console.print("records of a replay: no server runs on them", style="bold")
    else:
        console.print("dnswatch is not running: this is the last that it wrote", style="bold red")
    if now.learning_until is not None:
        console.print(f"learning until {render.moment(now.learning_until)}: no verdicts before")
    console.print(f"policies switched on: {listed(now.policies)}")
    if now.open_files:
        used = (f"{each.process} {each.opened:,} of {each.limit:,}" for each in now.open_files)
        console.print(f"open files: {', '.join(used)}")
    if now.fleet is not None:
        _print_fleet(now.fleet)
    console.print(render.plain(f"records in {state}", "bold"))


def _status_json(found: "StatusReport") -> dict[str, Any]:
    from dnswatch.cli.render import iso

    extent = found.extent
    return {
        "store": {
            "bytes": extent.used,
            "clients": extent.clients,
            "mail_related": extent.lookups,
            "addresses": extent.entries,
            "first": None if extent.first is None else iso(extent.first),
            "last": None if extent.last is None else iso(extent.last),
        },
        "cached_share": found.cached_share,
        "counters": dict(sorted(found.counters.items())),
        "losses": {name: found.counters[name] for name in found.losses},
        "upstreams": [
            {
                "upstream": each.upstream,
                "node": each.node or None,
                "worker": each.worker,
                "up": each.up,
                "rtt": each.rtt,
                "answers": each.answers,
                "failures": each.failures,
                "edns": each.edns,
                "at": iso(each.at),
            }
            for each in found.upstreams
        ],
        "vantage_points": [
            {
                "name": each.name,
                "here": each.gone_at is None,
                "lag": each.lag,
                "since": iso(each.since),
                "heard": iso(each.heard_at),
                "gone": None if each.gone_at is None else iso(each.gone_at),
                "batches": each.batches,
                "lookups": each.lookups,
                "late": each.late,
                "dropped": each.dropped,
                "damaged": each.damaged,
            }
            for each in found.vantages
        ],
    }


def _print_status(found: "StatusReport", now: float, *, runs: bool) -> None:
    from dnswatch.cli import render

    console, extent = render.console(), found.extent
    console.print(
        f"{render.size(extent.used)}: {render.many(extent.clients, 'client')},"
        f" {render.many(extent.lookups, 'mail-related lookup')},"
        f" {render.many(extent.entries, 'address', 'addresses')}"
    )
    if extent.first is not None and extent.last is not None:
        console.print(f"from {render.moment(extent.first)} to {render.moment(extent.last)}")
    if found.cached_share is not None:
        console.print(f"answered from the cache: {found.cached_share:.1%} of the lookups")
    if askers := found.counters["kept_here_clients"]:
        console.print(
            f"asked whether to go round dnswatch, and told not to:"
            f" {render.many(askers, 'client')}, each counted once a day",
            style="yellow",
        )
    if found.upstreams:
        _print_upstreams(console, found, now, runs=runs)
    if found.vantages:
        _print_vantages(console, found, now, runs=runs)
    if found.counters:
        _print_counters(console, found)


def _print_upstreams(console: "Console", found: "StatusReport", now: float, *, runs: bool) -> None:
    from rich.text import Text

    from dnswatch.cli import render

    heads = ("upstream", "worker", "state", "rtt", "answers", "failures", "heard")
    table = render.table(*heads, words=("upstream", "state"))
    for each in found.upstreams:
        word, style = ("up", "green") if each.edns else ("up, without EDNS", "yellow")
        if not each.up:
            word, style = "DOWN", "bold red"
        table.add_row(
            render.plain(each.upstream),
            each.place,
            Text(word, style) if runs else Text(f"was {word}"),
            f"{each.rtt * 1000:.0f} ms" if each.rtt else "-",
            *(render.short(number) for number in (each.answers, each.failures)),
            render.recent(each.at, now),
        )
    console.print()
    console.print(table)


def _print_vantages(console: "Console", found: "StatusReport", now: float, *, runs: bool) -> None:
    from rich.text import Text

    from dnswatch.cli import render

    counts = ("batches", "lookups", "late", "dropped", "damaged")
    heads = ("vantage point", "state", "since", "lag", "heard", *counts)
    table = render.table(*heads, words=("vantage point", "state"))
    for each in found.vantages:
        is_here = runs and each.gone_at is None
        table.add_row(
            render.plain(each.name),
            Text("here", "green") if is_here else Text("gone", "yellow"),
            render.recent(each.since, now),
            f"{each.lag:.1f} s",
            render.recent(each.heard_at, now),
            *(render.short(getattr(each, count)) for count in counts),
        )
    console.print()
    console.print(table)


def _print_counters(console: "Console", found: "StatusReport") -> None:
    from dnswatch.cli import render

    losses = found.losses
    table = render.table("counter", "count", words=("counter",))
    for name in [*losses, *sorted(set(found.counters) - set(losses))]:
        style = "bold red" if name in losses else ""
        label = f"! {name}" if name in losses else f"  {name}"
        table.add_row(label, str(found.counters[name]), style=style)
    console.print()
    console.print(table)
