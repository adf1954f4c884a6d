"""The errors of dnswatch, all of them.

    DnswatchError                  never raised itself; its text is a sentence for the user
    ├── SettingsError              a setting is wrong: do not start, or keep the old ones
    ├── WireError                  bytes that are no DNS message we accept: answer `rcode`, or drop
    ├── UpstreamError              an upstream gave no usable response: try the next one
    ├── StoreError                 the store cannot be read or written: say so, try again
    ├── SpoolError                 mail cannot be kept or read: 451 or 452 to the client, never 250
    ├── SourceError                a capture or log cannot be read, a data set not written: end
    ├── LibraryError               a library is missing that only this command needs: end
    ├── ConsoleError               a page cannot be shown, or an order not taken: say so there
    ├── EngineError                a fleet's engine is away or refuses: go on alone, try again
    ├── EventError                 a sink cannot be told of a change: try again
    └── SteerError                 nobody can be told whom to lead to the bay, or here: try again
        └── RulesMissingError      the rules for that are not loaded: load them

Raise where the rule is known, catch where the answer is known.
"""

from typing import Final


class DnswatchError(Exception):
    """What dnswatch can say about a failure: names the thing, the place and the mend."""


class SettingsError(DnswatchError):
    """A setting is wrong; the text names file, line, key and what would be right."""


class WireError(DnswatchError):
    """Bytes that are not a DNS message we accept."""

    FORMERR: Final = 1

    def __init__(self, text: str, rcode: int = FORMERR) -> None:
        """Say why in `text`; `rcode` is what the sender of a query should be told."""
        super().__init__(text)
        self.rcode = rcode


class UpstreamError(DnswatchError):
    """An upstream gave no usable response."""


class StoreError(DnswatchError):
    """The store cannot be read or written."""

    def __init__(self, text: str, *, damaged: bool = False) -> None:
        """Say why in `text`; `damaged` where trying again will not help."""
        super().__init__(text)
        self.is_damaged = damaged


class SpoolError(DnswatchError):
    """Mail cannot be made durable, or cannot be read."""

    def __init__(self, text: str, *, full: bool = False) -> None:
        """Say why in `text`; `full` where the disk has no room for it."""
        super().__init__(text)
        self.is_full = full


class SourceError(DnswatchError):
    """A capture, a log or a data set cannot be read or written; damage within one is counted."""


class EventError(DnswatchError):
    """A sink cannot be told of a change, or cannot be written to."""


class EngineError(DnswatchError):
    """The engine of a fleet is away, refuses, or is silent for too long."""


class SteerError(DnswatchError):
    """The router cannot be told whose port 25 to lead to the holding bay."""


class RulesMissingError(SteerError):
    """The rules by which a router steers are not loaded."""


class ConsoleError(DnswatchError):
    """A page of the console cannot be shown, or an order that came by it not be taken."""

    def __init__(self, text: str, status: int = 400) -> None:
        """Say why in `text`; `status` is HTTP's word for it (RFC 9110 section 15)."""
        super().__init__(text)
        self.status = status


class LibraryError(DnswatchError):
    """A library is not installed that only some commands need."""

    def __init__(self, library: str, extra: str) -> None:
        """Name what is missing, and the extra of dnswatch that brings it."""
        super().__init__(
            f"this needs {library}, which is not installed: in dnswatch's source tree,"
            f" pip install --constraint constraints.txt '.[{extra}]'"
        )
