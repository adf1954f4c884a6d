"""An inspector: looks at a message and says what it thinks of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from dnswatch.bay.inspection.anatomy import Anatomy
from dnswatch.bay.record import Envelope, Says

Said = tuple[Says, str]
"""An opinion and its reason, a sentence."""


class UnscannedError(Exception):
    """A message could not be scanned; the text is a sentence that says why."""


@dataclass(frozen=True, slots=True)
class Case:
    """A message to be judged."""

    envelope: Envelope
    "How it came in."
    path: Path
    "Its file."
    dissection: Anatomy | Exception | None = None
    "The message taken apart, once for all inspectors, or why not; scanners are asked before."

    def anatomy(self) -> Anatomy:
        """Return what the message is made of; raises why it could not be taken apart."""
        if isinstance(self.dissection, Anatomy):
            return self.dissection
        raise self.dissection or UnscannedError("it was not taken apart")


class Inspector(Protocol):
    """Says what it thinks; raises what it likes, which is then said to be not scanned."""

    name: str
    "As records, commands and the table of verdicts call it."

    async def look(self, case: Case) -> Said:
        """Look at a message."""
