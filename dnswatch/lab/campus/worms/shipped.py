"""Shipped: the worms that come with dnswatch, and those in files of the user's."""

from pathlib import Path

from dnswatch.errors import SettingsError
from dnswatch.lab.campus.worms.worm import Worm, read

_ROOM = Path(__file__).parent


def names() -> list[str]:
    """Return the names of the worms that come with dnswatch."""
    return sorted(path.stem for path in _ROOM.glob("*.toml"))


def load(name: str) -> Worm:
    """Read a worm by its name, or by the path of its file."""
    return read(text(name), Path(name).name)


def text(name: str) -> str:
    """Return what a worm's file says; raises `SettingsError` where there is none."""
    path = _ROOM / f"{name}.toml"
    try:
        return (path if path.is_file() else Path(name)).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise SettingsError(
            f"worm '{name}': {error.strerror}; expected the path of a file, or one of"
            f" {', '.join(names())}"
        ) from None
