"""`dnswatch campus run` says what happened."""

from pathlib import Path

from typer.testing import CliRunner

from dnswatch.cli import app
from tests.lab.campus.scene import SMALL


def run(*arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(app, ["campus", "run", *arguments])
    return done.exit_code, done.output


def test_a_plan_of_ones_own_is_run_with_a_worm_and_a_policy(tmp_path: Path) -> None:
    """The summary names the worm's hosts, and how soon they were found."""
    file = tmp_path / "plan.toml"
    file.write_text(SMALL + "[outbreak]\nday = 2.2\nbackscatter = 0\n")
    code, text = run(str(file), "--days", "3", "--worm", "mytob", "--policy", "quarantine")
    assert code == 0
    assert "2 hosts infected" in text
    assert "found     2 of 2" in text


def test_a_data_set_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    """And a second one is not written over it."""
    file = tmp_path / "plan.toml"
    file.write_text(SMALL)
    arguments = (str(file), "--days", "1", "--parquet", str(tmp_path / "set"))
    assert run(*arguments)[0] == 0
    assert (tmp_path / "set" / "truth" / "mails.parquet").exists()
    code, text = run(*arguments)
    assert code == 1
    assert "holds a data set already" in text


def test_an_unknown_scenario_is_wrong_usage() -> None:
    """Exit code 2, and the known ones are named."""
    code, text = run("mars")
    assert code == 2
    assert "paper" in text


def test_an_unknown_policy_is_wrong_usage() -> None:
    """Exit code 2 before a day is simulated: a misspelt defence is never no defence."""
    code, text = run("--policy", "nosuch")
    assert code == 2
    assert "there is no policy 'nosuch'" in text
    assert "quarantine" in text


def test_a_capture_is_written_where_it_is_wanted(tmp_path: Path) -> None:
    """But not both at once."""
    file, pcap = tmp_path / "plan.toml", tmp_path / "campus.pcap"
    file.write_text(SMALL)
    arguments = (str(file), "--days", "1", "--pcap", str(pcap))
    assert run(*arguments)[0] == 0
    assert pcap.stat().st_size > 10_000
    assert (tmp_path / "campus.pcap.truth" / "infections.parquet").exists()
    assert run(*arguments, "--parquet", str(tmp_path / "set"))[0] == 2
