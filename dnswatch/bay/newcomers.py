"""Newcomers: clients whose mail goes to the bay from now on; a person is told of each.

Who is quarantined stands in the store, where the watch notes it.  Of whom it was told stands in the
spool, so that nobody is told of twice or left out when the bay is started anew.
"""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Final

from dnswatch.bay.desk.notices import Notice
from dnswatch.bay.spool import Spool
from dnswatch.errors import StoreError
from dnswatch.store.bay.quarantine import quarantined
from dnswatch.store.database import open_reader, sentences

LOOK: Final = 5.0
"""Seconds between two looks: a person is told soon enough, and the store has little to do."""

FILE: Final = "told.json"


class Newcomers:
    """Tells of clients when their quarantine begins."""

    def __init__(
        self, state: Path, spool: Spool, again: float, tell: Callable[[Notice], None]
    ) -> None:
        """Read the store in `state`; who was told of `again` seconds before is new once more."""
        self._state = state
        self._file = spool.path / FILE
        self._again = again
        self._tell = tell

    async def run(self) -> None:
        """Tell, until cancelled."""
        while True:
            for notice in await asyncio.to_thread(self.look):
                self._tell(notice)
            await asyncio.sleep(LOOK)

    def look(self) -> list[Notice]:
        """Return what is to be told, and take it for told."""
        try:
            rows = self._rows()
        except StoreError:
            return []  # the gate says so in the log
        told = self._told()
        new = {
            key: since
            for key, (since, until) in rows.items()
            if until is None and since >= told.get(key, float("-inf")) + self._again
        }
        if new and not self._note({key: at for key, at in told.items() if key in rows} | new):
            return []
        return [_notice(key, since) for key, since in new.items()]

    def _rows(self) -> dict[str, tuple[float, float | None]]:
        with sentences(self._state):
            db = open_reader(self._state)
            try:
                return quarantined(db)
            finally:
                db.close()

    def _told(self) -> dict[str, float]:
        """Read of whom it was told, and since when they were quarantined then."""
        try:
            found = json.loads(self._file.read_bytes())
        except (OSError, ValueError):
            return {}
        return {str(key): float(at) for key, at in found.items()} if isinstance(found, dict) else {}

    def _note(self, told: dict[str, float]) -> bool:
        """Write it; while that fails nobody is told, or it would be again every few seconds."""
        draft = self._file.with_suffix(".new")
        try:
            draft.write_text(json.dumps(told))
            draft.rename(self._file)
        except OSError:
            return False
        return True


def _notice(key: str, since: float) -> Notice:
    text = (
        f"client '{key}' is quarantined, and its mail goes to the holding bay from now on:"
        f" `dnswatch explain --client {key}` says why"
    )
    return Notice("quarantined", text, {"client": key, "at": since})
