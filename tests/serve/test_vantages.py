"""Vantage points run beside the workers, and others find a socket."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from dnswatch.errors import SettingsError
from dnswatch.serve.vantages import close_door, open_door
from dnswatch.settings import Ingest, UnixSocket
from tests.check import eventually
from tests.loopback import reserve
from tests.watchdog.process import query

_SERVE = """
import os, signal, socket, sys, time
from pathlib import Path
from dnswatch import clock
from dnswatch.control import BEAT, Control
from dnswatch.model.observation import Observation, Origin
from dnswatch.seams.batch import Batch, encode
from dnswatch.serve.supervisor import Supervisor
from dnswatch.serve.vantages import Vantage
from dnswatch.settings import Source
from dnswatch.wire.name import from_text

def tap(line, control):
    control = Control(control)
    name = from_text(f"p{os.getpid()}.example")
    seen = Observation(clock.now(), b"\\xc0\\0\\2\\7", name, 15, 0, Origin.UPSTREAM)
    for message in encode(Batch(clock.now(), [seen])):
        line.send(message)
    while not control.is_over:
        control.beat()
        control.news()
        time.sleep(BEAT)

def read():
    return Source(Path(sys.argv[1]).read_text(), sys.argv[1])

def wanted(source):
    return [Vantage("tap", 1.0, tap)] if "tapped" in source.text else []

Supervisor(read(), Path(sys.argv[2]), read, wanted).run()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short path."""
    with TemporaryDirectory() as name:
        yield Path(name)


def opened(path: Path, *users: str) -> socket.socket:
    door = open_door(Ingest(UnixSocket(f"unix:{path}"), users))
    assert door is not None
    return door


def test_there_is_no_socket_unless_it_is_asked_for() -> None:
    """Nothing listens by default."""
    assert open_door(Ingest()) is None
    close_door(None)


def test_its_file_has_few_rights_and_goes_with_it(folder: Path) -> None:
    """Only the service's own user may connect, where nobody is listed."""
    path = folder / "door"
    for users, rights in (((), 0o600), (("65534",), 0o666)):
        door = opened(path, *users)
        assert path.stat().st_mode & 0o777 == rights
        close_door(door)
        assert not path.exists()


def test_what_a_killed_server_left_is_replaced(folder: Path) -> None:
    """A socket that nobody listens at is in nobody's way; one where somebody does stays."""
    path = folder / "door"
    opened(path).close()
    door = opened(path)
    with pytest.raises(SettingsError, match="another server listens there"):
        opened(path)
    close_door(door)
    path.write_text("mine")
    with pytest.raises(SettingsError, match="something else is there"):
        opened(path)
    assert path.read_text() == "mine"
    with pytest.raises(SettingsError, match=r"make the directory '.*none'"):
        opened(folder / "none" / "door")


def test_a_vantage_point_runs_as_long_as_it_is_configured(tmp_path: Path) -> None:
    """It begins with the server or at a reload, is started again when it is killed, hands over what
    it sees, and ends at the reload that no longer wants it."""
    config, state = tmp_path / "dnswatch.toml", tmp_path / "state"
    with reserve() as reserved:
        port = reserved.getsockname()[1]
    plain = f"[serve]\nlisten = ['127.0.0.1:{port}']\n[upstream]\nservers = ['192.0.2.1']\n"
    config.write_text(plain)

    def seen() -> list[tuple[Any, ...]]:
        return query(state, "SELECT DISTINCT qname FROM lookup ORDER BY id")

    def child() -> int:
        return int(seen()[-1][0].removeprefix("p").removesuffix(".example"))

    command = [sys.executable, "-c", _SERVE, str(config), str(state)]
    with subprocess.Popen(command) as server:
        try:
            eventually(lambda: query(state, "SELECT * FROM passed"))
            config.write_text(f"{plain}[groups]\ntapped = []\n")
            server.send_signal(signal.SIGHUP)
            eventually(lambda: len(seen()) == 1)
            os.kill(child(), signal.SIGKILL)
            eventually(lambda: len(seen()) == 2)
            assert query(state, "SELECT name, lookups, gone_at FROM vantage") == [("tap", 2, None)]
            config.write_text(plain)
            server.send_signal(signal.SIGHUP)
            eventually(lambda: query(state, "SELECT 1 FROM vantage WHERE gone_at NOT NULL"))
            eventually(lambda: not Path(f"/proc/{child()}").exists())
        finally:
            server.terminate()
    assert server.returncode == 0
