"""A worker gets the core soon after it wakes, and no more of it than others."""

import ctypes
import os
import platform
from threading import Thread

import pytest

from dnswatch.proxy.slices import SLICE, Attributes, shorten

SCHED_GETATTR = {"x86_64": 315, "aarch64": 275}


def attributes() -> Attributes:
    """Tell how this thread is scheduled."""
    found = Attributes()
    number = SCHED_GETATTR.get(platform.machine())
    if number is None:
        pytest.skip("the number of the system call is not known here")
    ctypes.CDLL(None).syscall(number, 0, ctypes.byref(found), ctypes.sizeof(found), 0)
    return found


def shortened(policy: int = os.SCHED_OTHER) -> tuple[Attributes, Attributes]:
    """Shorten the slices of a thread that is in such a class; tell how it was before and after."""
    found = []

    def thread() -> None:
        os.sched_setscheduler(0, policy, os.sched_param(0))
        found.append(attributes())
        shorten()
        found.append(attributes())

    one = Thread(target=thread)
    one.start()
    one.join()
    before, after = found
    return before, after


def test_slices_are_short_and_the_share_stays() -> None:
    """The kernel tells what was asked for, where it knows of slices; niceness is as it was."""
    before, after = shortened()
    assert (after.sched_policy, after.sched_nice) == (before.sched_policy, before.sched_nice)
    if before.sched_runtime == 0:
        pytest.skip("a kernel before 6.12 knows no slices")
    assert after.sched_runtime == SLICE * 1e9


def test_who_was_put_into_another_class_stays_there() -> None:
    """An administrator who starts dnswatch as a batch job meant it."""
    before, after = shortened(os.SCHED_BATCH)
    assert bytes(after) == bytes(before)
