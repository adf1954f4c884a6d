"""Progress on stderr: a bar with the time left on a terminal, else a line now and then."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import typer

_PERIOD: Final = 900.0
"""Seconds by which the time left is estimated: one run takes a second, the next half a minute."""


_LINES: Final = 10
"""Lines in all, where stderr is no terminal."""


@contextmanager
def progress(what: str, total: float) -> Iterator[Callable[[float], None]]:
    """Show how far it is; what is yielded takes how much is done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        yield _lines(what, total)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, speed_estimate_period=_PERIOD) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def _lines(what: str, total: float) -> Callable[[float], None]:
    """Say at the beginning and after each tenth how much is done."""
    told = -1

    def tell(done: float) -> None:
        nonlocal told
        tenth = int(_LINES * done / total) if total else _LINES
        if tenth > told:
            told = tenth
            typer.echo(f"{what}: {done:g} of {total:g}", err=True)

    tell(0)
    return tell
