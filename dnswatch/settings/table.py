"""A table of the file: what all sections are made of."""

from typing import Annotated, NamedTuple

import msgspec


class Range(NamedTuple):
    """The values that a number, a duration or a size may have."""

    least: int | str
    most: int | str
    why: str
    "What is wrong with others."


File = Annotated[str, msgspec.Meta(min_length=1)]
"""The path of a file."""


class Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table of the file; an unknown key in it is an error."""
