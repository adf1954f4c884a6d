"""Where the records are: the state directory."""

import os
from pathlib import Path

import typer

from dnswatch import clock
from dnswatch.errors import StoreError


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


def runtime_directory() -> Path:
    """Choose where running servers say which state directory is theirs (XDG base directories)."""
    if named := os.environ.get("RUNTIME_DIRECTORY"):
        return Path(named.split(":")[0])
    if os.geteuid() == 0:
        return Path("/run/dnswatch")
    home = os.environ.get("XDG_RUNTIME_DIR")
    return Path(home) / "dnswatch" if home else state_directory(None)


def records(given: Path | None) -> Path:
    """Choose whose records a command is about; say which where they are not the usual ones.

    Without `--state` and the environment, these are the usual place's where a server runs there or
    none runs at all, else those of the server that runs.  Raises `StoreError` where several do.
    """
    usual = state_directory(given)
    if given is not None or {"DNSWATCH_STATE", "STATE_DIRECTORY"} & os.environ.keys():
        return usual
    from dnswatch.store.directory import is_held, serving

    if is_held(usual) or not (running := serving(runtime_directory())):
        return usual
    if len(running) > 1:
        places = ", ".join(f"'{place}'" for place in running)
        raise StoreError(f"servers run with records in {places}: choose one with --state")
    typer.echo(f"dnswatch: the records in '{running[0]}', of the server that runs", err=True)
    return running[0]
