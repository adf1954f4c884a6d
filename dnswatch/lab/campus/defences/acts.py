"""Acts: what a defence gets to see of a client.

Times are Unix seconds and never run backwards for a client.
"""

from typing import NamedTuple, Protocol

Client = bytes
"""Packed address of a client."""


class SeenLookup(NamedTuple):
    """One mail-related lookup."""

    at: float
    client: Client
    domain: bytes
    "The mail domain it is about; for an exchange that of the exchange."
    is_mx: bool
    "Whether it is an MX question."
    failed: bool
    "Whether there was no such name, or no answer."


class SeenContact(NamedTuple):
    """A client opens a connection."""

    at: float
    client: Client
    address: bytes
    "Packed address of the other side."
    port: int
    introduced: bool
    "Whether a DNS answer to this client brought the address before."
    recipient: bytes = b""
    "The mail domain that it is for, where it carries mail."


class Finder(Protocol):
    """Finds infected clients by their lookups."""

    def asked(self, lookup: SeenLookup) -> bool:
        """Take in a lookup; say whether it raises an alarm on its client."""
        ...


class Throttle(Protocol):
    """Slows a client's connections down."""

    def leaves(self, contact: SeenContact) -> float:
        """Return the seconds that a connection must wait; infinity where it never leaves."""
        ...

    def ended(self, contact: SeenContact, succeeded: bool) -> None:
        """Take in whether a connection that left was accepted."""
        ...
