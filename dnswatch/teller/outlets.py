"""Outlets: the ways on which an event leaves: a file, a syslog server, a webhook.

Each says with an `EventError` that an event was not taken, and is tried again later with the same
one.  What is known once `send` returns: a file's line is on the disk; a TCP peer's kernel has
acknowledged the message; a webhook has answered 2xx; of a datagram nothing is known.
"""

import base64
import binascii
import fcntl
import hashlib
import hmac
import os
import socket
import stat
import struct
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Protocol

from dnswatch import clock
from dnswatch.errors import EventError, SettingsError
from dnswatch.ownership import settle
from dnswatch.settings import EventDestination, Sink
from dnswatch.teller import forms
from dnswatch.teller.event import Event

PATIENCE: Final = 10.0
"""Seconds that a receiver has to take an event."""

LONGEST: Final = 8192
"""Octets of a syslog message over TCP, where nothing cuts it: what rsyslog takes by default."""

_MAKE_KEY: Final = 'make one with `(printf whsec_; openssl rand -base64 32) > "{}"`'


class Outlet(Protocol):
    """A way out, open until it is closed."""

    def send(self, event: Event) -> None:
        """Have the receiver take an event; raises `EventError` where it does not."""

    def close(self) -> None:
        """Let go of it."""


def open_outlet(sink: Sink) -> Outlet:
    """Open the way to a sink; raises `EventError`, or `SettingsError` where its key is wrong."""
    if sink.to.is_webhook:
        return WebhookOutlet(sink)
    if sink.to.scheme == "file":
        return FileOutlet(Path(sink.to.path))
    with _said(sink.to):
        return DatagramOutlet(sink.to) if sink.to.scheme == "syslog:udp" else StreamOutlet(sink.to)


def secret_of(sink: Sink) -> bytes:
    """Read the key that a webhook is signed with; empty for other sinks.

    Raises `SettingsError` where the file is not there, may be read by others, or holds no key as
    Standard Webhooks has it: `whsec_` and the base64 of 24 to 64 octets.
    """
    if not sink.secret:
        return b""
    path = Path(sink.secret)
    where = f"events.secret: '{path}'"
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(200).decode(errors="replace").strip()
    except OSError as error:
        mend = _MAKE_KEY.format(path)
        raise SettingsError(f"{where} cannot be read ({error.strerror}): {mend}") from None
    if mode & stat.S_IRWXO:
        raise SettingsError(f"{where} may be read by everybody: run `chmod o= '{path}'`")
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except binascii.Error:
        key = b""
    if not text.startswith("whsec_") or not 24 <= len(key) <= 64:
        raise SettingsError(f"{where} holds no key: {_MAKE_KEY.format(path)}")
    return key


def signature(key: bytes, ident: str, at: int, body: bytes) -> str:
    """Sign a request as Standard Webhooks does: HMAC-SHA256 over id, timestamp and body."""
    signed = hmac.digest(key, f"{ident}.{at}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode()}"


class FileOutlet:
    """Appends EVE lines to a file, and to the next one once that was rotated away."""

    def __init__(self, path: Path) -> None:
        """Open it at the first event."""
        self._path = path
        self._file = -1

    def send(self, event: Event) -> None:
        """Append a line, and see it on the disk."""
        line = forms.eve(event) + b"\n"
        try:
            if not self._is_current():
                self._open()
            size = os.fstat(self._file).st_size
            try:
                if os.write(self._file, line) < len(line):
                    raise EventError(f"'{self._path}' cannot be written: the disk is full")
                os.fdatasync(self._file)
            except (OSError, EventError):
                with suppress(OSError):
                    os.ftruncate(self._file, size)  # half a line would spoil the next one
                raise
        except OSError as error:
            raise EventError(f"'{self._path}' cannot be written: {error.strerror}") from None

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _is_current(self) -> bool:
        """Whether the open file is still the one of that name."""
        if self._file < 0:
            return False
        ours = os.fstat(self._file)
        try:
            there = self._path.stat()
        except FileNotFoundError:
            return False
        return (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)

    def _open(self) -> None:
        self.close()
        flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK
        try:
            self._file = os.open(self._path, flags)
        except FileNotFoundError:
            self._file = os.open(self._path, flags | os.O_CREAT | os.O_EXCL, 0o640)
            os.fchmod(self._file, 0o640)  # whatever the umask: who is in the group collects it
            settle(self._path)
        found = os.fstat(self._file)
        if not stat.S_ISREG(found.st_mode):
            self.close()
            raise EventError(f"'{self._path}' is no file: name one")
        if found.st_size and os.pread(self._file, 1, found.st_size - 1) != b"\n":
            os.write(self._file, b"\n")  # a power cut left half a line


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

    def send(self, event: Event) -> None:
        """Send it; that nobody listens there is known at once on this machine only."""
        with _said(self._to):
            self._sock.send(forms.syslog(event, socket.gethostname()))
            if code := self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(code, os.strerror(code))

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()


class StreamOutlet:
    """Sends syslog over TCP, each message with its length before it (RFC 6587 section 3.4.1)."""

    def __init__(self, to: EventDestination) -> None:
        """Connect; raises `OSError`."""
        self._to = to
        self._sock = socket.create_connection((to.host, to.port), timeout=PATIENCE)

    def send(self, event: Event) -> None:
        """Send it, and wait until the receiver's machine has it."""
        message = forms.syslog(event, socket.gethostname(), LONGEST)
        with _said(self._to):
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
        except BlockingIOError:
            self._sock.settimeout(PATIENCE)
            return
        raise ConnectionResetError("it closed the connection")


class WebhookOutlet:
    """Sends requests that are signed as Standard Webhooks has it."""

    def __init__(self, sink: Sink) -> None:
        """Read the key; the connection is made with the first event."""
        import httpx2

        self._to = sink.to
        self._key = secret_of(sink)
        self._client = httpx2.Client(timeout=PATIENCE, follow_redirects=False)

    def send(self, event: Event) -> None:
        """Send it; any answer but 2xx means that it was not taken."""
        import httpx2

        body, at = forms.json(event), int(clock.now())
        headers = {
            "content-type": "application/json",
            "webhook-id": event.id,
            "webhook-timestamp": str(at),
            "webhook-signature": signature(self._key, event.id, at, body),
        }
        try:
            response = self._client.post(str(self._to), content=body, headers=headers)
        except httpx2.HTTPError as error:
            why = str(error) or type(error).__name__
            raise EventError(f"{self._to.shown} is not reached: {why}") from None
        if not response.is_success:
            raise EventError(f"{self._to.shown} answered {response.status_code}")

    def close(self) -> None:
        """Close its connections."""
        self._client.close()


@contextmanager
def _said(to: EventDestination) -> Iterator[None]:
    """Turn what the system refuses into an `EventError`."""
    try:
        yield
    except OSError as error:
        raise EventError(f"{to.shown} is not reached: {error.strerror or error}") from None
