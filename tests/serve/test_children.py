"""Children: real processes that end well, die, and die again."""

import os
import signal
import socket
from collections.abc import Callable, Iterator

import pytest

from dnswatch.control import ALIVE
from dnswatch.serve.children import PAUSE, SILENT, START, YOUNG, Child
from tests import check

NOW = 1000.0
PATIENCE = 2.0
LONGEST = 0.3


def obedient(control: socket.socket) -> None:
    """Say something, then wait for a word."""
    control.setblocking(True)
    control.send(b"here")
    control.recv(99)


def broken(control: socket.socket) -> None:
    """Die of a fault."""
    raise RuntimeError("broken on purpose")


Make = Callable[[Callable[[socket.socket], None]], Child]


@pytest.fixture
def make() -> Iterator[Make]:
    """Make children that do not outlive the test."""
    made: list[Child] = []

    def child(run: Callable[[socket.socket], None]) -> Child:
        made.append(Child("worker 0", run, patience=PATIENCE, longest=LONGEST))
        return made[-1]

    yield child
    for one in made:
        if one.pid:
            os.kill(one.pid, signal.SIGKILL)
            os.waitpid(one.pid, 0)
            one.gone()


def said(child: Child) -> bytes:
    """What a child says."""

    def hear() -> bytes | None:
        assert child.control is not None
        try:
            return child.control.recv(99)
        except BlockingIOError:
            return None

    return check.eventually(hear)


def end_of(child: Child) -> int:
    """Wait for a child's end."""
    pid, status = os.waitpid(child.pid, 0)
    assert pid == child.pid
    return status


def test_a_child_can_talk_and_be_talked_to(make: Make) -> None:
    """The line to it goes both ways; when it has done its work it is gone with status 0."""
    child = make(obedient)
    child.start(NOW, [])
    assert said(child) == b"here"
    child.send(b"word")
    status = end_of(child)
    assert os.waitstatus_to_exitcode(status) == 0
    child.reaped(status, NOW + YOUNG)
    assert (child.pid, child.control) == (0, None)


def test_a_fault_ends_only_the_child(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """It exits with status 1, and the supervisor says so and names it."""
    child = make(broken)
    child.start(NOW, [])
    child.reaped(end_of(child), NOW)
    assert "worker 0" in caplog.text
    assert "status 1" in caplog.text


def test_what_goes_wrong_in_a_child_is_told(make: Make) -> None:
    """Also what it died of: the supervisor hears it after the end."""
    child = make(broken)
    child.start(NOW, [])
    child.reaped(end_of(child), NOW)
    (fault,) = child.faults
    assert fault.text == ("worker 0 stopped on a fault of its own: RuntimeError: broken on purpose")
    assert fault.cause == "said by worker 0"


def test_one_that_lived_is_started_again_at_once(make: Make) -> None:
    """A worker that is killed after a good life is back without a pause."""
    child = make(obedient)
    child.start(NOW, [])
    child.signal(signal.SIGKILL)
    child.reaped(end_of(child), NOW + YOUNG + 1)
    assert child.start_at <= NOW + YOUNG + 1


def test_one_that_dies_young_again_and_again_waits_longer(make: Make) -> None:
    """Pauses double up to a bound: a broken process does not take the machine with it, and one that
    is killed again and again is never away for long."""
    child = make(broken)
    pauses, now = [], NOW
    for _ in range(10):
        child.start(now, [])
        child.reaped(end_of(child), now)
        pauses.append(round(child.start_at - now, 6))
        now = max(now, child.start_at)
    assert pauses[0] == 0
    assert pauses == sorted(pauses)
    assert pauses[1] == pytest.approx(PAUSE)
    assert pauses[-1] == pytest.approx(LONGEST)


def test_a_child_that_is_not_there_is_told_nothing(make: Make) -> None:
    """Messages and signals to nobody are no fault."""
    child = make(obedient)
    child.send(b"word")
    child.signal(signal.SIGTERM)


def test_a_child_does_not_hold_anothers_line(make: Make) -> None:
    """When the supervisor lets go of one, that one notices, whoever was started after it."""
    first, second = make(obedient), make(obedient)
    first.start(NOW, [])
    assert said(first) == b"here"
    second.start(NOW, [first])
    assert said(second) == b"here"
    assert first.control is not None
    first.control.close()
    first.control = None
    assert check.eventually(lambda: os.waitpid(first.pid, os.WNOHANG)[0])
    first.gone()


def lively(control: socket.socket) -> None:
    """Say once that it lives, and hang."""
    control.setblocking(True)
    control.send(ALIVE)
    while True:
        signal.pause()


def hear(child: Child, now: float) -> bool:
    """Take in what a child said, and say whether it has begun its work."""
    child.listen(now)
    return child.ready


def test_a_silent_child_is_away_and_then_killed(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """Soon others do its work; after its patience it is killed, and that is said once."""
    child = make(lively)
    assert child.is_away(NOW)
    child.start(NOW, [])
    check.eventually(lambda: hear(child, NOW))
    assert not child.is_away(NOW + SILENT / 2)
    assert child.is_away(NOW + SILENT + 0.1)
    child.judge(NOW + PATIENCE)
    assert "hangs" not in caplog.text
    child.judge(NOW + PATIENCE + 0.1)
    child.judge(NOW + PATIENCE + 0.2)
    status = end_of(child)
    assert os.waitstatus_to_exitcode(status) == -signal.SIGKILL
    assert caplog.text.count("hangs") == 1
    child.reaped(status, NOW + PATIENCE + 0.3)
    assert child.is_away(NOW + PATIENCE + 0.3)


def test_a_stopped_child_is_killed_as_well(make: Make) -> None:
    """SIGSTOP is noticed like any other silence."""
    child = make(lively)
    child.start(NOW, [])
    check.eventually(lambda: hear(child, NOW))
    child.signal(signal.SIGSTOP)
    child.judge(NOW + PATIENCE + 0.1)
    assert os.waitstatus_to_exitcode(end_of(child)) == -signal.SIGKILL
    child.gone()


def test_a_slow_start_is_no_hang(make: Make) -> None:
    """Large files are read before the work begins; a start that never ends is ended."""
    child = make(obedient)
    child.start(NOW, [])
    assert said(child) == b"here"
    child.judge(NOW + START)
    assert os.waitpid(child.pid, os.WNOHANG) == (0, 0)
    child.judge(NOW + START + 1)
    assert os.waitstatus_to_exitcode(end_of(child)) == -signal.SIGKILL
    child.gone()


def test_nobody_is_judged_by_a_supervisor_that_was_away(make: Make) -> None:
    """After a pause of its own (a machine that slept) the supervisor begins to wait anew."""
    child = make(lively)
    child.start(NOW, [])
    check.eventually(lambda: hear(child, NOW))
    child.excuse(NOW + 1000)
    child.judge(NOW + 1000 + PATIENCE)
    assert os.waitpid(child.pid, os.WNOHANG) == (0, 0)


def test_an_expected_end_is_no_death(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """One that is replaced is started again at once, and nobody is alarmed."""
    child = make(lively)
    child.start(NOW, [])
    child.replace()
    child.reaped(end_of(child), NOW)
    assert (child.pid, child.start_at) == (0, NOW)
    assert not caplog.text


def test_many_deaths_in_a_row_are_told_in_few_lines(
    make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    """A process that dies three times a second does not fill the log; how often it did is told."""
    child, now = make(broken), NOW
    for _ in range(40):
        child.start(now, [])
        child.reaped(end_of(child), now)
        now = max(now, child.start_at)
    assert 2 <= caplog.text.count("starting it again") < 10
    assert "times before that" in caplog.text
