"""A table of results: as text it is Markdown, for the terminal and for the page alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Table:
    """What one measurement found, as it is published."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    "Sentences that belong below the table."

    def __str__(self) -> str:
        """Render Markdown whose columns line up."""
        rule = ("---",) + ("--:",) * (len(self.head) - 1)
        lines = (self.head, rule, *self.rows)
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        body = "\n".join(_line(cells, widths) for cells in lines)
        notes = "".join(f"\n\n{note}" for note in self.notes)
        return f"**{self.title}**\n\n{body}{notes}\n"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = zip(cells, widths, strict=True)
    padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
    return f"| {' | '.join(padded)} |"


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The median, with the least and the most where there were several rounds."""
    middle = f"{median(values):,.{digits}f}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def ratios(values: Sequence[float], bases: Sequence[float]) -> str:
    """How often the base goes into the value, taken within each round."""
    pairs = zip(values, bases, strict=True)
    return spread([value / base for value, base in pairs], digits=2)
