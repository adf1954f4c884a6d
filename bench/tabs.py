"""What open tabs of the console cost: its CPU with none, one and 200, while the store is written.

Each tab is in the background: it takes the stream of figures once a second, and loads nothing.

python -m bench.tabs [SECONDS]
"""

import os
import selectors
import socket
import sys
import tempfile
from pathlib import Path
from typing import Final

from dnswatch import clock
from dnswatch.control import ALIVE
from dnswatch.settings import Source
from dnswatch.store import Store
from dnswatch.web import process
from dnswatch.web.register import Rank, Register
from tests import records
from tests.loopback import reserve

TABS: Final = (0, 1, 200)
_TICKS: Final = os.sysconf("SC_CLK_TCK")


def main(seconds: int) -> str | None:
    """Measure; a returned text is the complaint."""
    with tempfile.TemporaryDirectory() as folder, reserve() as holder:
        state, port = Path(folder), int(holder.getsockname()[1])
        holder.close()
        records.record(state, records.site(), until=700)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        theirs.setblocking(False)
        console = os.fork()
        if not console:
            ours.close()
            sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 until the end
            process.main(Source(f'web.listen = "127.0.0.1:{port}"', "bench"), state, theirs)
            os._exit(0)
        theirs.close()
        with Register(state) as register:
            secret = register.begin_visit("bench", Rank.VIEW, "", clock.now())
        heard = [measured(console, state, port, secret, tabs, seconds, ours) for tabs in TABS]
        ours.close()
        os.waitpid(console, 0)
    for tabs, (share, events) in zip(TABS, heard, strict=True):
        print(f"{tabs:>4} tabs: {share:.1%} of a core, {events / seconds:.1f} events/s in all")
    return None if heard[-1][1] else "no tab heard anything"


def measured(
    console: int, state: Path, port: int, secret: str, tabs: int, seconds: int, line: socket.socket
) -> tuple[float, int]:
    """Hold tabs open for so long; return the console's share of a core, and the events heard."""
    with selectors.DefaultSelector() as selector, Store.open(state) as store:
        opened = [tab(port, secret) for _ in range(tabs)]
        for sock in opened:
            selector.register(sock, selectors.EVENT_READ)
        taken(selector, line, clock.elapsed() + 3)  # libraries are loaded, first events are sent
        before, begun, events = used(console), clock.elapsed(), 0
        for second in range(seconds):
            told = records.changes([records.asked(second, "10.0.0.1", f"d{second}.example")])
            store.write(told, records.plain, records.NOON + second)
            events += taken(selector, line, begun + second + 1)
        share = (used(console) - before) / (clock.elapsed() - begun)
        for sock in opened:
            sock.close()
    return share, events


def tab(port: int, secret: str) -> socket.socket:
    """Open a stream as a browser does."""
    while True:
        try:
            sock = socket.create_connection(("127.0.0.1", port))
            break
        except ConnectionRefusedError:
            continue
    head = f"Host: 127.0.0.1:{port}\r\nCookie: dnswatch={secret}"
    sock.sendall(f"GET /live HTTP/1.1\r\n{head}\r\n\r\n".encode())
    sock.setblocking(False)
    return sock


def taken(selector: selectors.BaseSelector, line: socket.socket, until: float) -> int:
    """Read what comes until a moment, and hear that the console lives; return how many events."""
    events = 0
    while (left := until - clock.elapsed()) > 0:
        for key, _ in selector.select(min(left, 0.2)):
            assert isinstance(key.fileobj, socket.socket)
            events += key.fileobj.recv(1 << 16).count(b"data: ")
        try:
            while line.recv(64) == ALIVE:
                pass
        except BlockingIOError:
            pass
    return events


def used(pid: int) -> float:
    """Return a process's CPU, user and system, seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
