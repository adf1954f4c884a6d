"""Transport: what all ways to ask an upstream have in common."""

from typing import Protocol

from dnswatch.resolver.ask import Ask


class Listener(Protocol):
    """Is told what becomes of questions, now or later."""

    def heard(self, ask: Ask, message: bytes, sent_at: float, now: float) -> None:
        """Take a message that answers the question (ID and question were compared)."""

    def failed(self, ask: Ask) -> None:
        """Take it that this upstream will not answer."""


class Transport(Protocol):
    """A transport to one server."""

    url: str
    "As configured."

    def ask(self, ask: Ask) -> None:
        """Send a question."""

    def close(self) -> None:
        """Let go of sockets and of what waits on them."""
