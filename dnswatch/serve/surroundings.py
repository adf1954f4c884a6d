"""Surroundings: what a configuration needs of the machine, and what of that is not there.

`dnswatch serve` starts all the same: a lease file may come later, an address may be another host's
until a fail-over.  So these are findings, no faults.
"""

import pwd
from collections.abc import Iterator
from pathlib import Path

from dnswatch.bay.paths import endpoints, is_wanted
from dnswatch.serve.loading import is_here
from dnswatch.settings import Settings


def lacking(settings: Settings) -> Iterator[str]:
    """Tell what is not there, each in a sentence."""
    for key in ("hosts", "leases"):
        for file in getattr(settings.names, key):
            if (reason := _unreadable(Path(file))) is not None:
                yield f"names.{key}: cannot read '{file}': {reason}"
    for user in settings.ingest.users:
        if not user.isdecimal() and not _is_known(user):
            yield f"ingest.users: this machine knows no user '{user}'"
    folder = Path(settings.ingest.listen.path or "/").parent
    if not folder.is_dir():
        yield f"ingest.listen: there is no directory '{folder}'"
    listening = [(endpoint.address, "serve.listen") for endpoint in settings.serve.listen]
    if is_wanted(settings):
        place = "bay.listen" if settings.bay.listen else "quarantine.addresses"
        listening += [(endpoint.address, place) for endpoint in endpoints(settings)]
    for address, key in listening:
        if not is_here(address):
            yield f"{key}: {address} is no address of this machine now"


def _is_known(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True


def _unreadable(file: Path) -> str | None:
    try:
        with file.open("rb") as opened:
            opened.read(1)
    except OSError as error:
        return error.strerror or str(error)
    return None
