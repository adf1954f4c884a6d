"""What several vantage points saw comes out in order of time, and nobody is waited for too long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.observation import Observation, Origin
from dnswatch.seams import merge as rules
from dnswatch.seams.batch import Batch
from dnswatch.seams.merge import OUTDATED, Merge, Told

NAME = b"\7example\3org\0"


def saw(at: float, worker: int = 0, ttl: int = 0) -> Observation:
    addresses = ((b"\xc0\0\2\1", ttl),) if ttl else ()
    return Observation(
        at, bytes((192, 0, 2, worker)), NAME, 1, 0, Origin.UPSTREAM, addresses, ttl=ttl
    )


def merge_of(workers: int, now: float, lag: float = 1.0) -> Merge:
    merge = Merge()
    for worker in range(workers):
        merge.join(f"worker {worker}", now, lag)
    return merge


def seen(released: list[Told]) -> list[Observation]:
    return [told[1] for told in released]


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[list[Observation]], list[tuple[str, Batch]]]:
    """Streams of some workers, and their batches in any order that keeps each worker's own."""
    workers = draw(st.integers(1, 4))
    streams: list[list[Observation]] = []
    queues: list[list[tuple[str, Batch]]] = []
    for worker in range(workers):
        times = sorted(draw(st.lists(st.floats(0, 10), max_size=12)))
        stream = [saw(at, worker) for at in times]
        cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=3)))
        parts = [
            stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
        ]
        untils = [stream[cut].at if cut < len(stream) else 10.0 for cut in cuts]
        streams.append(stream)
        queues.append(
            [
                (f"worker {worker}", Batch(until, part))
                for until, part in zip([*untils, 10.0], parts, strict=True)
            ]
        )
    order = draw(st.permutations([w for w, queue in enumerate(queues) for _ in queue]))
    return streams, [queues[worker].pop(0) for worker in order]


@given(deliveries())
def test_the_output_is_the_sorted_stream(
    delivery: tuple[list[list[Observation]], list[tuple[str, Batch]]],
) -> None:
    """However a site's lookups are split over workers, the watch sees each once, in order."""
    streams, batches = delivery
    merge = merge_of(len(streams), now=0.0)
    out = []
    for name, batch in batches:
        merge.add(name, batch, now=0.5)
        released = seen(merge.release(now=0.5))
        assert all(each.at <= merge.passed for each in released)
        out += released
    everything = [each for stream in streams for each in stream]
    assert [each.at for each in out] == sorted(each.at for each in everything)
    assert sorted(out, key=repr) == sorted(everything, key=repr)
    assert merge.late.total() == 0


def test_a_worker_that_speaks_is_waited_for() -> None:
    """Nothing passes that another worker might still precede."""
    merge = merge_of(2, now=100.0)
    merge.add("worker 0", Batch(100.3, [saw(100.1), saw(100.2)]), now=100.3)
    assert seen(merge.release(now=100.3)) == []
    merge.add("worker 1", Batch(100.15, []), now=100.4)
    assert seen(merge.release(now=100.4)) == [saw(100.1)]
    assert merge.passed == 100.15


def test_a_silent_worker_holds_nobody_back() -> None:
    """A worker that is dead for longer than the lag is not waited for."""
    merge = merge_of(2, now=100.0)
    merge.add("worker 0", Batch(101.0, [saw(100.5)]), now=101.0)
    assert seen(merge.release(now=101.0)) == []
    assert seen(merge.release(now=101.1)) == [saw(100.5)]


def test_time_passes_where_nobody_speaks() -> None:
    """Expiries fall on time, give or take the lag, even when all workers are gone."""
    merge = merge_of(2, now=100.0)
    assert seen(merge.release(now=200.0)) == []
    assert merge.passed == 199.0


def test_what_comes_too_late_is_clamped_and_counted() -> None:
    """Time never runs backwards for the watch, and what that costs is known."""
    merge = merge_of(2, now=100.0)
    merge.add("worker 0", Batch(102.0, [saw(102.0)]), now=102.0)
    merge.release(now=102.0)
    merge.add("worker 1", Batch(102.5, [saw(100.7, 1), saw(102.4, 1)]), now=102.5)
    assert seen(merge.release(now=102.5)) == [saw(102.0, 1)]
    assert merge.late == {"worker 1": 1}


def test_a_backlog_is_put_in_order() -> None:
    """What waited while the watch was away is old, but neither late nor out of order."""
    merge = merge_of(2, now=500.0)
    merge.add("worker 0", Batch(400.0, [saw(399.0)]), now=500.1)
    merge.add("worker 0", Batch(401.0, [saw(400.5)]), now=500.2)
    assert seen(merge.release(now=500.2)) == []
    merge.add("worker 1", Batch(400.8, [saw(399.5, 1)]), now=500.3)
    assert [each.at for each in seen(merge.release(now=500.3))] == [399.0, 399.5, 400.5]
    assert merge.late.total() == 0


def test_all_comes_out_at_the_end() -> None:
    """A watch that is told to stop folds what it has, waiting for nobody."""
    merge = merge_of(2, now=100.0)
    merge.add("worker 0", Batch(100.3, [saw(100.2), saw(100.1)]), now=100.3)
    assert [each.at for each in seen(merge.flush())] == [100.1, 100.2]
    assert merge.flush() == []


def test_a_slow_vantage_point_holds_up_nobody() -> None:
    """One that speaks, but is further behind than it may be, is waited for that long and no more;
    what it brings then is counted as late."""
    merge = merge_of(1, now=100.0)
    merge.join("zeek", 100.0, lag=5.0, behind=5.0)
    for now in range(101, 111):
        merge.add("worker 0", Batch(now, [saw(now - 0.5)]), now=now)
        merge.add("zeek", Batch(now - 7.0, [saw(now - 8.0, 9)]), now=now)
        merge.release(now=now)
    assert merge.passed == 105.0
    assert set(merge.late) == {"zeek"}


def test_a_vantage_point_that_left_is_waited_for_no_more() -> None:
    """What it had said comes out all the same, in its place."""
    merge = merge_of(1, now=100.0)
    merge.join("zeek", 100.0, lag=30.0, behind=30.0)
    merge.add("zeek", Batch(99.0, [saw(100.2, 9), saw(100.4, 9)]), now=100.5)
    merge.add("worker 0", Batch(100.5, [saw(100.3)]), now=100.5)
    assert merge.release(now=100.5) == []
    merge.leave("zeek")
    assert [told[0] for told in merge.release(now=100.5)] == ["zeek", "worker 0", "zeek"]
    merge.join("zeek", 200.0, lag=1.0, behind=1.0)
    merge.add("zeek", Batch(200.0, [saw(199.9, 9)]), now=200.0)
    assert seen(merge.release(now=200.0)) == [saw(199.9, 9)]
    assert merge.late.total() == 0


def test_what_comes_late_lengthens_no_life() -> None:
    """Addresses live as long as if their answer had come in time, in the site cache as well."""
    merge = merge_of(1, now=100.0)
    merge.join("zeek", 100.0, lag=1.0, behind=1.0)
    merge.add("zeek", Batch(150.0, [saw(130.0, 9, ttl=300), saw(130.0, 9, ttl=5)]), now=150.0)
    late = seen(merge.release(now=150.0))
    assert [(each.at, each.ttl, each.addresses[0][1]) for each in late] == [
        (149.0, 281, 281),
        (149.0, 0, 0),
    ]
    assert merge.late == {"zeek": 2}


def test_what_is_older_than_any_place_is_given_back() -> None:
    """It is for counting: an hour's lookups are not judged as if one minute had brought them."""
    merge = merge_of(0, now=5000.0)
    merge.join("zeek", 5000.0, lag=2.0, behind=2.0)
    old, late = saw(4998.0 - OUTDATED - 1, 9), saw(4998.0 - OUTDATED, 9)
    assert merge.add("zeek", Batch(5000.0, [old, late]), now=5000.0) == [old]
    assert [each.at for each in seen(merge.flush())] == [4998.0]
    assert merge.late == {"zeek": 2}


def test_a_crowd_is_not_kept_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where too much waits for a vantage point that may be late, only workers are waited for."""
    monkeypatch.setattr(rules, "MOST", 3)
    merge = merge_of(1, now=100.0)
    merge.join("zeek", 100.0, lag=30.0, behind=30.0)
    for number in range(1, 5):
        assert merge.release(now=100.5) == []
        merge.add("worker 0", Batch(100.0 + number / 10, [saw(100.0 + number / 10)]), now=100.5)
    assert len(merge.release(now=100.5)) == 4
