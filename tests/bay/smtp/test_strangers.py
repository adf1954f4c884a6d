"""What strangers cause is counted, and said once a minute."""

import asyncio

import pytest

from dnswatch.bay.smtp.limits import StrangerTally


def test_strangers_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """The first is said at once, all others together, and what follows is counted anew."""
    caplog.set_level("INFO", "dnswatch.bay")

    async def work() -> None:
        tally = StrangerTally(lambda client: f"~{client}", quiet=0.01)
        tally.note("broke off TLS", "a")
        for number in range(500):
            tally.note("broke off TLS", str(number))
            tally.note("were turned away", "b")
        while len(caplog.messages) < 2:
            await asyncio.sleep(0)
        while tally._timer is not None:
            await asyncio.sleep(0)

    asyncio.run(work())
    assert caplog.messages == [
        "connections: 1 broke off TLS; the last of client '~a'",
        "connections: 500 broke off TLS; 500 were turned away; the last of client '~b'",
    ]


def test_a_fault_of_ours_is_written_whole_once(caplog: pytest.LogCaptureFixture) -> None:
    """One traceback tells as much as a thousand."""

    async def work() -> None:
        tally = StrangerTally(str)
        for _ in range(100):
            tally.note("ended on a fault of dnswatch", "a", RuntimeError("x"))

    asyncio.run(work())
    assert [bool(one.exc_info) for one in caplog.records] == [True]


def test_what_is_our_fault_is_an_error_whenever_it_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Also where it is told together with what strangers do; what follows is none."""
    caplog.set_level("INFO", "dnswatch.bay")

    async def work() -> None:
        tally = StrangerTally(str, quiet=0.01)
        tally.note("broke off TLS", "a")
        tally.note("found no room on the disk", "b", is_fault=True)
        while len(caplog.records) < 2:
            await asyncio.sleep(0)
        tally.note("broke off TLS", "a")
        while len(caplog.records) < 3:
            await asyncio.sleep(0)

    asyncio.run(work())
    assert [one.levelname for one in caplog.records] == ["INFO", "ERROR", "INFO"]
