"""What the log says of a source that fails."""

import logging

import pytest

from dnswatch.names.outage import Outage


def test_each_outage_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """One line when a source fails and one when it is back, however often it is read."""
    caplog.set_level(logging.INFO, "dnswatch.names")
    outage = Outage("the table", "mend it")
    outage.end()
    for _ in range(2):
        outage.begin(PermissionError(1, "Operation not permitted"))
        outage.begin(PermissionError(1, "Operation not permitted"))
        outage.end()
        outage.end()
    assert [record.getMessage() for record in caplog.records] == [
        "the table cannot be read: Operation not permitted; mend it",
        "the table can be read again",
    ] * 2
