"""Worker: takes messages apart, in a process of its own, one line of JSON for each.

    {"path": ..., "unpacked": ...} on standard input; an anatomy, or {"fault": ...}, on the output.

It ends when its input does.  Its memory is bounded by the kernel.
"""

import resource
import sys
from pathlib import Path
from typing import Final

import msgspec

from dnswatch.bay.inspection.anatomy.dissection import dissect
from dnswatch.bay.inspection.anatomy.findings import Anatomy, DissectionFault, Task

MEMORY: Final = 2_000_000_000
"""Bytes of address space: a message of 50 MB takes about 500 MB, decoded and unpacked."""


def main() -> None:
    """Work until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    for line in sys.stdin.buffer:
        sys.stdout.buffer.write(msgspec.json.encode(_work(line)) + b"\n")
        sys.stdout.buffer.flush()


def _work(line: bytes) -> Anatomy | DissectionFault:
    task = msgspec.json.decode(line, type=Task)
    try:
        return dissect(Path(task.path).read_bytes(), task.unpacked)
    except OSError as error:
        return DissectionFault(f"the message cannot be read: {error.strerror}")
    except MemoryError:
        return DissectionFault(f"to take it apart needs more than {MEMORY:,} bytes of memory")
    except Exception as error:  # noqa: BLE001 hostile mail is a border: the next one is looked at
        return DissectionFault(f"cannot be taken apart: {type(error).__name__}")


if __name__ == "__main__":
    main()
