"""What orders need: the site's policies, who gives an order, and whether a server hears it."""

import os
import pwd
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dnswatch.settings import Settings
    from dnswatch.store.sqlite import Database


def acting(db: "Database", settings: "Settings") -> dict[str, str]:
    """Say what policies do now, by client's key; nothing is known of clients with a pseudonym."""
    from dnswatch.cli.options import policies_of
    from dnswatch.office import orders

    return orders.acting(db, settings, policies_of(settings)[0])


def actor() -> str:
    """Name the person at the keyboard, behind `sudo` too."""
    if name := os.environ.get("SUDO_USER"):
        return name
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def is_serving(state: Path) -> bool:
    """Say whether a server keeps its records there now: it holds the lock."""
    from dnswatch.store.directory import is_held

    return is_held(state)
