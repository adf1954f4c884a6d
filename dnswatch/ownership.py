"""Ownership: a file of the state directory belongs to whoever owns the directory it lies in.

So a command that root runs locks nobody out of what it made.  Rules of this file: no link is
followed, and a file with a second name is left alone; else whoever owns the directory could have
root give away a file that is not theirs.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def settle(path: Path) -> None:
    """Give a file or directory that was just made to its directory's owner; only root needs to.

    What is right already is not even opened: to close a database takes this process's locks on it
    from all of SQLite's connections (sqlite.org/howtocorrupt.html, 2.2), and others then take its
    log away.
    """
    owner = path.parent.stat()
    if os.geteuid() == 0 and _is_wrong(path.lstat(), owner):
        mend(path, owner)


def foreign(directory: Path) -> Iterator[Path]:
    """Yield what the owner of a directory cannot use in it: another's files, or without rights."""
    owner = directory.lstat()
    for folder, folders, files in os.walk(directory):
        for name in sorted((*folders, *files)):
            path = Path(folder, name)
            if _is_wrong(path.lstat(), owner):
                yield path


def mend(path: Path, owner: os.stat_result) -> bool:
    """Give one file to an owner, with the right to read and write; return whether it is theirs.

    Raises `OSError` where this process may not.
    """
    with _opened(path) as descriptor:
        found = os.fstat(descriptor)
        if stat.S_ISREG(found.st_mode) and found.st_nlink > 1:
            return False
        if (found.st_uid, found.st_gid) != (owner.st_uid, owner.st_gid):
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        os.fchmod(descriptor, stat.S_IMODE(found.st_mode) | _rights(found.st_mode))
    return True


def _is_wrong(found: os.stat_result, owner: os.stat_result) -> bool:
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        return False
    return found.st_uid != owner.st_uid or _rights(found.st_mode) & ~found.st_mode != 0


def _rights(mode: int) -> int:
    """What an owner needs: to read and write a file, and to enter a directory."""
    return 0o700 if stat.S_ISDIR(mode) else 0o600


@contextmanager
def _opened(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)
