"""A tap: resolvers connect over a Unix socket or TCP, several at once, and none can hold it up."""

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest

from dnswatch import clock
from dnswatch.errors import SettingsError
from dnswatch.settings import Gate, Source, Subnet, Tap
from dnswatch.settings.units import Duration
from dnswatch.sources.live.tap import MOST, bind, main
from tests.check import PATIENCE, eventually
from tests.loopback import reserve
from tests.sources.live.scene import Running
from tests.sources.live.taps import (
    ACCEPT,
    CONTENT,
    FINISH,
    READY,
    START,
    STOP,
    control,
    framed,
    lookup,
)


@contextmanager
def tapped(tap: Tap) -> Iterator[Running]:
    """Run a tap."""
    with Running(partial(main, tap, Source("", "test"), lambda _: False)) as running:
        yield running


def connect(tap: Tap, source: str = "127.0.0.1") -> socket.socket:
    """Connect as a resolver."""
    sock = socket.socket(socket.AF_UNIX if tap.listen.path else socket.AF_INET)
    sock.settimeout(PATIENCE)
    if tap.listen.path:
        sock.connect(tap.listen.path)
    else:
        assert tap.listen.endpoint is not None
        sock.bind((source, 0))
        sock.connect(("127.0.0.1", tap.listen.endpoint.port))
    return sock


def unix(folder: Path) -> Tap:
    """Tell of a tap at a Unix socket."""
    return Tap(name="tap", listen=Gate(f"unix:{folder}/tap.sock"), lag=Duration(0.0))


def sent(client: str, count: int) -> bytes:
    """Write lookups of now."""
    frames = (one for n in range(count) for one in lookup(clock.now(), f"n{n}.example", client, n))
    return b"".join(map(framed, frames))


def test_several_resolvers_are_heard_at_once(tmp_path: Path) -> None:
    """One in both directions and one in one, over the same socket; what they tell is handed over
    as one, in order of time; whoever comes back after its end is heard anew."""
    tap = unix(tmp_path)
    with tapped(tap) as running, connect(tap) as answered, connect(tap) as silent:
        answered.sendall(control(READY, CONTENT))
        assert answered.recv(4096) == control(ACCEPT, CONTENT)
        answered.sendall(control(START, CONTENT) + sent("10.0.0.1", 50))
        silent.sendall(control(START, CONTENT) + sent("10.0.0.2", 50))
        eventually(lambda: running.has(100))
        answered.sendall(control(STOP))
        assert answered.recv(4096) == control(FINISH)
        assert not answered.recv(1)
        with connect(tap) as again:
            again.sendall(control(START, CONTENT) + sent("10.0.0.3", 1))
            eventually(lambda: running.has(101))
    assert [seen.client for seen in running.lookups].count(b"\x0a\0\0\2") == 50
    assert running.counters["tap_frames"] == 202
    times = [seen.at for seen in running.lookups]
    assert times == sorted(times)


def test_over_tcp_only_hosts_of_its_networks_are_heard() -> None:
    """dnstap proves nobody, so everybody else is turned away, and counted."""
    with reserve() as holder:
        tap = Tap(
            name="tap",
            listen=Gate(f"127.0.0.1:{holder.getsockname()[1]}"),
            networks=(Subnet("127.0.0.1"),),
            lag=Duration(0.0),
        )
        with tapped(tap) as running, connect(tap) as ours, connect(tap, "127.0.0.9") as other:
            ours.sendall(control(START) + sent("10.0.0.1", 3))
            eventually(lambda: running.has(3))
            with suppress(ConnectionResetError):
                assert not other.recv(1)
            eventually(lambda: running.look().counters["tap_connections_dropped"])


def test_who_speaks_another_protocol_is_cut_off(tmp_path: Path) -> None:
    """It is counted, and the others are heard on."""
    tap = unix(tmp_path)
    with tapped(tap) as running, connect(tap) as ours, connect(tap) as other:
        other.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert not other.recv(1)
        ours.sendall(control(START) + sent("10.0.0.1", 3))
        eventually(lambda: running.has(3))
        eventually(lambda: running.look().counters["tap_connections_broken"])


def test_connections_are_bounded(tmp_path: Path) -> None:
    """One too many is closed at once; who is connected stays."""
    tap = unix(tmp_path)
    with tapped(tap) as running:
        open_ones = [connect(tap) for _ in range(MOST)]
        open_ones[0].sendall(control(READY))
        assert open_ones[0].recv(4096)
        with connect(tap) as more:
            assert not more.recv(1)
        eventually(lambda: running.look().counters["tap_connections_full"])
        for one in open_ones:
            one.close()


def test_a_watch_that_is_behind_is_not_told_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resolvers are read no more until it takes what waits, and then nothing was lost."""
    monkeypatch.setattr("dnswatch.sources.live.handing.FULL", 100_000)
    tap = unix(tmp_path)
    with tapped(tap) as running, connect(tap) as ours, ThreadPoolExecutor() as resolver:
        begun = resolver.submit(ours.sendall, control(START) + sent("10.0.0.1", 5000))
        eventually(lambda: running.has(5000))
        begun.result()
    assert len(running.lookups) == 5000


def test_what_waits_for_its_place_is_handed_over_at_the_end(tmp_path: Path) -> None:
    """An orderly end loses nothing that was heard, however long the lag."""
    tap = Tap(name="tap", listen=Gate(f"unix:{tmp_path}/tap.sock"), lag=Duration(30.0))
    with tapped(tap) as running, connect(tap) as ours:
        ours.sendall(control(START) + sent("10.0.0.1", 3) + control(STOP))
        assert not ours.recv(1)
        assert not running.look().lookups
    assert len(running.lookups) == 3


def test_its_socket_is_its_own(tmp_path: Path) -> None:
    """What a killed one left is replaced; one that listens is left alone, and said so; and nobody
    but its user and group may connect."""
    tap = unix(tmp_path)
    bind(tap).close()
    with bind(tap):
        assert (tmp_path / "tap.sock").stat().st_mode & 0o777 == 0o660
        with pytest.raises(SettingsError, match="another process listens"):
            bind(tap)
    (tmp_path / "file").write_text("kept")
    with pytest.raises(SettingsError):
        bind(Tap(name="tap", listen=Gate(f"unix:{tmp_path}/file")))
    assert (tmp_path / "file").read_text() == "kept"
