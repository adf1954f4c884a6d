"""Chunks: some whole records of a capture, which any process can take apart by itself."""

from pathlib import Path
from typing import Final, NamedTuple

from dnswatch.errors import SourceError

SIZE: Final = 1 << 20
"""Bytes read at a time: some hundredths of a second's work."""

LONGEST: Final = 1 << 18
"""Bytes of a frame that are believed, as libpcap has it (MAXIMUM_SNAPLEN)."""


class Interface(NamedTuple):
    """Where frames were captured."""

    link: int
    "Link type."
    unit: float
    "Seconds that one tick of its clock takes."
    offset: float = 0.0
    "Seconds to add."


class Chunk(NamedTuple):
    """Some records."""

    kind: str
    "`pcap` or `pcapng`."
    order: str
    "`<` or `>`: how numbers are written."
    interfaces: tuple[Interface, ...]
    data: bytes
    read: int
    "Bytes of the file that lie before its end."
    damaged: int = 0
    "Damaged places that were skipped just before, or within."
    damaged_bytes: int = 0
    is_cut_off: bool = False
    "The file ends within a record."
    at: int = 0
    "Where in the file it begins, where the file is not compressed."
    path: str = ""
    "Of the file, where `data` was left there."
    size: int = 0
    "Bytes of the data."

    def whole(self) -> bytes:
        """Return the data, wherever that is."""
        if not self.path:
            return self.data
        with Path(self.path).open("rb") as file:
            file.seek(self.at)
            data = file.read(self.size)
        if len(data) < self.size:
            raise SourceError(f"'{self.path}' became shorter while it was read: read it again")
        return data
