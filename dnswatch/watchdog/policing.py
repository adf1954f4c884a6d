"""Policing: verdicts, orders and policies in; news of marks for the workers, and notes, out."""

import logging
from collections.abc import Callable, Iterable
from typing import Final

from msgspec.structs import replace

from dnswatch import clock
from dnswatch.model.policies.mark import Action, Doubts, Mark, Marks, WebNames
from dnswatch.model.policies.marking import Marking, Remark, WebNamesOf
from dnswatch.model.policies.note import About, Note
from dnswatch.model.policies.orders import Orders
from dnswatch.model.policies.reading import read_all
from dnswatch.model.policies.standing import CLEAN, RUNGS, Standing
from dnswatch.settings import Settings

logger: Final = logging.getLogger("dnswatch.watchdog")


class Policing:
    """The marks of a site, and what is to be told of them."""

    def __init__(
        self,
        key_of: Callable[[bytes], str],
        web_names: WebNamesOf = lambda _: WebNames(),
        *,
        is_dry: bool = False,
    ) -> None:
        """Begin without policies; `key_of` gives a client's key in the store.

        Where all is dry, policies only tell what they would do.
        """
        self._is_dry = is_dry
        self._marking = Marking(key_of, web_names)
        self._key_of = key_of
        self._notes: list[Note] = []
        self._standings: dict[bytes, Standing] = {}
        self._suspects: dict[bytes, float] = {}
        "Suspects and worse, by the detector, and until when."
        self._doubts: dict[bytes, float | None] = {}
        "What of it is news; None is no suspect any more."
        self._quarantined: set[bytes] = set()
        self._turns: dict[bytes, tuple[float, bool]] = {}

    def configure(self, policies: Iterable[tuple[str, str]], settings: Settings) -> None:
        """Take the texts of policies, and settings; a broken policy is said and left out."""
        known, wrong = read_all(policies)
        for error in wrong:
            logger.error("this policy is left out: %s", error)
        dry = [replace(policy, dry_run=policy.dry_run or self._is_dry) for policy in known.values()]
        self._marking.configure(dry, settings)

    def order(self, orders: Orders) -> None:
        """Take what persons say now."""
        self._marking.order(orders)

    def judge(self, client: bytes, standing: Standing, why: str | None) -> None:
        """Take a client's verdict, and in a sentence why; None where only its end was put off."""
        self._marking.judge(client, standing)
        self._standings[client] = standing
        self._doubt(client, standing.until if standing.share >= RUNGS["suspect"] else None)
        if why is not None:
            note = Note(standing.at, About.VERDICT, standing.rung, why, client=client)
            self._notes.append(note)
            level = logging.INFO if standing.rung == CLEAN.rung else logging.WARNING
            logger.log(level, "client '%s' is %s: %s", self._key_of(client), standing.rung, why)

    def meet(self, clients: Iterable[bytes]) -> None:
        """Note clients that were seen."""
        self._marking.meet(clients)

    def look_again(self, clients: Iterable[bytes]) -> None:
        """Note clients whose marks, if they have any, are to be made anew."""
        self._marking.look_again(clients)

    def news(self, now: float) -> Marks | None:
        """Return what the workers must be told now, or None."""
        self._marking.review(now, clock.offset(now))
        remarks = self._marking.drain()
        for remark in remarks:
            self._turn(remark, now)
            if not remark.is_renewal:
                self._note(remark, now)
        marks = [mark for remark in remarks for mark in remark.marks]
        unmarked = [remark.client for remark in remarks if not remark.marks]
        return Marks(marks, unmarked) if remarks else None

    def whole(self) -> Marks:
        """Return all marks, for a worker that knows none."""
        return Marks(self._marking.marks(), whole=True)

    def doubts(self) -> Doubts | None:
        """Return whose address needs proof from now on, or no more; None where that is no news."""
        news, self._doubts = self._doubts, {}
        suspects = [(client, until) for client, until in news.items() if until is not None]
        return Doubts(suspects, [c for c, u in news.items() if u is None]) if news else None

    def all_doubts(self) -> Doubts:
        """Return all whose address needs proof, for a worker that knows none."""
        return Doubts(list(self._suspects.items()), whole=True)

    def changes(self) -> tuple[list[Note], dict[bytes, Standing]]:
        """Return what changed since the last call, for the store."""
        changes = self._notes, self._standings
        self._notes, self._standings = [], {}
        return changes

    def quarantine(self) -> dict[bytes, tuple[float, bool]]:
        """Return for whom quarantine began or ended since the last call, and when."""
        turns, self._turns = self._turns, {}
        return turns

    def _doubt(self, client: bytes, until: float | None) -> None:
        """Note until when a client is suspect; None where it is not."""
        if until is not None:
            self._suspects[client] = until
        elif self._suspects.pop(client, None) is None:
            return
        self._doubts[client] = until

    def _turn(self, remark: Remark, now: float) -> None:
        """Note whether a client's mail goes to the holding bay from now on."""
        is_diverted = any(
            mark.action is Action.QUARANTINE and not mark.dry_run for mark in remark.marks
        )
        if is_diverted != (remark.client in self._quarantined):
            self._quarantined ^= {remark.client}
            self._turns[remark.client] = now, is_diverted

    def _note(self, remark: Remark, now: float) -> None:
        text = "; ".join(map(_said, remark.marks)) or "no mark"
        self._notes.append(Note(now, About.MARK, text, remark.cause, client=remark.client))
        logger.info("client '%s': %s (%s)", self._key_of(remark.client), text, remark.cause)


def _said(mark: Mark) -> str:
    """Say a mark in words."""
    by = f" by policy '{mark.policy}'" if mark.policy != mark.action else ""
    return f"{mark.action}{by}{', dry run' * mark.dry_run}"
