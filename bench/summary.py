"""The summary: the few numbers that the page's tables come to, read from the page itself.

So it says what the tables say, whichever of them was measured last.
"""

import re
from typing import Final, NamedTuple

from bench.page import block_of
from bench.table import Table

NAME: Final = "summary"
"Between whose marks it stands in the page."

_NONE: Final = "not measured"


class _Number(NamedTuple):
    """A number, and where it stands: the first column of that name, in the table so entitled."""

    what: str
    measured: str
    title: str
    column: str
    row: str = "dnswatch"
    pure: str = ""
    "The row of dnswatch where nothing is compiled, if there is one."


_PEER: Final = "ratio to the better peer"
_UNBOUND: Final = "ratio to unbound"
_PURE: Final = "dnswatch, pure"
_WORKERS: Final = ("dnswatch, its worker alone", f"{_PURE}, its worker alone")
_REPLAYS: Final = ("dnswatch replay", "dnswatch replay, pure")
_TSHARK: Final = "ratio to tshark"
_CACHED: Final = ("cached", "Cached answers")
_MISSES: Final = ("misses", "Forwarded misses")

_NUMBERS: Final = (
    _Number("cached answer, CPU, to the better peer", *_CACHED, _PEER, pure=_PURE),
    _Number("cached answer, CPU, to unbound", *_CACHED, _UNBOUND, pure=_PURE),
    _Number("miss, CPU of the worker, to unbound", *_MISSES, _UNBOUND, *_WORKERS),
    _Number("miss, CPU, to unbound", *_MISSES, _UNBOUND, pure=_PURE),
    _Number("miss, CPU, to the better peer", *_MISSES, _PEER, pure=_PURE),
    _Number("cached, 99th percentile, to the better peer", "latency", "Cached", _PEER),
    _Number("misses, 99th percentile, to the better peer", "latency", "Forwarded", _PEER),
    _Number("cached answer, bytes of memory", "memory", "Memory", "bytes per answer"),
    _Number("bay, messages/s, to Postfix", "bay", "A connection", "ratio to Postfix", "bay"),
    _Number("bay, connections kept, to Postfix", "bay", "10 conn", "ratio to Postfix", "bay"),
    _Number("replay of DNS, packets/s, to tshark", "replay", "Nothing", _TSHARK, *_REPLAYS),
    _Number("the same, ten times as long", "replay", "DNS alone", _TSHARK, *_REPLAYS),
    _Number("replay of all, packets/s, to tshark", "replay", "Mixed", _TSHARK, *_REPLAYS),
)


def summary(page: str) -> Table:
    """Gather what the tables of the page come to."""
    rows = []
    for number in _NUMBERS:
        block = block_of(page, number.measured)
        found = [_cell(block, number, row) if row else "" for row in (number.row, number.pure)]
        rows.append((number.what, *found))
    return Table("What the tables come to", ("dnswatch", "compiled", "pure"), tuple(rows))


def _cell(block: str, number: _Number, row: str) -> str:
    """Read a cell of a table in a block."""
    _, _, below = block.partition(f"\n**{number.title}")
    head, *lines = re.findall(r"^\|(.*)\|$", below.partition("\n**")[0], re.MULTILINE) or [""]
    columns = _words(head)
    for line in lines:
        cells = _words(line)
        if cells[0] == row and number.column in columns:
            return cells[columns.index(number.column)]
    return _NONE


def _words(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]
