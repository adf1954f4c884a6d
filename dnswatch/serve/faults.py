"""Faults: what went wrong in our processes, on its way to the log of the site.

Each line that a process logs as an error is a fault.  A child says it to the supervisor, and that
hands it to the watch, which alone writes.  Whatever goes round and round is told once in a while.
"""

import logging
import re
from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from dnswatch import clock
from dnswatch.model.policies.note import About, Note

LONGEST: Final = 400
"""Characters of a fault that are told; the line in the log has the rest."""

AGAIN: Final = 300.0
"""Seconds in which the same fault is told but once."""

MOST: Final = 60
"""Faults of a minute that are told, and how many wait while there is no watch."""

_MINUTE: Final = 60.0

_PARTICULARS: Final = re.compile(r" \([^)]*\)")
"""What is in parentheses, such as a process's number, makes no other fault."""


class Reporting(logging.Handler):
    """Hears a process's errors; its own lines stay where they are."""

    def __init__(self, process: str, report: Callable[[Note], None]) -> None:
        """Give `report` each error of this process as a fault."""
        super().__init__(logging.ERROR)
        self._process = process
        self._report = report

    def emit(self, record: logging.LogRecord) -> None:
        """Report one."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError):  # what somebody logs may not fit its own text
            text = str(record.msg)
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            text = f"{text}: {type(error).__name__}: {error}"
        text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
        self._report(Note(clock.now(), About.FAULT, text, f"said by {self._process}"))

    def take_over(self) -> None:
        """Be the one that hears this process: whoever did so in its parent does so there alone."""
        root = logging.getLogger()
        for other in root.handlers:
            if isinstance(other, Reporting):
                root.removeHandler(other)
        root.addHandler(self)


class Faults:
    """Faults that the watch is still to be told of."""

    def __init__(self, node: str) -> None:
        """Know of none; `node` is this server's name in a fleet, or empty."""
        self._where = f" on node '{node}'" if node else ""
        self._waiting: list[Note] = []
        self._said: dict[str, float] = {}
        self._minute = 0.0
        self._count = 0

    def note(self, fault: Note) -> None:
        """Take one in, unless it was told a while ago, or there are too many."""
        self._said = {text: at for text, at in self._said.items() if 0 <= fault.at - at < AGAIN}
        same = _PARTICULARS.sub("", fault.text)
        if same in self._said:
            return
        if not 0 <= fault.at - self._minute < _MINUTE:
            self._minute, self._count = fault.at, 0
        self._count += 1
        if self._count > MOST or len(self._waiting) > MOST:
            return
        if self._count == MOST:
            text = f"{MOST} faults within a minute: what else there is stands in the log of `serve`"
            fault = Note(fault.at, About.FAULT, text, fault.cause)
        self._said[same] = fault.at
        self._waiting.append(replace(fault, cause=fault.cause + self._where))

    def tell(self, send: Callable[[Note], bool]) -> None:
        """Tell of all that wait, in order, for as long as `send` takes them."""
        while self._waiting and send(self._waiting[0]):
            del self._waiting[0]
