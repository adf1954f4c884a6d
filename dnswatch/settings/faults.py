"""Faults: what is wrong with the data of a file, in words that mend it."""

import re
from collections import defaultdict
from difflib import get_close_matches
from functools import cache
from typing import Any, NamedTuple, TypeVar

import msgspec

from dnswatch.settings.kinds import Kind, fields, shown
from dnswatch.settings.lines import Path
from dnswatch.settings.units import Duration, Size

S = TypeVar("S")


class Fault(NamedTuple):
    """One thing that is wrong."""

    path: Path
    "The key at fault."
    text: str
    "What is said of it: `is no setting`."
    cause: Path = ()
    "The other key, of two that contradict each other."


def convert(data: object, section: type[S]) -> S | Fault:
    """Turn the data of a file into a section; what msgspec finds wrong becomes a fault."""
    try:
        return msgspec.convert(data, section, dec_hook=_hook)
    except msgspec.ValidationError as error:
        return _explain(str(error), data, section)


def key(path: Path) -> str:
    """Write a path as a person says it: `forward[0].domain`."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return "".join(steps).removeprefix(".")


def _hook(kind: type[Any], value: object) -> object:
    if kind in (Duration, Size):
        return kind.parse(value)
    if not isinstance(value, str):
        raise ValueError(f"expected {kind.form}")
    return kind(value)


def _explain(message: str, data: object, section: type) -> Fault:
    found = re.fullmatch(r"(?s)(.*?)(?: - at `\$((?:\.\w+|\[(?:\d+|\.\.\.)\])*)`)?", message)
    assert found is not None, "the pattern fits every text"
    path, kind, value = _follow(re.findall(r"\w+|\.\.\.", found[2] or ""), data, section)
    if isinstance(value, dict) and kind.is_section:
        return _misfit(path, kind.type, value, _keys(section))
    expected = found[1] if found[1].startswith("expected") else f"expected {kind.text}"
    return Fault(path, f"is {shown(value)}: {expected}")


def _follow(steps: list[str], data: Any, section: type) -> tuple[Path, Kind, Any]:
    """Go down msgspec's path, which says `...` for a table's key."""
    path: Path = ()
    kind = Kind(section)
    for step in steps:
        if step == "...":
            kind = kind.item()
            name = next(name for name in data if not _fits(data[name], kind))
        elif step.isdigit() and isinstance(data, list):
            kind, name = kind.item(), int(step)
        else:
            kind, name = fields(kind.type)[step], step
        path, data = (*path, name), data[name]
    return path, kind, data


def _fits(value: object, kind: Kind) -> bool:
    try:
        msgspec.convert(value, kind.type, dec_hook=_hook)
    except msgspec.ValidationError:
        return False
    return True


def _misfit(
    path: Path, section: type, table: dict[str, object], elsewhere: dict[str, list[str]]
) -> Fault:
    """Say which key of a table is unknown or missing."""
    known = fields(section)
    for name in table:
        if name not in known:
            return Fault((*path, name), f"is no setting{_hint(path, section, name, elsewhere)}")
    name = next(name for name in known if name not in table)
    return Fault(path, f"lacks {name}: expected {known[name].text}")


def _hint(path: Path, section: type, name: str, elsewhere: dict[str, list[str]]) -> str:
    for known in (fields(section), elsewhere):
        for close in get_close_matches(name, known, n=1, cutoff=0.7):
            places = elsewhere[close] if known is elsewhere else [close]
            return f"; did you mean {' or '.join(places)}?"
    return f"; {key(path) or 'the file'} has {', '.join(fields(section))}"


@cache
def _keys(section: type) -> dict[str, list[str]]:
    """Every key below a section's own, to the places where it would be right."""
    found = defaultdict[str, list[str]](list)
    for table, kind in fields(section).items():
        for name in fields(kind.type) if kind.is_section else ():
            found[name].append(f"{table}.{name}")
    return found
