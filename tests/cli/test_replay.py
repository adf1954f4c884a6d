"""`dnswatch replay`: a capture in, and the other commands read it as if it had been live."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.cli.conftest import Run
from tests.fuzz.frame import CORPUS
from tests.replay.scene import VICTIMS, WORM, capture
from tests.sources.packets import (
    CLIENT,
    NOON,
    WEB,
    back,
    conversation,
    ethernet,
    interfaces,
    pcap,
    query,
    response,
    tcp,
    udp,
)

AT_ONCE = 'detection.learning = "0s"\n'


def replayed(run: Run, tmp_path: Path, *more: str) -> str:
    """Replay a day with a worm in it; return the directory of the records."""
    (tmp_path / "site.toml").write_text(AT_ONCE)
    state = str(tmp_path / "past")
    file = str(capture(tmp_path))
    run(
        "replay",
        file,
        "--state",
        state,
        "--workers",
        "1",
        "--config",
        str(tmp_path / "site.toml"),
        *more,
    )
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


def test_what_cannot_be_read_is_named(run: Run, tmp_path: Path) -> None:
    """With code 1 where that was all, in the table where there was more; ARP is no fault."""
    file = tmp_path / "capture"
    odd, arp = (147, (NOON, bytes(40))), (1, (NOON, bytes(12) + b"\x08\x06" + bytes(28)))
    file.write_bytes(interfaces([odd, odd, arp]))
    said = run("replay", str(file), "--workers", "1", exit_code=1)
    assert "nothing of it could be read: there is no reader for link type 147" in said
    file.write_bytes(interfaces([odd, arp, *((1, timed) for timed in conversation())]))
    assert "link type 147" in run("replay", str(file), "--workers", "1")
    found = json.loads(run("replay", str(file), "--workers", "1", "--json"))
    assert found["unread_kinds"] == {"link type 147": 1}
    assert (found["unread"], found["not_ip"], found["is_unreadable"]) == (1, 1, False)
    file.write_bytes(interfaces([arp]))
    run("replay", str(file), "--workers", "1")


@pytest.mark.parametrize("name", ["zeek/j-http.log", "dnstap/t-notime.dnstap"])
def test_a_recording_that_tells_nothing_is_said_to(run: Run, name: str) -> None:
    """Rows of another log, and messages without any time."""
    assert "nothing of it could be read" in run("replay", str(CORPUS / name), exit_code=1)


def test_a_recording_shorter_than_the_learning_period_is_not_judged(
    run: Run, tmp_path: Path
) -> None:
    """That nobody is suspect then says nothing, and so it is said until when all is learned."""
    file, state = str(capture(tmp_path)), str(tmp_path / "past")
    said = run("replay", file, "--state", state, "--workers", "1")
    assert "nothing is judged yet: learning until 2003-08-" in said
    (tmp_path / "site.toml").write_text(AT_ONCE)
    config = ("--config", str(tmp_path / "site.toml"), "--state", str(tmp_path / "judged"))
    assert "learning" not in run("replay", file, "--workers", "1", *config)


@pytest.mark.parametrize(
    ("name", "replayed", "reported"),
    [
        ("capture/timestamp-beyond-year-9999.pcapng", 1, 1),
        ("zeek/zeek-far-time.dns.log", 1, 0),
        ("zeek/j-millis.log", 0, 0),
        ("capture/gap-2y.pcap", 0, 0),
    ],
)
def test_a_time_far_off_spoils_nothing(
    run: Run, tmp_path: Path, name: str, replayed: int, reported: int
) -> None:
    """An impossible time is damage, and what the records hold is told, if that is anything."""
    state = str(tmp_path / "past")
    run("replay", str(CORPUS / name), "--state", state, "--workers", "1", exit_code=replayed)
    run("report", "--state", state, exit_code=reported)
    run("clients", "list", "--json", "--state", state)


def test_submitted_mail_is_told(run: Run, tmp_path: Path) -> None:
    """Connections to ports 465 and 587, and the lookups that led to them."""
    file = tmp_path / "capture"
    calls = [tcp(CLIENT, WEB, (41000 + port, port), "S", 1) for port in (465, 587)]
    packets = [udp(query()), back(response()), *calls]
    file.write_bytes(pcap((NOON + n / 10, ethernet(one)) for n, one in enumerate(packets)))
    found = json.loads(run("replay", str(file), "--workers", "1", "--json"))
    assert (found["submitted"], found["smtp"], found["flows"]) == (2, 0, 2)
    assert found["translations"]["submission"]["new"] == 1


def test_what_is_wrong_is_a_sentence(run: Run, tmp_path: Path, state: Path) -> None:
    """A file that is none, a server's directory, a policy that is not there."""
    file = str(capture(tmp_path))
    assert "there is no file" in run("replay", file, str(tmp_path / "no"), exit_code=2)
    assert "cannot read" in run("replay", str(tmp_path), exit_code=1)
    assert "records of a server" in run("replay", file, "--state", str(state), exit_code=1)
    assert "there is no policy" in run("replay", file, "--policy", "nice", exit_code=2)
