"""Kinds: what a setting's type is, and how to say it to a person."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec

from dnswatch.settings.table import Range

_PLAIN: Final = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    str: "a text in quotation marks",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A type with what is said about it."""

    type: Any
    "A class, or an alias like `tuple[Server, ...]`."
    range: Range | None = None
    nonempty: bool = False

    @property
    def text(self) -> str:
        """What to write: `a whole number from 1 to 64`."""
        if get_origin(self.type) is Literal:
            return " or ".join(shown(value) for value in get_args(self.type))
        if get_origin(self.type) is tuple:
            return f"a list{' of at least one' * self.nonempty}, each {self.item().text}"
        if get_origin(self.type) is dict or self.is_section:
            return "a table"
        plain = _PLAIN.get(self.type) or self.type.form
        span = f" from {self.range.least} to {self.range.most}" if self.range else ""
        return f"{plain}{span}{', not empty' * self.nonempty}"

    @property
    def is_section(self) -> bool:
        """Whether it is a table with keys that we know."""
        return isinstance(self.type, type) and issubclass(self.type, msgspec.Struct)

    def item(self) -> "Kind":
        """The kind of a list's items, or of a table's values."""
        arguments = get_args(self.type)
        return kind(arguments[0] if get_origin(self.type) is tuple else arguments[1])


def kind(hint: Any) -> Kind:
    """Read a type hint."""
    if get_origin(hint) is not Annotated:
        return Kind(hint)
    plain, *said = get_args(hint)
    span = next((one for one in said if isinstance(one, Range)), None)
    return Kind(plain, span, any(isinstance(one, msgspec.Meta) for one in said))


@cache
def fields(section: type) -> Mapping[str, Kind]:
    """Each key of a section with its kind."""
    hints = get_type_hints(section, include_extras=True)
    return {name: kind(hints[name]) for name in section.__struct_fields__}  # type: ignore[attr-defined]


def shown(value: object) -> str:
    """Write a value as it stands in a file, if it is short."""
    match value:
        case dict():
            return "a table"
        case list() | tuple():
            return "a list" if value else "an empty list"
        case bool():
            return str(value).lower()
        case int() | float() if hasattr(value, "text"):
            return f'"{value.text}"'
        case int() if abs(value) >= 10**15:
            return "a huge number"
        case int() | float():
            return str(value)
    text = str(value)
    return f'"{text if len(text) <= 60 else text[:57] + "..."}"'
