"""Health: one lost datagram moves nothing, and who flaps is not trusted at once."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.proxy.upstream.health import FAILURES, SUCCESSES, Health

NOW = 1000.0


def fallen(times: int = FAILURES) -> Health:
    """Make one that failed some times in a row."""
    health = Health()
    for _ in range(times):
        health.failed(NOW)
    return health


def test_an_upstream_is_up_until_it_fails_again_and_again() -> None:
    """It is down after `FAILURES` failures in a row, not before."""
    assert Health().up
    assert fallen(FAILURES - 1).up
    assert not fallen().up


def test_a_success_between_failures_keeps_it_up() -> None:
    """Failures count only in a row."""
    health = fallen(FAILURES - 1)
    health.succeeded(0.1, NOW)
    health.failed(NOW)
    assert health.up


def test_it_is_up_again_after_successes_in_a_row() -> None:
    """One good response does not make a server good."""
    health = fallen()
    for _ in range(SUCCESSES - 1):
        health.succeeded(0.1, NOW)
        assert not health.up
    health.failed(NOW)
    for _ in range(SUCCESSES):
        assert not health.up
        health.succeeded(0.1, NOW)
    assert health.up


def test_one_that_stays_down_is_probed_ever_more_rarely() -> None:
    """Pauses between probes double, up to a bound, and are short again after a response."""
    health = fallen()
    pauses = []
    for _ in range(8):
        pauses.append(health.probe_at - NOW)
        health.failed(NOW)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    health.succeeded(0.1, NOW)
    assert health.probe_at == NOW
    health.failed(NOW)
    for _ in range(FAILURES - 1):
        health.failed(NOW)
    assert health.probe_at - NOW <= 4


@given(st.lists(st.floats(0.0001, 10), min_size=1))
def test_round_trips_are_smoothed_and_patience_bounded(rtts: list[float]) -> None:
    """The smoothed time lies among those measured; nobody is waited for too shortly or too long."""
    health = Health()
    for rtt in rtts:
        health.succeeded(rtt, NOW)
    assert min(rtts) * 0.999 <= health.rtt <= max(rtts) * 1.001
    assert 0.3 <= health.patience <= 1.2


def test_a_report_counts_what_came_since_the_last() -> None:
    """Answers and failures are told once."""
    health = Health()
    health.succeeded(0.1, NOW)
    health.succeeded(0.1, NOW)
    health.failed(NOW)
    said = health.report("udp://192.0.2.1")
    assert (said.up, said.answers, said.failures) == (True, 2, 1)
    said = health.report("udp://192.0.2.1")
    assert (said.answers, said.failures) == (0, 0)
