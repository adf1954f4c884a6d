"""Observations of several workers come out in order of time."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.observation import Observation, Origin
from dnswatch.seams.batch import Batch
from dnswatch.seams.merge import Merge

NAME = b"\7example\3org\0"


def saw(at: float, worker: int = 0) -> Observation:
    return Observation(at, bytes((192, 0, 2, worker)), NAME, 1, 0, Origin.UPSTREAM)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[list[Observation]], list[Batch]]:
    """Streams of some workers, and their batches in any order that keeps each worker's own."""
    workers = draw(st.integers(1, 4))
    streams: list[list[Observation]] = []
    queues: list[list[Batch]] = []
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
            [Batch(worker, until, part) for until, part in zip([*untils, 10.0], parts, strict=True)]
        )
    order = draw(st.permutations([w for w, queue in enumerate(queues) for _ in queue]))
    return streams, [queues[worker].pop(0) for worker in order]


@given(deliveries())
def test_the_output_is_the_sorted_stream(
    delivery: tuple[list[list[Observation]], list[Batch]],
) -> None:
    """However a site's lookups are split over workers, the watch sees each once, in order."""
    streams, batches = delivery
    merge = Merge(len(streams), now=0.0)
    out = []
    for batch in batches:
        merge.add(batch, now=0.5)
        released = merge.release(now=0.5)
        assert all(seen.at <= merge.passed for seen in released)
        out += released
    everything = [seen for stream in streams for seen in stream]
    assert [seen.at for seen in out] == sorted(seen.at for seen in everything)
    assert sorted(out, key=repr) == sorted(everything, key=repr)
    assert merge.late == 0


def test_a_worker_that_speaks_is_waited_for() -> None:
    """Nothing passes that another worker might still precede."""
    merge = Merge(2, now=100.0)
    merge.add(Batch(0, 100.3, [saw(100.1), saw(100.2)]), now=100.3)
    assert merge.release(now=100.3) == []
    merge.add(Batch(1, 100.15, []), now=100.4)
    assert merge.release(now=100.4) == [saw(100.1)]
    assert merge.passed == 100.15


def test_a_silent_worker_holds_nobody_back() -> None:
    """A worker that is dead for longer than the lag is not waited for."""
    merge = Merge(2, now=100.0, lag=1.0)
    merge.add(Batch(0, 101.0, [saw(100.5)]), now=101.0)
    assert merge.release(now=101.0) == []
    assert merge.release(now=101.1) == [saw(100.5)]


def test_time_passes_where_nobody_speaks() -> None:
    """Expiries fall on time, give or take the lag, even when all workers are gone."""
    merge = Merge(2, now=100.0, lag=1.0)
    assert merge.release(now=200.0) == []
    assert merge.passed == 199.0


def test_what_comes_too_late_is_clamped_and_counted() -> None:
    """Time never runs backwards for the watch, and what that costs is known."""
    merge = Merge(2, now=100.0, lag=1.0)
    merge.add(Batch(0, 102.0, [saw(102.0)]), now=102.0)
    merge.release(now=102.0)
    merge.add(Batch(1, 102.5, [saw(100.7, 1), saw(102.4, 1)]), now=102.5)
    assert merge.release(now=102.5) == [saw(102.0, 1)]
    assert merge.late == 1


def test_a_backlog_is_put_in_order() -> None:
    """What waited while the watch was away is old, but neither late nor out of order."""
    merge = Merge(2, now=500.0, lag=1.0)
    merge.add(Batch(0, 400.0, [saw(399.0)]), now=500.1)
    merge.add(Batch(0, 401.0, [saw(400.5)]), now=500.2)
    assert merge.release(now=500.2) == []
    merge.add(Batch(1, 400.8, [saw(399.5, 1)]), now=500.3)
    assert [seen.at for seen in merge.release(now=500.3)] == [399.0, 399.5, 400.5]
    assert merge.late == 0


def test_all_comes_out_at_the_end() -> None:
    """A watch that is told to stop folds what it has, waiting for nobody."""
    merge = Merge(2, now=100.0)
    merge.add(Batch(0, 100.3, [saw(100.2), saw(100.1)]), now=100.3)
    assert [seen.at for seen in merge.flush()] == [100.1, 100.2]
    assert merge.flush() == []
