"""A clock that is set moves the evidence along: nothing fades at once, or never."""

from collections.abc import Iterable
from functools import cache
from math import inf
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from bench.detection import lookups
from dnswatch.model.changes import MailLookup
from dnswatch.model.detection import retiming
from dnswatch.model.detection.client_state import ClientState
from dnswatch.model.detection.detector import Detector, Saved
from dnswatch.model.detection.retiming import Setting
from dnswatch.model.detection.tunnels import Tunnel
from dnswatch.model.detection.verdict import Plan, State
from dnswatch.model.finding import Finding
from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.model.role import Role
from dnswatch.names.suffixes import registrable
from dnswatch.wire.name import from_text, to_text

from .scene import CLIENTS, DAY, MONDAY, READY, SENDER, attack, ordinary

WEEKS = 52 * 7 * DAY
OTHER, SERVER = lookups.client(151), lookups.client(5)


def everything() -> list[MailLookup]:
    """Ordinary people, a mail server, and a worm of each kind; each moment is a whole second."""
    labels = ("mx", "mail")
    found = [*ordinary(READY - 6 * DAY), *attack(20)]
    found += [lookups.mx(MONDAY + n * 1800, SERVER, f"p{n}.org") for n in range(900)]
    found += [lookups.mx(READY + n, OTHER, f"free{n % 4}.com") for n in range(90)]
    for n in range(9):
        found += lookups.guesses(READY + 100 + n * 300, OTHER, f"t{n}.net", labels)
    whole = [replace(one, at=float(round(one.at))) for one in found]
    return sorted(whole, key=lambda one: one.at)


def run(seen: Iterable[MailLookup], by: float) -> Detector:
    """Let a detector see all that, by a clock that is ahead by some weeks."""
    told = Detector(
        Plan(),
        MONDAY + by,
        registrable=registrable,
        write=to_text,
        clock=str,
        role_of=lambda who: Role.MAIL_SERVER if who == SERVER else Role.CLIENT,
    )
    for number in range(CLIENTS):
        told.meet(lookups.client(number), MONDAY + by)
    for one in seen:
        told.see(replace(one, at=one.at + by))
    at = READY + 3000 + by
    if seen:
        told._loads[SERVER].peaks = [(int(at // 3600), 900)]  # known after some weeks
    told.visit(OTHER, from_text("mail.home.org"), at)
    told.tunnels(OTHER, Tunnel(at, from_text("t.org"), 40, at - 60, (16,)))
    told.plan = Plan(is_strict=True)
    told.see(lookups.mx(at, lookups.client(9), "strict.org"))
    told.see(replace(lookups.mx(at, lookups.client(200), "strict.org"), proven=False))
    told.find(Finding(1, at, SENDER, "worm", "m1", "a scanner knows it"), at)
    told.overrule(OTHER, Overrule(Word.DISTRUST, at, at + DAY), at)
    told.overrule(lookups.client(7), Overrule(Word.CLEAR, at, inf), at)
    return told


@cache
def stored(by: float = 0.0) -> Saved:
    """What is stored of all that."""
    return run(everything(), by).export()


def moved(saved: Saved, clock: Setting) -> tuple[bytes, dict[bytes, bytes]]:
    """Move all that is stored."""
    clients = {who: retiming.client(one, clock) for who, one in saved.clients.items()}
    return retiming.site(saved.site, clock), clients


def alike(one: Any, other: Any) -> bool:
    """Compare what is stored, but for the last digits of numbers."""
    match one:
        case dict():
            return one.keys() == other.keys() and all(alike(one[k], other[k]) for k in one)
        case list():
            return len(one) == len(other) and all(map(alike, one, other))
        case float():
            return bool(one == pytest.approx(other, rel=1e-6))
    return bool(one == other)


@pytest.mark.parametrize("by", [WEEKS, -WEEKS])
def test_all_evidence_is_as_if_it_had_been_timed_by_the_right_clock(by: float) -> None:
    """Every moment, day and hour that is kept of a site and its clients is moved."""
    wrong, right = stored(), stored(by)
    site, clients = moved(wrong, Setting(by, MONDAY, READY + 4000))
    decode = msgspec.msgpack.decode
    assert alike(decode(site), decode(right.site))
    assert clients.keys() == right.clients.keys()
    for who, one in clients.items():
        assert alike(decode(one), decode(right.clients[who])), decode(one, type=ClientState)


def test_a_verdict_stands_its_day_however_the_clock_is_set() -> None:
    """Nor does an infected host go free since a year seems to have passed."""
    now = READY + 4000 + WEEKS
    site, clients = moved(stored(), Setting(WEEKS, MONDAY, READY + 4000))
    again = run([], WEEKS)
    again.restore(site, clients.values())
    again.advance(now)
    assert again.verdict(SENDER, now).state == State.INFECTED
    again.advance(now + 2 * DAY)
    assert again.verdict(SENDER, now + 2 * DAY).state == State.CLEAN


def test_what_an_earlier_run_wrote_keeps_its_time() -> None:
    """A machine that begins in 1970 without a battery had the right time before it was cut off."""
    saved = stored()
    clock = Setting(WEEKS * 50, 100.0, 5000.0)
    site, clients = moved(saved, clock)
    assert (site, clients[SENDER]) == (saved.site, saved.clients[SENDER])
