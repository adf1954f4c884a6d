"""An inspector: looks at a message and says what it thinks of it."""

import asyncio
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
    dissection: "asyncio.Task[Anatomy]"
    "The message is taken apart once for all inspectors, beside the scanners, which need it whole."

    def anatomy(self) -> Anatomy:
        """Return what the message is made of; raises `TimeoutError` where that took too long.

        Not for scanners, which are asked before it is there.
        """
        if not self.dissection.done():
            raise TimeoutError
        return self.dissection.result()


class Inspector(Protocol):
    """Says what it thinks; raises what it likes, which is then said to be not scanned."""

    name: str
    "As records, commands and the table of verdicts call it."

    async def look(self, case: Case) -> Said:
        """Look at a message."""
