"""The detector as a command sees it: brought back from the store, up to the last second."""

from typing import TYPE_CHECKING, Final

from dnswatch.model.detection.detector import Detector
from dnswatch.model.mailhosts import NAMED, stem_of
from dnswatch.names.suffixes import registrable
from dnswatch.store import clients, evidence
from dnswatch.watchdog.judging import local, plan_of
from dnswatch.wire.name import to_text

if TYPE_CHECKING:
    from dnswatch.cli.whom import Whom
    from dnswatch.model.detection.roles import Proposal
    from dnswatch.settings import Settings
    from dnswatch.store.sqlite import Database

_GIVEN: Final = ("hosts", "pointers")
"""Where a name was read that the site's administrators gave; a lease has what a machine says."""


def detector_of(db: "Database", settings: "Settings", whom: "Whom") -> Detector | None:
    """Bring the detector back; None where the watch has stored none yet."""
    stored = evidence.read(db)
    if stored.site is None:
        return None
    detector = Detector(
        plan_of(settings), 0.0, registrable=registrable, write=to_text, clock=local,
        role_of=lambda key: whom.role_of(key.decode()),
    )  # fmt: skip
    detector.restore(stored.site, stored.cases.values())
    for lookup in stored.later:
        detector.see(lookup)
    return detector


def proposals_of(db: "Database", detector: Detector | None) -> "list[Proposal]":
    """Return the hosts that behave like a mail server and are none by anybody's word."""
    if detector is None:
        return []
    known = clients.clients(db)
    totals = clients.totals(db, 0.0)
    return detector.proposals(
        {client.key.encode(): totals.get(client.id, {}) for client in known},
        {client.key.encode(): client.name for client in known
         if client.name and client.source in _GIVEN and _is_mail_host(client.name)},
    )  # fmt: skip


def confirming(proposal: "Proposal") -> str:
    """Write the command by which a person confirms a proposal."""
    return f"dnswatch clients role {proposal.client.decode()} mail-server"


def _is_mail_host(name: str) -> bool:
    """Say whether a machine's name is a mail host's."""
    label = name.partition(".")[0].encode(errors="replace")[:63]
    return stem_of(bytes((len(label),)) + label) in NAMED
