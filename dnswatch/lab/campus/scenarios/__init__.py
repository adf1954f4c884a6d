"""Scenarios: the plans that come with dnswatch, and those in files of the user's.

paper         the defaults: the site of the paper, without a worm
sobig-2003    the paper's first trace
mydoom-2004   the paper's second trace
today         a site of our days
compare       the site on which defences are compared
"""

from pathlib import Path

from dnswatch.errors import SettingsError
from dnswatch.lab.campus.plan import CampusPlan, read

_ROOM = Path(__file__).parent


def names() -> list[str]:
    """Return the names of the scenarios that come with dnswatch."""
    return sorted(path.stem for path in _ROOM.glob("*.toml"))


def load(name: str) -> CampusPlan:
    """Read a plan by its name, or by the path of its file."""
    path = _ROOM / f"{name}.toml"
    if not path.is_file():
        path = Path(name)
    try:
        return read(path.read_text(encoding="utf-8-sig"), path.name)
    except OSError as error:
        raise SettingsError(
            f"scenario '{name}': {error.strerror}; expected the path of a file, or one of"
            f" {', '.join(names())}"
        ) from None
