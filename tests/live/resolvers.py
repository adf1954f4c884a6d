"""Resolvers of others beside a site: real unbound, and what it and dnsdist tell by dnstap, kept."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from tests.live.fronts import answers, program
from tests.loopback import reserve

SIZE = 1 << 16


@contextmanager
def unbound(
    folder: Path, local: Sequence[str], more: str = "", modules: str = "iterator", server: str = ""
) -> Iterator[int]:
    """Run unbound on a port of 127.0.0.1, with these local data, and more of its configuration."""
    with reserve() as holder:
        port = int(holder.getsockname()[1])
        config = folder / "unbound.conf"
        data = "".join(f"    local-data: '{line}'\n" for line in local)
        config.write_text(f"""server:
    interface: 127.0.0.1
    port: {port}
    access-control: 127.0.0.0/8 allow
    username: ""
    chroot: ""
    directory: "{folder}"
    pidfile: ""
    use-syslog: no
    do-ip6: no
    so-reuseport: yes
    module-config: "{modules}"
    local-zone: "example." static
    local-data: "begin.example. 60 A 192.0.2.1"
{data}{server}remote-control:
    control-enable: no
{more}
""")
        command = ("unbound", "-d", "-c", str(config))
        with program(folder / "unbound.log", lambda: answers(port), *command):
            yield port


class Kept:
    """A stand-in for a tap's socket, which keeps all that goes through it to the real one."""

    def __init__(self, place: Path, tap: Path) -> None:
        """Listen at `place`, and hand on to `tap`."""
        self.files: list[Path] = []
        "What each connection's sender said."
        self._place, self._tap = place, tap
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(place))
        self._listener.listen()
        self._stack = ExitStack()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def close(self) -> None:
        """End; connections end with their senders."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()
        self._stack.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sender, _ = self._listener.accept()
                ours = socket.socket(socket.AF_UNIX)
                ours.connect(str(self._tap))
                self._stack.enter_context(sender)
                self._stack.enter_context(ours)
                file = self._place.with_name(f"{self._place.name}.{len(self.files)}.dnstap")
                self.files.append(file)
                for source, to, kept in ((sender, ours, file), (ours, sender, None)):
                    thread = threading.Thread(target=_copy, args=(source, to, kept), daemon=True)
                    thread.start()
                    self._threads.append(thread)


def _copy(source: socket.socket, to: socket.socket, kept: Path | None) -> None:
    file = None if kept is None else kept.open("wb", buffering=0)
    with suppress(OSError):
        while data := source.recv(SIZE):
            if file is not None:
                file.write(_without_ready(data))
            to.sendall(data)
    with suppress(OSError):
        to.shutdown(socket.SHUT_WR)
    if file is not None:
        file.close()


def _without_ready(data: bytes) -> bytes:
    """Leave out the frame that only a connection begins with."""
    is_ready = data[:4] == bytes(4) and data[8:12] == b"\0\0\0\4"
    return data[8 + int.from_bytes(data[4:8], "big") :] if is_ready else data
