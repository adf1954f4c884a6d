"""Lines: a log of Zeek as rows, whichever way it was written.

The header lines of a text rule how it is read; a log in JSON says little of itself.

Rules of this file: a row's values are text, those of vectors and sets are lists; what is unset is
absent.  A line that cannot be read is told as None.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

TEXT: Final = b"#separator"
"""What a log of tab-separated text begins with."""

_FIELD: Final = re.compile(rb'"(id\.orig_h|_path)"\s*:')
_LISTS: Final = ("vector[", "set[", "table[")
"""What the type of a field begins with whose value is a list."""
_UNTYPED: Final = frozenset(("answers", "TTLs"))
"""Fields of dns.log that are lists, where no header says so."""
_MILLISECONDS: Final = (1e11, 1e14)
"""A time in JSON between these counts them (`JSON::TS_MILLIS`): as seconds it would be of the year
5138 or later."""
_ESCAPE: Final = re.compile(r"\\x([0-9a-fA-F]{2})")


class Row(NamedTuple):
    """A line."""

    path: str
    "Which log it is of: `dns`, `conn`; empty where nobody says."
    told: dict[str, str]
    "Field to value."
    lists: dict[str, list[str]]
    "Field to values, for those that have several."


def is_begun(head: bytes) -> bool:
    """Tell whether a file begins as a log does."""
    return head.startswith(TEXT) or (head[:1] == b"{" and bool(_FIELD.search(head[:4096])))


def rows(lines: Iterable[bytes]) -> Iterator[Row | None]:
    """Read a log's lines, or those of several logs one after the other."""
    header = _Header()
    for line in lines:
        text = line.decode("utf-8", errors="backslashreplace").rstrip("\r\n")
        if text.startswith("{"):
            yield _of_json(text)
        elif text.startswith("#separator"):
            header = _Header(_written_out(text.split(" ", 1)[-1]))
        elif text.startswith("#") and header.take(text):
            continue
        elif text:
            yield header.row(text)


@dataclass(slots=True)
class _Header:
    """What the header lines of a text say."""

    separator: str = "\t"
    set_separator: str = ","
    empty: str = "(empty)"
    unset: str = "-"
    path: str = ""
    fields: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)

    def take(self, text: str) -> bool:
        """Take a header line; return whether it is one, and no row of a name that begins so."""
        name, _, value = text.partition(self.separator)
        match name:
            case "#set_separator":
                self.set_separator = _written_out(value) or ","
            case "#empty_field":
                self.empty = value
            case "#unset_field":
                self.unset = value
            case "#path":
                self.path = value
            case "#fields":
                self.fields, self.types = value.split(self.separator), []
            case "#types":
                self.types = value.split(self.separator)
            case "#open" | "#close":
                pass
            case _:
                return not self.fields or text.count(self.separator) + 1 != len(self.fields)
        return True

    def row(self, text: str) -> Row | None:
        """Read a line of values."""
        values = text.split(self.separator)
        if len(values) != len(self.fields):
            return None
        types = self.types if len(self.types) == len(self.fields) else [""] * len(self.fields)
        told, lists = {}, {}
        for name, kind, value in zip(self.fields, types, values, strict=True):
            if value == self.unset:
                continue
            if kind.startswith(_LISTS) or (not kind and name in _UNTYPED):
                lists[name] = self._list(value)
            else:
                told[name] = "" if value == self.empty else value
        return Row(self.path, told, lists)

    def _list(self, value: str) -> list[str]:
        if value == self.empty:
            return []
        # A separator within a value is escaped, as \x2c.
        return [_unescaped(one, self.set_separator) for one in value.split(self.set_separator)]


def _written_out(text: str) -> str:
    r"""Read a separator, which may be written as `\x09`."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)


def _unescaped(text: str, character: str) -> str:
    return _ESCAPE.sub(
        lambda found: character if chr(int(found[1], 16)) == character else found[0], text
    )


def _of_json(text: str) -> Row | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    moment = found.get("ts")
    if isinstance(moment, int | float) and _MILLISECONDS[0] <= moment < _MILLISECONDS[1]:
        found["ts"] = moment / 1000
    told, lists = {}, {}
    for name, value in found.items():
        if isinstance(value, list):
            lists[name] = [_written(one) for one in value if one is not None]
        elif value is not None:
            told[name] = _written(value)
    return Row(told.get("_path", ""), told, lists)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return "T" if value else "F"
    return str(value)
