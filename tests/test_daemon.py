"""A daemon: what bay, console and teller have in common as children of the supervisor."""

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest

from dnswatch.control import ALIVE
from dnswatch.daemon import SupervisedDaemon
from dnswatch.errors import ConsoleError
from dnswatch.settings import Source, encode

LOG = logging.getLogger("dnswatch.test")
BASE = Source("", "test")
OTHER = Source('bay.hostname = "hold.example"', "test")

Scene = Callable[[SupervisedDaemon, socket.socket], Coroutine[Any, Any, None]]


def played(scene: Scene) -> None:
    """Make a daemon whose supervisor is the scene."""

    async def run() -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        theirs.setblocking(False)
        with ours, theirs:
            await scene(SupervisedDaemon(BASE, theirs, LOG), ours)

    asyncio.run(run())


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave signals and priority of the test's own process alone."""
    monkeypatch.setattr("os.nice", lambda _: 0)
    monkeypatch.setattr("signal.signal", lambda *_: None)


def until_called(daemon: SupervisedDaemon, begun: list[str]) -> Callable[[], Awaitable[None]]:
    async def work() -> None:
        begun.append(str(daemon.settings.bay.hostname))
        daemon.is_well()
        await daemon.called.wait()

    return work


async def eventually(look: Callable[[], object]) -> None:
    while not look():
        await asyncio.sleep(0.005)


def test_it_beats_begins_anew_with_other_settings_and_ends_with_the_supervisor() -> None:
    """Settings that do not concern it leave it alone."""

    async def scene(daemon: SupervisedDaemon, supervisor: socket.socket) -> None:
        begun: list[str] = []
        running = asyncio.create_task(daemon.run(until_called(daemon, begun)))
        await eventually(lambda: begun)
        assert supervisor.recv(100) == ALIVE
        supervisor.send(encode(Source("", "test", policies=(("x", "y"),))))
        await eventually(lambda: daemon.source.policies)
        assert begun == [""]
        supervisor.send(encode(OTHER))
        await eventually(lambda: len(begun) == 2)
        assert begun[1] == "hold.example"
        supervisor.close()
        await running

    played(scene)


def test_its_trouble_is_said_once_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """At once where other settings come, which may mend it; after that it is news again."""

    async def scene(daemon: SupervisedDaemon, supervisor: socket.socket) -> None:
        tries = 0

        async def work() -> None:
            nonlocal tries
            tries += 1
            if tries == 3:
                daemon.is_well()
            raise ConsoleError("the port is taken")

        running = asyncio.create_task(daemon.run(work))
        for number, source in enumerate((OTHER, BASE, OTHER, BASE), 1):
            await eventually(lambda number=number: tries == number)  # type: ignore[misc]
            supervisor.send(encode(source))
        await eventually(lambda: tries == 5)
        supervisor.close()
        await running

    played(scene)
    assert caplog.text.count("the port is taken; tried again") == 2


def test_in_the_foreground_it_is_an_error() -> None:
    """Whoever runs it sees it."""

    async def run() -> None:
        async def work() -> None:
            raise ConsoleError("the port is taken")

        await SupervisedDaemon(BASE, None, LOG).run(work)

    with pytest.raises(ConsoleError, match="is taken"):
        asyncio.run(run())
