"""The detector as a command sees it: brought back from the store, up to the last second."""

from collections import Counter, defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from msgspec import structs

from dnswatch import clock
from dnswatch.model.detection.detector import Detector
from dnswatch.model.mailhosts import NAMED, stem_of
from dnswatch.model.role import Role
from dnswatch.names.suffixes import registrable
from dnswatch.store import clients, evidence
from dnswatch.watchdog.judging import bring_back, local, plan_of
from dnswatch.wire.name import to_text

if TYPE_CHECKING:
    from dnswatch.model.detection.roles import Proposal
    from dnswatch.office.whom import Whom
    from dnswatch.settings import Settings
    from dnswatch.store.sqlite import Database

_GIVEN: Final = ("hosts", "pointers")
"""Where a name was read that the site's administrators gave; a lease has what a machine says."""


def detector_of(db: "Database", settings: "Settings", whom: "Whom") -> Detector | None:
    """Bring the detector back; None where the watch has stored none yet."""
    stored = evidence.read(db)
    if stored.site is None:
        return None
    machines = clients.machines(db)

    def role_of(key: bytes) -> Role:
        roles = map(whom.role_of, machines.clients(key.decode()))
        return next((role for role in roles if role is not Role.CLIENT), Role.CLIENT)

    detector = Detector(
        plan_of(settings),
        0.0,
        registrable=registrable,
        write=to_text,
        clock=local,
        role_of=role_of,
    )
    bring_back(detector, stored, machines, clock.now())
    for lookup in stored.later:
        detector.see(structs.replace(lookup, client=machines.key(lookup.client.decode()).encode()))
    return detector


def proposals_of(db: "Database", detector: Detector | None) -> "list[Proposal]":
    """Return the hosts that behave like a mail server and are none by anybody's word."""
    if detector is None:
        return []
    machines, totals = clients.machines(db), clients.totals(db, 0.0)
    counts: defaultdict[bytes, Counter[str]] = defaultdict(Counter)
    names: dict[bytes, str] = {}
    for client in clients.clients(db):
        key = machines.key(client.key).encode()
        counts[key].update(totals.get(client.id, {}))
        if client.name and client.source in _GIVEN and _is_mail_host(client.name):
            names[key] = client.name
    found = detector.proposals(counts, names)
    return [replace(one, client=machines.clients(one.client.decode())[0].encode()) for one in found]


def confirming(proposal: "Proposal") -> str:
    """Write the command by which a person confirms a proposal."""
    return f"dnswatch clients role {proposal.client.decode()} mail-server"


def _is_mail_host(name: str) -> bool:
    """Say whether a machine's name is a mail host's."""
    label = name.partition(".")[0].encode(errors="replace")[:63]
    return stem_of(bytes((len(label),)) + label) in NAMED
