"""The console's process: a child of the supervisor that ends when told to; DNS never waits for it.

What keeps it from being reached is said once and tried again.  It loads its libraries when the
first browser comes: a site where nobody looks pays nothing for it.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
from pathlib import Path
from typing import Final

from dnswatch import clock
from dnswatch.control import BEAT, Control
from dnswatch.errors import DnswatchError
from dnswatch.ownership import settle
from dnswatch.settings import Source, combine
from dnswatch.web import places
from dnswatch.web.register import LINK, Rank, Register

logger: Final = logging.getLogger("dnswatch.web")

NICENESS: Final = 5
"""DNS answers come first where the machine is busy."""

RETRY: Final = 5.0
"""Seconds between two attempts to be reached."""

BACKLOG: Final = 100

LINK_FILE: Final = "console-link"
"""File in the state directory with the first login link (0600)."""


def main(source: Source, state: Path, control: socket.socket) -> None:
    """Run the console until told to stop; `control` is the supervisor's line."""
    os.nice(NICENESS)
    asyncio.run(_Process(source, state, Control(control)).run())


class _Process:
    """What the process is told, and the console that it runs."""

    def __init__(self, source: Source, state: Path, control: Control) -> None:
        self._source = source
        self._settings = combine(source)
        self._state = state
        self._control = control
        self._is_stopping = False
        self._called = asyncio.Event()
        self._said = ""
        self._was_announced = False

    async def run(self) -> None:
        """Be reached with the newest settings, until told to stop."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        loop.add_reader(self._control, self._obey)
        self._beat(loop)
        while not self._is_stopping:
            self._called.clear()
            try:
                await self._listen()
            except (DnswatchError, OSError) as error:
                where = self._settings.web.listen
                self._complain(f"the web console cannot be reached at {where}: {error}")
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._called.wait(), RETRY)

    async def _listen(self) -> None:
        """Be reached until called; serve from the first connection on."""
        endpoint = self._settings.web.listen
        family = socket.AF_INET6 if endpoint.address.version == 6 else socket.AF_INET
        with socket.create_server(
            (str(endpoint.address), endpoint.port), family=family, backlog=BACKLOG
        ) as listening:
            listening.setblocking(False)
            self._said = ""
            self._announce()
            somebody = asyncio.create_task(_readable(listening))
            called = asyncio.create_task(self._called.wait())
            await asyncio.wait((somebody, called), return_when=asyncio.FIRST_COMPLETED)
            somebody.cancel()
            if not self._called.is_set():
                await self._serve(listening, called)

    async def _serve(self, listening: socket.socket, called: asyncio.Task[bool]) -> None:
        """Load what a browser needs, and serve until called."""
        from dnswatch.web.app import application
        from dnswatch.web.console import Console
        from dnswatch.web.feed import Feed
        from dnswatch.web.server import ConsoleServer

        console = Console(self._source, self._state)
        feed = Feed(console)
        server = ConsoleServer(application(console, feed), self._settings.web)
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

    def _announce(self) -> None:
        """Say where it is, and the first time how to log in."""
        if self._was_announced:
            return
        self._was_announced = True
        base = places.base_url(self._settings)
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

    def _beat(self, loop: asyncio.AbstractEventLoop) -> None:
        """Say again and again that the loop goes round."""
        self._control.beat()
        loop.call_later(BEAT, self._beat, loop)

    def _complain(self, text: str) -> None:
        if text != self._said:
            logger.error("%s; tried again every %.0f s, DNS goes on", text, RETRY)
        self._said = text

    def _obey(self) -> None:
        """Take new settings from the supervisor, or note that it is gone."""
        news = self._control.news()
        if self._control.is_over:
            asyncio.get_running_loop().remove_reader(self._control)
            self._stop()
        elif news is not None and news[0] != self._source:
            self._source, self._settings = news
            self._called.set()

    def _stop(self) -> None:
        self._is_stopping = True
        self._called.set()


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
