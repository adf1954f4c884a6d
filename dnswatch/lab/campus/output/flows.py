"""Flows: connections as a router at the edge counts them."""

from collections.abc import Iterator, Sequence
from typing import Final

from dnswatch.lab.campus.defences.acts import Contact
from dnswatch.lab.campus.site.browsing import Day
from dnswatch.lab.campus.world.outside import HTTP, Outside
from dnswatch.model.flow import Flow, Outcome

TCP: Final = 6
_PAGE: Final = (12, 9_000, 600, 1.5)
"""Packets and bytes both ways, payload that the client sent, and seconds, of a part of a page."""
_MAIL: Final = (24, 6_000, 4_000, 3.0)
_WORM: Final = (110, 112_000, 100_000, 8.0)
"""SoBig's mails had some 100 kB (ghewgill.livejournal.com/1945.html)."""
_REFUSED: Final = (3, 144, 0, 9.0)
"""Three SYNs, and nobody answers."""


def flow_of(contact: Contact, is_made: bool, is_worm: bool) -> Flow:
    """Return the flow of a mail, or of another connection of a worm."""
    made = _PAGE if contact.port == HTTP else _WORM if is_worm else _MAIL
    packets, size, payload, length = made if is_made else _REFUSED
    outcome = Outcome.SUCCESS if is_made else Outcome.FAILURE
    return Flow(
        contact.at, contact.client, contact.address, TCP, contact.port, outcome,
        contact.at + length, packets, size, payload,
    )  # fmt: skip


def web_flows(day: Day, clients: Sequence[bytes], outside: Outside) -> Iterator[Flow]:
    """Yield the flows of a day on the web."""
    packets, size, payload, length = _PAGE
    columns = (column.tolist() for column in day)
    for at, client, site in zip(*columns, strict=True):
        yield Flow(
            at, clients[client], outside.web_address(site), TCP, outside.web_port(site),
            Outcome.SUCCESS, at + length, packets, size, payload,
        )  # fmt: skip
