"""Steering: tells the router's nftables, again and again, whose port 25 goes to the holding bay.

It runs beside the server, with the right to change nftables (root, or CAP_NET_ADMIN), and reads the
store.  While no server runs nobody is steered, and what cannot be read or told is tried again: the
elements end by themselves meanwhile.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

from dnswatch.errors import SteerError
from dnswatch.model.policies.exempt import Exempt
from dnswatch.model.policies.steering import SETS, TABLE, members, steered, transaction
from dnswatch.settings import Settings
from dnswatch.store import Store
from dnswatch.store.bay.quarantine import quarantined
from dnswatch.store.directory import is_held

_PATIENCE: Final = 20.0
"""Seconds that nft may take."""


class Steering:
    """What the router is told."""

    def __init__(self, state: Path, settings: Settings, lease: int) -> None:
        """Tell of the site in `state`; each client is led away for `lease` seconds at a time.

        Raises `SteerError` where the site may not divert mail.
        """
        if not (settings.quarantine.i_have_authority and settings.quarantine.addresses):
            raise SteerError(
                "the configuration does not say that mail may be diverted: only where law and"
                " contract allow it, set i_have_authority = true and the bay's addresses under"
                " [quarantine]"
            )
        self._state = state
        self._exempt = Exempt(settings)
        self._lease = lease

    def clients(self) -> tuple[list[bytes], int]:
        """Return whom to lead to the bay, and how many of them have no address in the store.

        Nobody, while no server runs.  Raises `StoreError`.
        """
        if not is_held(self._state):
            return [], 0
        with Store.read(self._state) as store, store.snapshot() as db:
            return steered(quarantined(db), self._exempt)

    def tell(self, clients: list[bytes]) -> None:
        """Have the router lead these clients to the bay, and no others; raises `SteerError`."""
        nft(["-j", "-f", "-"], json.dumps(transaction(clients, self._lease)))


def led() -> dict[str, int]:
    """Return whom the router leads to the bay now, and for how many seconds more."""
    found: dict[str, int] = {}
    for name in SETS.values():
        listing: dict[str, Any] = json.loads(nft(["-j", "list", "set", "inet", TABLE, name]))
        found |= members(listing)
    return found


def clear() -> None:
    """Have the router lead nobody to the bay."""
    nft(["-j", "-f", "-"], json.dumps(transaction([], 1)))


def nft(arguments: list[str], said: str = "") -> str:
    """Run nft; return what it printed.  Raises `SteerError`."""
    program = shutil.which("nft") or shutil.which("nft", path="/usr/sbin:/sbin")
    if program is None:
        raise SteerError("there is no program 'nft': install nftables on the machine that routes")
    try:
        done = subprocess.run(
            [program, *arguments], input=said, capture_output=True, text=True, timeout=_PATIENCE,
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise SteerError(f"nft did not end within {_PATIENCE:.0f} s") from None
    if done.returncode == 0:
        return done.stdout
    reason = next(iter(done.stderr.strip().splitlines()), "no reason given")
    if "No such file or directory" in done.stderr:
        mend = f"; load the rules first, docs/examples/steer.nft: they hold the table '{TABLE}'"
    elif "not permitted" in done.stderr:
        mend = "; run this as root, or with CAP_NET_ADMIN"
    else:
        mend = ""
    raise SteerError(f"nft refused: {reason}{mend}")
