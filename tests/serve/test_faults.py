"""Faults: from a line in the log of a process to what the watch is told."""

import logging
from collections.abc import Iterator

import pytest

from dnswatch.model.policies.note import About, Note
from dnswatch.serve.faults import AGAIN, LONGEST, MOST, Faults, Reporting

NOW = 1_700_000_000.0


@pytest.fixture
def heard() -> Iterator[list[Note]]:
    """What is reported of this process."""
    found: list[Note] = []
    reporting = Reporting("bay", found.append)
    reporting.take_over()
    yield found
    logging.getLogger().removeHandler(reporting)


def fault(text: str, at: float = NOW) -> Note:
    return Note(at, About.FAULT, text, "said by bay")


def drained(faults: Faults) -> list[Note]:
    found: list[Note] = []

    def take(note: Note) -> bool:
        found.append(note)
        return True

    faults.tell(take)
    return found


def told(faults: Faults) -> list[str]:
    return [note.text for note in drained(faults)]


def test_each_error_is_a_fault_and_nothing_else_is(heard: list[Note]) -> None:
    """Whichever part of the process says it; warnings are none."""
    logging.getLogger("dnswatch.bay").warning("a message is late")
    logging.getLogger("asyncio").error("a task %s", "broke")
    assert [(note.about, note.text, note.cause) for note in heard] == [
        (About.FAULT, "a task broke", "said by bay")
    ]


def test_what_broke_is_named_without_its_traceback(heard: list[Note]) -> None:
    """The line in the log has the rest; so it does of a text without an end."""
    try:
        raise ValueError("no such thing")
    except ValueError:
        logging.getLogger().exception("a policy failed")
    logging.getLogger().error("x" * 2 * LONGEST)
    assert heard[0].text == "a policy failed: ValueError: no such thing"
    assert len(heard[1].text) == LONGEST


def test_a_line_that_does_not_fit_its_own_text_breaks_nothing(heard: list[Note]) -> None:
    """It is told as it was written."""
    was, logging.raiseExceptions = logging.raiseExceptions, False
    try:
        logging.getLogger().error("%d messages", "many")
    finally:
        logging.raiseExceptions = was
    assert heard[0].text == "%d messages"


def test_a_fork_is_heard_by_its_own_reporting_alone(heard: list[Note]) -> None:
    """What a child says is not said by its parent once more."""
    ours: list[Note] = []
    second = Reporting("worker 0", ours.append)
    second.take_over()
    logging.getLogger().error("broken")
    logging.getLogger().removeHandler(second)
    assert (len(ours), heard) == (1, [])


def test_the_same_fault_is_told_once_in_a_while() -> None:
    """A process's number makes no other fault; another process does, and so does time."""
    faults = Faults("")
    for number in range(3):
        faults.note(fault(f"worker 0 (process {number}) was killed", NOW + number))
    faults.note(fault("worker 1 (process 7) was killed"))
    faults.note(fault("worker 0 (process 9) was killed", NOW + AGAIN + 1))
    assert told(faults) == [
        "worker 0 (process 0) was killed",
        "worker 1 (process 7) was killed",
        "worker 0 (process 9) was killed",
    ]


def test_a_storm_of_faults_is_bounded_and_said() -> None:
    """The last one of a minute says that there are more; the next minute is told again."""
    faults = Faults("")
    for number in range(3 * MOST):
        faults.note(fault(f"message {number} waits"))
    found = told(faults)
    assert len(found) == MOST
    assert "stands in the log" in found[-1]
    faults.note(fault("another", NOW + 61))
    assert told(faults) == ["another"]


def test_what_is_not_taken_waits_for_the_next_watch() -> None:
    """In order; in a fleet it is said on which node it was."""
    faults = Faults("b")
    faults.note(fault("one"))
    faults.note(fault("two"))
    faults.tell(lambda _: False)
    assert [(note.text, note.cause) for note in drained(faults)] == [
        ("one", "said by bay on node 'b'"),
        ("two", "said by bay on node 'b'"),
    ]
