"""A daemon of the supervisor's: what the bay, the console and the teller have in common as a child.

It says again and again that it lives, obeys the supervisor, ends with it or at SIGTERM, and never
by itself: what keeps it from its work is said once and tried again, while DNS goes on.
"""

import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from typing import Final

from dnswatch.control import BEAT, Control
from dnswatch.errors import DnswatchError
from dnswatch.settings import Settings, Source, combine

NICENESS: Final = 5
"""DNS answers come first where the machine is busy."""

RETRY: Final = 5.0
"""Seconds between two attempts to do the work."""


class SupervisedDaemon:
    """One such process; made inside of its loop."""

    def __init__(
        self,
        source: Source,
        control: socket.socket | None,
        log: logging.Logger,
        concern: Callable[[Source, Settings], object] = lambda _, settings: settings,
    ) -> None:
        """Obey the supervisor over `control`; None where a person runs it in the foreground.

        Only where what is its `concern` differs, other settings call it.  `log` gets its troubles.
        """
        self.source = source
        self.settings = combine(source)
        self.called = asyncio.Event()
        "It is to begin anew, with the settings of now, or to end."
        self._control = Control(control) if control else None
        self._log = log
        self._concern = concern
        self._is_stopping = False
        self._said = ""

    async def run(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do the work, which returns once it is called, again and again until told to stop.

        In the foreground a `DnswatchError` of the work is raised.
        """
        self._listen()
        while not self._is_stopping:
            self.called.clear()
            try:
                await work()
            except DnswatchError as error:
                if self._control is None:
                    raise
                self._complain(str(error))
                await self.wait(RETRY)

    async def wait(self, seconds: float) -> None:
        """Wait a while, or until called."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.called.wait(), seconds)

    def is_well(self) -> None:
        """Note that the work has begun: the next trouble is news."""
        self._said = ""

    def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop)
        if self._control is None:
            loop.add_signal_handler(signal.SIGINT, self._stop)
            return
        os.nice(NICENESS)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        loop.add_reader(self._control, self._obey, self._control)
        self._beat(loop, self._control)

    def _beat(self, loop: asyncio.AbstractEventLoop, control: Control) -> None:
        """Say again and again that the loop goes round."""
        control.beat()
        loop.call_later(BEAT, self._beat, loop, control)

    def _obey(self, control: Control) -> None:
        """Take new settings from the supervisor, or note that it is gone."""
        news = control.news()
        if control.is_over:
            asyncio.get_running_loop().remove_reader(control)
            self._stop()
        elif news is not None:
            before = self._concern(self.source, self.settings)
            self.source, self.settings = news
            if self._concern(*news) != before:
                self.called.set()

    def _complain(self, text: str) -> None:
        if text != self._said:
            self._log.error("%s; tried again every %.0f s, DNS goes on", text, RETRY)
        self._said = text

    def _stop(self) -> None:
        self._is_stopping = True
        self.called.set()
