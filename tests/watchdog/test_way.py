"""The watch makes way for workers: by itself where the kernel would let it go on."""

import os
import threading

import pytest

from dnswatch.watchdog.process import make_way


@pytest.mark.parametrize("policy", [os.SCHED_OTHER, os.SCHED_IDLE], ids=["ordinary", "idle"])
def test_only_in_the_idle_class_the_watch_gives_its_turn_away(
    policy: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There a worker that was held up goes first; as an ordinary process it keeps its share, since
    it is one only while it does not keep up."""
    given: list[int] = []
    monkeypatch.setattr(os, "sched_yield", lambda: given.append(os.sched_getscheduler(0)))

    def work() -> None:  # in a thread of its own: out of the idle class there may be no way back
        os.sched_setscheduler(0, policy, os.sched_param(0))
        make_way()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert given == ([os.SCHED_IDLE] if policy == os.SCHED_IDLE else [])
