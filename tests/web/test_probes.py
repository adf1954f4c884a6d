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


def test_an_index_of_mail_that_is_damaged_costs_its_own_metrics_alone(served: Served) -> None:
    """The bay's messages are counted where they can be; all else is told in any case."""
    index = served.state / "bay" / "index.db"
    with httpx2.Client(base_url=served.base, timeout=60) as stranger:
        index.touch()
        assert "dnswatch_bay_messages{" in stranger.get("/metrics").text
        for file in index.parent.glob("index.db*"):
            file.unlink()
        index.write_bytes(b"no database" * 1000)
        told = stranger.get("/metrics")
        index.unlink()
    assert told.status_code == 200
    assert "dnswatch_bay_messages{" not in told.text
    assert "dnswatch_up" in told.text
