"""Messages taken apart in another process."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from dnswatch.bay.inspection.anatomy import Anatomist, DissectionError
from tests import check
from tests.bay.inspection.letters import PROGRAM, UNPACKED, letter, run


def children() -> list[int]:
    """The processes that this one started."""
    listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text()
    return [int(number) for number in listed.split()]


def test_messages_are_taken_apart_one_after_the_other(tmp_path: Path) -> None:
    """Several messages at a time are each answered with their own anatomy."""
    for number in range(5):
        (tmp_path / str(number)).write_bytes(letter((f"{number}.exe", PROGRAM)))

    async def main() -> None:
        anatomist = Anatomist(unpacked=UNPACKED, patience=30)
        asked = [anatomist.dissect(tmp_path / str(number)) for number in range(5)]
        for number, anatomy in enumerate(await asyncio.gather(*asked)):
            assert f"'{number}.exe'" in anatomy.programs[0]
        await anatomist.close()

    run(main)


def test_message_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    """A message on which its process hangs costs its time, and the next one is taken apart."""
    os.mkfifo(tmp_path / "endless")
    (tmp_path / "letter").write_bytes(letter())

    async def main() -> None:
        anatomist = Anatomist(unpacked=UNPACKED, patience=0.5)
        with pytest.raises(DissectionError, match="longer than"):
            await anatomist.dissect(tmp_path / "endless")
        anatomist = Anatomist(unpacked=UNPACKED, patience=30)
        assert (await anatomist.dissect(tmp_path / "letter")).payload
        await anatomist.close()

    run(main)


def test_process_that_dies_is_started_again(tmp_path: Path) -> None:
    """A message that kills the process is not taken apart; the next one is."""
    (tmp_path / "letter").write_bytes(letter())

    async def main() -> None:
        anatomist = Anatomist(unpacked=UNPACKED, patience=30)
        before = set(children())
        await anatomist.dissect(tmp_path / "letter")
        (process,) = set(children()) - before
        os.kill(process, signal.SIGKILL)
        with pytest.raises(DissectionError):
            await anatomist.dissect(tmp_path / "letter")
        assert (await anatomist.dissect(tmp_path / "letter")).payload
        await anatomist.close()
        check.eventually(lambda: set(children()) <= before)

    run(main)


def test_message_that_is_not_there_is_said(tmp_path: Path) -> None:
    """What cannot be read is said in a clause."""

    async def main() -> None:
        anatomist = Anatomist(unpacked=UNPACKED, patience=30)
        with pytest.raises(DissectionError, match="cannot be read"):
            await anatomist.dissect(tmp_path / "none")
        await anatomist.close()

    run(main)
