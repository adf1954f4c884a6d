"""The process that takes messages apart."""

import subprocess
import sys
from pathlib import Path

import msgspec

from dnswatch.bay.inspection.anatomy.findings import Anatomy, DissectionFault, Task
from tests.bay.inspection.letters import PROGRAM, UNPACKED, letter
from tests.check import PATIENCE


def test_worker_answers_line_by_line(tmp_path: Path) -> None:
    """Each task has its answer, one that fails too, and it ends with its input, without a word."""
    (tmp_path / "letter").write_bytes(letter(("a.exe", PROGRAM)))
    tasks = [Task(str(tmp_path / name), UNPACKED) for name in ("letter", "none", "letter")]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "dnswatch.bay.inspection.anatomy.worker"],
        input=b"".join(msgspec.json.encode(task) + b"\n" for task in tasks),
        capture_output=True,
        timeout=PATIENCE,
        check=True,
    )
    answers = [
        msgspec.json.decode(line, type=Anatomy | DissectionFault)
        for line in done.stdout.splitlines()
    ]
    assert [type(answer) for answer in answers] == [Anatomy, DissectionFault, Anatomy]
    assert not done.stderr
