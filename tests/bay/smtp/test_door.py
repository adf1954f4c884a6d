"""Who may come in."""

import asyncio

import pytest

from dnswatch.bay.smtp.door import TURNED_AWAY, UNKNOWN, Door
from dnswatch.errors import StoreError


def test_client_that_is_known_a_moment_later_comes_in() -> None:
    """Who was diverted before the store says so is let in, not refused for good."""
    said = iter([False, True])
    door = Door(lambda _: next(said), str, lambda: 0.0, lag=0.0)
    assert asyncio.run(door.refusal("192.0.2.1")) == ""


def test_nobody_is_turned_away_in_ignorance() -> None:
    """While it cannot be read who is quarantined, a client is told to come again."""

    def admits(client: str) -> bool:
        raise StoreError("no disk")

    door = Door(admits, str, lambda: 0.0, lag=0.0)
    assert asyncio.run(door.refusal("192.0.2.1")) == UNKNOWN
    assert UNKNOWN.startswith("421 ")


def test_strangers_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Of many that are turned away a minute has one line, with the site's name for the last one."""
    caplog.set_level("INFO", "dnswatch.bay")
    times = [0.0, 0.0, 1.0, 2.0, 61.0, 61.0]
    door = Door(lambda _: False, lambda client: f"~{client}", lambda: times.pop(0), lag=0.0)
    for _ in range(4):
        assert asyncio.run(door.refusal("x")) == TURNED_AWAY
    assert [line[:2] for line in caplog.messages] == ["1 ", "3 "]
    assert all("'~x'" in line for line in caplog.messages)
