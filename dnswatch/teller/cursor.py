"""The cursor: a small file for each sink, with how far it was told; it survives kills and cuts."""

import hashlib
import os
from pathlib import Path
from typing import Final

import msgspec

from dnswatch.errors import EventError
from dnswatch.ownership import settle
from dnswatch.settings import EventDestination
from dnswatch.teller.storm import SinkCursor

FOLDER: Final = "events"
"""In the state directory; a file in it is named by the hash of where it tells."""


class CursorFile:
    """How far one sink was told."""

    def __init__(self, state: Path, to: EventDestination) -> None:
        """Name the file; nothing is made yet."""
        name = hashlib.sha256(to.encode()).hexdigest()[:16]
        self.path = state / FOLDER / f"{name}.json"

    def read(self) -> SinkCursor | None:
        """Return the cursor; None where there is none, or none that can be read."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=SinkCursor)
        except FileNotFoundError:
            return None
        except msgspec.DecodeError:
            return None  # a disk's fault: what happens from now on is told
        except OSError as error:
            raise EventError(f"cannot read '{self.path}': {error.strerror}") from None

    def write(self, cursor: SinkCursor) -> None:
        """Put a cursor on the disk, in place of the last one; raises `EventError`."""
        beside = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            settle(self.path.parent)
            beside.touch(mode=0o600)
            with beside.open("wb") as file:
                file.write(msgspec.json.encode(cursor))
                file.flush()
                os.fsync(file.fileno())
            settle(beside)
            beside.replace(self.path)
        except OSError as error:
            raise EventError(
                f"cannot write '{self.path}': {error.strerror}; make room, or make it writable"
            ) from None
