"""Following: a log that another program writes, line by line, as it grows.

It runs in a process of its own, as the tap does.  What is written while nobody follows is not read
afterwards: `dnswatch replay` reads whole logs.
"""

import selectors
import socket
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from dnswatch import clock
from dnswatch.control import BEAT, Control
from dnswatch.errors import WireError
from dnswatch.model.observation import Observation
from dnswatch.settings import Follow
from dnswatch.sources.live import dnsmasq
from dnswatch.sources.live.handing import Handing
from dnswatch.sources.live.tail import Tail
from dnswatch.sources.zeek.lines import rows
from dnswatch.sources.zeek.reading import Log

Read = Callable[[list[bytes], float], tuple[list[Observation], Counter[str]]]
"""Lines, and when they were read, to lookups and what there is to count."""


def main(follow: Follow, line: socket.socket, control: socket.socket) -> None:
    """Follow until told to stop; for a freshly forked process.

    `line` leads to the watch, `control` to the supervisor: seqpacket sockets that do not block.
    """
    supervisor = Control(control)
    handing = Handing(line, follow.lag)
    tail = Tail(Path(follow.file))
    read = reader(follow, tail)
    with selectors.DefaultSelector() as selector:
        selector.register(supervisor, selectors.EVENT_READ)
        while not supervisor.is_over:
            if selector.select(BEAT):
                supervisor.news()  # none concerns a log: a changed [[follow]] is begun anew
            supervisor.beat()
            now = clock.now()
            if handing.is_full:
                handing.send()
                continue
            lookups, counters = read(tail.take(), now)
            handing.counters += counters
            handing.hand_over(lookups, now)
        handing.hand_over([], clock.now(), is_last=True)
    tail.close()


def reader(follow: Follow, tail: Tail) -> Read:
    """Return what reads the lines of a log."""
    return _Zeek(tail) if follow.format == "zeek" else _dnsmasq


class _Zeek:
    """dns.log, whose first lines say how the others are read, unless it is JSON."""

    def __init__(self, tail: Tail) -> None:
        self._tail = tail
        self._header: list[bytes] = []
        self._log = Log(counts_mails_only=True)

    def __call__(self, lines: list[bytes], now: float) -> tuple[list[Observation], Counter[str]]:
        if not lines:
            return [], Counter()
        if self._tail.is_new:
            self._header = self._tail.header(b"#")
            self._tail.is_new = False
        self._log.take(list(rows([*self._header, *lines])))
        told = self._log.reading(now)
        census = told.census
        return told.lookups, Counter(
            follow_lines=len(lines),
            follow_lookups=len(told.lookups),
            follow_lines_broken=census["damaged"],
        )


def _dnsmasq(lines: list[bytes], now: float) -> tuple[list[Observation], Counter[str]]:
    lookups, counters = [], Counter(follow_lines=len(lines))
    for line in lines:
        try:
            seen = dnsmasq.read(line, now)
        except WireError:
            counters["follow_lines_broken"] += 1
        else:
            if seen is not None:
                lookups.append(seen)
    counters["follow_lookups"] = len(lookups)
    return lookups, counters
