"""Vantage points beside the workers: children that hand over batches, and the socket for others."""

import errno
import os
import socket
import stat
from collections.abc import Callable, Hashable
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from dnswatch.control import DROP, KEEP
from dnswatch.errors import SettingsError
from dnswatch.serve.children import Child
from dnswatch.settings import Ingest
from dnswatch.watchdog.reception import Tied

WAITING: Final = 16
"""Connections that wait at the door while the watch is away."""


class Vantage(NamedTuple):
    """A vantage point that is to run as a child."""

    name: str
    "As `seams.ingest.Hello` has it; `status` shows it."
    lag: float
    "Seconds by which it may be behind."
    run: Callable[[socket.socket, socket.socket], None]
    "Runs it, with its line to the watch and its control line, until that closes or SIGTERM comes."
    about: Hashable = None
    "What it is told at its start: where that changes it is begun anew."

    @property
    def key(self) -> Hashable:
        """What makes it another one than before."""
        return self.name, self.lag, self.about


class Place:
    """A vantage point's child, and the line between it and the watch, which outlives both."""

    def __init__(self, vantage: Vantage) -> None:
        """Make the line; the child is started by whoever looks after children."""
        self.lag = vantage.lag
        self.key = vantage.key
        self._ours, self._theirs = make_line()
        self.child = Child(
            vantage.name,
            lambda control: vantage.run(self._ours, control),
            patience=20.0,
            longest=10.0,
        )

    @property
    def tied(self) -> Tied:
        """What the watch must know of it."""
        return Tied(self.child.name, self.lag, self._theirs)

    def close(self) -> None:
        """Let go of the line."""
        self._ours.close()
        self._theirs.close()


class Guests:
    """Connections that a watch leaves with us, so that they outlive it as lines do."""

    def __init__(self) -> None:
        """Keep none yet."""
        self._kept: dict[str, Tied] = {}

    def heard(self, message: bytes, files: list[int]) -> None:
        """Take in what the watch says: to keep a connection, or to let go of one."""
        sockets = [socket.socket(fileno=file) for file in files]
        if message.startswith(KEEP) and sockets:
            name, lag = message.removeprefix(KEEP).decode().split()
            self._drop(name)
            self._kept[name] = Tied(name, float(lag), sockets.pop())
        elif message.startswith(DROP):
            self._drop(message.removeprefix(DROP).decode())
        for surplus in sockets:
            surplus.close()

    def tied(self) -> list[Tied]:
        """Return what the next watch goes on with."""
        return list(self._kept.values())

    def _drop(self, name: str) -> None:
        if name in self._kept:
            self._kept.pop(name).line.close()


def make_line() -> tuple[socket.socket, socket.socket]:
    """Make a line between a child and the watch: the child's end and the watch's."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setblocking(False)
    return ours, theirs


def open_door(settings: Ingest) -> socket.socket | None:
    """Listen at the socket of [ingest]; None where there is to be none.

    Raises `SettingsError` where that cannot be.  The file belongs to its directory's owner; who may
    connect the watch asks the kernel, so that rights of the file are but a first hurdle.
    """
    if not settings.listen:
        return None
    path = Path(settings.listen.path)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    door.setblocking(False)
    try:
        _clear(path)
        door.bind(str(path))
        if os.geteuid() == 0:
            owner = path.parent.stat()
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
        path.chmod(0o666 if settings.users else 0o600)
        door.listen(WAITING)
    except OSError as error:
        door.close()
        raise SettingsError(_reason(path, error)) from None
    return door


def close_door(door: socket.socket | None) -> None:
    """Take the socket away."""
    if door is not None:
        path = Path(door.getsockname())
        door.close()
        with suppress(OSError):
            path.unlink()


def _clear(path: Path) -> None:
    """Take away what a server left that was killed; raises `OSError` where anything else is."""
    try:
        is_socket = stat.S_ISSOCK(path.lstat().st_mode)
    except FileNotFoundError:
        return
    if not is_socket:
        raise FileExistsError(errno.EEXIST, "something else is there")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise OSError(errno.EADDRINUSE, "another server listens there")


def _reason(path: Path, error: OSError) -> str:
    why = f"cannot listen on 'unix:{path}' (ingest.listen): {error.strerror}"
    if isinstance(error, FileNotFoundError):
        return f"{why}; make the directory '{path.parent}' (systemd: RuntimeDirectory=dnswatch)"
    if isinstance(error, PermissionError):
        return f"{why}; give the directory '{path.parent}' to the user that dnswatch runs as"
    return f"{why}; choose another path, or take that away"
