"""Options: a moment in the past, as a person writes it."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.cli.options import read_moment
from tests.records import NOON


def test_a_moment_is_a_duration_ago_or_a_local_date(monkeypatch: pytest.MonkeyPatch) -> None:
    """A duration counts back from now; a date without a zone is local, one with a zone is not."""
    monkeypatch.setenv("TZ", "Europe/Zurich")
    time.tzset()
    told = {
        "2h": -7200.0,
        "2026-11-23 12:00": -3600.0,
        "2026-11-23": -13 * 3600.0,
        "2026-11-23T12:00Z": 0.0,
        "2026-11-23T12:00-01:00": 3600.0,
    }
    try:
        assert {text: read_moment(text, NOON + 7200) - NOON for text in told} == told | {"2h": 0.0}
    finally:
        monkeypatch.undo()
        time.tzset()


@given(st.text())
def test_any_text_is_a_moment_or_a_sentence(text: str) -> None:
    """Any text is a moment that does not lie ahead, or is refused with `ValueError`."""
    with suppress(ValueError):
        assert 0 <= read_moment(text, NOON) <= NOON
