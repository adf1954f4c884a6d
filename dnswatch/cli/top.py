"""`dnswatch top`: the site, live in the terminal; it reads the store and changes nothing."""

import os
import select
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple

import typer

from dnswatch import clock
from dnswatch.cli.options import Config, Json, State, policies_of, settings_of
from dnswatch.cli.state import present, state_directory

if TYPE_CHECKING:
    from rich.console import RenderableType

    from dnswatch.office.verdicts import Verdicts
    from dnswatch.settings import Settings
    from dnswatch.store.directory import RunningServer
    from dnswatch.store.site import UpstreamStatus
    from dnswatch.store.summary import Account

WINDOW: Final = 900.0
"""Seconds of which clients are ranked."""

EARLIER: Final = 300.0
"""Seconds before the first look of which its rates are."""

SMOOTH: Final = 10
"""Looks over which a rate goes: the store is written once a second, in uneven steps."""

_RATES: Final = ("lookup", "upstream", "new", "refresh", "hit")


@dataclass(frozen=True, slots=True)
class SiteLook:
    """The site at one moment."""

    at: float
    "Unix seconds."
    begin: float
    "Since when `measures` count, Unix seconds: the same in all looks of one run."
    measures: Counter[str]
    live: int
    "Entries of the site cache that have not expired."
    upstreams: "list[UpstreamStatus]"
    accounts: "list[Account]"
    "Of the last 15 minutes, most mail-related lookups first."
    judged: "Verdicts"
    acting: dict[str, str]
    "What policies do now, by client's key."
    policies: dict[str, str]
    "Those that are switched on, in order of precedence, each with its mode: `on`, `dry run`."
    server: "RunningServer | None"
    "None where none runs."


def top(
    limit: Annotated[
        int, typer.Option("--limit", min=1, help="Show at most this many clients.")
    ] = 15,
    once: Annotated[bool, typer.Option("--once", help="Show it once, and end.")] = False,
    json: Json = False,
    config: Config = None,
    state: State = None,
) -> None:
    """Follow the site live in the terminal.

    Once a second: lookups, upstreams, the site cache, and the clients with most mail-related
    lookups in the last 15 minutes.  q or Ctrl-C ends it.  Into a file or a pipe it is shown once;
    with --json one line comes each second.

    \b
    Examples:
      dnswatch top
      dnswatch top --once --limit 5
      dnswatch top --json
    """
    look = looker(state_directory(state), settings_of(config))
    looks = deque([look()], SMOOTH)
    try:
        if json:
            _print_lines(looks, look, limit, once=once)
        elif once or not sys.stdout.isatty():
            from dnswatch.cli.render import console

            console().print(frame(looks, limit))
        else:
            _follow(looks, look, limit)
    except KeyboardInterrupt:
        pass  # how one ends it


def looker(directory: Path, settings: "Settings") -> Callable[[], SiteLook]:
    """Return what looks at a site, again and again; it raises `StoreError`."""
    from dnswatch.office import orders as office
    from dnswatch.office import wording
    from dnswatch.office.detector import detector_of
    from dnswatch.office.verdicts import verdicts
    from dnswatch.office.whom import Whom
    from dnswatch.store import Store, orders, reports, site
    from dnswatch.store.directory import server

    policies, _ = policies_of(settings)
    begin = present(directory) - EARLIER
    with Store.read(directory) as store, store.snapshot() as db:
        # Once: to bring it back takes a while, and only until when it learns is asked of it.
        detector = detector_of(db, settings, Whom(directory, settings))

    def look() -> SiteLook:
        now = present(directory)
        whom = Whom(directory, settings)  # it remembers the roles, and they may change
        with Store.read(directory) as store, store.snapshot() as db:
            ranking = reports.ranking(db, now - WINDOW, whom.role_of)
            return SiteLook(
                now,
                begin,
                site.measures(db, begin),
                site.live_entries(db, now),
                site.upstreams(db),
                ranking.accounts if ranking else [],
                verdicts(db, detector, whom, now),
                office.acting(db, settings, policies),
                wording.switched_on(policies.values(), orders.read(db, now)),
                server(directory),
            )

    return look


def rates(looks: Sequence[SiteLook]) -> dict[str, float]:
    """Return how often things happen, a second: from the first look to the last.

    Of one look alone it is the time before it; what went out of the records meanwhile is nothing.
    """
    first, last = looks[0], looks[-1]
    earlier, begin = (first.measures, first.at) if len(looks) > 1 else (Counter(), first.begin)
    seconds = max(last.at - begin, 1.0)
    return {name: max(0, last.measures[name] - earlier[name]) / seconds for name in _RATES}


def as_json(looks: Sequence[SiteLook], limit: int) -> dict[str, Any]:
    """Write down for programs how the site does."""
    from dnswatch.cli import ranking
    from dnswatch.cli.render import iso

    last = looks[-1]
    return {
        "at": iso(last.at),
        "running": last.server is not None,
        "per_second": {name: round(rate, 2) for name, rate in rates(looks).items()},
        "addresses_live": last.live,
        "upstreams": [each._asdict() for each in _upstreams(last)],
        "policies": list(last.policies),
        "dry_runs": [name for name, how in last.policies.items() if how == "dry run"],
        **last.judged.as_json(),
        "clients": [
            {
                **ranking.who(each, last.judged),
                "lookups": each.measures["lookup"],
                "mail_related": each.measures["mail"],
                "policy": _acting(last, each),
            }
            for each in last.accounts[:limit]
        ],
    }


def frame(looks: Sequence[SiteLook], limit: int) -> "RenderableType":
    """Lay out what stands on the screen."""
    from rich.console import Group

    from dnswatch.cli import render
    from dnswatch.office.wording import listed

    last, each = looks[-1], rates(looks)
    runs = "" if last.server else "; no server runs"
    return Group(
        render.plain(f"dnswatch {render.local(last.at):%H:%M:%S}{runs}", "bold"),
        render.plain(
            f"lookups {each['lookup']:.1f}/s, {each['upstream']:.1f}/s of them asked upstream"
        ),
        render.plain(
            f"site cache: {last.live:,} addresses; new {each['new']:.1f}/s,"
            f" refresh {each['refresh']:.1f}/s, hit {each['hit']:.1f}/s"
        ),
        render.plain(f"policies switched on: {listed(last.policies)}"),
        *(render.plain(line, "bold") for line in last.judged.learning()),
        *([render.plain(""), _upstream_table(last)] if last.upstreams else []),
        render.plain(""),
        _client_table(last, limit),
    )


class _UpstreamRow(NamedTuple):
    """An upstream as all workers see it."""

    upstream: str
    up: int
    workers: int
    rtt: float
    answers: int
    failures: int


def _upstreams(look: SiteLook) -> Iterator[_UpstreamRow]:
    def name(each: "UpstreamStatus") -> str:
        return each.upstream

    for upstream, theirs in groupby(sorted(look.upstreams, key=name), name):
        seen = list(theirs)
        yield _UpstreamRow(
            upstream,
            sum(each.up for each in seen),
            len(seen),
            max(each.rtt for each in seen),
            sum(each.answers for each in seen),
            sum(each.failures for each in seen),
        )


def _upstream_table(look: SiteLook) -> "RenderableType":
    from dnswatch.cli import render

    heads = ("upstream", "state", "rtt", "answers", "failures")
    table = render.table(*heads, words=("upstream", "state"))
    for each in _upstreams(look):
        state, style = ("up", "green") if each.up else ("DOWN", "bold red")
        if 0 < each.up < each.workers:
            state, style = f"up at {each.up} of {each.workers} workers", "yellow"
        table.add_row(
            render.plain(each.upstream),
            render.plain(state, style),
            f"{each.rtt * 1000:.0f} ms" if each.rtt else "-",
            render.short(each.answers),
            render.short(each.failures),
        )
    return table


def _client_table(look: SiteLook, limit: int) -> "RenderableType":
    from dnswatch.cli import render

    heads = ("client, last 15 minutes", "verdict", "mail", "lookups", "new", "refresh", "policy")
    table = render.table(*heads, words=("client, last 15 minutes", "verdict", "policy"))
    for each in look.accounts[:limit]:
        verdict = look.judged.of(each.machine.keys, each.machine.role)
        style = {"infected": "bold red", "suspect": "yellow"}.get(verdict, "")
        numbers = (each.measures[name] for name in ("mail", "lookup", "new", "refresh"))
        table.add_row(
            render.plain(each.machine.name or each.machine.keys[0], style),
            render.plain(verdict, style),
            *map(render.short, numbers),
            render.plain(_acting(look, each)),
        )
    return table


def _acting(look: SiteLook, account: "Account") -> str:
    """Say what policies do to a machine now."""
    return ", ".join(dict.fromkeys(filter(None, map(look.acting.get, account.machine.keys))))


def _print_lines(
    looks: deque[SiteLook], look: Callable[[], SiteLook], limit: int, *, once: bool
) -> None:
    from json import dumps

    while True:
        print(dumps(as_json(looks, limit)), flush=True)
        if once:
            return
        time.sleep(1)
        looks.append(look())


def _follow(looks: deque[SiteLook], look: Callable[[], SiteLook], limit: int) -> None:
    """Show one look after the other, until a q."""
    from rich.live import Live

    from dnswatch.cli.render import console

    live = Live(frame(looks, limit), console=console(), screen=True, auto_refresh=False)
    with _single_keys() as is_over:
        try:
            live.start(refresh=True)
            while not is_over():
                looks.append(look())
                live.update(frame(looks, limit), refresh=True)
        finally:
            live.stop()  # a `with` would not, where Ctrl-C comes while it begins


@contextmanager
def _single_keys() -> Iterator[Callable[[], bool]]:
    """Hear keys without Enter; yield what waits a second, and says whether a q came."""
    import termios
    import tty

    if not sys.stdin.isatty():

        def wait() -> bool:
            time.sleep(1)
            return False

        yield wait
        return
    keys = sys.stdin.fileno()
    before = termios.tcgetattr(keys)
    tty.setcbreak(keys)

    def is_over() -> bool:
        ends = clock.elapsed() + 1
        while (left := ends - clock.elapsed()) > 0:
            if select.select([keys], [], [], left)[0] and os.read(keys, 1) in (b"q", b""):
                return True
        return False

    try:
        yield is_over
    finally:
        termios.tcsetattr(keys, termios.TCSADRAIN, before)
