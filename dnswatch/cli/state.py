"""Where the records are: the state directory."""

import os
from pathlib import Path

from dnswatch import clock


def present(state: Path) -> float:
    """Return what time it is for those who read records: now, or where replayed ones end."""
    from dnswatch.store.directory import present

    return present(state, clock.now())


def state_directory(given: Path | None) -> Path:
    """Choose the state directory: what was given, what the environment says, or the usual place.

    `STATE_DIRECTORY` is what systemd sets for a unit; the usual place is /var/lib/dnswatch for
    root, else the user's own (XDG base directories).
    """
    if given is not None:
        return given
    for variable in ("DNSWATCH_STATE", "STATE_DIRECTORY"):
        if named := os.environ.get(variable):
            return Path(named.split(":")[0])
    if os.geteuid() == 0:
        return Path("/var/lib/dnswatch")
    home = os.environ.get("XDG_STATE_HOME")
    return (Path(home) if home else Path.home() / ".local" / "state") / "dnswatch"
