"""The courier: a real process that is killed while it delivers to a real exchange."""

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from random import Random
from typing import cast

import pytest

from dnswatch import clock
from dnswatch.bay.delivery.attempt import Attempts
from dnswatch.bay.delivery.routes import MailLookups, MailRoutes, OwnAddresses
from dnswatch.bay.delivery.scheduler import Scheduler
from dnswatch.bay.queue.manager import QueueManager
from dnswatch.bay.record import DeliveryOutcome, Tried
from dnswatch.bay.spool import Spool
from dnswatch.bay.state import Message
from dnswatch.settings import Duration, Server, Settings, read
from dnswatch.settings.bay import Bay, Release
from tests.bay.exchange import Exchange, Taken
from tests.bay.mail import released, spool_in
from tests.bay.site import mail_zone, text
from tests.behaviour import Behaviour
from tests.check import eventually
from tests.loaded import Process
from tests.upstream import Upstream

MESSAGES = int(os.environ.get("DNSWATCH_BAY_MESSAGES", "100"))
"""Of the test with faults; 10,000 take five minutes."""

KILLS = 2 if MESSAGES <= 100 else 3

PATIENCE = 60.0 + MESSAGES / 10
"""Seconds within which all of them are sent, on a busy machine."""


def deliver(arguments: list[str], _: list[int]) -> None:
    """Be the queue manager of a spool."""
    settings, path = arguments
    spool = Spool(Path(path))
    spool.claim()
    manager = QueueManager(read(settings, "dnswatch.toml"), spool, clock.now)
    manager.restore()
    asyncio.run(manager.run())


@contextlib.contextmanager
def process(settings: str, spool: Path) -> Iterator[None]:
    """Run a queue manager on a spool, and kill it at the end."""
    running = Process([settings, str(spool)], spool, os.environ, 2, deliver)
    try:
        yield
    finally:
        running.kill()
        running.wait()


class Faulty:
    """An exchange that is busy, hangs up, or refuses now and then; by chance, but always alike."""

    def __init__(self) -> None:
        """Begin with good will."""
        self._chance = Random(7)

    def data(self, taken: Taken) -> str | None:
        """Answer a message."""
        roll = self._chance.random()
        if roll < 0.05:
            return "451 4.3.0 busy"
        return "" if roll < 0.08 else None

    def rcpt(self, address: str) -> str | None:
        """Answer a recipient: some are never there."""
        return "550 5.1.1 nobody" if address.startswith("nobody") else None


def kept(spool: Spool, count: int) -> list[str]:
    """Release messages, each with its own number in it, every tenth to nobody."""
    return [
        released(
            spool,
            number,
            to=(f"{'nobody' if number % 10 == 9 else 'bob'}{number}@there.example",),
            body=b"Subject: %d\r\n\r\nA line.\r\n" % number,
        )
        for number in range(count)
    ]


def is_told(spool: Spool, ident: str, copies: int) -> bool:
    """Say whether the record admits of as many copies as arrived."""
    lines = spool.lines(ident)
    tried = sum(isinstance(line, Tried) for line in lines)
    doubts = sum("twice" in line.text for line in lines if isinstance(line, DeliveryOutcome))
    return copies <= tried and (copies <= 1 or doubts >= copies - 1)


def test_messages_with_faults_and_kills_in_between(tmp_path: Path) -> None:
    """Counted in, counted out: none is lost, and none arrives twice without a trace."""
    faulty = Faulty()
    spool = spool_in(tmp_path)
    idents = kept(spool, MESSAGES)
    spool.close()
    with Exchange() as exchange, Upstream() as upstream:
        upstream.behaviour = cast(Behaviour, mail_zone(exchange, "there.example"))
        exchange.data, exchange.rcpt = faulty.data, faulty.rcpt
        settings = text(upstream, exchange, 'bay.release.retry = "1s"').replace("corp.", "other.")
        for kill in range(1, KILLS + 1):
            enough = MESSAGES * kill // (KILLS + 2)
            with process(settings, spool.path):
                eventually(partial(has_taken, exchange, enough))
        with process(settings, spool.path):
            eventually(lambda: all_done(spool, idents))
        numbers = (one.data.partition(b"Subject: ")[2].split()[0] for one in exchange.taken)
        copies = Counter(map(int, numbers))
    states = Counter(spool.message(ident).state for ident in idents)
    assert states == {"released": MESSAGES * 9 // 10, "failed": MESSAGES // 10}
    for number, ident in enumerate(idents):
        assert copies[number] >= (number % 10 != 9), f"{ident} is lost"
        assert is_told(spool, ident, copies[number]), f"{ident} came {copies[number]} times"
    assert sum(copies.values()) < MESSAGES * 1.1


def has_taken(exchange: Exchange, enough: int) -> bool:
    """Say whether an exchange has as many messages."""
    return len(exchange.taken) >= enough


def all_done(spool: Spool, idents: list[str]) -> bool:
    """Say whether nothing is on its way any more; looks from the end, where most is left."""
    return all(spool.message(ident).state != "releasing" for ident in reversed(idents))


@pytest.fixture
def scene(tmp_path: Path) -> "Iterator[Scene]":
    """A spool, and an exchange to which its mail goes."""
    with Exchange() as exchange, Upstream() as upstream:
        upstream.behaviour = cast(Behaviour, mail_zone(exchange, "there.example"))
        yield spool_in(tmp_path), exchange, upstream


Scene = tuple[Spool, Exchange, Upstream]


def carry(
    scene: Scene, idents: list[str], is_enough: Callable[[], bool] | None = None
) -> list[Message]:
    """Carry messages until none waits, or until it is enough; return what was followed."""
    spool, exchange, upstream = scene
    release = Release(loopback=True, port=exchange.port, retry=Duration(1.0))
    followed: list[Message] = []

    async def follow(message: Message) -> None:
        followed.append(message)

    async def work() -> None:
        lookups = MailLookups((Server(upstream.url),))
        routes = MailRoutes(
            lookups,
            own=OwnAddresses(Settings(bay=Bay(release=release))),
            release=release,
            now=clock.now,
            chance=Random(0),
        )
        rounds = Attempts(spool, routes, release, "bay.corp.example", clock.now)
        scheduler = Scheduler(spool, rounds, release, clock.now, follow)
        running = asyncio.create_task(scheduler.run())
        for ident in idents:
            scheduler.put(ident)
            scheduler.put(ident)
        done = is_enough or (lambda: not scheduler.waiting)
        await asyncio.to_thread(eventually, done)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    asyncio.run(work())
    return followed


def test_each_message_is_sent_once_however_often_it_is_put(scene: Scene) -> None:
    """To put a message in the queue again does no harm."""
    carry(scene, kept(scene[0], 20))
    assert len(scene[1].taken) == 20
    assert len({one.data for one in scene[1].taken}) == 20


def test_a_busy_exchange_is_tried_again(scene: Scene) -> None:
    """A message that is not taken at first is taken later; what became of it is followed."""
    answers = iter(["451 busy"])
    scene[1].data = lambda _: next(answers, None)
    followed = carry(scene, kept(scene[0], 1))
    assert [message.state for message in followed] == ["releasing", "released"]


def test_a_damaged_record_holds_up_nobody(scene: Scene) -> None:
    """One message that cannot be read is said to be, and the others go."""
    spool, exchange, _ = scene
    good, bad = kept(spool, 2)
    record = spool.path / "records" / f"{bad}.jsonl"
    record.write_bytes(b"{}\n" + record.read_bytes())
    carry(scene, [bad, good], lambda: spool.message(good).state == "released")
    assert len(exchange.taken) == 1


def test_it_ends_though_it_is_woken_at_that_moment(tmp_path: Path) -> None:
    """To be told to end is heard, also in the very moment in which a message comes."""

    async def work() -> None:
        spool = Spool(tmp_path / "bay")
        attempts = cast(Attempts, None)  # nothing is attempted: no message is there
        scheduler = Scheduler(spool, attempts, Release(), clock.now, followed)
        scheduler.put("01a20846fe000000000001", clock.now() + 60)
        running = asyncio.create_task(scheduler.run())
        for _ in range(3):  # it sleeps by now
            await asyncio.sleep(0)
        scheduler.put("01a20846fe000000000002", clock.now() + 30)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    async def followed(message: Message) -> None:
        pytest.fail(f"nothing is followed: {message}")

    asyncio.run(work())
