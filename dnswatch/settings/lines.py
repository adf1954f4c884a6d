"""Lines: on which line of a TOML text a key stands.

No second parser of TOML: the line is the first one up to which the text, read by `tomllib`, has the
key.  Where a text may not be cut (inside a string, or in deep brackets) the next line that may
stands for it.
"""

import tomllib
from bisect import bisect_left
from typing import Final

Path = tuple[str | int, ...]
"""A key: names of tables and settings, and numbers of list items from 0."""

_CLOSERS: Final = ("", "]", "]]", "]}", "]}]")
"""What may be open at the end of a line: lists, and tables in them."""


def line_of(text: str, path: Path) -> int | None:
    """Find the line, from 1, on which `path` stands in a TOML text; None where it does not."""
    lines = text.split("\n")
    line = bisect_left(
        range(len(lines) + 1), True, key=lambda count: _has(_read(lines, count), path)
    )
    return line if 0 < line <= len(lines) else None


def _read(lines: list[str], count: int) -> object:
    """Read the first `count` lines, or as few more as can be read."""
    for end in range(count, len(lines) + 1):
        head = "\n".join(lines[:end]) + "\n"
        for closer in _CLOSERS:
            try:
                return tomllib.loads(head + closer)
            except (ValueError, RecursionError):
                continue
    return {}


def _has(data: object, path: Path) -> bool:
    for step in path:
        match data, step:
            case dict(), str() if step in data:
                data = data[step]
            case list(), int() if step < len(data):
                data = data[step]
            case _:
                return False
    return True
