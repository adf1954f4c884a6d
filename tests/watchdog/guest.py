"""A vantage point that comes in at the door."""

import json
import socket
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.check import PATIENCE


class Guest:
    """A vantage point at the door."""

    def __init__(self, path: Path, hello: object) -> None:
        """Knock, and say `hello`."""
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(str(path))
        if hello is not None:
            self.socket.send(json.dumps(hello).encode())

    def answer(self) -> dict[str, str]:
        """Return what the watch says; empty where it hangs up."""
        found: dict[str, str] = json.loads(self.socket.recv(1000) or b"{}")
        return found

    def tell(self, *observations: dict[str, Any], **more: Any) -> None:
        batch = {"until": time.time(), "observations": observations, **more}
        self.socket.send(json.dumps(batch).encode())

    def close(self) -> None:
        self.socket.close()


def refused(door: Path, hello: object) -> str:
    """Return why one that begins so is sent away."""
    with closing(Guest(door, hello)) as guest:
        return guest.answer()["refused"]
