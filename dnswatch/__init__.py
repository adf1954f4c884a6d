"""dnswatch: a site's resolver, and a watchdog in it.

Rooms, from the ground up; a room imports only from rooms on lower floors (`docs/architecture.md`):

    6  cli                          typer commands; prints, never computes
    5  serve                        the supervisor: starts, watches and restarts the processes
    4  proxy · watchdog             DNS workers · the watch process
    3  store · names · clock        SQLite · who is who at the site · the only clock
       (below this line: no socket, clock, chance, file, database or log)
    2  seams                        bytes to observation, batches between processes
    1  model · wire                 what is true of a site · what a DNS message is
    0  settings · codes · errors

`DNSWATCH_PURE=1` in the environment leaves aside what is compiled.
"""

import os

from dnswatch import compiled

if os.environ.get("DNSWATCH_PURE") == "1":
    compiled.prefer_sources()


def version() -> str:
    """Return the version that is installed; a source tree that is not installed has none."""
    from importlib.metadata import PackageNotFoundError  # 20 ms, which few commands need
    from importlib.metadata import version as installed

    try:
        return installed("dnswatch")
    except PackageNotFoundError:
        return "not installed: run from its source tree"
