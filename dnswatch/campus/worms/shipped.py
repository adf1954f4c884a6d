"""Shipped: the worms that come with dnswatch, and those in files of the user's."""

from pathlib import Path

from dnswatch.campus.worms.worm import Worm, read
from dnswatch.errors import SettingsError

_ROOM = Path(__file__).parent


def names() -> list[str]:
    """Return the names of the worms that come with dnswatch."""
    return sorted(path.stem for path in _ROOM.glob("*.toml"))


def load(name: str) -> Worm:
    """Read a worm by its name, or by the path of its file."""
    path = _ROOM / f"{name}.toml"
    if not path.is_file():
        path = Path(name)
    try:
        return read(path.read_text(encoding="utf-8"), str(path.name))
    except OSError as error:
        raise SettingsError(
            f"worm '{name}': {error.strerror}; expected the path of a file, or one of"
            f" {', '.join(names())}"
        ) from None
