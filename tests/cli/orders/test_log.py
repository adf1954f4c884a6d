"""`dnswatch log`: what changed, when, why and by whom."""

from pathlib import Path

from tests.cli.conftest import Read, Run


def test_every_change_is_told_the_last_first(run: Run, read: Read) -> None:
    """Policies, words and roles, each with the person who gave the order."""
    run("policy", "enable", "delay")
    run("clients", "trust", "10.0.0.66", "--why", "a list import")
    run("clients", "role", "10.0.0.1", "server")
    told = read("log")
    assert [(each["about"], each["now"]) for each in told] == [
        ("role", "server"),
        ("overrule", "trust"),
        ("policy", "delay on"),
    ]
    assert all(each["actor"] for each in told)
    assert told[1]["cause"] == "a list import"
    assert [each["about"] for each in read("log", "--limit", "1")] == ["role"]


def test_the_log_of_one_client(run: Run, read: Read) -> None:
    """Only what is about that client."""
    run("policy", "enable", "delay")
    run("clients", "trust", "10.0.0.66")
    assert [each["client"] for each in read("log", "--client", "10.0.0.66")] == ["10.0.0.66"]
    assert "nothing changed" in run("log", "--client", "10.0.0.1", exit_code=1)


def test_a_log_of_nothing(run: Run, tmp_path: Path) -> None:
    """Where nothing changed, and where nothing was ever kept, it says so."""
    assert "nothing changed" in run("log", exit_code=1)
    assert "no records" in run("log", "--state", str(tmp_path / "none"), exit_code=1)
