"""The bay process: takes mail, and sends on what was released, until told to stop.

As a child of the supervisor it never ends on its own: what keeps it from taking mail is said once
and tried again, and DNS goes on meanwhile.  In the foreground it is an error.
"""

import asyncio
import contextlib
import logging
import os
import resource
import signal
import socket
from pathlib import Path
from typing import Final

from dnswatch import clock
from dnswatch.bay.service import BayService
from dnswatch.control import BEAT, Control
from dnswatch.errors import DnswatchError
from dnswatch.settings import Source, combine

logger: Final = logging.getLogger("dnswatch.bay")

NICENESS: Final = 5
"""DNS answers come first where the machine is busy."""

RETRY: Final = 5.0
"""Seconds between two attempts to take mail."""

DESCRIPTORS: Final = 65_536
"""Open files: far above what the limits of connections allow."""

PATIENCE: Final = 1.0
"""Seconds for messages on their way in when told to stop; they were not acknowledged."""


def main(source: Source, state: Path, control: socket.socket | None) -> None:
    """Run the bay until told to stop; `control` is the supervisor's line, None in the foreground.

    Raises a `DnswatchError` in the foreground where it cannot run.
    """
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # a line for each client that left early
    _raise_limit()
    if control is not None:
        os.nice(NICENESS)
    asyncio.run(_BayProcess(source, state, control).run())


def _raise_limit() -> None:
    """Take all the descriptors that may be had: each connection, file and lookup is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if most == resource.RLIM_INFINITY else min(most, DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


class _BayProcess:
    """What the process is told, and the bay that it runs."""

    def __init__(self, source: Source, state: Path, control: socket.socket | None) -> None:
        self._settings = combine(source)
        self._state = state
        self._control = Control(control) if control else None
        self._is_stopping = False
        self._called = asyncio.Event()
        self._said = ""

    async def run(self) -> None:
        """Run a bay with the newest settings, until told to stop."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop)
        if self._control is None:
            loop.add_signal_handler(signal.SIGINT, self._stop)
        else:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            loop.add_reader(self._control, self._obey)
            self._beat(loop, self._control)
        while not self._is_stopping:
            self._called.clear()
            await self._serve()

    async def _serve(self) -> None:
        """Run one bay until called; where it cannot be, wait a while."""
        service = None
        try:
            service = BayService(self._settings, self._state, clock.now)
            await service.start()
        except DnswatchError as error:
            if service is not None:
                await service.stop(0.0)
            if self._control is None:
                raise
            self._complain(str(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._called.wait(), RETRY)
            return
        self._said = ""
        try:
            await service.run(self._called)
        finally:
            await service.stop(PATIENCE)

    def _beat(self, loop: asyncio.AbstractEventLoop, control: Control) -> None:
        """Say again and again that the loop goes round."""
        control.beat()
        loop.call_later(BEAT, self._beat, loop, control)

    def _complain(self, text: str) -> None:
        if text != self._said:
            logger.error("%s; tried again every %.0f s, DNS goes on", text, RETRY)
        self._said = text

    def _obey(self) -> None:
        """Take new settings from the supervisor, or note that it is gone."""
        assert self._control is not None
        news = self._control.news()
        if self._control.is_over:
            asyncio.get_running_loop().remove_reader(self._control)
            self._stop()
        elif news is not None and news[1] != self._settings:
            self._settings = news[1]
            self._called.set()

    def _stop(self) -> None:
        self._is_stopping = True
        self._called.set()
