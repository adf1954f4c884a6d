"""The screen: an act as it runs, on a terminal; a line for each turn of it, where there is none."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import log10
from typing import Final, Protocol

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from dnswatch import clock
from dnswatch.lab.demo.act import POLICIES, Act, ActResult
from dnswatch.lab.demo.world import BAY, EXCHANGES
from dnswatch.lab.demo.worm import ADDRESS, Try, TryFate
from dnswatch.model.policies.standing import RUNGS

ROWS: Final = 9
"""Rows of each list."""

_COLOURS: Final = {"clean": "green", "suspect": "yellow", "likely": "yellow", "infected": "red"}
_BAR: Final = 24
"""Columns of the evidence's bar; it is logarithmic, as evidence is."""


class Screen(Protocol):
    """Where an act is shown."""

    def show(self, act: Act) -> None:
        """Show an act as it stands now."""

    def end(self, act: Act) -> None:
        """Leave a line of an act that has ended."""


@contextmanager
def screen(console: Console) -> Iterator[Screen]:
    """Show acts on a terminal, or write lines where the console is none."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    with Live(console=console, refresh_per_second=8, transient=True) as live:
        yield _Picture(live)


class _Picture:
    """The whole act at a glance."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def show(self, act: Act) -> None:
        self._live.update(picture(act, clock.now()))

    def end(self, act: Act) -> None:
        self._live.console.print(title(act.policy), style="bold")
        self._live.console.print(f"  {_counted(act.outcome(clock.now()))}\n")


class _Lines:
    """What changed, a line each."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._act: Act | None = None
        self._said: dict[str, str] = {}

    def show(self, act: Act) -> None:
        if act is not self._act:
            self._act, self._said = act, {}
            self._console.print(title(act.policy))
        first = act.kept[-1] if act.kept else None
        turns = {
            "verdict": f"the verdict on {ADDRESS} is {act.standing.rung}",
            "mark": f"its mail-related answers: {act.mark or 'as they are'}",
            "kept": f"the holding bay {_held(first['verdict'], first['state'])}" if first else "",
        }
        for what, text in turns.items():
            if text and self._said.get(what) != text:
                self._said[what] = text
                self._console.print(f"  {clock.now() - act.begun:5.1f} s  {text}", soft_wrap=True)

    def end(self, act: Act) -> None:
        self._console.print(f"  {_counted(act.outcome(clock.now()))}", soft_wrap=True)


def title(policy: str) -> str:
    """Name an act."""
    number = f"{POLICIES.index(policy) + 1} of {len(POLICIES)}"
    return f"{number}: policy '{policy}'" if policy else f"{number}: without a policy"


def picture(act: Act, now: float) -> RenderableType:
    """Draw an act."""
    seconds = (act.ended or now) - act.begun
    panels = [
        Panel(_tries(act.tries[-ROWS:], act.begun), title=f"the worm at {ADDRESS}", width=74),
        Panel(_watch(act), title="dnswatch", width=44),
    ]
    parts: list[RenderableType] = [
        Text(f" {title(act.policy)}    {seconds:4.1f} s", "bold"),
        Columns(panels),
    ]
    if act.policy == "quarantine":
        parts.append(Panel(_kept(act), title=f"the holding bay at {BAY}", width=119))
    return Group(*parts, Text(f" {_counted(act.outcome(now))}"))


def summary(outcomes: Sequence[ActResult]) -> Table:
    """Compare the acts."""
    table = Table(title="What the worm got out", title_style="bold", title_justify="left")
    table.add_column("policy")
    heads = ("messages tried", "got out", "after the verdict", "DNS gave no exchange", "in the bay")
    for head in heads:
        table.add_column(head, justify="right")
    for one in outcomes:
        counts = (one.tried, one.out, one.later, one.unanswered, one.kept)
        table.add_row(one.policy or "none", *map(str, counts))
    return table


def _tries(tries: Sequence[Try], begun: float) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for head in ("s", "recipient", "exchange, says DNS", "message"):
        table.add_column(head, no_wrap=True)
    for one in tries:
        style = {TryFate.SENT: "red", TryFate.PUT_OFF: "yellow", TryFate.NO_ANSWER: "green"}[
            one.fate
        ]
        is_diverted = one.exchange.endswith(BAY)
        said = f"{one.fate} after {one.took:.0f} s" if one.took >= 1 else str(one.fate)
        table.add_row(
            f"{one.at - begun:4.1f}",
            one.victim.split("@")[1],
            _last_two(one.exchange),
            Text(said, "green" if is_diverted else style),
        )
    for _ in range(ROWS - len(tries)):
        table.add_row("", "", "", "")
    return table


def _watch(act: Act) -> Group:
    rung = act.standing.rung
    colour = _COLOURS[rung]
    # A thousandth of the alarm's threshold is an empty bar, the threshold a full one.
    share = max(0.0, min(1.0, 1 + log10(max(act.standing.share, 1e-3)) / 3))
    full = round(share * _BAR)
    bar = Text.assemble(("█" * full, colour), ("░" * (_BAR - full), "dim"))
    reached = ", ".join(name for name in list(RUNGS)[1:] if act.standing.share >= RUNGS[name])
    lines = [
        Text(f"verdict     {rung}", f"bold {colour}"),
        Text.assemble("evidence    ", bar),
        Text(f"rungs       {reached or 'none'}"),
        Text(f"its answers {act.mark or 'as they are'}"),
    ]
    return Group(*lines, *(Text("") for _ in range(ROWS + 1 - len(lines))))


def _kept(act: Act) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for head in ("message", "recipient", "verdict", "state"):
        table.add_column(head, no_wrap=True)
    for one in act.kept[: ROWS - 4]:
        to = ", ".join(each["address"] for each in one["recipients"])
        table.add_row(one["id"], to, one["verdict"] or "-", one["state"])
    for _ in range(ROWS - 4 - len(act.kept)):
        table.add_row("", "", "", "")
    return table


def _held(verdict: str | None, state: str) -> str:
    return f"has its first message: {verdict or 'not judged yet'}, {state}"


def _last_two(exchange: str) -> str:
    """Shorten `mx.victim1.example 127.0.0.80` to what tells."""
    name, _, address = exchange.partition(" ")
    where = {EXCHANGES: "the true one", BAY: "the bay"}.get(address, address)
    return f"{name}, {where}" if name else "-"


def _counted(outcome: ActResult) -> str:
    kept = f", {outcome.kept} are in the holding bay" if outcome.policy == "quarantine" else ""
    return (
        f"of {outcome.tried} messages {outcome.out} got out{kept}; for {outcome.unanswered} "
        "DNS gave no exchange"
    )
