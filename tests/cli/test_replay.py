"""`dnswatch replay`: a capture in, and the other commands read it as if it had been live."""

import json
from pathlib import Path

import pyarrow.parquet as pq

from tests.cli.conftest import Run
from tests.replay.scene import VICTIMS, WORM, capture

AT_ONCE = 'detection.learning = "0s"\n'


def replayed(run: Run, tmp_path: Path, *more: str) -> str:
    """Replay a day with a worm in it; return the directory of the records."""
    (tmp_path / "site.toml").write_text(AT_ONCE)
    state = str(tmp_path / "past")
    file = str(capture(tmp_path))
    run("replay", file, "--state", state, "--workers", "1", "--config",
        str(tmp_path / "site.toml"), *more)  # fmt: skip
    return state


def test_a_replay_is_reported_like_live_records(run: Run, tmp_path: Path) -> None:
    """Report, cache, status, log and explain read it, and nothing of it is too old."""
    state = replayed(run, tmp_path, "--policy", "delay")
    config = ("--config", str(tmp_path / "site.toml"))
    found = json.loads(run("report", "--state", state, "--json"))
    assert found["clients"][0]["addresses"] == [WORM]
    assert "victim" in run("report", "--state", state, "--client", WORM)
    assert json.loads(run("cache", "--state", state, "--json"))["new"] >= VICTIMS
    log = run("log", "--state", state)
    assert "infected" in log
    assert "dry run" in log
    assert "infected" in run("explain", "--state", state, "--client", WORM, *config)
    tried = run("policy", "test", "delay", "--client", WORM, "--state", state)
    assert f"of {2 * VICTIMS} mail-related lookups" in tried


def test_since_counts_back_from_the_end_of_the_recording(run: Run, tmp_path: Path) -> None:
    """`--since 30s` is the last half minute of that day, wherever the option stands."""
    state = replayed(run, tmp_path)
    early = json.loads(run("report", "--json", "--state", state))
    late = json.loads(run("report", "--since", "90s", "--json", "--state", state))
    assert len(early["clients"]) == 2
    assert [client["addresses"] for client in late["clients"]] == [[WORM]]
    assert run("report", "--since", "2004-01-01", "--state", state, exit_code=2)


def test_the_summary_says_what_was_read(run: Run, tmp_path: Path) -> None:
    """For eyes, and as JSON."""
    file = str(capture(tmp_path))
    text = run("replay", file, "--workers", "1")
    assert "SMTP-related" in text
    assert max(map(len, text.splitlines())) <= 80
    found = json.loads(run("replay", file, "--workers", "1", "--json"))
    assert (found["mx"], found["smtp"], found["clients"]) == (VICTIMS, VICTIMS, 2)
    assert found["translations"]["smtp"]["new"] == VICTIMS
    assert not found["is_damaged"]


def test_damage_ends_with_code_one(run: Run, tmp_path: Path) -> None:
    """What could be read is kept all the same."""
    file = capture(tmp_path)
    file.write_bytes(file.read_bytes()[:-9])
    data = tmp_path / "data"
    run("replay", str(file), "--to-parquet", str(data), "--workers", "1", exit_code=1)
    assert pq.read_table(data / "observations").num_rows == 2 * VICTIMS + 1


def test_what_is_wrong_is_a_sentence(run: Run, tmp_path: Path, state: Path) -> None:
    """A file that is none, a server's directory, a policy that is not there."""
    file = str(capture(tmp_path))
    assert "cannot read" in run("replay", str(tmp_path / "no"), exit_code=1)
    assert "records of a server" in run("replay", file, "--state", str(state), exit_code=1)
    assert "there is no policy" in run("replay", file, "--policy", "nice", exit_code=2)
