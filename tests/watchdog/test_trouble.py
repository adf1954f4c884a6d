"""Trouble is said once when it begins and once when it ends."""

import logging

import pytest

from dnswatch.errors import StoreError
from dnswatch.watchdog.trouble import Trouble


def test_each_trouble_is_two_lines_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """However often something fails, the log holds when that began, why, and when it ended."""
    caplog.set_level(logging.INFO, "dnswatch.watchdog")
    trouble = Trouble("it fails", "it works again")
    for fails in (False, True, True, True, False, False):
        try:
            with trouble.watch():
                if fails:
                    raise StoreError("the disk is full")
        except StoreError:
            assert fails
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("ERROR", "it fails: the disk is full"),
        ("INFO", "it works again"),
    ]
