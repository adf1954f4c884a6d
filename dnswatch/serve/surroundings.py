"""Surroundings: what a configuration needs of the machine, and what of that is not there.

`dnswatch serve` starts all the same: a lease file may come later, an address may be another host's
until a fail-over.  So these are findings, no faults.
"""

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
    listening = [(endpoint.address, "serve.listen") for endpoint in settings.serve.listen]
    if is_wanted(settings):
        place = "bay.listen" if settings.bay.listen else "quarantine.addresses"
        listening += [(endpoint.address, place) for endpoint in endpoints(settings)]
    for address, key in listening:
        if not is_here(address):
            yield f"{key}: {address} is no address of this machine now"


def _unreadable(file: Path) -> str | None:
    try:
        with file.open("rb") as opened:
            opened.read(1)
    except OSError as error:
        return error.strerror or str(error)
    return None
