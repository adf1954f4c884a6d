"""Hosts: the site's own names, from files in the format of /etc/hosts (hosts(5)).

A line is an address, its canonical name, and other names for it; `#` begins a comment.  An address
that stands on several lines keeps the canonical name of the first; a name on several lines has all
their addresses.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from dnswatch.names.hostname import clean, pack
from dnswatch.names.textfile import TextFiles

MAX_ENTRIES: Final = 500_000
"""Names kept, and addresses kept: the longest public blocklists in this format have fewer."""

MAX_ADDRESSES: Final = 64
"""Addresses of one name: more do not fit into an answer without TCP."""


@dataclass(slots=True)
class Hosts:
    """What the files say together."""

    names: dict[str, tuple[bytes, ...]] = field(default_factory=dict)
    "Name in lower case, without the last dot, to its packed addresses."
    addresses: dict[bytes, str] = field(default_factory=dict)
    "Packed address to its canonical name."
    broken: int = 0
    "Lines that could not be read as a whole, or were beyond a bound."


def parse_hosts(texts: Iterable[str]) -> Hosts:
    """Read the texts of hosts files, in their order."""
    hosts = Hosts()
    for line in (line for text in texts for line in text.splitlines()):
        words = line.partition("#")[0].split()
        if words and not _add(hosts, pack(words[0]), [_name(word) for word in words[1:]]):
            hosts.broken += 1
    return hosts


def _add(hosts: Hosts, address: bytes | None, names: list[str | None]) -> bool:
    """Add what is good of a line; return whether all of it was."""
    known = [name for name in names if name]
    if address is None or not known:
        return False
    is_whole = len(known) == len(names)
    if len(hosts.addresses) < MAX_ENTRIES:
        hosts.addresses.setdefault(address, known[0])
    for name in known:
        others = hosts.names.get(name, ())
        fits = len(others) < MAX_ADDRESSES and (others or len(hosts.names) < MAX_ENTRIES)
        if fits and address not in others:
            hosts.names[name] = (*others, address)
        is_whole = is_whole and bool(fits)
    return is_whole


def _name(word: str) -> str | None:
    name = clean(word)
    return name if name == word.lower().removesuffix(".") else None


class HostsFiles:
    """Hosts files that may change while dnswatch runs."""

    def __init__(self, paths: Iterable[str]) -> None:
        """Read `paths` when asked."""
        self._files = TextFiles(paths)
        self._hosts = Hosts()

    def read(self) -> Hosts:
        """Return what the files say now: the very same object while nothing changed."""
        texts = self._files.news()
        if texts is not None:
            self._hosts = parse_hosts(texts)
        return self._hosts
