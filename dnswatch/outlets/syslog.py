"""syslog: messages of RFC 5424 over UDP, TCP and TLS."""

import fcntl
import os
import socket
import ssl
import struct
import termios
import time
from typing import Final

from dnswatch import clock
from dnswatch.outlets.outlet import PATIENCE, Dispatch, reaching
from dnswatch.settings import EventDestination

DATAGRAM: Final = 2048
"""Octets that each receiver of syslog should take (RFC 5424 section 6.1)."""

LONGEST: Final = 8192
"""Octets of a message over TCP, where nothing cuts it: what rsyslog takes by default."""


class DatagramOutlet:
    """Sends syslog datagrams (RFC 5426): a receiver that is away is noticed at best."""

    def __init__(self, to: EventDestination) -> None:
        """Look the receiver up; raises `OSError`."""
        self._to = to
        family, kind, protocol, _, address = socket.getaddrinfo(
            to.host, to.port, type=socket.SOCK_DGRAM
        )[0]
        self._sock = socket.socket(family, kind, protocol)
        try:
            self._sock.connect(address)
        except OSError:
            self._sock.close()
            raise

    def send(self, dispatch: Dispatch) -> None:
        """Send it; that nobody listens there is known at once on this machine only."""
        with reaching(self._to.shown):
            self._sock.send(dispatch.body)
            if code := self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(code, os.strerror(code))

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()


class StreamOutlet:
    """Sends syslog over TCP, each message with its length before it (RFC 6587 section 3.4.1).

    With TLS it is RFC 5425: the server is known by its certificate and its name, or told nothing.
    """

    def __init__(self, to: EventDestination, tls: ssl.SSLContext | None = None) -> None:
        """Connect; raises `OSError`."""
        self._to = to
        self._sock = socket.create_connection((to.host, to.port), timeout=PATIENCE)
        if tls is not None:
            try:
                self._sock = tls.wrap_socket(self._sock, server_hostname=to.host)
            except OSError:
                self._sock.close()
                raise

    def send(self, dispatch: Dispatch) -> None:
        """Send it, and wait until the receiver's machine has it."""
        message = dispatch.body
        with reaching(self._to.shown):
            self._see_alive()
            self._sock.sendall(b"%d %b" % (len(message), message))
            deadline = clock.elapsed() + PATIENCE
            while self._waiting():
                if clock.elapsed() > deadline:
                    raise TimeoutError(f"it acknowledged nothing for {PATIENCE:.0f} s")
                time.sleep(0.002)
            self._see_alive()

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()

    def _waiting(self) -> int:
        """Octets that its kernel has not acknowledged (tcp(7), SIOCOUTQ)."""
        found = fcntl.ioctl(self._sock, termios.TIOCOUTQ, b"\0" * 4)
        return int(struct.unpack("i", found)[0])

    def _see_alive(self) -> None:
        """Raise `OSError` where it has closed the connection: what is sent now would be lost."""
        self._sock.setblocking(False)
        try:
            while self._sock.recv(4096):
                pass  # syslog has no answers
        except (BlockingIOError, ssl.SSLWantReadError):
            self._sock.settimeout(PATIENCE)
            return
        raise ConnectionResetError("it closed the connection")
