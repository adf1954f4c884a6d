"""What the anatomist and its worker say to each other."""

import msgspec


class Task(msgspec.Struct, frozen=True):
    """What to do."""

    path: str
    "The message's file."
    unpacked: int
    "Bytes that its archives may unpack to."


class Fault(msgspec.Struct, frozen=True, tag=True):
    """What hindered it."""

    fault: str
    "A clause."
