"""What a service manager hears, and the question that is asked before."""

import os
import socket
from pathlib import Path

import pytest

from dnswatch.serve.notify import Manager, Question
from tests import check


def test_without_a_manager_nobody_is_told() -> None:
    """Started by hand, nothing is said and nothing is asked."""
    manager = Manager({})
    manager.tell("READY=1")
    assert manager.interval == 0


def test_a_manager_hears_what_is_told(tmp_path: Path) -> None:
    """A word is one datagram; a manager that is gone is no fault."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        line.bind(str(tmp_path / "notify"))
        manager = Manager({"NOTIFY_SOCKET": str(tmp_path / "notify")})
        manager.tell("READY=1")
        assert line.recv(99) == b"READY=1"
    manager.tell("READY=1")


def test_a_name_without_a_file_is_understood() -> None:
    """An abstract socket is written with an at sign."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
        name = f"dnswatch-test-{os.getpid()}"
        line.bind("\0" + name)
        Manager({"NOTIFY_SOCKET": "@" + name}).tell("STOPPING=1")
        assert line.recv(99) == b"STOPPING=1"


@pytest.mark.parametrize(
    ("said", "interval"),
    [
        ({"WATCHDOG_USEC": "15000000"}, 5.0),
        ({"WATCHDOG_USEC": "15000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_the_watchdog_is_told_thrice_a_period(said: dict[str, str], interval: float) -> None:
    """As often as the manager wants to hear, if it means this process."""
    assert Manager(said).interval == interval


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
def test_only_the_answer_to_the_last_question_counts(address: str) -> None:
    """Noise, another's answer and the question itself are none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.bind((address, 0))
        question = Question(endpoint)
        assert question.client() == "127.0.0.1"
        question.ask()
        asked, client = endpoint.recvfrom(512)
        for wrong in (b"", b"x", asked, b"\0\0" + b"\x90" + asked[3:]):
            endpoint.sendto(wrong, client)
        if asked[:2] != b"\0\0":
            assert not question.is_answered()
        endpoint.sendto(asked[:2] + b"\x90" + asked[3:], client)
        assert check.eventually(question.is_answered)
        question.close()
