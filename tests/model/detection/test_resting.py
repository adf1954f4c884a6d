"""A client whose state rests is judged as if it did not, and takes a fraction of the memory."""

from heapq import merge
from itertools import islice
from operator import attrgetter

from msgspec.msgpack import encode

from dnswatch.model.detection.baselines import History
from dnswatch.model.detection.client_state import ClientState
from dnswatch.model.detection.detector import News
from dnswatch.model.detection.resting import ClientStates
from dnswatch.model.detection.shiryaev_roberts import Bounds, Statistic
from dnswatch.model.role import Role
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
    """Packed, a state of a learned site takes less than half of what it takes in the store; of whom
    little is known an eighth."""
    watch = learned()
    states = list(watch._clients.values())
    watch._clients.limit = 0
    for _ in states:
        watch._clients.rest(())
    packed = [one for one in watch._clients._states.values() if isinstance(one, bytes)]
    assert len(packed) == len(states)
    assert sum(map(len, packed)) < sum(len(encode(one)) for one in states) / 2
    new, bounds = ClientStates(0), Bounds(0.7, 0.6, 0.5, 0.4)
    for number in range(20):
        client, at = b"new %d" % number, 1.8e9 + number / 7
        state = ClientState(client, Role.CLIENT, History(0, 0), bounds, 0, last_novel=at)
        state.statistic = Statistic.begin(at, bounds)
        new[client] = state
        new.rest(())
    [_, *sizes] = [len(one) for one in new._states.values() if isinstance(one, bytes)]
    assert max(sizes) < len(encode(state)) / 8


def test_a_day_later_all_refer_to_a_state_of_that_day() -> None:
    """What was packed before and after the day's change can be read, and nothing older is kept."""
    states = ClientStates(0)
    for day in range(3):
        for number in range(9):
            client = b"%d" % number
            bounds = Bounds(1.0 + day, 0.6, 0.6, 0.6)
            states[client] = ClientState(client, Role.CLIENT, History(0, 0), bounds, day)
        states.rest(())
        half = islice(states.changing(), 4)
        assert [state.bounded_on for state in half] == [day] * 4
        for state in states.changing():
            state.heard = day + 7
        assert {state.heard for state in states.values()} == {day + 7}
        assert len(states._packing._known) == 1
