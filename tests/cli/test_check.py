"""`dnswatch check`: what `serve` would refuse, and what it would lack."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

UPSTREAM = ("--upstream", "udp://192.0.2.53")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Give the path of a configuration that is good."""
    path = tmp_path / "dnswatch.toml"
    path.write_text("names.hosts = []\n")
    return path


def test_a_good_configuration_is_told_as_good(run: Run, config: Path) -> None:
    """With where it answers and whom it asks, for eyes and for programs."""
    assert "good; answers on 127.0.0.1:5353" in run("check", "--config", str(config), *UPSTREAM)
    told = json.loads(run("check", "--config", str(config), *UPSTREAM, "--json"))
    assert told["is_good"]
    assert told["upstreams"] == ["udp://192.0.2.53"]


def test_what_is_not_there_is_no_good(run: Run, config: Path) -> None:
    """`serve` would start without its file of leases: exit code 1, and it is named."""
    config.write_text('names.hosts = ["/none/hosts"]\nnames.leases = ["/none/leases"]\n')
    said = run("check", "--config", str(config), *UPSTREAM, exit_code=1)
    assert "names.hosts: cannot read '/none/hosts': No such file or directory" in said
    assert "names.leases: cannot read '/none/leases'" in said


def test_a_fault_is_one_line(run: Run, config: Path) -> None:
    """Whatever stands in the file: no byte of it commands the terminal."""
    config.write_text('serve.listen = ["localhost\\n127.0.0.1:53"]\n')
    said = run("check", "--config", str(config), *UPSTREAM, exit_code=2)
    assert said.count("\n") == 1
    assert "localhost\\n127.0.0.1:53" in said
