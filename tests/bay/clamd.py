"""A real clamd that knows one signature: that of the EICAR test file."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests import loopback
from tests.bay.daemon import running
from tests.check import PATIENCE
from tests.live.tools import need

EICAR = r"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + "EICAR" + "-STANDARD-ANTIVIRUS-TEST-FILE!" + "$H+H*"
"""The harmless file that scanners agree to find; in two halves here, so that none finds it."""

SIGNATURE = "Dnswatch.Test.Worm"
"""What clamd calls it."""

STREAM = 1 << 20
"""Its StreamMaxLength, bytes."""

_CONFIGURATION = """\
Foreground yes
LogFile {folder}/clamd.log
DatabaseDirectory {folder}/signatures
TemporaryDirectory {folder}
LocalSocket {folder}/clamd.sock
TCPAddr 127.0.0.1
TCPSocket {port}
StreamMaxLength {stream}
MaxThreads 4
SelfCheck 0
"""


@dataclass(frozen=True)
class Clamd:
    """A clamd that answers."""

    port: int
    path: Path
    "Of its Unix socket."

    @property
    def address(self) -> str:
        """Where it listens, as settings say it."""
        return f"127.0.0.1:{self.port}"


@contextmanager
def clamd(folder: Path) -> Iterator[Clamd]:
    """Run clamd; skip the test where it is not installed."""
    program = need("clamd")
    (folder / "signatures").mkdir()
    signature = f"{SIGNATURE}:0:*:{EICAR.encode().hex()}\n"
    (folder / "signatures" / "test.ndb").write_text(signature)
    with loopback.reserve() as holder:
        port = holder.getsockname()[1]
        text = _CONFIGURATION.format(folder=folder, port=port, stream=STREAM)
        (folder / "clamd.conf").write_text(text)
        path = folder / "clamd.sock"
        arguments = [program, "-c", str(folder / "clamd.conf")]
        with running(arguments, lambda: _pongs(path), str(folder / "clamd.out")):
            yield Clamd(port, path)


def _pongs(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
        line.settimeout(PATIENCE)
        try:
            line.connect(str(path))
            line.sendall(b"zPING\0")
            return line.recv(16) == b"PONG\0"
        except OSError:
            return False
