"""Orders: what a person wants done, judged and written into the store: one rule for every door.

A running server obeys within a second, another one from its start.  In a fleet the order goes to
the node that leads, which executes it by the same function; it is refused while this one is apart.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from dnswatch import clock
from dnswatch.errors import DnswatchError, SettingsError
from dnswatch.model.policies.note import About, Note
from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.model.policies.policy import Policy
from dnswatch.model.policies.reading import read_all, unfit
from dnswatch.model.role import Role
from dnswatch.office import wording
from dnswatch.office.whom import Whom
from dnswatch.settings import Settings, Source, combine
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


class Overruling(msgspec.Struct, frozen=True, tag=True):
    """A person's word above the verdict on clients."""

    keys: list[str]
    said: Overrule

    def obey(self, state: Path, settings: Settings) -> bool:
        """Put it down; of a declared server none is distrusted."""
        if self.said.word is Word.DISTRUST:
            _refuse_servers(self.keys, state, settings)
        with Store.open(state) as store, store.snapshot() as db:
            orders.overrule(db, self.keys, self.said)
        return True


class Declaration(msgspec.Struct, frozen=True, tag=True):
    """What clients are for."""

    keys: list[str]
    role: Role
    why: str
    actor: str

    def obey(self, state: Path, _: Settings) -> bool:
        """Put it down."""
        said = orders.LogEntry(clock.now(), About.ROLE, None, self.role, self.why, self.actor)
        with Store.open(state) as store, store.snapshot() as db:
            orders.declare(db, self.keys, self.role, said)
        return True


class Switching(msgspec.Struct, frozen=True, tag=True):
    """A policy that is to be on, or off."""

    policy: str
    actor: str
    is_on: bool
    dry_run: bool = False

    def obey(self, state: Path, _: Settings) -> bool:
        """Switch it; say, where it is to be off, whether it was on."""
        with Store.open(state) as store, store.snapshot() as db:
            if not self.is_on:
                return orders.disable(db, self.policy, self.actor, clock.now())
            orders.enable(db, self.policy, self.actor, clock.now(), dry_run=self.dry_run)
        return True


class Entering(msgspec.Struct, frozen=True, tag=True):
    """What the log is to tell, and others do: decisions on held mail, faults of another node."""

    said: list[orders.LogEntry]

    def obey(self, state: Path, _: Settings) -> bool:
        """Put it down."""
        with Store.open(state) as store, store.snapshot() as db:
            orders.tell(db, self.said)
        return True


Order = Overruling | Declaration | Switching | Entering


def tell_decision(state: Path, settings: Settings, said: Iterable[orders.LogEntry]) -> None:
    """Have the log tell what was decided on held mail."""
    _give(state, settings, Entering(list(said)))


def entered(faults: Iterable[Note]) -> bytes:
    """Write the order by which another node's faults come into the log."""
    said = [
        orders.LogEntry(one.at, one.about, None, one.text, one.cause, one.actor) for one in faults
    ]
    return msgspec.msgpack.encode(Entering(said))


def overrule(state: Path, settings: Settings, keys: Iterable[str], said: Overrule) -> None:
    """Put a person's word above the verdict on clients; of a declared server none is distrusted."""
    _give(state, settings, Overruling(list(keys), said))


def declare(
    state: Path, settings: Settings, keys: Iterable[str], role: Role, why: str, actor: str
) -> None:
    """Confirm what clients are for."""
    _give(state, settings, Declaration(list(keys), role, why, actor))


def enable(
    state: Path, settings: Settings, policy: Policy, actor: str, *, dry_run: bool = False
) -> None:
    """Switch a policy on, perhaps only as a dry run.

    Raises `SettingsError` where it does not fit the site.
    """
    if reason := unfit(policy, settings):
        raise SettingsError(reason)
    _give(state, settings, Switching(policy.name, actor, is_on=True, dry_run=dry_run))


def disable(state: Path, settings: Settings, name: str, actor: str) -> bool:
    """Switch a policy off; say whether it was on."""
    return _give(state, settings, Switching(name, actor, is_on=False))


def obey(state: Path, source: Source, data: bytes) -> bytes:
    """Execute an order that another node sent to the leader, which this one is.

    Raises `DnswatchError` where it is refused.
    """
    try:
        order = _decoder.decode(data)
    except msgspec.DecodeError as error:
        raise DnswatchError(
            f"the fleet's leader cannot read the order ({error}): its dnswatch is of another"
            " version"
        ) from None
    settings = combine(source)
    if isinstance(order, Switching) and order.is_on:
        policies, _ = read_all(source.policies)
        if order.policy not in policies:
            raise SettingsError(
                f"the node that leads, '{settings.fleet.node}', has no policy '{order.policy}':"
                " put its file there, too"
            )
        if reason := unfit(policies[order.policy], settings):
            raise SettingsError(f"the node that leads refuses: {reason}")
    return msgspec.msgpack.encode(order.obey(state, settings))


def _give(state: Path, settings: Settings, order: Order) -> bool:
    """Execute an order, here or, in a fleet, where it is led."""
    if not settings.fleet.engine:
        return order.obey(state, settings)
    from dnswatch.fleet.orders import give

    answer = give(state, settings.fleet, msgspec.msgpack.encode(order))
    return msgspec.msgpack.decode(answer, type=bool)


_decoder: Final = msgspec.msgpack.Decoder(Order)


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
