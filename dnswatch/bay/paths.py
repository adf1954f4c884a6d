"""Paths: whether a site has a bay, where it takes mail, and where it keeps it."""

from pathlib import Path

from dnswatch.bay.spool import Spool
from dnswatch.settings import MailEndpoint, Settings


def is_wanted(settings: Settings) -> bool:
    """Say whether `dnswatch serve` runs a bay: where mail may be diverted to it, or on demand.

    It runs before the first policy quarantines anybody, and goes on after the last one: mail that
    is held then must still be released.
    """
    may_divert = settings.quarantine.i_have_authority and bool(settings.quarantine.addresses)
    return settings.bay.enabled or may_divert


def endpoints(settings: Settings) -> tuple[MailEndpoint, ...]:
    """Return where it takes mail."""
    return settings.bay.listen or tuple(
        MailEndpoint(f"[{address}]" if ":" in address else address)
        for address in settings.quarantine.addresses
    )


def hostname(settings: Settings) -> str:
    """Return what it calls itself."""
    return str(settings.bay.hostname or settings.quarantine.host)  # plain: records take no other


def spool_of(settings: Settings, state: Path) -> Spool:
    """Return where it keeps mail; `state` is the state directory."""
    return Spool(Path(settings.bay.spool) if settings.bay.spool else state / "bay")
