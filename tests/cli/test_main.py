"""The program as a person starts it: in a process of its own."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.check import PATIENCE
from tests.sources import packets

START = [sys.executable, "-m", "dnswatch"]


def dnswatch(
    *arguments: str, state: Path, **environment: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*START, *arguments],
        env=variables(state, environment),
        capture_output=True,
        timeout=PATIENCE,
    )


def variables(state: Path, more: Mapping[str, str]) -> dict[str, str]:
    path = os.pathsep.join(filter(None, sys.path))
    return {**os.environ, "DNSWATCH_STATE": str(state), "PYTHONPATH": path, **more}


def test_the_report_of_a_real_process_is_the_same(state: Path) -> None:
    """The program prints the ranking, exits with 0, and says nothing on stderr."""
    done = dnswatch("report", state=state)
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"4 clients" in done.stdout
    assert b"\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "code"), [(["report", "--client", "nobody"], 1), (["report", "--since", "x"], 2)]
)
def test_a_failure_is_a_sentence(state: Path, arguments: list[str], code: int) -> None:
    """A failure has its exit code and a sentence on stderr, and never a traceback."""
    done = dnswatch(*arguments, state=state)
    assert (done.returncode, done.stdout) == (code, b"")
    assert done.stderr
    assert b"Traceback" not in done.stderr


def test_a_reader_that_leaves_early_is_no_error(state: Path) -> None:
    """`dnswatch report | head -1` says nothing on stderr."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [*START, "report", "--json"],
        env=variables(state, {}),
        stdout=write_end,
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
    )
    os.close(write_end)
    assert done.stderr == b""


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["report"], ["report", "--json"], ["status"], ["policy", "list"], ["cache"]],
    ids=" ".join,
)
def test_a_full_disk_is_a_sentence(state: Path, arguments: list[str]) -> None:
    """Whatever a command prints, what cannot be written ends in a sentence and code 1."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [*START, *arguments], env=variables(state, {}), stdout=full, stderr=subprocess.PIPE
        )
    said = b"dnswatch: the output cannot be written: No space left on device\n"
    assert (done.returncode, done.stderr) == (1, said)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["report", "--limit", "abc"], b"'abc': expected a whole number"),
        (["report", "--limit", "0"], b"'0': expected at least 1"),
        (["campus", "compare", "--days", "x"], b"'x': expected a number"),
        (["campus", "play", "--speed", "0", "--against", "x"], b"'0': expected at least 0.01"),
        (["serve", "--workers", "1.5"], b"'1.5': expected a whole number"),
    ],
    ids=str,
)
def test_a_wrong_number_is_told_in_our_words(
    state: Path, arguments: list[str], said: bytes
) -> None:
    """What was given and what was expected, not what a library calls it."""
    done = dnswatch(*arguments, state=state)
    assert done.returncode == 2
    assert said in done.stderr
    assert b"Input should" not in done.stderr


@pytest.mark.parametrize("workers", [1, 2])
def test_interrupted_it_ends_without_a_traceback(tmp_path: Path, workers: int) -> None:
    """Ctrl-C, which the terminal sends to all processes of a command, ends them with code 130."""
    frames = packets.pcap(packets.conversation() * 2000)
    with subprocess.Popen(
        [*START, "replay", "-", "--workers", str(workers), "--state", str(tmp_path / "state")],
        env=variables(tmp_path, {}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # not as a shell's `&`
    ) as replaying:
        assert replaying.stdin is not None
        assert replaying.stderr is not None
        replaying.stdin.write(frames)  # more than the pipe holds: it is being read by now
        replaying.stdin.write(frames[24:] * 3)
        os.killpg(replaying.pid, signal.SIGINT)
        with contextlib.suppress(BrokenPipeError):
            replaying.stdin.close()
        said = replaying.stderr.read()
    assert (replaying.returncode, said) == (130, b"")


def test_a_terminal_without_unicode_is_served(state: Path) -> None:
    """Where the terminal knows ASCII only, the report comes without bars and without failing."""
    done = dnswatch("report", state=state, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert b"10.0.0.66" in done.stdout


def test_colour_is_for_terminals_that_want_it(state: Path) -> None:
    """A terminal gets colour, and none with NO_COLOR."""
    forced = dnswatch("report", state=state, FORCE_COLOR="1", TERM="xterm")
    assert b"\x1b[" in forced.stdout
    refused = dnswatch("report", state=state, FORCE_COLOR="1", NO_COLOR="1", TERM="xterm")
    assert b"\x1b[3" not in refused.stdout


def test_clients_are_completed(state: Path) -> None:
    """The shell completes names and addresses of clients on record."""
    done = dnswatch(
        state=state,
        _DNSWATCH_COMPLETE="complete_bash",
        COMP_CWORD="3",
        COMP_WORDS="dnswatch report --client 10.0.0.6",
    )
    assert done.stdout.split() == [b"10.0.0.66"]


def test_the_version_is_told(state: Path) -> None:
    """`--version` names the program and exits with 0."""
    done = dnswatch("--version", state=state)
    assert (done.returncode, done.stdout.startswith(b"dnswatch")) == (0, True)
