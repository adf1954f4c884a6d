"""`dnswatch study`, as it is used."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dnswatch.cli import app
from tests.lab.study import planted
from tests.lab.study.captures import capture
from tests.lab.study.planted import SMALL

CONFIG = '[roles]\nmail_servers = ["10.2.0.0/24"]\nresolvers = ["10.3.0.0/24"]\n'


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    """Write a planted trace, and a configuration that names its servers."""
    planted.write(tmp_path / "trace", SMALL)
    (tmp_path / "site.toml").write_text(CONFIG)
    return tmp_path / "trace"


def run(*arguments: str, exit_code: int = 0) -> str:
    """Run a command; return what it says."""
    result = CliRunner().invoke(app, ["study", *arguments], prog_name="dnswatch")
    assert result.exit_code == exit_code, result.output
    return result.stdout if exit_code == 0 else result.stderr


def test_a_trace_is_studied(trace: Path, tmp_path: Path) -> None:
    """A data set and a configuration give the report, and a summary for programs."""
    told = json.loads(
        run(
            f"sobig={trace}",
            "--config",
            str(tmp_path / "site.toml"),
            "--zone",
            "UTC",
            "--out",
            str(tmp_path / "report"),
            "--json",
            "--bin",
            "1h",
        )
    )
    assert told["traces"][0]["infected"] == [planted.client(0), planted.client(1)]
    assert told["traces"][0]["outbreak"]["day"] == 1
    groups = {"infected": 2, "normal": 11, "mail-servers": 4, "other": 3}
    assert told["traces"][0]["groups"] == groups
    assert (tmp_path / "report" / "index.html").exists()
    assert "flows per host and hour" in (tmp_path / "report" / "figure-01.svg").read_text()


def test_a_capture_is_studied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A capture is replayed first; the summary for eyes says what can be told of it."""
    monkeypatch.setenv("COLUMNS", "100")
    path = str(capture("arkime_synthetic.pcap"))
    text = run(path, "--out", str(tmp_path / "report"), "--zone", "UTC")
    assert text.startswith("arkime_synthetic\n")
    assert "no outbreak" in text
    assert "A17" in text
    assert "cannot be told of arkime_synthetic: the trace has no outbreak" in text


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["absent"], 2, "'absent' is neither a directory with a data set nor a capture"),
        (["."], 1, "holds no data set"),
        ([".", "--memory", "much"], 2, "'much': expected a size"),
    ],
)
def test_what_goes_wrong_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, said: str
) -> None:
    """Wrong usage ends with 2, a place without data with 1, each with a sentence."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    assert said in run(*arguments, exit_code=code)
