"""Kin: which clients are the same machine, as far as the store knows."""

from typing import Final

from dnswatch.store.sqlite import Database


def kin(db: Database) -> list[tuple[str, str]]:
    """Return each quarantined client's key with that of another client that is the same machine.

    What asked over IPv4 may send its mail over IPv6.
    """
    return list(db.conn.execute(_KIN))


_KIN: Final = """
    SELECT quarantined.client, other.key FROM quarantined
    JOIN client one ON one.key = quarantined.client
    JOIN client other ON other.machine = one.machine AND other.key <> one.key"""
