"""What one thread puts in, another takes out."""

import select
import threading

from dnswatch.fleet.mailbox import ThreadMailbox
from tests import check


def test_nothing_is_lost_and_who_is_too_quick_waits() -> None:
    """The reader's selector says when something is there; a full box holds up who fills it."""
    box = ThreadMailbox[int](3)
    stop = threading.Event()

    def fill() -> None:
        for number in range(20):
            box.put(number, stop)

    thread = threading.Thread(target=fill)
    thread.start()
    taken: list[int] = []
    while len(taken) < 20:
        select.select([box], [], [], check.PATIENCE)
        some = box.take()
        assert len(some) <= 3
        taken += some
    thread.join()
    assert taken == list(range(20))
    box.close()


def test_who_is_told_to_stop_waits_no_longer() -> None:
    """A reader that is gone holds up nobody's end."""
    box = ThreadMailbox[int](1)
    stop = threading.Event()
    stop.set()
    box.put(1, stop)
    box.put(2, stop)
    assert box.take() == [1, 2]
    box.close()
