"""The state directory: whose it is, and what time it is for those who read its records.

One process at a time keeps its records there, by a lock; and a directory is either a server's, or
that of replays, since neither could make sense of the other's records.
"""

import fcntl
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from dnswatch.errors import StoreError
from dnswatch.ownership import settle
from dnswatch.store.database import FILE

_REPLAYED: Final = "replayed"
"""File that says up to when replayed records go, Unix seconds."""
_SERVER: Final = "server"
"""File that says who serves from here; it is believed only while the lock is held."""
_PROCESSES: Final = "processes"
"""File that says which processes a server has, likewise."""


class RunningServer(msgspec.Struct, frozen=True):
    """A running `dnswatch serve`."""

    pid: int
    version: str
    since: float
    "When it was started, Unix seconds."
    build: str = "pure"
    "Or `compiled` (`dnswatch.compiled`)."


class ServerProcess(msgspec.Struct, frozen=True):
    """One process of a running `dnswatch serve`."""

    name: str
    "`watch`, `worker 0`, `bay` and the like."
    pid: int
    "0 where it is not there just now."
    restarts: int
    "How often it was started again since the server was."


def hold(state: Path, *, for_replays: bool = False) -> int:
    """Make the directory if need be and lock it, until the descriptor that is returned is closed.

    Raises `StoreError` where another process holds it, or it is for the other use.
    """
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(state / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        settle(state / "lock")
    except OSError as error:
        raise StoreError(
            f"cannot write to the state directory '{state}': {error.strerror};"
            " give another one with --state"
        ) from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _claim(state, for_replays)
    except BlockingIOError:
        os.close(lock)
        raise StoreError(
            f"another dnswatch keeps its records in '{state}';"
            " stop it, or give this one a directory of its own with --state"
        ) from None
    except StoreError:
        os.close(lock)
        raise
    return lock


def is_held(directory: Path) -> bool:
    """Say whether a process holds the lock of a directory now; none does where there is no lock."""
    try:
        with (directory / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


@contextmanager
def announced(state: Path, runtime: Path, server: RunningServer) -> Iterator[None]:
    """Say who serves from a directory, there and in `runtime`, where commands look for servers.

    A `runtime` that cannot be written to is no fault: commands then need `--state`.
    """
    sign = runtime / f"serving-{server.pid}"
    (state / _SERVER).touch(mode=0o600)
    settle(state / _SERVER)
    (state / _SERVER).write_bytes(msgspec.json.encode(server))
    try:
        runtime.mkdir(mode=0o755, parents=True, exist_ok=True)
        sign.write_text(str(state.absolute()), encoding="utf-8", errors="surrogateescape")
    except OSError:
        pass
    try:
        yield
    finally:
        for file in (sign, state / _SERVER, state / _PROCESSES):
            file.unlink(missing_ok=True)


def serving(runtime: Path) -> list[Path]:
    """Return the state directories of the servers that run now and were announced in `runtime`."""
    found = []
    for sign in sorted(runtime.glob("serving-*")):
        try:
            state = Path(sign.read_text(encoding="utf-8", errors="surrogateescape"))
        except OSError:
            continue
        if is_held(state):
            found.append(state)
    return list(dict.fromkeys(found))


def server(state: Path) -> RunningServer | None:
    """Return the server that runs in a directory now; None where none does."""
    if not is_held(state):
        return None
    try:
        return msgspec.json.decode((state / _SERVER).read_bytes(), type=RunningServer)
    except (OSError, msgspec.DecodeError):
        return None


def note_processes(state: Path, found: Iterable[ServerProcess]) -> None:
    """Say which processes the server has now; a disk that takes nothing more is no fault."""
    with suppress(OSError):
        beside = state / f"{_PROCESSES}.new"
        beside.touch(mode=0o600)
        beside.write_bytes(msgspec.json.encode(list(found)))
        settle(beside)
        beside.replace(state / _PROCESSES)


def processes(state: Path) -> list[ServerProcess]:
    """Return the processes of the server that runs in a directory now; none where none does."""
    if not is_held(state):
        return []
    try:
        return msgspec.json.decode((state / _PROCESSES).read_bytes(), type=list[ServerProcess])
    except (OSError, msgspec.DecodeError):
        return []


def is_replayed(state: Path) -> bool:
    """Say whether a directory holds the records of replays."""
    return (state / _REPLAYED).exists()


def note_replayed(state: Path, until: float) -> None:
    """Note up to when the records of replays go."""
    (state / _REPLAYED).write_text(f"{until:.6f}\n")


def present(state: Path, now: float) -> float:
    """Return what time it is for those who read the records: where replayed ones end, or now."""
    try:
        return float((state / _REPLAYED).read_text()) or now
    except (OSError, ValueError):
        return now


def _claim(state: Path, for_replays: bool) -> None:
    if is_replayed(state) and not for_replays:
        raise StoreError(
            f"'{state}' holds the records of a replay: give the server a directory of its own with"
            " --state"
        )
    if for_replays and not is_replayed(state):
        if (state / FILE).exists():
            raise StoreError(
                f"'{state}' holds the records of a server: give the replay a directory of its own"
                " with --state"
            )
        note_replayed(state, 0.0)
