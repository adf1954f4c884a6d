"""`dnswatch events`: what sinks are told, and whether it arrives."""

import json
import socket
from pathlib import Path

from tests.cli.conftest import Run
from tests.loopback import reserve
from tests.teller.logged import note
from tests.teller.test_forms import parsed


def test_tail_prints_the_last_events_in_each_form(run: Run, state: Path) -> None:
    """One a line, as sinks are told of them."""
    assert "nothing changed yet" in run("events", "tail", exit_code=1)
    for text in ("suspect", "infected", "clean"):
        note(state, text)
    told = [json.loads(line)["data"] for line in run("events", "tail", "--limit", "2").splitlines()]
    assert [one["incident"]["phase"] for one in told] == ["goes on", "closes"]
    eve = run("events", "tail", "--form", "eve").splitlines()
    assert [json.loads(line)["alert"]["signature_id"] for line in eve] == [1, 3, 4]
    told = run("events", "tail", "--form", "ocsf").splitlines()
    assert [json.loads(line)["activity_id"] for line in told] == [1, 2, 3]
    told = run("events", "tail", "--form", "ecs").splitlines()
    assert [json.loads(line)["event"]["kind"] for line in told] == ["alert", "alert", "event"]
    told = run("events", "tail", "--form", "cef").splitlines()
    assert [line.split("|")[4] for line in told] == ["1", "3", "4"]
    for line in run("events", "tail", "--form", "syslog").splitlines():
        assert parsed(line.encode())[0]["id"] == b"verdict"


def test_a_trial_says_what_came_of_it(run: Run, tmp_path: Path) -> None:
    """At each sink, and by the exit code; nobody takes it for a verdict."""
    config, eve = tmp_path / "dnswatch.toml", tmp_path / "eve.json"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver, reserve() as nobody:
        receiver.bind(("127.0.0.1", 0))
        text = (
            f'[[events]]\nto = "file:{eve}"\n[[events]]\n'
            f'to = "syslog:udp://127.0.0.1:{receiver.getsockname()[1]}"\n'
        )
        config.write_text(text)
        said = run("events", "test", "--config", str(config)).splitlines()
        assert said[0] == f"file:{eve}: written"
        assert "UDP does not tell" in said[1]
        assert parsed(receiver.recv(4096))[0]["id"] == b"test"
        assert json.loads(eve.read_text())["alert"]["signature_id"] == 12
        away = f'[[events]]\nto = "syslog:tcp://127.0.0.1:{nobody.getsockname()[1]}"\n'
        config.write_text(text + away)
        run("events", "test", "--config", str(config), exit_code=1)


def test_a_trial_without_sinks_says_so(run: Run) -> None:
    """With the section that names them."""
    assert "[[events]]" in run("events", "test", exit_code=1)
