"""A store whose log tells of a client's way from suspect to clean."""

from pathlib import Path

from dnswatch.model.policies.note import About
from dnswatch.store import Store
from dnswatch.store.orders import ADD_ENTRY

AT = 1_764_349_680.0
"""A full minute, 2025-11-28 17:08 UTC."""

WORM = "10.0.0.66"


def note(
    state: Path,
    text: str,
    *,
    about: str = About.VERDICT,
    client: str | None = WORM,
    at: float = AT,
    cause: str = "",
    times: int = 1,
) -> None:
    """Write changes into the log, as the watch and the commands do."""
    with Store.open(state) as store, store.snapshot() as db:
        rows = [(at, about, client, text, cause, "dnswatch")] * times
        db.conn.executemany(ADD_ENTRY, rows)


def let_go(state: Path, upto: int) -> None:
    """Take the first changes away, as retention does."""
    with Store.open(state) as store, store.snapshot() as db:
        db.conn.execute("DELETE FROM change WHERE id <= ?", (upto,))
