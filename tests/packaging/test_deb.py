"""The Debian package: built by one command, installed, asked, taken over, removed and purged."""

import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator
from configparser import RawConfigParser
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests import check
from tests.compose.files import ROOT
from tests.live.site import children
from tests.live.tools import need
from tests.packaging.machine import Machine, copied

pytestmark = pytest.mark.whole

UNIT: Final = ROOT / "packaging" / "dnswatch.service"

_UPSTREAM: Final = [
    *("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts"),
    *("--user=root", "--pid-file=", "--listen-address=127.0.0.2", "--bind-interfaces"),
    *("--port=5399", "--address=/example.com/192.0.2.7"),
]
_RIGHTS: Final = [
    *("setpriv", "--reuid=dnswatch", "--regid=dnswatch", "--init-groups", "--no-new-privs"),
    *("--inh-caps=-all,+net_bind_service", "--ambient-caps=-all,+net_bind_service"),
    "--bounding-set=-all,+net_bind_service",
]
"""What systemd makes of the unit's User=, AmbientCapabilities= and CapabilityBoundingSet=."""


def unit() -> dict[str, str]:
    """Read what the unit says of its service."""
    reader = RawConfigParser()
    reader.optionxform = str  # type: ignore[assignment, method-assign]  # systemd's words have case
    reader.read(UNIT)
    return dict(reader["Service"])


@contextmanager
def started(
    machine: Machine, command: list[str], **environment: str
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server there, until it is told to end."""
    run = ["env", *(f"{name}={value}" for name, value in environment.items()), *command]
    with subprocess.Popen(machine.within(*run), stdin=subprocess.DEVNULL) as process:
        (server,) = check.eventually(lambda: children(process.pid))
        try:
            yield process
        finally:
            os.kill(server, 15)


@contextmanager
def manager(machine: Machine) -> Iterator[socket.socket]:
    """Listen where systemd would, for what the server says of itself."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.settimeout(check.PATIENCE)
        line.bind(str(machine.shared / "notify"))
        (machine.shared / "notify").chmod(0o777)
        yield line


def leftovers(machine: Machine, owner: int) -> list[str]:
    """Name what is there that was not before, and has to do with us."""
    found = []
    for folder, folders, files in os.walk(machine.changed):
        for name in (*folders, *files):
            path = Path(folder, name)
            is_gone = path.is_char_device() and path.lstat().st_rdev == 0  # overlay's own sign
            if not is_gone and ("dnswatch" in name or path.lstat().st_uid == owner):
                found.append(str(path.relative_to(machine.changed)))
    accounts = [machine.root / "etc" / name for name in ("passwd", "group", "shadow", "gshadow")]
    return found + [path.name for path in accounts if "dnswatch" in path.read_text()]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """A copy of this machine, with the package in `/mnt`."""
    need("dpkg-deb")
    with copied(tmp_path_factory.mktemp("deb")) as made:
        pip = shlex.join([sys.executable, "-m", "pip"])
        environment = {**os.environ, "PIP": pip, "DEB_COMPRESSION": "none"}
        command = [str(ROOT / "packaging" / "deb" / "build"), str(made.shared)]
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
        yield made


def test_it_is_installed_asked_kept_over_an_upgrade_and_purged_without_a_trace(
    machine: Machine,
) -> None:
    """No question is asked; it answers as the unit starts it; a purge leaves what was before."""
    (package,) = machine.shared.glob("*.deb")
    install = ["dpkg", "--force-unsafe-io", "--install", f"/mnt/{package.name}"]
    machine.run(*install)
    owner = int(machine.run("id", "-u", "dnswatch"))
    assert (machine.root / "var/lib/dnswatch").stat().st_uid == owner
    wanted = "etc/systemd/system/multi-user.target.wants/dnswatch.service"
    assert (machine.root / wanted).is_symlink()

    _answers(machine)

    machine.run(*install)
    settings = machine.root / "etc/dnswatch/dnswatch.toml"
    assert "127.0.0.2" in settings.read_text()  # the admin's line outlives the new version
    assert "www.example.com" in machine.run("dnswatch", "report", "--client", "127.0.0.1")

    machine.run("dpkg", "--remove", "dnswatch")
    assert not (machine.root / "opt/dnswatch").exists()
    assert settings.exists()
    assert (machine.root / "var/lib/dnswatch/dnswatch.db").exists()

    machine.run("dpkg", "--purge", "dnswatch")
    assert leftovers(machine, owner) == []


def _answers(machine: Machine) -> None:
    """Start it as systemd would, ask it a name, and have systemd judge the unit."""
    said = machine.tried("systemd-analyze", "verify", "dnswatch.service")
    assert "dnswatch" not in said.stdout, said.stdout
    with (machine.root / "etc/dnswatch/dnswatch.toml").open("a") as settings:
        settings.write('\n[upstream]\nservers = ["udp://127.0.0.2:5399"]\n')
    for folder in ("/run/dnswatch", "/var/log/dnswatch"):
        machine.run("install", "-d", "-o", "dnswatch", folder)
    machine.run(*_RIGHTS, *shlex.split(unit()["ExecStartPre"]))
    told = {
        "NOTIFY_SOCKET": "/mnt/notify",
        "STATE_DIRECTORY": "/var/lib/dnswatch",
        "RUNTIME_DIRECTORY": "/run/dnswatch",
        "LOGS_DIRECTORY": "/var/log/dnswatch",
    }
    serve = [*_RIGHTS, *shlex.split(unit()["ExecStart"])]
    with (
        manager(machine) as line,
        started(machine, _UPSTREAM),
        started(machine, serve, **told) as server,
    ):
        check.eventually(lambda: b"READY=1" in line.recv(4096).splitlines())
        ask = ["dig", "+short", "@127.0.0.1", "www.example.com", "MX", "www.example.com", "A"]
        assert machine.run(*ask).splitlines() == ["192.0.2.7"]
        account = ["dnswatch", "report", "--client", "127.0.0.1"]
        check.eventually(lambda: "www.example.com" in machine.tried(*account).stdout)
    assert server.returncode == 0


def test_the_service_may_do_little() -> None:
    """Of the ten points of exposure that systemd counts, the unit leaves less than two."""
    command = [need("systemd-analyze"), "security", "--offline=true", "--threshold=20", str(UNIT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout.splitlines()[-1:] + done.stderr.splitlines()
