"""What programs ask of the console without a login."""

import httpx2

from tests.web.conftest import HOSTILE, Served


def test_a_probe_needs_no_login_and_tells_of_nobody(served: Served) -> None:
    """It runs; records that nobody writes to are not ready; the metrics name no client."""
    with httpx2.Client(base_url=served.base, timeout=60) as stranger:
        assert stranger.get("/healthz").status_code == 200
        assert stranger.get("/readyz").status_code == 503
        told = stranger.get("/metrics")
    assert told.status_code == 200
    assert told.headers["content-type"].startswith("text/plain")
    assert 'dnswatch_clients{state="infected"} 1.0' in told.text
    assert "10.0.0." not in told.text
    assert HOSTILE not in told.text
