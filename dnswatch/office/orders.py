"""Orders: what a person wants done, judged and written into the store: one rule for every door.

A running server obeys within a second, another one from its start.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from dnswatch import clock
from dnswatch.errors import DnswatchError, SettingsError
from dnswatch.model.policies.note import About
from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.model.policies.policy import Policy
from dnswatch.model.policies.reading import unfit
from dnswatch.model.role import Role
from dnswatch.office import wording
from dnswatch.office.whom import Whom
from dnswatch.settings import Settings
from dnswatch.store import Store, clients, orders
from dnswatch.store.sqlite import Database
from dnswatch.store.summary import machines
from dnswatch.store.trials import marks_now, shown


def keys_meant(state: Path, settings: Settings, who: str) -> list[str]:
    """Return the keys of whoever is meant; an address may be meant before it was ever seen.

    Raises `ValueError` where it looks like a network and is none, `DnswatchError` where nobody is
    meant.
    """
    whom = Whom(state, settings)
    choose, single = whom.meant(who), whom.key(who)
    with Store.open(state) as store, store.snapshot() as db:
        chosen = choose(machines(clients.clients(db), whom.role_of))
    keys = {key for machine in chosen for key in machine.keys}
    if single is not None:
        keys.add(single)
    if not keys:
        raise DnswatchError(
            f"no client '{who}' is on record: name its address, or see `dnswatch report`"
        )
    return sorted(keys)


def overrule(state: Path, settings: Settings, keys: Iterable[str], said: Overrule) -> None:
    """Put a person's word above the verdict on clients; of a declared server none is distrusted."""
    if said.word is Word.DISTRUST:
        _refuse_servers(keys, state, settings)
    with Store.open(state) as store, store.snapshot() as db:
        orders.overrule(db, keys, said)


def declare(state: Path, keys: Iterable[str], role: Role, why: str, actor: str) -> None:
    """Confirm what clients are for."""
    said = orders.LogEntry(clock.now(), About.ROLE, None, role, why, actor)
    with Store.open(state) as store, store.snapshot() as db:
        orders.declare(db, keys, role, said)


def enable(
    state: Path, settings: Settings, policy: Policy, actor: str, *, dry_run: bool = False
) -> None:
    """Switch a policy on, perhaps only as a dry run.

    Raises `SettingsError` where it does not fit the site.
    """
    if reason := unfit(policy, settings):
        raise SettingsError(reason)
    with Store.open(state) as store, store.snapshot() as db:
        orders.enable(db, policy.name, actor, clock.now(), dry_run=dry_run)


def disable(state: Path, name: str, actor: str) -> bool:
    """Switch a policy off; say whether it was on."""
    with Store.open(state) as store, store.snapshot() as db:
        return orders.disable(db, name, actor, clock.now())


def acting(db: Database, settings: Settings, policies: Mapping[str, Policy]) -> dict[str, str]:
    """Say what policies do now, by client's key; nothing is known of clients with a pseudonym."""
    now = clock.now()
    found: dict[str, list[str]] = {}
    for mark in marks_now(db, policies.values(), settings, now, clock.offset(now)):
        by = f" by {mark.policy}" if mark.policy != mark.action else ""
        found.setdefault(shown(mark.client), []).append(f"{wording.marked(mark)}{by}")
    return {key: ", ".join(texts) for key, texts in found.items()}


def _refuse_servers(keys: Iterable[str], state: Path, settings: Settings) -> None:
    whom = Whom(state, settings)
    for key in keys:
        if (role := whom.role_of(key)) is not Role.CLIENT:
            confirmed = f"`dnswatch clients role {key} client`"
            back = "take it out of [roles]" if whom.is_configured(key) else confirmed
            raise DnswatchError(
                f"'{key}' is declared as {role.value}, and no policy touches a declared server:"
                f" {back} first"
            )
