"""Reading: a TOML text and a command line become `Settings`, or one `SettingsError`."""

import re
import tomllib
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from dnswatch.errors import SettingsError
from dnswatch.settings.checks import faults, faults_of_values
from dnswatch.settings.faults import Fault, convert, key
from dnswatch.settings.lines import line_of
from dnswatch.settings.sections import Settings
from dnswatch.settings.source import Source

S = TypeVar("S")

_OPTIONS: Final = {
    ("serve", "listen"): "listen",
    ("serve", "workers"): "workers",
    ("upstream", "servers"): "upstream",
}
"""Section and key, and the option of the command line (and field of `Source`) that replaces it."""


def read(text: str, where: str) -> Settings:
    """Read settings from TOML; `where` names the text in errors."""
    return combine(Source(text, where))


def read_as(section: type[S], text: str, where: str, check: Callable[[S], Iterable[Fault]]) -> S:
    """Read another kind of file in the same manner; `check` finds what is at odds in it."""
    result = convert(_parse(text, where), section)
    if not isinstance(result, Fault):
        result = next(iter((*faults_of_values(section, result), *check(result))), result)
    if isinstance(result, Fault):
        raise SettingsError(_sentence(result, Source(text, where)))
    return result


def combine(source: Source) -> Settings:
    """Read settings from TOML, with the command line's values in place of the text's."""
    data = _parse(source.text, source.where)
    for (section, name), option in _OPTIONS.items():
        value, table = getattr(source, option), data.setdefault(section, {})
        if value is not None and isinstance(table, dict):
            table[name] = value
    result = convert(data, Settings)
    if isinstance(result, Settings):
        result = next(faults(result), result)
    if isinstance(result, Fault):
        raise SettingsError(_sentence(result, source))
    return result


def _parse(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        said = re.fullmatch(r"(?s)(.*) \(at line (\d+), column (\d+)\)", str(error))
        place = f"{where}, line {said[2]}, column {said[3]}" if said else f"{where}, at its end"
        reason = said[1] if said else str(error).removesuffix(" (at end of document)")
        raise SettingsError(
            f"{place}: this is no TOML ({reason}); texts stand in quotation marks,"
            ' lists in brackets: listen = ["127.0.0.1:53"]'
        ) from None
    except (ValueError, RecursionError):
        raise SettingsError(
            f"{where}: a number is too long or brackets are too deep in it; no setting needs that"
        ) from None


def _sentence(fault: Fault, source: Source) -> str:
    for path, option in _OPTIONS.items():
        if path == fault.path[:2] and getattr(source, option) is not None:
            return f"command line: --{option} {fault.text}"
    line = line_of(source.text, fault.path)
    mend = "" if line or not fault.path else f"; set {key(fault.path)} too"
    line = line or line_of(source.text, fault.cause)
    place = f"{source.where}, line {line}" if line else source.where
    return f"{place}: {key(fault.path) or 'the file'} {fault.text}{mend}"
