"""Text: how numbers, times and strangers' names are written, on a terminal and in a browser.

Times are local: those of the site's zone.
"""

from datetime import datetime
from typing import Final

_UNITS: Final = (("", 1), ("k", 10**3), ("M", 10**6), ("G", 10**9), ("T", 10**12))


def harmless(text: str) -> str:
    r"""Write down what a terminal would obey, or show as nothing, as `\x1b` or `\u202e`."""
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )


def short(number: float) -> str:
    """Write a number in at most five columns: `4.5`, `9999`, `12.3k`, `4500k`."""
    if number < 1000:
        return f"{number:g}"
    for suffix, unit in _UNITS:
        scaled = number / unit
        if unit > 1 and round(scaled, 1) < 100:
            return f"{scaled:.1f}{suffix}"
        if round(scaled) < 10000:
            break
    return f"{scaled:.0f}{suffix}"


def many(count: int, one: str, several: str = "") -> str:
    """Write how many there are: `1 client`, `12 clients`; `several` where it takes no s."""
    return f"{count:,} {one if count == 1 else several or one + 's'}"


def size(count: int) -> str:
    """Write a number of bytes: `812 B`, `3.4 MB`."""
    prefix, unit = next((p, u) for p, u in reversed(_UNITS) if count >= u or u == 1)
    return f"{count / unit:.1f} {prefix}B" if unit > 1 else f"{count} B"


def local(at: float) -> datetime:
    """Turn Unix seconds into local time with its zone."""
    return datetime.fromtimestamp(at).astimezone()


def moment(at: float) -> str:
    """Write a moment: `2026-11-23 14:05 CET`."""
    return f"{local(at):%Y-%m-%d %H:%M %Z}"


def recent(at: float, now: float) -> str:
    """Write a moment in six columns: `14:05` today, `Nov 21` this year, else the year's month."""
    then, today = local(at), local(now)
    if then.date() == today.date():
        return f"{then:%H:%M}"
    return f"{then:%b %d}" if then.year == today.year else f"{then:%Y-%m}"


def iso(at: float) -> str:
    """Write a moment for programs: ISO 8601 with the offset of the local zone."""
    return local(at).isoformat(timespec="seconds")


def span(seconds: int) -> str:
    """Write a whole number of minutes: `5 min`, `2 h`, `1 h 30 min`."""
    hours, minutes = divmod(seconds // 60, 60)
    return " ".join(f"{n} {unit}" for n, unit in ((hours, "h"), (minutes, "min")) if n)
