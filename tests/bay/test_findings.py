"""What was found goes to the watch."""

import asyncio
from collections import Counter
from pathlib import Path

from dnswatch.bay.findings import FindingsWriter, reason_of
from dnswatch.bay.record import Judged, Opinion
from dnswatch.store.bay.findings import after
from dnswatch.store.database import FILE, open_reader
from tests.bay.messages import envelope, ident

JUDGED = Judged(
    at=7.0,
    verdict="worm",
    opinions=(
        Opinion(inspector="clamav", says="worm", reason="Worm.Test"),
        Opinion(inspector="sizes", says="clean", reason="nothing"),
    ),
)


def stored(state: Path) -> list[tuple[str, str, str]]:
    """Read what is in the store."""
    db = open_reader(state)
    found = [(one.ident, str(one.verdict), one.reason) for one in after(db, 0)]
    db.close()
    return found


def test_finding_reaches_the_store(tmp_path: Path) -> None:
    """What a message was found to be stands in the store, with the reasons."""
    findings = FindingsWriter(tmp_path, Counter, lambda: 0.0)
    findings.tell(envelope(), JUDGED)
    findings.flush()
    findings.close()
    assert stored(tmp_path) == [(ident(), "worm", "clamav: Worm.Test")]
    assert "nothing" not in reason_of(JUDGED)


def test_finding_waits_while_the_store_fails(tmp_path: Path) -> None:
    """A store that fails loses nothing: what was found is written when it is well again."""

    async def run() -> None:
        findings = FindingsWriter(tmp_path, Counter, lambda: 0.0)
        (tmp_path / FILE).write_bytes(b"no database" * 99)
        task = asyncio.create_task(findings.run())
        findings.tell(envelope(), JUDGED)
        await asyncio.sleep(0.1)
        (tmp_path / FILE).unlink()
        async with asyncio.timeout(20):
            while findings._waiting:
                await asyncio.sleep(0.02)
        task.cancel()
        findings.close()

    asyncio.run(run())
    assert stored(tmp_path) == [(ident(), "worm", "clamav: Worm.Test")]
