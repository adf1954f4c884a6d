"""The anatomist: has messages taken apart in another process, which is killed if it takes too long.

A process and not a thread: parsing holds the interpreter's lock, a thread cannot be stopped, and
what strangers wrote is best read where a crash or a leak harms nobody.  It is started once and
kept.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections import deque
from pathlib import Path
from typing import Final

import msgspec

from dnswatch.bay.inspection.anatomy.findings import Anatomy, DissectionFault, Task

LONGEST: Final = 1_000_000
"""Bytes of an answer; what is found is bounded far below."""


AT_ONCE: Final = 16
"""Messages that its process is told of before it has answered."""

_Waiting = tuple[Path, "asyncio.Future[Anatomy | DissectionFault]"]


class DissectionError(Exception):
    """A message could not be taken apart; the text is a clause that says why."""


class Anatomist:
    """Takes messages apart, one at a time and in order."""

    def __init__(self, *, unpacked: int, patience: float) -> None:
        """Archives may unpack to so many bytes; a message may take so many seconds."""
        self._unpacked = unpacked
        self._patience = patience
        self._waiting: deque[_Waiting] = deque()
        self._work: asyncio.Task[None] | None = None
        self._process: Process | None = None

    async def dissect(self, path: Path) -> Anatomy:
        """Take a message apart; raises `DissectionError`."""
        answer: asyncio.Future[Anatomy | DissectionFault] = (
            asyncio.get_running_loop().create_future()
        )
        self._waiting.append((path, answer))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._run())
        found = await answer
        if isinstance(found, DissectionFault):
            raise DissectionError(found.fault)
        return found

    async def close(self) -> None:
        """End the process."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        await self._kill()

    async def _run(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            await self._take(deque(batch))

    async def _take(self, batch: deque[_Waiting]) -> None:
        """Have some messages taken apart; after one that fails the others wait for a new process.

        They are told all at once: to wake each other for every message costs more than to take an
        ordinary one apart.
        """
        try:
            process = await self._started()
            tasks = (Task(str(path), self._unpacked) for path, _ in batch)
            lines = [msgspec.json.encode(task) + b"\n" for task in tasks]
            assert process.stdin is not None
            process.stdin.writelines(lines)
            while batch:
                async with asyncio.timeout(self._patience):
                    found = await self._answer(process)
                _tell(batch.popleft(), found)
        except TimeoutError:
            fault = f"took longer than {self._patience:g} s to take apart"
        except (OSError, ValueError, msgspec.MsgspecError) as error:
            fault = f"broke what takes messages apart: {error}"
        else:
            return
        await self._kill()  # its answer would be taken for that of the next message
        _tell(batch.popleft(), DissectionFault(fault))
        self._waiting.extendleft(reversed(batch))

    async def _started(self) -> Process:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                # -P: no module of the folder that dnswatch was started in.
                sys.executable,
                "-P",
                "-m",
                "dnswatch.bay.inspection.anatomy.worker",
                stdin=PIPE,
                stdout=PIPE,
                limit=LONGEST,
                start_new_session=True,
            )
        return self._process

    async def _answer(self, process: Process) -> Anatomy | DissectionFault:
        assert process.stdout is not None
        line = await process.stdout.readline()
        if not line:
            raise ConnectionError("its process ended")
        return msgspec.json.decode(line, type=Anatomy | DissectionFault)

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
        if process is not None:
            await process.communicate()  # reaps it and closes the pipes


def _tell(waiting: _Waiting, found: Anatomy | DissectionFault) -> None:
    _, answer = waiting
    if not answer.done():  # whoever asked may have given up
        answer.set_result(found)
