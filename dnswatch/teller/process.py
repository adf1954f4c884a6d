"""The teller's process: a child of the supervisor, with a thread for each sink.

A receiver that takes its time holds up its own thread alone; whatever happens, DNS goes on.
"""

import os
import select
import signal
import socket
import threading
from pathlib import Path
from typing import Final

from dnswatch.control import BEAT, Control
from dnswatch.errors import EventError
from dnswatch.settings import Settings, Source, combine
from dnswatch.teller.telling import Telling

NICENESS: Final = 5
"""DNS answers come first where the machine is busy."""


def main(source: Source, state: Path, control: socket.socket) -> None:
    """Tell all sinks until told to stop; `control` is the supervisor's line."""
    os.nice(NICENESS)
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    line, tellers = Control(control), Tellers(state)
    tellers.settings = combine(source)
    while not (over.is_set() or line.is_over):
        tellers.arrange()
        line.beat()
        if select.select([line], [], [], BEAT)[0] and (news := line.news()) is not None:
            tellers.settings = news[1]


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
