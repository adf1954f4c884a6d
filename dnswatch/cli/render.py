"""Rendering: how numbers, times and strangers' names look on a terminal.

Rules of this file: text that came from outside is shown by `harmless`, and given to rich as `Text`,
which reads no markup; times are local.
"""

import json
import sys
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Final

from dnswatch.office.text import (
    harmless as harmless,
)
from dnswatch.office.text import (
    iso as iso,
)
from dnswatch.office.text import (
    local as local,
)
from dnswatch.office.text import (
    many as many,
)
from dnswatch.office.text import (
    moment as moment,
)
from dnswatch.office.text import (
    recent as recent,
)
from dnswatch.office.text import (
    short as short,
)
from dnswatch.office.text import (
    size as size,
)
from dnswatch.office.text import (
    span as span,
)

if TYPE_CHECKING:  # rich takes 20 ms to load, and what is printed for programs needs none of it
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_BARS: Final = "▁▂▃▄▅▆▇█"


def console() -> "Console":
    """Return the terminal, or what stdout is led into: no colour there, nor with NO_COLOR."""
    from rich.console import Console

    return Console(highlight=False, markup=False, emoji=False)


def sparkline(counts: Sequence[int], step: int = 1) -> str:
    """Draw counts over time, a bar for each `step` of them; nothing is a space."""
    values = [sum(counts[at : at + step]) for at in range(0, len(counts), step)]
    top = max(values, default=0)
    return "".join(_BARS[(value * 8 - 1) // top] if value else " " for value in values)


def table(*columns: str, words: Collection[str], gap: int = 2) -> "Table":
    """Begin a table; the columns in `words` begin at the left, the others hold numbers."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    found = Table(
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        padding=(0, gap - 1, 0, 0),  # the box itself leaves one space
        header_style="bold",
    )
    for column in columns:
        found.add_column(column, justify="left" if column in words else "right", overflow="fold")
    return found


def plain(text: str, style: str = "") -> "Text":
    """Make a piece of text that came from outside harmless for a table."""
    from rich.text import Text

    return Text(harmless(text), style)


def print_json(value: Any) -> None:
    """Print a value for programs: ASCII only, so that no terminal can be led astray."""
    print(json.dumps(value, indent=2))


def print_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print rows for programs and spreadsheets."""
    import csv

    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: object) -> object:
    """Keep a spreadsheet from taking a stranger's name for a formula."""
    if not isinstance(value, str):
        return "" if value is None else value
    return f"'{harmless(value)}" if value.startswith(("=", "+", "-", "@")) else harmless(value)
