"""What the supervisor says to its processes."""

import socket
from collections.abc import Iterator

import pytest

from dnswatch.control import ALIVE, FAULTS, Control, away, read_fault, write_fault
from dnswatch.model.policies.note import About, Note
from dnswatch.settings import Source, encode


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, Control]]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    theirs.setblocking(False)
    with ours, theirs:
        yield ours, Control(theirs)


def test_new_settings_are_read(ends: tuple[socket.socket, Control]) -> None:
    """A configuration comes as its text, and as what it says."""
    supervisor, control = ends
    source = Source("[limits]\nclients = 2000\n", "dnswatch.toml")
    supervisor.send(encode(source))
    news = control.news()
    assert news is not None
    assert news[0] == source
    assert news[1].limits.clients == 2000


@pytest.mark.parametrize(
    "message", [b"\xc1 no message", encode(Source("[limits]\nclients = false\n", "dnswatch.toml"))]
)
def test_what_cannot_be_obeyed_is_refused(
    ends: tuple[socket.socket, Control], message: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """It is said, and the old settings stay in force."""
    supervisor, control = ends
    supervisor.send(message)
    assert control.news() is None
    assert not control.is_over
    assert "the old ones stay in force" in caplog.text


def test_faults_wait_for_whoever_notes_them(ends: tuple[socket.socket, Control]) -> None:
    """They are no configuration, and only the last ones are kept."""
    supervisor, control = ends
    for number in range(FAULTS + 2):
        supervisor.send(write_fault(Note(1.0, About.FAULT, f"fault {number}", "")))
        assert control.news() is None
    assert [fault.text for fault in control.faults] == [
        f"fault {number}" for number in range(2, FAULTS + 2)
    ]


@pytest.mark.parametrize("message", [b"fault", b"fault\xc1", b"faulty"])
def test_half_a_fault_is_none(message: bytes) -> None:
    """What cannot be read is let go."""
    assert read_fault(message) is None


def test_silence_is_no_news(ends: tuple[socket.socket, Control]) -> None:
    """Nothing there: nothing to obey, and nothing is over."""
    _, control = ends
    assert control.news() is None
    assert not control.is_over


def test_the_end_of_the_line_is_the_end_of_the_work(ends: tuple[socket.socket, Control]) -> None:
    """A supervisor that is gone is noticed, however it went."""
    supervisor, control = ends
    supervisor.close()
    assert control.news() is None
    assert control.is_over


def test_a_process_says_that_it_lives(ends: tuple[socket.socket, Control]) -> None:
    """The supervisor hears it on the same line; one that does not listen holds up nothing."""
    supervisor, control = ends
    for _ in range(10_000):
        control.beat()
    assert supervisor.recv(64) == ALIVE
    supervisor.close()
    control.beat()


def test_a_worker_hears_who_is_away(ends: tuple[socket.socket, Control]) -> None:
    """That is no configuration, and the last word holds."""
    supervisor, control = ends
    assert control.away == frozenset()
    for said in ({0, 63}, {2}, set()):
        supervisor.send(away(said))
        assert control.news() is None
        assert control.away == said
