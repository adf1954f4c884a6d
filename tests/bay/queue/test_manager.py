"""The queue manager: what is done with mail, beside the server."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from dnswatch import clock
from dnswatch.bay.queue import index, orders
from dnswatch.bay.queue import manager as module
from dnswatch.bay.queue.index import Filter, Index
from dnswatch.bay.queue.manager import QueueManager
from dnswatch.bay.record import Decision
from dnswatch.bay.spool import Spool
from tests.bay.exchange import Exchange
from tests.bay.mail import decide, keep, released, spool_in
from tests.bay.site import mail_zone, settings
from tests.behaviour import Behaviour
from tests.check import eventually
from tests.upstream import Upstream


class Scene:
    """A spool, and an exchange to which its mail goes."""

    def __init__(self, folder: Path, exchange: Exchange, upstream: Upstream) -> None:
        self.spool: Spool = spool_in(folder)
        self.exchange = exchange
        self._upstream = upstream
        upstream.behaviour = cast(Behaviour, mail_zone(exchange, "there.example", "corp.example"))

    def run(
        self, until: Callable[[], object], more: str = "", changed: Callable[[], list[str]] = list
    ) -> None:
        """Run a queue manager until something has come true."""

        async def work() -> None:
            manager = QueueManager(
                settings(self._upstream, self.exchange, more), self.spool, clock.now
            )
            manager.restore()
            running = asyncio.create_task(manager.run())
            for ident in changed():
                manager.changed(ident)
            await asyncio.to_thread(eventually, until)
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            manager.close()

        asyncio.run(work())


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A site."""
    with Exchange() as exchange, Upstream() as upstream:
        yield Scene(tmp_path, exchange, upstream)


def test_it_takes_up_where_it_was(scene: Scene) -> None:
    """What was released before the start is sent, and the index knows."""
    ident = released(scene.spool)
    scene.run(lambda: scene.spool.message(ident).state == "released")
    with Index(scene.spool) as index:
        assert [row.state for row in index.find(Filter())] == ["released"]
    assert len(scene.exchange.taken) == 1


def test_what_the_server_releases_is_sent(scene: Scene) -> None:
    """A word from the server is enough."""
    made: list[str] = []

    def arrive() -> list[str]:
        made.append(released(scene.spool))
        return made

    scene.run(lambda: len(scene.exchange.taken) == 1, changed=arrive)


def test_an_index_that_cannot_be_written_is_said_once(
    scene: Scene, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """One line when messages begin to wait for it, one when they go on, however long it takes."""
    caplog.set_level("INFO", "dnswatch.bay")
    monkeypatch.setattr(index, "_PATIENCE", 0.01)
    monkeypatch.setattr(module, "RETRY", 0.01)
    tries: list[int] = []

    def unlock() -> bool:
        tries.append(1)
        if len(tries) == 20:
            writer.execute("ROLLBACK")
        return bool(scene.exchange.taken)

    def arrive() -> list[str]:
        writer.execute("BEGIN IMMEDIATE")
        return [released(scene.spool)]

    Index(scene.spool).close()
    writer = sqlite3.connect(
        scene.spool.path / index.FILE, isolation_level=None, check_same_thread=False
    )
    scene.run(unlock, changed=arrive)
    writer.close()
    said = [one for one in caplog.messages if "the index can" in one]
    assert [one[:15] for one in said] == ["messages wait u", "the index can b"]


def test_a_persons_order_is_heard(scene: Scene) -> None:
    """Held mail is sent once somebody has said so, to whom he said."""
    ident = keep(scene.spool, to=("a@there.example", "b@there.example"))
    decide(scene.spool, ident, "hold")

    def arrive() -> list[str]:
        order = Decision(
            at=clock.now(), fate="release", actor="anna", recipients=("b@there.example",)
        )
        orders.give(scene.spool, [(ident, order)])
        return []

    scene.run(lambda: scene.exchange.taken, changed=arrive)
    assert [one.recipients for one in scene.exchange.taken] == [("b@there.example",)]


def test_a_local_sender_hears_of_a_failure_once(scene: Scene) -> None:
    """The notice goes the way of all mail, and a restart sends no second one."""
    scene.exchange.rcpt = lambda to: "550 5.1.1 nobody" if "bob" in to else None
    ident = released(scene.spool)
    scene.run(lambda: scene.exchange.taken)
    assert scene.spool.message(ident).state == "failed"
    (notice,) = scene.exchange.taken
    assert (notice.sender, notice.recipients) == ("", ("anna@corp.example",))
    later = released(scene.spool, 1, to=("carol@there.example",))
    scene.run(lambda: scene.spool.message(later).state == "released")
    assert len(scene.exchange.taken) == 2


def test_the_first_mail_of_a_client_is_told_once(scene: Scene) -> None:
    """One notice for a client's first mail, none for those that follow."""
    now = clock.now()
    idents = [keep(scene.spool, number, at=now) for number in range(3)]
    for ident in idents:
        decide(scene.spool, ident, "hold", now)
    more = '[bay.notify]\nmail = ["admin@there.example"]'
    extra = released(scene.spool, 9, at=now + 1)
    scene.run(lambda: len(scene.exchange.taken) == 2, more, lambda: [*idents, *idents, extra])
    told = [one for one in scene.exchange.taken if one.recipients == ("admin@there.example",)]
    assert len(told) == 1
    assert idents[0].encode() in told[0].data
