"""Steering: tells others, again and again, whose mail goes to the bay and whose lookups come here.

It runs beside the server and reads the store.  nftables takes the right to change it (root, or
CAP_NET_ADMIN); its elements end by themselves where nobody renews them.  While no server runs
nobody is steered, and what cannot be read or told is tried again.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final, Protocol

from dnswatch import clock
from dnswatch.errors import RulesMissingError, SteerError
from dnswatch.model.policies.exempt import Exempt
from dnswatch.model.policies.policy import Policy
from dnswatch.model.policies.steering import (
    DNS_TABLE,
    SETS,
    TABLE,
    led_here,
    members,
    steered,
    transaction,
)
from dnswatch.seams.steer import acl, cdb
from dnswatch.settings import Settings
from dnswatch.store import Store
from dnswatch.store.bay.quarantine import quarantined
from dnswatch.store.directory import is_held
from dnswatch.store.trials import marks_now

_PATIENCE: Final = 20.0
"""Seconds that a program may take."""

_LOAD: Final = (
    f"load the rules first, docs/examples/steer.nft or steer-dns.nft: they hold the tables"
    f" '{TABLE}' and '{DNS_TABLE}'"
)


class Steering(Protocol):
    """Whom somebody is to lead elsewhere."""

    def clients(self) -> tuple[list[bytes], int]:
        """Return whom, and how many of them have no address in the store.

        Nobody, while no server runs.  Raises `StoreError`.
        """

    def tell(self, clients: list[bytes]) -> None:
        """Have these clients led, and no others; raises `SteerError`."""

    def clear(self) -> None:
        """Have nobody led."""


class MailSteering:
    """Whose port 25 the router leads to the holding bay."""

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

    def clear(self) -> None:
        """Have the router lead nobody to the bay."""
        self.tell([])


class LookupSteering:
    """Whose lookups other resolvers, or the router, lead to dnswatch."""

    def __init__(
        self, state: Path, settings: Settings, policies: Iterable[Policy], means: Sequence["Means"]
    ) -> None:
        """Tell of the site in `state`, with these policies, by these means."""
        self._state = state
        self._settings = settings
        self._policies = list(policies)
        self._exempt = Exempt(settings)
        self._means = means

    def clients(self) -> tuple[list[bytes], int]:
        """Return whose lookups a policy acts on now.

        Nobody, while no server runs, and none of those that stand there by a pseudonym.  Raises
        `StoreError`.
        """
        if not is_held(self._state):
            return [], 0
        now = clock.now()
        with Store.read(self._state) as store, store.snapshot() as db:
            marks = marks_now(db, self._policies, self._settings, now, clock.offset(now))
        return led_here(marks, self._exempt), 0

    def tell(self, clients: list[bytes]) -> None:
        """Have these clients' lookups led here, and no others; raises `SteerError`."""
        for one in self._means:
            one(clients)

    def clear(self) -> None:
        """Have everybody asked by whom they were before."""
        self.tell([])


Means = Callable[[list[bytes]], object]
"""Has these clients' lookups led here, and no others'; raises `SteerError`."""


def by_nft(lease: int) -> Means:
    """Lead by nftables: each client for `lease` seconds at a time."""
    return lambda clients: nft(
        ["-j", "-f", "-"], json.dumps(transaction(clients, lease, DNS_TABLE))
    )


def by_cdb(path: Path) -> Means:
    """Lead by dnsdist, which looks each client up in this file."""
    return lambda clients: _write(path, cdb(clients))


def by_acl(path: Path, form: str, command: Sequence[str]) -> Means:
    """Lead by another resolver, which includes this file and reads it when told by a command."""

    def tell(clients: list[bytes]) -> None:
        if _write(path, acl(clients, form).encode()) and command:
            _run(command)

    return tell


def _write(path: Path, data: bytes) -> bool:
    """Put a file in its place, whole or not at all; return whether it is other than it was.

    Whoever may read the folder may read it: a resolver runs as a user of its own.
    """
    beside = path.with_name(f"{path.name}.new")
    try:
        if path.is_file() and path.read_bytes() == data:
            return False
        beside.write_bytes(data)
        beside.chmod(0o644)
        beside.replace(path)
    except OSError as error:
        raise SteerError(f"cannot write '{path}': {error.strerror or error}") from None
    return True


def _run(command: Sequence[str]) -> None:
    """Have a resolver read its file anew."""
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_PATIENCE, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SteerError(f"`{' '.join(command)}` could not be run: {error}") from None
    if done.returncode:
        reason = next(iter(done.stderr.strip().splitlines()), f"exit code {done.returncode}")
        raise SteerError(f"`{' '.join(command)}` failed: {reason}")


def led(table: str) -> dict[str, int] | None:
    """Return whom the router leads away now, and for how many seconds more.

    `table` is `TABLE` or `DNS_TABLE`; None where its rules are not loaded.
    """
    found: dict[str, int] = {}
    for name in SETS.values():
        try:
            listing: dict[str, Any] = json.loads(nft(["-j", "list", "set", "inet", table, name]))
        except RulesMissingError:
            return None
        found |= members(listing)
    return found


def clear() -> None:
    """Have the router lead nobody away, by whatever rules are loaded; raises `SteerError`."""
    loaded = [table for table in (TABLE, DNS_TABLE) if led(table) is not None]
    if not loaded:
        raise RulesMissingError(f"nft knows no rules of steering; {_LOAD}")
    for table in loaded:
        nft(["-j", "-f", "-"], json.dumps(transaction([], 1, table)))


def nft(arguments: list[str], said: str = "") -> str:
    """Run nft; return what it printed.  Raises `SteerError`."""
    program = shutil.which("nft") or shutil.which("nft", path="/usr/sbin:/sbin")
    if program is None:
        raise SteerError("there is no program 'nft': install nftables on the machine that routes")
    try:
        done = subprocess.run(
            [program, *arguments],
            input=said,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise SteerError(f"nft did not end within {_PATIENCE:.0f} s") from None
    if done.returncode == 0:
        return done.stdout
    reason = next(iter(done.stderr.strip().splitlines()), "no reason given")
    if "No such file or directory" in done.stderr:
        raise RulesMissingError(f"nft refused: {reason}; {_LOAD}")
    mend = "; run this as root, or with CAP_NET_ADMIN" if "not permitted" in done.stderr else ""
    raise SteerError(f"nft refused: {reason}{mend}")
