"""Open files are provided for all that the settings allow, before they are needed."""

import resource
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests import check
from tests.live.site import COMMAND, Serve, environment

IDLE = 1100


@pytest.fixture
def files() -> Iterator[int]:
    """Give what starts from here the soft limit of 1,024 that is usual; yield the hard one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1024, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_idle_connections_take_nothing_from_udp(serve: Serve, files: int) -> None:
    """With 1,100 connections open, what is not cached is asked upstream as ever."""
    site = serve(
        settings={
            "limits.tcp_connections": 2000,
            "limits.tcp_per_client": 500,
            "limits.tcp_idle": "10m",
        }
    )
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    with ExitStack() as stack:
        for number in range(IDLE):
            source = f"127.0.0.{10 + number % 5}"
            idle = socket.create_connection(
                (site.listen, site.port), timeout=check.PATIENCE, source_address=(source, 0)
            )
            stack.enter_context(idle)
        check.eventually(lambda: site.told("status")["open_files"][0]["opened"] > IDLE)
        for number in range(200):
            check.noerror(site.ask(f"miss{number}.example"))
        (worker,) = site.told("status")["open_files"]
        assert worker["process"] == "worker 0"
        assert worker["limit"] > 2000
        assert "open files: worker 0 1," in site.printed("status")


def test_what_the_machine_cannot_hold_is_refused_at_start(tmp_path: Path, files: int) -> None:
    """The error names the setting, what it needs and what there is."""
    config = tmp_path / "dnswatch.toml"
    config.write_text("limits.tcp_connections = 5000\n")
    done = subprocess.run(
        [
            "prlimit",
            "--nofile=1024:4096",
            *COMMAND,
            "serve",
            "--config",
            str(config),
            "--upstream",
            "udp://127.0.0.1:9",
            "--state",
            str(tmp_path / "state"),
        ],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=check.PATIENCE,
        check=False,
    )
    assert done.returncode == 2
    said = " ".join(done.stderr.split())
    assert "limits.tcp_connections" in said
    assert "4,096" in said
    assert "Traceback" not in said


def test_a_reload_that_needs_more_than_there_is_is_refused(serve: Serve) -> None:
    """The old settings stay in force."""
    site = serve()
    pid = site.process.pid
    soft, _ = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, soft))
    site.reload({"limits.tcp_connections": soft})
    assert site.log("reload refused")
    check.noerror(site.ask("www.example"))
