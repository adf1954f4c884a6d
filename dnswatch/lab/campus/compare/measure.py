"""Measure: one run in numbers, and what a throttle does to people's pages."""

from collections.abc import Sequence
from math import inf
from typing import Final, NamedTuple

import msgspec
import numpy as np
from msgspec.structs import replace

from dnswatch.lab.campus.defences.acts import SeenContact, Throttle
from dnswatch.lab.campus.run.truth import InfectedSender, MailFate, Truth
from dnswatch.lab.campus.run.web import BrowsedDay
from dnswatch.lab.campus.world import HTTP, Outside

HOUR = 3600.0
DAY = 86400.0
_TOUCHED = (MailFate.HELD, MailFate.REFUSED, MailFate.BLOCKED)


class RunMeasures(msgspec.Struct, frozen=True):
    """What came of one worm under one defence at one seed."""

    seed: int
    worm: str
    defence: str
    tried: int
    "Mails that the worm tried."
    left: int
    "Of them, those that left the site."
    inside: int
    "Of them, those that the site's own servers took."
    held: int
    "Of them, those that the holding bay has."
    infected: tuple[int, int, int]
    "Hosts infected 1 h, 24 h and the whole time after the first."
    found: int
    "Of them, those that got a verdict."
    domains: tuple[int, ...]
    "Mail domains that each of those had tried before it."
    seconds: tuple[float, ...]
    "From the infection to the verdict, of each of those."
    worm_lookups: int
    "Questions of infected hosts."
    honest_lookups: int
    "Questions of all others."
    honest_sent: int
    "Mails of honest hosts (declared servers aside) that left."
    honest_touched: dict[str, int]
    "Those of them that were held, refused or blocked, by what became of them."
    honest_waits: tuple[float, ...]
    "Seconds that those waited which a defence made wait, and which then left."
    server_mails: int
    server_touched: int
    "Mails of declared servers that any defence touched: must be 0."
    pages_slow: float = 0.0
    "Share of people's pages that a throttle held for more than a second."
    hosts_stopped: int = 0
    "Honest hosts whose connections a throttle stopped altogether, of those looked at."
    silent: tuple[str, ...] = ()
    "Judges that saw all of it and suspected nobody: under them the very same would have happened."


class Honest(msgspec.Struct, frozen=True):
    """What the judges said of one honest month."""

    seed: int
    judge: str
    clients: int
    days: float
    "That were judged."
    verdicts: int
    "Verdicts of infected; each was a false one."
    hosts: int
    "Clients that got any."


def measure(truth: Truth, seed: int, worm: str, defence: str) -> RunMeasures:
    """Sum up a run."""
    senders = list(truth.senders.values())
    found = [sender for sender in senders if sender.verdict_at is not None]
    return RunMeasures(
        seed=seed,
        worm=worm,
        defence=defence,
        tried=sum(sender.fates.total() for sender in senders),
        left=_count(senders, MailFate.LEFT),
        inside=_count(senders, MailFate.INSIDE),
        held=_count(senders, MailFate.HELD),
        infected=_infected(senders),
        found=len(found),
        domains=tuple(sender.domains_before for sender in found),
        seconds=tuple((sender.verdict_at or 0) - sender.infected_at for sender in found),
        worm_lookups=truth.lookups["worm"],
        honest_lookups=truth.lookups["honest"],
        honest_sent=truth.honest[MailFate.LEFT],
        honest_touched={fate.value: truth.honest[fate] for fate in _TOUCHED if truth.honest[fate]},
        honest_waits=tuple(truth.honest_waits),
        server_mails=truth.servers.total(),
        server_touched=truth.server_waits,
    )


def unjudged(bare: RunMeasures, defence: str) -> RunMeasures:
    """Return what comes of a defence that goes by a judge who said nothing: what came of none."""
    return replace(bare, defence=defence, found=0, domains=(), seconds=(), silent=())


def _count(senders: list[InfectedSender], fate: MailFate) -> int:
    return sum(sender.fates[fate] for sender in senders)


def _infected(senders: list[InfectedSender]) -> tuple[int, int, int]:
    begun = sorted(sender.infected_at for sender in senders)
    if not begun:
        return 0, 0, 0
    within = [sum(at <= begun[0] + age for at in begun) for age in (HOUR, DAY)]
    return within[0], within[1], len(begun)


CLIENTS: Final = 60
"""Clients looked at."""
NOTICED: Final = 1.0
"""Seconds after which a person's flow of thought is interrupted (Nielsen 1993)."""


class Surfed(NamedTuple):
    """How it went."""

    slow: float
    "Share of connections that waited longer than `NOTICED`."
    stopped: int
    "Clients that were cut off."


def surf(throttle: Throttle, day: BrowsedDay, clients: Sequence[bytes]) -> Surfed:
    """Let the first clients of the day go through a throttle."""
    chosen = np.unique(day.client)[:CLIENTS]
    picked = np.isin(day.client, chosen)
    slow, stopped = 0, set[int]()
    columns = (column[picked].tolist() for column in day)
    for at, client, site in zip(*columns, strict=True):
        contact = SeenContact(at, clients[client], Outside.web_address(site), HTTP, True)
        wait = throttle.leaves(contact)
        slow += wait > NOTICED
        if wait == inf:
            stopped.add(client)
        else:
            throttle.ended(contact._replace(at=at + wait), True)
    return Surfed(slow / max(1, int(picked.sum())), len(stopped))
