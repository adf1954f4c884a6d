"""The bay process: takes mail, and sends on what was released, until told to stop.

In the foreground it is an error where it cannot.
"""

import asyncio
import gc
import logging
import resource
import socket
from pathlib import Path
from typing import Final

from dnswatch import clock
from dnswatch.bay.service import BayService
from dnswatch.daemon import SupervisedDaemon
from dnswatch.errors import DnswatchError
from dnswatch.settings import Source

logger: Final = logging.getLogger("dnswatch.bay")

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
    asyncio.run(_run(source, state, control))


def _raise_limit() -> None:
    """Take all the descriptors that may be had: each connection, file and lookup is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if most == resource.RLIM_INFINITY else min(most, DESCRIPTORS)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


async def _run(source: Source, state: Path, control: socket.socket | None) -> None:
    """Run a bay with the newest settings, until told to stop."""
    daemon = SupervisedDaemon(source, control, logger)

    async def serve() -> None:
        service = BayService(daemon.settings, state, clock.now)
        try:
            await service.start()
        except DnswatchError:
            await service.stop(0.0)
            raise
        gc.freeze()  # what there is by now stays: cycles are sought among what comes later
        daemon.is_well()
        try:
            await service.run(daemon.called)
        finally:
            await service.stop(PATIENCE)

    await daemon.run(serve)
