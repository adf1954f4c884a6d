"""The anatomist: has messages taken apart in another process, which is killed if it takes too long.

A process and not a thread: parsing holds the interpreter's lock, a thread cannot be stopped, and
what strangers wrote is best read where a crash or a leak harms nobody.  It is started once and
kept.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Final

import msgspec

from dnswatch.bay.inspection.anatomy.findings import Anatomy
from dnswatch.bay.inspection.anatomy.task import Fault, Task

LONGEST: Final = 1_000_000
"""Bytes of an answer; what is found is bounded far below."""


class DissectionError(Exception):
    """A message could not be taken apart; the text is a clause that says why."""


class Anatomist:
    """Takes one message apart at a time; others wait."""

    def __init__(self, *, unpacked: int, patience: float) -> None:
        """Archives may unpack to so many bytes; a message may take so many seconds."""
        self._unpacked = unpacked
        self._patience = patience
        self._turn = asyncio.Lock()
        self._process: Process | None = None

    async def dissect(self, path: Path) -> Anatomy:
        """Take a message apart; raises `DissectionError`."""
        async with self._turn:
            done = False
            try:
                async with asyncio.timeout(self._patience):
                    answer = await self._ask(path)
                done = True
            except TimeoutError:
                raise DissectionError(
                    f"took longer than {self._patience:g} s to take apart"
                ) from None
            except (OSError, ValueError, msgspec.MsgspecError) as error:
                raise DissectionError(f"broke what takes messages apart: {error}") from error
            finally:
                if not done:  # its answer would be taken for that of the next message
                    await self._kill()
        if isinstance(answer, Fault):
            raise DissectionError(answer.fault)
        return answer

    async def close(self) -> None:
        """End the process."""
        async with self._turn:
            await self._kill()

    async def _ask(self, path: Path) -> Anatomy | Fault:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                # -P: no module of the folder that dnswatch was started in.
                sys.executable, "-P", "-m", "dnswatch.bay.inspection.anatomy.worker",
                stdin=PIPE, stdout=PIPE, limit=LONGEST, start_new_session=True,
            )  # fmt: skip
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(msgspec.json.encode(Task(str(path), self._unpacked)) + b"\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
        if not line:
            raise ConnectionError("its process ended")
        return msgspec.json.decode(line, type=Anatomy | Fault)

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
        if process is not None:
            await process.communicate()  # reaps it and closes the pipes
