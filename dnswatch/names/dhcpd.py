"""The lease files of ISC dhcpd: statements that end in `;`, in blocks of `{` and `}`.

    lease 192.0.2.7 { ends 4 2026/11/19 10:03:13; hardware ethernet 02:...; client-hostname "x"; }
    ia-na "IAID and DUID" { iaaddr 2001:db8::7 { binding state active; ends never; } }

The words are those of dhcpd.leases(5).  Times are in UTC.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from dnswatch.names.lease import ENDED, FOREVER, Lease

_TOKEN: Final = re.compile(r'#[^\n]*|("(?:[^"\\]|\\.)*)"|([{};]|[^\s{};"#]+)', re.DOTALL)
"""A comment; a string, of which the quotation mark in front is kept; anything else."""


_READ: Final = frozenset(("ends", "binding", "abandoned", "hardware", "client-hostname", "set"))
"""Statements that tell something here, by their first words."""
_MOST: Final = 64
"""Words of a statement, statements of a block, and blocks within blocks that are held."""


@dataclass(slots=True)
class _Block:
    head: list[str]
    statements: list[list[str]] = field(default_factory=list)

    def take(self, statement: list[str]) -> None:
        """Keep a statement, if it is one that tells something."""
        if statement and statement[0] in _READ and len(self.statements) < _MOST:
            self.statements.append(statement)


def parse_dhcpd(text: str) -> Iterator[Lease | None]:
    """Read the leases in the order of the file; None stands for one that cannot be read."""
    blocks: deque[_Block] = deque(maxlen=_MOST)
    words: list[str] = []
    for word in (found[1] or found[2] for found in _TOKEN.finditer(text)):
        if word not in ("{", "}", ";", None):
            if len(words) < _MOST:
                words.append(word)
            continue
        if word == "{":
            blocks.append(_Block(words))
        elif word == ";" and blocks:
            blocks[-1].take(words)
        elif word == "}" and blocks:
            block = blocks.pop()
            if block.head[:1] in (["lease"], ["iaaddr"]):
                yield _lease(block, blocks[-1].head if blocks else [])
        if word:
            words = []


def _lease(block: _Block, parent: list[str]) -> Lease | None:
    until, name, hardware, is_over = None, "", "", False
    for statement in block.statements:
        match statement:
            case ["ends", *when]:
                until = _time(when)
            case ["binding", "state", state]:
                is_over = state != "active"
            case ["abandoned"]:
                is_over = True
            case ["hardware", "ethernet", hardware]:
                pass
            case ["client-hostname", said]:
                name = _unquoted(said)
            case ["set", "ddns-fwd-name", "=", said]:
                name = name or _unquoted(said)
    if until is None or len(block.head) != 2:
        return None
    end = ENDED if is_over else until
    return Lease.of(block.head[1], end, name=name, hardware=hardware, duid=_duid(parent))


def _time(words: list[str]) -> float | None:
    match words:
        case ["never"]:
            return FOREVER
        case ["epoch", seconds] if re.fullmatch("[0-9]{1,15}", seconds):
            return float(seconds)
        case [_, day, time]:
            try:
                return datetime.strptime(f"{day} {time} +0000", "%Y/%m/%d %H:%M:%S %z").timestamp()
            except (ValueError, OverflowError):
                return None
    return None


def _unquoted(string: str) -> str:
    """Read a string, with its octal escapes: each character is one octet."""
    return re.sub(
        r"\\([0-7]{3}|.)",
        lambda found: chr(int(found[1], 8)) if len(found[1]) == 3 else found[1],
        string.removeprefix('"'),
    )


def _duid(head: list[str]) -> str:
    """Take the DUID out of an identity association's name, where it follows the IAID."""
    if len(head) != 2:
        return ""
    return _unquoted(head[1]).encode("latin-1", "replace")[4:].hex(":")
