"""Health: one lost datagram moves nothing, and who flaps is not trusted at once."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.resolver.health import (
    FAILURES,
    LEAST_PATIENCE,
    MOST_PATIENCE,
    SPELL,
    SUCCESSES,
    Health,
)

NOW = 1000.0


def fallen(times: int = FAILURES) -> Health:
    """Make one whose probes failed some times in a row, up to `NOW`."""
    health = Health()
    for probe in range(times):
        health.probe_failed(NOW - (times - 1 - probe) * SPELL)
    return health


def test_an_upstream_is_up_until_probes_fail_again_and_again() -> None:
    """It is down after `FAILURES` probes in a row, not before."""
    assert Health().up
    assert fallen(FAILURES - 1).up
    assert not fallen().up


@given(st.lists(st.sampled_from(["failed", "waited", "refused"]), max_size=100))
def test_no_client_brings_an_upstream_down(what: list[str]) -> None:
    """Whatever becomes of clients' questions raises doubts, and no more: a probe clears them."""
    health = Health()
    health.succeeded(0.01, NOW)
    for second, said in enumerate(what):
        getattr(health, said)(NOW + 1 + second)
    assert health.up
    assert not what or health.due <= NOW + len(what)
    health.succeeded(0.01, NOW + 200)
    assert health.standing == 2
    assert health.due > NOW + 200


def test_doubts_cause_a_probe_now_and_again() -> None:
    """However many questions wait, there is one probe a `SPELL`."""
    health = Health()
    health.succeeded(0.01, NOW)
    health.waited(NOW)
    assert health.due == NOW
    health.probed(NOW)
    health.succeeded(0.01, NOW)
    health.waited(NOW)
    assert health.due == NOW + SPELL


def test_one_that_refuses_all_is_of_no_use() -> None:
    """REFUSED to a probe counts as no answer where clients got nothing else either."""
    health = Health()
    for _ in range(FAILURES):
        health.probe_refused(0.1, NOW)
    assert health.up
    for _ in range(FAILURES):
        health.refused(NOW)
        health.probe_refused(0.1, NOW)
    for _ in range(FAILURES):
        health.probe_refused(0.1, NOW)
    assert not health.up


def test_a_success_between_failures_keeps_it_up() -> None:
    """Failures count only in a row."""
    health = fallen(FAILURES - 1)
    health.succeeded(0.1, NOW)
    health.probe_failed(NOW)
    assert health.up


def test_it_is_up_again_after_successes_in_a_row() -> None:
    """One good response does not make a server good."""
    health = fallen()
    for _ in range(SUCCESSES - 1):
        health.succeeded(0.1, NOW)
        assert not health.up
    health.probe_failed(NOW)
    for _ in range(SUCCESSES):
        assert not health.up
        health.succeeded(0.1, NOW)
    assert health.up


def test_one_that_stays_down_is_probed_ever_more_rarely() -> None:
    """Pauses between probes double, up to a bound, and are short again after a response; clients
    who ask it as a last resort change nothing."""
    health = fallen()
    pauses = []
    now = NOW
    for _ in range(8):
        pauses.append(health.probe_at - now)
        now += SPELL
        health.failed(now)
        health.probe_failed(now)
    assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]
    health.succeeded(0.1, now)
    assert health.probe_at == now
    for _ in range(FAILURES):
        now += SPELL
        health.probe_failed(now)
    assert health.probe_at - now <= 4


@given(st.lists(st.floats(0.0001, 10), min_size=1))
def test_round_trips_are_smoothed_and_patience_bounded(rtts: list[float]) -> None:
    """Nobody is waited for too shortly or too long, whatever was measured."""
    health = Health()
    for rtt in rtts:
        health.succeeded(rtt, NOW)
    assert 0 < health.rtt <= max(rtts) * 1.001
    assert LEAST_PATIENCE <= health.patience <= MOST_PATIENCE


@given(st.floats(0.001, 0.2))
def test_patience_follows_the_round_trip(rtt: float) -> None:
    """A steady upstream is waited for about as long as it takes, from far above or below it."""
    health = Health()
    health.succeeded(0.1, NOW)
    for _ in range(100):
        health.succeeded(rtt, NOW)
    assert max(rtt, LEAST_PATIENCE) <= health.patience * 1.001
    assert health.patience <= max(1.1 * rtt, LEAST_PATIENCE) * 1.001


def test_one_slow_name_makes_nobody_wait() -> None:
    """A response that took seconds moves the patience of a fast upstream by a round trip or two."""
    health = Health()
    for _ in range(100):
        health.succeeded(0.02, NOW)
    health.succeeded(4.0, NOW)
    assert health.patience < 0.2


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
