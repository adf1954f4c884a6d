"""Beside: the vantage points in other resolvers that a configuration wants, each a child process.

Their code, and the library that the tap takes, is loaded in the child: few sites need it.
"""

import signal
import socket
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Final

from dnswatch.errors import LibraryError, SettingsError
from dnswatch.serve.loading import is_here
from dnswatch.serve.vantages import Vantage
from dnswatch.settings import Follow, Source, Tap, combine

LATER: Final = 1.0
"""Seconds that the watch waits beyond a vantage point's lag: its batches come four a second."""


def vantages(source: Source) -> Iterator[Vantage]:
    """Tell which there are to be; raises `SettingsError` where one cannot be."""
    settings = combine(source)
    if settings.tap and find_spec("dnstap_pb") is None:
        raise SettingsError(f"[[tap]]: {LibraryError('dnstap-pb', 'tap')}")
    for tap in settings.tap:
        yield Vantage(tap.name, tap.lag + LATER, _tap(tap, source), tap)
    for follow in settings.follow:
        yield Vantage(follow.name, follow.lag + LATER, _follow(follow), follow)


Run = Callable[[socket.socket, socket.socket], None]


def _tap(tap: Tap, source: Source) -> Run:
    def run(line: socket.socket, control: socket.socket) -> None:
        from dnswatch.sources.live import tap as process

        _end_in_order(control)
        process.main(tap, source, is_here, line, control)

    return run


def _follow(follow: Follow) -> Run:
    def run(line: socket.socket, control: socket.socket) -> None:
        from dnswatch.sources.live import following as process

        _end_in_order(control)
        process.main(follow, line, control)

    return run


def _end_in_order(control: socket.socket) -> None:
    """Have SIGTERM end a process as the supervisor's own end does: with what it still holds."""
    signal.signal(signal.SIGTERM, lambda *_: control.shutdown(socket.SHUT_RDWR))
    for number in (signal.SIGINT, signal.SIGHUP):  # a terminal's go to the supervisor as well
        signal.signal(number, signal.SIG_IGN)
