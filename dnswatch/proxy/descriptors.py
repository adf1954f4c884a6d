"""Descriptors: the open files that a worker may need, provided before it needs them.

A worker that has none left can neither ask an upstream nor take a connection.  So all that its
settings let it open is added up, the limit is raised to hold that, and settings that the machine
cannot hold are refused: clients' connections never take what upstreams are asked through.
"""

import resource
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from dnswatch.errors import SettingsError
from dnswatch.settings import Settings

BASE: Final = 64
"""Standard streams, event loop, lines to supervisor and watch, files that are read at times."""

ACCEPTED: Final = 256
"""Connections that one listener may take before those idle longest are closed: its backlog."""

UPSTREAM: Final = 8
"""Connections and a poll for one upstream, beside its UDP sockets."""

ROUTES: Final = 2
"""Sets of upstreams: after a reload the old ones answer what they were asked."""


class OpenFiles(NamedTuple):
    """The open files of one process."""

    process: str
    opened: int
    limit: int


def needed(settings: Settings) -> int:
    """Add up what one worker may have open."""
    serve, upstream = settings.serve, settings.upstream
    endpoints = len(serve.endpoints)
    servers = [*upstream.servers, *(one for route in settings.forward for one in route.servers)]
    sockets = sum(UPSTREAM + upstream.sockets * (one.scheme == "udp") for one in servers)
    inherited = (2 * endpoints + 4) * serve.workers
    clients = settings.limits.tcp_connections + ACCEPTED * endpoints
    return BASE + inherited + ROUTES * sockets + clients


def provide(settings: Settings) -> None:
    """Raise this process's limit, and that of those it forks, to what a worker may need.

    Raises `SettingsError` where the machine does not allow it.
    """
    need = needed(settings)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and need > hard:
        raise SettingsError(
            f"limits.tcp_connections: a worker may need {need:,} open files by these settings, and"
            f" this machine allows {hard:,} at most: lower limits.tcp_connections"
            f" ({settings.limits.tcp_connections:,}) or upstream.sockets"
            f" ({settings.upstream.sockets:,}), or raise the hard limit (LimitNOFILE= of systemd,"
            " ulimit -Hn)"
        )
    if soft != resource.RLIM_INFINITY and need > soft:
        resource.setrlimit(resource.RLIMIT_NOFILE, (need, hard))


def in_use(supervisor: int) -> Iterator[OpenFiles]:
    """Tell the open files of the workers of a supervisor (its process ID), as far as we may look.

    Linux only; nothing where there is no such process or it is another user's.
    """
    try:
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
    except OSError:
        return
    for child in children:
        try:
            name = Path(f"/proc/{child}/comm").read_text().strip().removeprefix("dnswatch-")
            opened = sum(1 for _ in Path(f"/proc/{child}/fd").iterdir())
            limit, _ = resource.prlimit(int(child), resource.RLIMIT_NOFILE)
        except OSError:
            continue
        if name[:1] == "w" and name[1:].isdigit():
            yield OpenFiles(f"worker {name[1:]}", opened, limit)
