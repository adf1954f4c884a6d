"""Of whom a person is told when quarantine begins."""

import asyncio
from pathlib import Path

from dnswatch.bay.queue.notices import FILE, Notice, QuarantineNotices
from tests.bay.mail import spool_in
from tests.bay.smtp.test_access import NOW, site

DAY = 86400.0


def told(folder: Path) -> list[str]:
    """Look as a bay that was just started does; return of whom it tells."""
    spool = spool_in(folder)
    spool.close()
    notices = QuarantineNotices(folder, spool, DAY, lambda _: None).look()
    assert {one.event for one in notices} <= {"quarantined"}
    return [one.facts["client"] for one in notices]


def test_a_quarantine_that_begins_is_told_once(tmp_path: Path) -> None:
    """Each client once, also across restarts; one whose quarantine ended before it was heard of is
    told by its mail, if at all."""
    site(tmp_path, ("192.0.2.1", NOW, None), ("192.0.2.2", NOW - 99, NOW - 9))
    assert told(tmp_path) == ["192.0.2.1"]
    assert told(tmp_path) == []
    site(tmp_path, ("192.0.2.1", NOW, None), ("192.0.2.3", NOW + 5, None))
    assert told(tmp_path) == ["192.0.2.3"]


def test_it_is_told_again_after_a_while(tmp_path: Path) -> None:
    """A client that comes and goes makes one notice in `bay.notify.again`."""
    for at, expected in ((NOW, ["a"]), (NOW + 9999, []), (NOW + DAY, ["a"]), (NOW + DAY + 1, [])):
        site(tmp_path, ("a", at, None))
        assert told(tmp_path) == expected


def test_what_cannot_be_read_or_written_tells_nothing(tmp_path: Path) -> None:
    """Without a store nobody is quarantined; a list that is damaged is begun anew."""
    assert told(tmp_path) == []
    site(tmp_path, ("a", NOW, None))
    file = tmp_path / "bay" / FILE
    file.write_bytes(b"[half")
    assert told(tmp_path) == ["a"]
    file.unlink()
    file.mkdir()
    assert told(tmp_path) == [], "it would be told again every few seconds"


def test_somebody_is_told(tmp_path: Path) -> None:
    """The sentence names the client, and the command that says why."""
    site(tmp_path, ("192.0.2.1", NOW, None))
    heard: list[Notice] = []

    async def until_told() -> None:
        newcomers = QuarantineNotices(tmp_path, spool_in(tmp_path), DAY, heard.append)
        running = asyncio.create_task(newcomers.run())
        while not heard:
            await asyncio.sleep(0.01)
        running.cancel()

    asyncio.run(asyncio.wait_for(until_told(), 10))
    assert "`dnswatch explain --client 192.0.2.1` says why" in heard[0].text
