"""The files of policies: those that come with dnswatch, and the site's own after them."""

from pathlib import Path
from typing import Final

import dnswatch
from dnswatch.errors import SettingsError

_ROOM: Final = Path(dnswatch.__file__).parent
_PLACES: Final = (_ROOM / "policies", _ROOM.parent / "policies")
"""Where the shipped ones are: in the wheel, and in the source tree."""


def shipped() -> Path:
    """Return the directory of the policies that come with dnswatch."""
    return next((place for place in _PLACES if place.is_dir()), _PLACES[0])


def texts(directory: str) -> tuple[tuple[str, str], ...]:
    """Read all policies: name and text of each file; `directory` is the site's own, or empty."""
    return (*_files(shipped()), *own(directory))


def own(directory: str) -> tuple[tuple[str, str], ...]:
    """Read the site's own policies, which lie in `directory`, or nowhere where that is empty."""
    return _files(Path(directory)) if directory else ()


def _files(directory: Path) -> tuple[tuple[str, str], ...]:
    try:
        if not directory.is_dir():
            raise SettingsError(
                f"policies.directory: '{directory}' is no directory; expected that of your policies"
            )
        return tuple(
            (str(path), path.read_text(encoding="utf-8-sig", errors="replace"))
            for path in sorted(directory.glob("*.toml"))
        )
    except OSError as error:
        raise SettingsError(
            f"policies.directory: cannot read '{error.filename or directory}': {error.strerror}"
        ) from None
