"""What is counted by kinds adds up to the measures of clients and of the site."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.changes import Changes
from dnswatch.model.counting import Counts, Kind
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.observation import Origin

ALICE, BOB = b"\xc0\0\2\1", b"\xc0\0\2\2"
UPSTREAM: Kind = (1, 0, Origin.UPSTREAM, False, None, 0, 2, 0)

few = st.integers(0, 3)
kinds = st.tuples(
    st.sampled_from([1, 15, 28]),
    st.sampled_from([-1, 0, 3]),
    st.sampled_from(list(Origin)),
    st.booleans(),
    st.sampled_from([None, *LookupKind]),
    few,
    few,
    few,
)
counted = st.lists(
    st.tuples(st.sampled_from([ALICE, BOB, None]), st.integers(7, 9), kinds, st.integers(1, 50))
)


@given(counted, st.integers(1, 5))
def test_it_does_not_matter_how_often_counts_are_told(
    lookups: list[tuple[bytes | None, int, Kind, int]], every: int
) -> None:
    """Told in pieces or as a whole, they amount to the same; and what was told is told once."""
    once, pieces, whole, parts = Counts(), Counts(), Changes(), Changes()
    for number, (client, minute, kind, count) in enumerate(lookups):
        once.add(client, minute, kind, count)
        for _ in range(count):
            pieces.add(client, minute, kind)
        if number % every == 0:
            pieces.tell(parts)
    once.tell(whole)
    pieces.tell(parts)
    pieces.tell(parts)
    assert parts == whole
    accounts = sum(whole.accounts.values(), Counter[str]())
    assert accounts["lookup"] == sum(n for client, _, _, n in lookups if client is not None)


def test_superfluous_is_an_upstreams_answer_that_brought_nothing_new() -> None:
    """One new address among them makes a lookup worth its answer; the client's account knows
    what came, and of whom nothing is recorded the site knows how many there were."""
    counts, changes = Counts(), Changes()
    counts.add(ALICE, 7, UPSTREAM, 3)
    counts.add(None, 7, (1, 0, Origin.UPSTREAM, False, None, 1, 1, 0))
    counts.add(None, 7, (1, 0, Origin.LATE, False, None, 1, 0, 0))
    counts.tell(changes)
    assert changes.site == {
        7: {
            "lookup": 4,
            "unrecorded": 1,
            "upstream": 5,
            "superfluous": 3,
            "new": 2,
            "refresh": 7,
        }
    }
    account = {"lookup": 3, "type:A": 3, "rcode:NOERROR": 3, "refresh": 6}
    assert changes.accounts == {(ALICE, 7): account}
