"""A tap at 50,000 frames a second: whether any is lost, whether it grows, and what a frame costs.

python -m bench.tap [SECONDS]
"""

import os
import socket
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from dnswatch import clock
from dnswatch.control import ALIVE
from dnswatch.seams.batch import decode
from dnswatch.settings import Gate, Source, Tap
from dnswatch.settings.units import Duration
from dnswatch.sources.live import tap as process
from tests.sources.live.taps import START, control, framed, lookup

RATE: Final = 50_000
"""Frames a second: half of them queries, half of them their responses."""
PARTS: Final = 100
"""Writes a second."""


def main(seconds: int) -> str | None:
    """Measure; a returned text is the complaint."""
    tap = Tap(name="bench", listen=Gate(f"unix:{tempfile.mkdtemp()}/tap.sock"), lag=Duration(1.0))
    (line, theirs), (ours, controlled) = (
        socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2)
    )
    for end in (theirs, ours, controlled):
        end.setblocking(False)
    tapping = os.fork()
    if not tapping:
        for end in (line, ours):
            end.close()
        process.main(tap, Source("", "bench"), lambda _: False, theirs, controlled)
        os._exit(0)
    sending = os.fork()
    if not sending:
        send(tap.listen.path, seconds)
        os._exit(0)
    for end in (theirs, controlled):
        end.close()
    frames, sizes = 0, [0]
    line.settimeout(20)
    while frames < seconds * RATE:
        frames += decode(line.recv(1 << 18)).counters.get("tap_frames", 0)
        sizes.append(resident(tapping))
        hear(ours)
    ours.close()
    _, _, usage = os.wait4(tapping, 0)
    os.waitpid(sending, 0)
    cpu = (usage.ru_utime + usage.ru_stime) / frames * 1e6
    print(f"{frames:,} of {seconds * RATE:,} frames, {cpu:.1f} µs of CPU each")
    print(f"memory: {sizes[len(sizes) // 2]} MB half-way, {sizes[-1]} MB at the end")
    return None if frames == seconds * RATE else "frames were lost"


def send(path: str, seconds: int) -> None:
    """Be a resolver: send one second's frames again and again, at the rate."""
    sock = socket.socket(socket.AF_UNIX)
    while sock.connect_ex(path):
        time.sleep(0.05)
    sock.sendall(control(START))
    count = RATE // 2 // PARTS
    for second in range(seconds):
        begun = clock.now()
        for part in range(PARTS):
            sock.sendall(frames_of(begun, second * PARTS + part, count))
            time.sleep(max(0.0, begun + (part + 1) / PARTS - clock.now()))
    time.sleep(2)


def frames_of(at: float, number: int, count: int) -> bytes:
    """Write some lookups."""
    made = _MADE.setdefault(number % PARTS, [])
    if not made:
        made += [
            framed(frame)
            for n in range(count)
            for frame in lookup(at, f"n{n}.example", f"10.0.{number % PARTS}.{n % 250}", n)
        ]
    return b"".join(made)


_MADE: Final[dict[int, list[bytes]]] = {}


def resident(pid: int) -> int:
    """Return a process's memory, MB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4 // 1024


def hear(line: socket.socket) -> None:
    """Take in that it lives."""
    try:
        while line.recv(64) == ALIVE:
            pass
    except BlockingIOError:
        pass


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 60))
