"""Chunks: some whole records of a capture, which any process can take apart by itself."""

from typing import Final, NamedTuple

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


Frame = tuple[float, int, int, int]
"""When it was captured, its link type, and where it begins and ends in the chunk."""
