"""The tap: resolvers connect, and tell by dnstap what their clients asked and were answered.

It runs in a process of its own, with its own library (`dnswatch[tap]`): its death costs no answer.
It never makes a resolver wait: who sends faster than can be read finds its socket full, and drops.
"""

import contextlib
import logging
import os
import selectors
import socket
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from dnswatch import addresses, clock
from dnswatch.control import BEAT, Control
from dnswatch.errors import SettingsError, SourceError
from dnswatch.resolver.access import Networks
from dnswatch.settings import Address, Settings, Source, Tap, combine
from dnswatch.sources.live.frames import Sender
from dnswatch.sources.live.handing import Handing
from dnswatch.sources.live.hearing import LiveHearing

MOST: Final = 16
"""Connections at a time: a resolver has one, or one for each of its threads."""

SIZE: Final = 1 << 18
"""Bytes read at a time."""

BUFFER: Final = 1 << 20
"""Bytes asked of the kernel for what a resolver has sent and nobody read."""

log = logging.getLogger("dnswatch.tap")


IsHere = Callable[[Address], bool]
"""Whether an address is this machine's."""


def main(
    tap: Tap, source: Source, is_here: IsHere, line: socket.socket, control: socket.socket
) -> None:
    """Listen until told to stop; for a freshly forked process.

    `line` leads to the watch, `control` to the supervisor: seqpacket sockets that do not block.
    Raises `SettingsError` where the endpoint is taken, forbidden or not this machine's.
    """
    settings = combine(source)
    with selectors.DefaultSelector() as selector:
        hearing = LiveHearing(lambda packed: is_here(ip_address(packed)))
        handing = Handing(line, tap.lag)
        listener = _Listener(tap, settings, hearing, handing, selector)
        try:
            listener.run(Control(control))
        finally:
            listener.close()


class _Listener:
    """The endpoint, and all who are connected."""

    def __init__(
        self,
        tap: Tap,
        settings: Settings,
        hearing: LiveHearing,
        handing: Handing,
        selector: selectors.BaseSelector,
    ) -> None:
        self._handing = handing
        self._selector = selector
        self._hearing = hearing
        self._hearing.configure(settings)
        self._networks = Networks(tap.networks)
        self._open: set[_Connection] = set()
        self._is_paused = False
        self._socket = bind(tap)
        selector.register(self._socket, selectors.EVENT_READ, self._accept)

    def run(self, control: Control) -> None:
        """Listen until the supervisor is gone, or ends us."""
        at = clock.elapsed()
        while not control.is_over:
            for key, _ in self._selector.select(max(0.0, at - clock.elapsed())):
                key.data()
            if clock.elapsed() < at:
                continue
            at = clock.elapsed() + BEAT
            control.beat()
            if (news := control.news()) is not None:
                self._hearing.configure(news[1])
            self._hand_over()
        self._hand_over(is_last=True)

    def close(self) -> None:
        """Let go of all."""
        for connection in self._open:
            connection.close()
        self._socket.close()

    def count(self, name: str) -> None:
        """Count something that happened."""
        self._handing.counters[name] += 1

    def hear(self, sender: Sender, data: bytes) -> None:
        """Take what a sender sent; raises `SourceError` where it is no dnstap."""
        self._hearing.hear(sender.take(data), clock.now())

    def left(self, connection: "_Connection") -> None:
        """Let go of one."""
        self._open.discard(connection)
        if not self._is_paused:
            self._selector.unregister(connection)

    def _hand_over(self, *, is_last: bool = False) -> None:
        now = clock.now()
        lookups, counters = self._hearing.told(self._handing.until(now))
        self._handing.counters += counters
        self._handing.hand_over(lookups, now, is_last=is_last)
        if self._handing.is_full != self._is_paused:
            self._pause(self._handing.is_full)

    def _pause(self, is_full: bool) -> None:
        """Read no more while the watch is behind, so that resolvers, not we, drop."""
        self._is_paused = is_full
        self._handing.counters["tap_reading_dropped"] += is_full
        for connection in self._open:
            if is_full:
                self._selector.unregister(connection)
            else:
                self._selector.register(connection, selectors.EVENT_READ, connection.read)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            sock, peer = self._socket.accept()
            if self._socket.family != socket.AF_UNIX and (
                addresses.read(peer[0]).packed not in self._networks
            ):
                self.count("tap_connections_dropped")
                sock.close()
            elif len(self._open) >= MOST:
                self.count("tap_connections_full")
                sock.close()
            else:
                sock.setblocking(False)
                connection = _Connection(sock, self)
                self._open.add(connection)
                if not self._is_paused:
                    self._selector.register(connection, selectors.EVENT_READ, connection.read)


class _Connection:
    """One sender's connection."""

    def __init__(self, sock: socket.socket, listener: _Listener) -> None:
        self._socket = sock
        self._listener = listener
        self._sender = Sender()

    def fileno(self) -> int:
        return self._socket.fileno()

    def read(self) -> None:
        """Take some of what it sent."""
        try:
            data = self._socket.recv(SIZE)
            if data:
                self._listener.hear(self._sender, data)
                if self._sender.reply:
                    self._socket.sendall(self._sender.reply)
                    self._sender.reply = b""
        except BlockingIOError:
            return
        except SourceError as error:
            log.warning("a connection to the tap is ended: %s", error)
            self._listener.count("tap_connections_broken")
        except OSError:
            pass
        else:
            if data and not self._sender.is_over:
                return
        self._listener.left(self)
        self.close()

    def close(self) -> None:
        """Let go of it."""
        self._socket.close()


def bind(tap: Tap) -> socket.socket:
    """Bind a tap's endpoint; raises `SettingsError` where that cannot be."""
    listen = tap.listen
    try:
        if listen.path:
            return _bind_unix(Path(listen.path))
        assert listen.endpoint is not None
        address = listen.endpoint.address
        sock = socket.socket(socket.AF_INET if address.version == 4 else socket.AF_INET6)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((str(address), listen.endpoint.port))
        except OSError:
            sock.close()
            raise
        return _listening(sock)
    except OSError as error:
        raise SettingsError(
            f"tap.listen: cannot listen on '{listen}': {error.strerror or error}"
        ) from None


def _bind_unix(path: Path) -> socket.socket:
    """Take the place of a socket that nobody listens on any more."""
    with (
        contextlib.suppress(FileNotFoundError, ConnectionError),
        socket.socket(socket.AF_UNIX) as probe,
    ):
        probe.connect(str(path))
        raise SettingsError(f"tap.listen: another process listens on '{path}': choose another path")
    if path.is_socket():
        path.unlink()
    sock = socket.socket(socket.AF_UNIX)
    before = os.umask(0o117)  # its group may connect, nobody else
    try:
        sock.bind(str(path))
    except OSError:
        sock.close()
        raise
    finally:
        os.umask(before)
    return _listening(sock)


def _listening(sock: socket.socket) -> socket.socket:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    sock.listen(MOST)
    sock.setblocking(False)
    return sock
