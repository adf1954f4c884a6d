"""The teller's process: a child of the supervisor, with a thread for each sink.

A receiver that takes its time holds up its own thread alone.
"""

import asyncio
import socket
from pathlib import Path

from dnswatch.control import BEAT
from dnswatch.daemon import SupervisedDaemon
from dnswatch.errors import EventError
from dnswatch.settings import Settings, Source
from dnswatch.teller.telling import Telling, logger


def main(source: Source, state: Path, control: socket.socket) -> None:
    """Tell all sinks until told to stop; `control` is the supervisor's line."""
    asyncio.run(_run(source, state, control))


async def _run(source: Source, state: Path, control: socket.socket) -> None:
    daemon, tellers = SupervisedDaemon(source, control, logger), Tellers(state)

    async def tell() -> None:
        tellers.settings = daemon.settings
        while not daemon.called.is_set():
            tellers.arrange()
            await daemon.wait(BEAT)

    await daemon.run(tell)


class Tellers:
    """The threads that tell, as the settings want them."""

    def __init__(self, state: Path) -> None:
        """Tell of the store in a state directory."""
        self.settings = Settings()
        self._state = state
        self._running: dict[str, Telling] = {}

    def arrange(self) -> None:
        """End what is not wanted any more, and begin what is missing.

        A sink whose settings changed is begun anew once its last event was taken or refused.
        Raises `EventError` where a thread ended by itself, on a fault that it has shown.
        """
        wanted = {str(sink.to): sink for sink in self.settings.events}
        relays = self.settings.bay.release.smarthosts
        for name, telling in [*self._running.items()]:
            is_wanted = wanted.get(name) == telling.sink and telling.relays == relays
            if not is_wanted:
                telling.stop()
            if not telling.is_alive:
                del self._running[name]
                if is_wanted:
                    raise EventError(f"telling {telling.sink.to.shown} ended on a fault of its own")
        for name in wanted.keys() - self._running.keys():
            self._running[name] = Telling(wanted[name], self.settings, self._state)
            self._running[name].start()
