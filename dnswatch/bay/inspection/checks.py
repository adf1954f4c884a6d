"""Checks: what one message says by itself.

Programs that run when a person opens them; what could not be looked into; whether the sender may be
whom it says it is; and how its engine speaks SMTP.

Of the sender no look-up is made: SPF would judge the client's address, and no client of the site
stands in any.  What tells is what does not fit together: senders of many domains from one machine,
a sender of the site's own that does not come from where such mail comes from, a name that is
somebody else's.

Worms write their own engines, and in haste.  What no mail program does is suspicious by itself;
what only old or simple ones do, two at a time.
"""

import functools
from collections.abc import Callable, Collection, Iterator
from typing import Final

from dnswatch import addresses
from dnswatch.bay.inspection.campaign import Recent
from dnswatch.bay.inspection.opinions import Inspected, Said
from dnswatch.bay.record import Envelope
from dnswatch.names.suffixes import registrable
from dnswatch.settings import Domain


class Programs:
    """A program is suspicious; one whose name hides that it is one, no person sends."""

    name = "programs"

    async def look(self, case: Inspected) -> Said:
        """Tell the programs, those in archives too."""
        anatomy = case.anatomy()
        if anatomy.disguised:
            return "worm", "; ".join(anatomy.disguised)
        if anatomy.programs:
            return "suspicious", "; ".join(anatomy.programs)
        return "clean", "no programs"


class Containers:
    """What was closed on purpose is suspicious, what is beyond our means is not scanned."""

    name = "containers"

    async def look(self, case: Inspected) -> Said:
        """Tell what stayed closed."""
        anatomy = case.anatomy()
        if anatomy.sealed:
            return "suspicious", "; ".join(anatomy.sealed)
        if anatomy.unseen:
            return "not-scanned", "; ".join(anatomy.unseen)
        return "clean", "all parts and archives were opened"


SHOWN: Final = 5
"""Domains that are named in a reason."""


class SenderChecks:
    """Remembers from which domains each client wrote."""

    name = "sender"

    def __init__(
        self, *, local: Collection[Domain], domains: int, window: float, now: Callable[[], float]
    ) -> None:
        """`local` are the site's own domains; more than `domains` in a window are forged."""
        self._local = {owner(domain) for domain in local} - {""}
        self._domains = domains
        self._now = now
        self._recent: Recent[str, None] = Recent(window)

    async def look(self, case: Inspected) -> Said:
        """Tell what does not fit together."""
        said = [*self._many(case.envelope), *self._names(case.envelope)]
        return ("suspicious", "; ".join(said)) if said else ("clean", "nothing contradicts it")

    def _many(self, envelope: Envelope) -> Iterator[str]:
        """Senders of many domains that nobody owns together."""
        domain = owner(_domain(envelope.sender))
        if not domain:
            return
        known = list(self._recent.add(envelope.key, domain, None, self._now()))
        if len(known) > self._domains:
            listed = ", ".join(known[-SHOWN:])
            yield f"the client wrote in the name of {len(known)} domains: {listed}"

    def _names(self, envelope: Envelope) -> Iterator[str]:
        """A name of the client that is not its own."""
        helo, sender = owner(envelope.helo), owner(_domain(envelope.sender))
        if sender in self._local and helo != sender:
            yield (
                f"the sender is of {sender}, but a machine that calls itself"
                f" '{envelope.helo}' is none of its mail servers"
            )
        if (
            helo
            and helo not in self._local
            and helo in {owner(_domain(to)) for to in envelope.recipients}
        ):
            yield f"the client calls itself '{envelope.helo}', a name of the recipients' domain"
        if not _is_own_address(envelope.helo, envelope.client):
            yield f"the client calls itself {envelope.helo}, but is {envelope.key}"


@functools.lru_cache(1000)
def owner(name: str) -> str:
    """The domain that somebody registered and that a name is in; empty where there is none."""
    try:
        wire = registrable(Domain(name).wire)
    except ValueError:
        return ""
    labels, at = [], 0
    while wire and wire[at]:
        labels.append(wire[at + 1 : at + 1 + wire[at]].decode("latin-1"))
        at += 1 + wire[at]
    return ".".join(labels)


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


@functools.lru_cache(1000)
def _is_own_address(helo: str, client: str) -> bool:
    """Say whether an address literal (RFC 5321 section 4.1.3) is the client's; a name may be."""
    try:
        return addresses.literal(helo) == addresses.read(client)
    except ValueError:
        return True


MANY_FAULTS: Final = 3
"""Commands refused with 5xx in one session; a typing error of an address is one."""


class ProtocolChecks:
    """Judges the session, not the message."""

    name = "manners"

    async def look(self, case: Inspected) -> Said:
        """Tell bad manners."""
        gross, small = list(_gross(case.envelope)), list(_small(case.envelope))
        said = "; ".join(gross + small) or "the client spoke as mail programs do"
        return ("suspicious" if gross or len(small) > 1 else "clean"), said


def _gross(envelope: Envelope) -> Iterator[str]:
    """What no mail program does (RFC 5321 section 4.3.1, RFC 2920 section 3.1)."""
    manners = envelope.manners
    if manners.early:
        yield "the client sent before it was greeted"
    if manners.unheard:
        yield f"the client did not wait for {manners.unheard} answers"


def _small(envelope: Envelope) -> Iterator[str]:
    """What scripts, scanners and printers do as well."""
    manners = envelope.manners
    if manners.greeting == "HELO":
        yield "the client says HELO, not EHLO" if envelope.helo else "the client said no hello"
    if envelope.helo.casefold().rstrip(".") in (
        "localhost",
        "localhost.localdomain",
        "[127.0.0.1]",
    ):
        yield f"the client calls itself {envelope.helo}"
    if manners.bare_newlines:
        yield "line ends are not CRLF"
    if manners.faults >= MANY_FAULTS:
        yield f"{manners.faults} commands were refused"
