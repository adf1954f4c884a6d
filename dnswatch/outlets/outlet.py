"""What is sent, and what an outlet must do."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final, NamedTuple, Protocol

from dnswatch.errors import EventError

PATIENCE: Final = 10.0
"""Seconds that a receiver has to take something."""


class Dispatch(NamedTuple):
    """What is sent at a time, as its receiver reads it."""

    ident: str
    "The same however often it is sent: by it a receiver knows a repeated one."
    title: str
    "For persons, a few words."
    body: bytes
    facts: Mapping[str, str | int | float]
    "For a command's environment: `DNSWATCH_` and the name."


class Outlet(Protocol):
    """A way out, open until it is closed."""

    def send(self, dispatch: Dispatch) -> None:
        """Have the receiver take something; raises `EventError` where it does not."""

    def close(self) -> None:
        """Let go of it."""


@contextmanager
def reaching(receiver: str) -> Iterator[None]:
    """Turn what the system refuses into an `EventError` that names the receiver."""
    try:
        yield
    except OSError as error:
        raise EventError(f"{receiver} is not reached: {error.strerror or error}") from None
