"""The console's process: a child of the supervisor.

It loads its libraries when the first browser comes: a site where nobody looks pays nothing for it.
"""

import asyncio
import contextlib
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Final

from dnswatch import clock
from dnswatch.daemon import SupervisedDaemon
from dnswatch.errors import ConsoleError, DnswatchError
from dnswatch.ownership import settle
from dnswatch.settings import Settings, Source
from dnswatch.web import places
from dnswatch.web.register import LINK, Rank, Register

logger: Final = logging.getLogger("dnswatch.web")

BACKLOG: Final = 100

LINK_FILE: Final = "console-link"
"""File in the state directory with the first login link (0600)."""


def main(source: Source, state: Path, control: socket.socket) -> None:
    """Run the console until told to stop; `control` is the supervisor's line."""
    asyncio.run(_run(source, state, control))


async def _run(source: Source, state: Path, control: socket.socket) -> None:
    """Be reached with the newest settings and policies, until told to stop."""
    daemon = SupervisedDaemon(source, control, logger, lambda source, _: source)
    process = _Process(daemon, state)

    async def listen() -> None:
        try:
            await process.listen()
        except (DnswatchError, OSError) as error:
            where = daemon.settings.web.listen
            raise ConsoleError(f"the web console cannot be reached at {where}: {error}") from None

    await daemon.run(listen)


class _Process:
    """What the process is told, and the console that it runs."""

    def __init__(self, daemon: SupervisedDaemon, state: Path) -> None:
        self._daemon = daemon
        self._state = state
        self._was_announced = False

    async def listen(self) -> None:
        """Be reached until called; serve from the first connection on."""
        daemon = self._daemon
        endpoint = daemon.settings.web.listen
        family = socket.AF_INET6 if endpoint.address.version == 6 else socket.AF_INET
        with socket.create_server(
            (str(endpoint.address), endpoint.port), family=family, backlog=BACKLOG
        ) as listening:
            listening.setblocking(False)
            daemon.is_well()
            self._announce(daemon.settings)
            somebody = asyncio.create_task(_readable(listening))
            called = asyncio.create_task(daemon.called.wait())
            await asyncio.wait((somebody, called), return_when=asyncio.FIRST_COMPLETED)
            somebody.cancel()
            if not daemon.called.is_set():
                await self._serve(listening, called)

    async def _serve(self, listening: socket.socket, called: asyncio.Task[bool]) -> None:
        """Load what a browser needs, and serve until called."""
        from dnswatch.web.app import application
        from dnswatch.web.console import Console
        from dnswatch.web.feed import Feed
        from dnswatch.web.server import ConsoleServer

        console = Console(self._daemon.source, self._state)
        feed = Feed(console)
        server = ConsoleServer(application(console, feed), self._daemon.settings.web)
        moving = asyncio.create_task(feed.run())
        serving = asyncio.create_task(server.serve([listening]))
        try:
            await asyncio.wait((serving, called), return_when=asyncio.FIRST_COMPLETED)
            await feed.close()
            server.should_exit = True
            await serving
        finally:
            moving.cancel()
            console.close()

    def _announce(self, settings: Settings) -> None:
        """Say where it is, and the first time how to log in."""
        if self._was_announced:
            return
        self._was_announced = True
        base = places.base_url(settings)
        with Register(self._state) as register:
            if register.users() and not sys.stderr.isatty():
                logger.info("web console: %s/", base)
                return
            secret = register.make_link(_owner(), Rank.ADMIN, clock.now())
        link = f"{base}/link/{secret}"
        path = self._state / LINK_FILE
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        os.write(file, f"{link}\n".encode())
        os.close(file)
        settle(path)
        logger.info(
            "web console: %s/; to log in once without a password, within %.0f minutes: %s",
            base,
            LINK / 60,
            link if sys.stderr.isatty() else f"see '{path}'",  # a log file is no place for a secret
        )


async def _readable(sock: socket.socket) -> None:
    """Wait until somebody has connected."""
    loop, there = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(sock, there.set)
    try:
        await there.wait()
    finally:
        loop.remove_reader(sock)


def _owner() -> str:
    """Name the account that the server runs as."""
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"
