"""A client whose state rests is judged as if it did not, and takes a fraction of the memory."""

from heapq import merge
from operator import attrgetter

from msgspec.msgpack import encode

from dnswatch.model.detection.detector import News
from dnswatch.model.detection.resting import _packed
from tests.model.detection.scene import READY, attack, learned, ordinary

DAY = 86400.0


def test_who_rests_after_each_lookup_is_judged_alike() -> None:
    """A worm among others, over days: each rung, each reason and all that is stored are the same,
    whether everybody's state is packed between two lookups or nobody's."""
    busy, resting = learned(), learned()
    told: list[News] = []
    told_of_resting: list[News] = []
    resting._clients.limit = 0
    honest = ordinary(READY + 3 * DAY, READY)
    for lookup in merge(honest, attack(40, READY + DAY + 3600), key=attrgetter("at")):
        told += busy.see(lookup)
        told_of_resting += resting.see(lookup)
        resting._clients.rest(())
    told += busy.advance(READY + 9 * DAY)
    told_of_resting += resting.advance(READY + 9 * DAY)
    assert told == told_of_resting
    assert told
    assert busy.export() == resting.export()


def test_a_state_that_rests_is_small() -> None:
    """Packed, a state of a learned site takes less than half of what it takes in the store."""
    watch = learned()
    states = list(watch._clients.values())
    packed, stored = (sum(len(form(one)) for one in states) for form in (_packed, encode))
    assert packed < stored / 2
