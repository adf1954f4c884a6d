"""Sameness: all nodes must know clients by the same names, since their records are the same.

The leader notes in the engine by what its names are known again: where the site writes pseudonyms,
the pseudonym of a word, which says nothing about the key.
"""

from pathlib import Path
from typing import Final

from dnswatch.fleet.engine import FleetEngine
from dnswatch.names.pseudonym import Pseudonyms
from dnswatch.settings import Settings

PLAIN: Final = "plain"
"""Clients stand in the records under their addresses."""

_KEY: Final = "names"
_WORD: Final = "dnswatch-fleet"


def sign_of(settings: Settings, state: Path) -> str:
    """Return by what a node's names are known again; raises `StoreError` where its key is away."""
    return Pseudonyms.load(state).of_text(_WORD) if settings.privacy.pseudonyms else PLAIN


def note(engine: FleetEngine, sign: str) -> None:
    """Note as the leader what all others must have."""
    engine.put(engine.key(_KEY), sign.encode())


def difference(engine: FleetEngine, sign: str, state: Path) -> str:
    """Say in a sentence what is not the same here as at the leader; empty where all is."""
    noted = engine.get(engine.key(_KEY))
    if noted is None or noted.decode() == sign:
        return ""
    if PLAIN in (sign, noted.decode()):
        return (
            "privacy.pseudonyms is not the same on all nodes of the fleet: until it is, this node"
            " takes nothing over from the leader"
        )
    return (
        f"this node's key of pseudonyms is not that of the fleet: copy the file 'key' of the"
        f" leader's state directory to '{state / 'key'}' (mode 0600) and restart this node; until"
        " then it takes nothing over from the leader"
    )
