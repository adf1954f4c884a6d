"""The process: killed at the worst moment, told to change, and with one sink in trouble."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dnswatch.settings import EventDestination, Settings, Sink
from dnswatch.store import Store
from dnswatch.teller import telling
from dnswatch.teller.process import Tellers
from tests import check
from tests.loopback import reserve
from tests.outlets.sinks import GOOD, key_file
from tests.teller.logged import note
from tests.teller.receivers import webhook
from tests.teller.test_telling import told

RUN = """
import socket, sys
from pathlib import Path
from dnswatch.settings import Source
from dnswatch.teller import process
line = socket.socket(fileno=int(sys.argv[2]))
line.setblocking(False)
process.main(Source(sys.argv[3], "test"), Path(sys.argv[1]), line)
"""


@contextmanager
def teller(state: Path, text: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the process as the supervisor does, with a line to it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        number = theirs.fileno()
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(state), str(number), text], pass_fds=[number]
        )
        theirs.close()
        try:
            yield process
        finally:
            ours.close()  # the supervisor is gone: it ends by itself
            process.wait()


def test_a_kill_between_sending_and_noting_repeats_and_loses_nothing(tmp_path: Path) -> None:
    """The receiver knows the repeated one by its id."""
    Store.open(tmp_path).close()
    with webhook() as heard:
        text = (
            f'[[events]]\nto = "http://127.0.0.1:{heard.port}/"\n'
            f'secret = "{key_file(tmp_path, GOOD)}"\n'
        )
        with teller(tmp_path, text) as process:
            check.eventually(lambda: list((tmp_path / "events").glob("*.json")))
            heard.first = process.kill
            note(tmp_path, "suspect")
            process.wait()
        assert process.returncode == -9
        note(tmp_path, "infected")
        with teller(tmp_path, text) as process:
            check.eventually(lambda: len(heard.messages) == 3)
        assert process.returncode == 0
    data = [json.loads(body)["data"] for body in heard.messages]
    assert [one["text"] for one in data] == ["suspect", "suspect", "infected"]
    assert data[0]["id"] == data[1]["id"] != data[2]["id"]
    assert len({one["incident"]["id"] for one in data}) == 1


def arranged(tellers: Tellers) -> bool:
    """Arrange, as the process does four times a second."""
    tellers.arrange()
    return True


def test_one_sinks_trouble_holds_up_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what is not wanted any more ends, what is wanted anew begins."""
    monkeypatch.setattr(telling, "LOOK", 0.02)
    Store.open(tmp_path).close()
    one, two = tmp_path / "one.json", tmp_path / "two.json"
    tellers = Tellers(tmp_path)
    with reserve() as holder:
        away = Sink(to=EventDestination(f"syslog:tcp://127.0.0.1:{holder.getsockname()[1]}"))
        tellers.settings = Settings(events=(away, Sink(to=EventDestination(f"file:{one}"))))
        tellers.arrange()
        check.eventually(lambda: len(list((tmp_path / "events").glob("*.json"))) == 2)
        note(tmp_path, "suspect")
        check.eventually(lambda: told(one) == ["verdict suspect"])
        tellers.settings = Settings(
            events=(
                Sink(to=EventDestination(f"file:{one}"), about=("mark",)),
                Sink(to=EventDestination(f"file:{two}")),
            )
        )
        check.eventually(lambda: arranged(tellers) and len(tellers._running) == 2)
        check.eventually(lambda: len(list((tmp_path / "events").glob("*.json"))) == 3)
        check.eventually(lambda: arranged(tellers) and tellers._running[f"file:{one}"].is_alive)
        note(tmp_path, "infected")
        note(tmp_path, "delay", about="mark")
        check.eventually(lambda: told(two) == ["verdict infected", "mark delay"])
        check.eventually(
            lambda: arranged(tellers) and told(one) == ["verdict suspect", "mark delay"]
        )
        tellers.settings = Settings()
        check.eventually(lambda: arranged(tellers) and not tellers._running)
