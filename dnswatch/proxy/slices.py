"""Slices: how soon a worker that wakes gets the core from whoever has it.

Linux from 6.12 on lets a process that runs go on until its slice is over, some milliseconds, unless
who wakes has asked for a shorter one (sched_setattr(2), `sched_runtime`).  A worker seldom needs a
core for longer than a few batches, and its share of the core stays the same.
"""

import ctypes
import os
import platform
from typing import Final

SLICE: Final = 0.0001
"""Seconds: the shortest that the kernel takes."""

_SCHED_SETATTR: Final = {"x86_64": 314, "aarch64": 274}
"""The number of the system call; the C library has a name for it only since glibc 2.41."""


class Attributes(ctypes.Structure):
    """`struct sched_attr` in its first version; the kernel is told its size."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("sched_policy", ctypes.c_uint32),
        ("sched_flags", ctypes.c_uint64),
        ("sched_nice", ctypes.c_int32),
        ("sched_priority", ctypes.c_uint32),
        ("sched_runtime", ctypes.c_uint64),
        ("sched_deadline", ctypes.c_uint64),
        ("sched_period", ctypes.c_uint64),
    )


def shorten() -> None:
    """Ask for short slices for this thread; an older kernel takes it and does as before.

    A thread that somebody put into another class is left there.
    """
    number = _SCHED_SETATTR.get(platform.machine())
    if number is not None and os.sched_getscheduler(0) == os.SCHED_OTHER:
        nice = os.getpriority(os.PRIO_PROCESS, 0)
        wanted = Attributes(sched_nice=nice, sched_runtime=round(SLICE * 1e9))
        wanted.size = ctypes.sizeof(wanted)
        ctypes.CDLL(None).syscall(number, 0, ctypes.byref(wanted), 0)  # a sandbox may refuse it
