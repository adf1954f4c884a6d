"""Reports on upstreams are joined."""

from dnswatch.model.health import HealthReport


def test_reports_add_up() -> None:
    """Of two reports the later tells the state, and both tell how often it answered and failed."""
    earlier = HealthReport("udp://192.0.2.53", True, 0.02, 10, 1)
    later = HealthReport("udp://192.0.2.53", False, 0.05, 2, 3)
    assert later.since(earlier) == HealthReport("udp://192.0.2.53", False, 0.05, 12, 4)
