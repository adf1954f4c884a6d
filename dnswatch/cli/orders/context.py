"""What orders need: the site's policies, who gives an order, and whether a server hears it."""

import fcntl
import os
import pwd
from pathlib import Path
from typing import TYPE_CHECKING

from dnswatch.errors import SettingsError

if TYPE_CHECKING:
    from dnswatch.model.policies.policy import Policy
    from dnswatch.settings import Settings


def policies_of(settings: "Settings") -> tuple["dict[str, Policy]", list[SettingsError]]:
    """Read the policies, by name in order of precedence; and tell what is wrong with others."""
    from dnswatch.model.policies.reading import precedence, read_all
    from dnswatch.serve.policies import texts

    found, wrong = read_all(texts(settings.policies.directory))
    return {policy.name: policy for policy in precedence(found.values())}, wrong


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
    try:
        with (state / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
