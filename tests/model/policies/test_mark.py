"""The terms of a mark, where several workers share them."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.policies.mark import Terms


@given(st.integers(1, 64), st.integers(1, 1000), st.floats(1, 1e6), st.floats(0, 1e6))
def test_workers_together_give_no_more_than_one_would(
    workers: int, bucket: int, refill: float, refreshes: float
) -> None:
    """All workers' buckets together hold what the policy says, or one token each; so with paces."""
    terms = Terms(1.0, float(bucket), refill, 4.0, True, refreshes, False)
    shared = terms.shared(workers)
    assert shared.bucket * workers <= max(bucket, workers) * (1 + 1e-9)
    assert abs(workers / shared.refill - 1 / refill) < 1e-9
    assert shared.refreshes == refreshes * workers
    assert (shared.hold, shared.excess, shared.refuses) == (1.0, 4.0, True)
    assert terms.shared(1) == terms
