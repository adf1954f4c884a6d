"""Marking: policies and standings become marks, and stay right as time goes on.

Whatever may change a mark (a verdict, a person's word, a toggle, other settings) only notes who
must be looked at again; `review` does all the looking, and `drain` tells what came of it.

Rules of this file: `now` never runs backwards; `offset` is how far local time is ahead of UTC, in
seconds.  A mark ends by itself after `LEASE` at most, so that an enforcement point which hears
nothing more goes back to ordinary answers; while the reason stands it is renewed before.
"""

from collections.abc import Callable, Iterable
from heapq import heappop, heappush
from ipaddress import ip_address
from math import inf
from typing import Final, NamedTuple

from msgspec.structs import replace

from dnswatch import addresses
from dnswatch.model.policies.exempt import Exempt
from dnswatch.model.policies.mark import Action, Mark, WebNames
from dnswatch.model.policies.orders import Orders
from dnswatch.model.policies.policy import DAY, Policy
from dnswatch.model.policies.reading import precedence, unfit
from dnswatch.model.policies.standing import CLEAN, RUNGS, Standing, overruled
from dnswatch.model.role import Role, role_of
from dnswatch.settings import Settings

LEASE: Final = 86400.0
"""Seconds: a redirect without new evidence ends after a day."""

WebNamesOf = Callable[[bytes], WebNames]
"""Returns the mail hosts' names that a client uses for the web."""

MET: Final = 100_000
"""Clients without a mark that are remembered as looked at; then all are looked at again."""


class Remark(NamedTuple):
    """Marks of a client that changed."""

    client: bytes
    marks: tuple[Mark, ...]
    cause: str
    is_renewal: bool
    "Only their ends are other than what was told."


class Marking:
    """Which client has which marks."""

    def __init__(
        self, key_of: Callable[[bytes], str], web_names: WebNamesOf = lambda _: WebNames()
    ) -> None:
        """Begin with no policy; `key_of` gives a client's key in the store."""
        self._key_of = key_of
        self._web_names = web_names
        self._settings = Settings()
        self._exempt = Exempt(self._settings)
        self._known: list[Policy] = []
        self._policies: list[Policy] = []
        "Those that are switched on, as they come."
        self._orders = Orders()
        self._judged: dict[bytes, Standing] = {}
        self._marks: dict[bytes, tuple[Mark, ...]] = {}
        self._met: set[bytes] = set()
        self._review_at: dict[bytes, float] = {}
        self._queue: list[tuple[float, bytes]] = []
        self._stale: set[bytes] = set()
        self._all_stale = False
        self._hours: list[bool] = []
        self._news: dict[bytes, Remark] = {}

    def configure(self, policies: Iterable[Policy], settings: Settings) -> None:
        """Take other policies and settings."""
        self._known = precedence(policies)
        self._settings = settings
        self._exempt = Exempt(settings)
        self._choose()

    def order(self, orders: Orders) -> None:
        """Take what persons say now."""
        self._orders = orders
        self._choose()

    def judge(self, client: bytes, standing: Standing) -> None:
        """Take a verdict of the detector."""
        if standing.share >= RUNGS["suspect"]:
            self._judged[client] = standing
        elif self._judged.pop(client, None) is None:
            return
        self._stale.add(client)

    def meet(self, clients: Iterable[bytes]) -> None:
        """Note clients that were seen: some policies need no verdict."""
        if self._policies:
            self._stale.update(set(clients) - self._marks.keys() - self._met)

    def look_again(self, clients: Iterable[bytes]) -> None:
        """Note clients whose marks, if they have any, are to be made anew."""
        self._stale.update(self._marks.keys() & set(clients))

    def review(self, now: float, offset: float) -> None:
        """Look again at whoever must be looked at by now."""
        hours = [_left(policy, now + offset) > 0 for policy in self._policies]
        if self._all_stale or hours != self._hours:
            self._hours, self._all_stale = hours, False
            self._stale.update(self._marks, self._met, self._judged, self._spoken_of())
            self._met.clear()
        while self._queue and self._queue[0][0] <= now:
            at, client = heappop(self._queue)
            if self._review_at.get(client) == at:
                del self._review_at[client]
                self._stale.add(client)
        for client in self._stale:
            self._look_at(client, now, offset)
        self._stale.clear()

    def drain(self) -> list[Remark]:
        """Return what changed since the last drain."""
        news, self._news = list(self._news.values()), {}
        return news

    def marks(self) -> list[Mark]:
        """Return all marks."""
        return [mark for marks in self._marks.values() for mark in marks]

    def standing(self, client: bytes, now: float) -> Standing:
        """Say how a client stands."""
        said = self._orders.overrules.get(self._key_of(client))
        return overruled(self._judged.get(client, CLEAN), said, now)

    def _choose(self) -> None:
        """Pick the policies that are switched on and fit the site."""
        may_act = self._settings.policies.act
        self._policies = [
            tried_out(policy, self._orders)
            for policy in self._known
            if may_act and policy.name in self._orders.enabled
            if unfit(policy, self._settings) is None
        ]
        self._all_stale = True

    def _spoken_of(self) -> list[bytes]:
        """Return the clients with an overrule whose address stands in it."""
        return [address for key in self._orders.overrules if (address := _packed(key)) is not None]

    def _look_at(self, client: bytes, now: float, offset: float) -> None:
        standing = self.standing(client, now)
        if client in self._judged and self._judged[client].until <= now:
            del self._judged[client]
        marks = self._with_web(client, tuple(self._decide(client, standing, now, offset)))
        self._note(client, marks, standing, now)
        if marks:
            ends = [mark.until for mark in self._marks[client]]
            self._review(client, min([*ends, now + LEASE / 2]))
        elif len(self._met) < MET:
            self._met.add(client)
        else:
            self._met.clear()
        said = self._orders.overrules.get(self._key_of(client))
        for end in (standing.until, said.until if said else inf):
            if now < end < inf:
                self._review(client, end)

    def _with_web(self, client: bytes, marks: tuple[Mark, ...]) -> tuple[Mark, ...]:
        """Let the last of a client's marks name the web sites that look like mail hosts to it."""
        if not marks:
            return marks
        return (*marks[:-1], replace(marks[-1], web=self._web_names(client)))

    def _note(self, client: bytes, marks: tuple[Mark, ...], standing: Standing, now: float) -> None:
        """Tell of marks that changed, or that end much later than was told."""
        old = self._marks.get(client, ())
        if _same(old, marks) and all(
            now + LEASE / 2 < a.until <= b.until for a, b in zip(old, marks, strict=True)
        ):
            return
        if marks:
            self._marks[client] = marks
        elif old:
            del self._marks[client]
        if old != marks:
            cause = f"the client is {standing.rung}"
            self._news[client] = Remark(client, marks, cause, _same(old, marks))

    def _review(self, client: bytes, at: float) -> None:
        if at < self._review_at.get(client, inf):
            self._review_at[client] = at
            heappush(self._queue, (at, client))

    def _decide(
        self, client: bytes, standing: Standing, now: float, offset: float
    ) -> Iterable[Mark]:
        """Yield the marks of a client: of dry runs, and then of the first policy that acts."""
        role = role_of(client, self._settings.roles)
        if role is Role.CLIENT:
            role = self._orders.roles.get(self._key_of(client), Role.CLIENT)
        is_spared = role is not Role.CLIENT or self._exempt.client(client)
        for policy in self._policies:
            left = _left(policy, now + offset)
            fades_at = standing.until if standing.share else inf
            mark = mark_by(policy, client, standing.share, min(now + min(left, LEASE), fades_at))
            if not left or mark is None or not self._is_for(policy, client, role):
                continue
            if mark.action is Action.QUARANTINE and not self._settings.quarantine.i_have_authority:
                mark = replace(mark, action=Action.REFUSE)
            if is_spared and mark.action is not Action.OBSERVE:
                continue
            yield mark
            if not policy.dry_run:
                return

    def _is_for(self, policy: Policy, client: bytes, role: Role) -> bool:
        """Say whether a policy is for a client of that role at that place."""
        whom = policy.applies_to
        if role.value not in whom.roles:
            return False
        subnets = [*whom.networks]
        for group in whom.groups:
            subnets += self._settings.groups.get(group, ())
        if not whom.networks and not whom.groups:
            return True
        address = addresses.normal(ip_address(client))
        return any(address in subnet.network for subnet in subnets)


def tried_out(policy: Policy, orders: Orders) -> Policy:
    """Return a policy as it is switched on: as a dry run, where its file or a person says so."""
    return replace(policy, dry_run=policy.dry_run or policy.name in orders.dry_runs)


def mark_by(policy: Policy, client: bytes, share: float, until: float) -> Mark | None:
    """Return what a policy says of a client with so much evidence: its last step reached, if any.

    `share` is that of the alarm's threshold.
    """
    reached = [step for step in policy.ladder if share >= RUNGS[step[0]]]
    if not reached:
        return None
    _, action, parameters = reached[-1]
    terms, kinds = parameters.terms(), policy.kinds
    return Mark(client, policy.name, action, terms, kinds, until, policy.dry_run)


def _same(old: tuple[Mark, ...], new: tuple[Mark, ...]) -> bool:
    """Say whether marks are the same but for their ends."""
    return len(old) == len(new) and all(
        replace(a, until=b.until) == b for a, b in zip(old, new, strict=True)
    )


def _left(policy: Policy, local: float) -> float:
    """Say for how many seconds more a policy is on at a local time."""
    hours = policy.applies_to.hours
    return max(span.left(local % DAY) for span in hours) if hours else inf


def _packed(key: str) -> bytes | None:
    try:
        return addresses.read(key).packed
    except ValueError:
        return None
