"""A day with a worm in it, as a capture."""

from pathlib import Path

from tests.sources.packets import (
    NOON,
    SERVER,
    Timed,
    back,
    conversation,
    ethernet,
    pcap,
    query,
    response,
    tcp,
    udp,
)

WORM = "10.0.0.66"
VICTIMS = 60


def outbreak(begin: float = NOON) -> list[Timed]:
    """Let a worm look up a mail domain every second, its exchange, and connect to that."""
    frames = []
    for n in range(VICTIMS):
        domain, exchange = f"victim{n}.example", f"mx{n}.victim{n}.example"
        host = f"192.0.2.{n + 1}"
        packets = [
            udp(query(domain, "MX", n), WORM, SERVER),
            back(response(domain, exchanges=[exchange], ident=n), WORM),
            udp(query(exchange, "A", n), WORM, SERVER),
            back(response(exchange, [host], ident=n), WORM),
            tcp(WORM, host, (42000 + n, 25), "S", 1),
        ]
        frames += [(begin + n + m / 10, ethernet(packet)) for m, packet in enumerate(packets)]
    return frames


def capture(directory: Path, begin: float = NOON) -> Path:
    """Write a day's capture: a person's visit, then the worm."""
    path = directory / "day.pcap"
    path.write_bytes(pcap([*conversation(begin - 300), *outbreak(begin)]))
    return path
