"""A message on its way from the connection to the spool."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.bay.smtp.limits import Room
from dnswatch.bay.smtp.transfer import Trace, Transfer
from dnswatch.bay.spool import Draft
from tests.bay.messages import ident


class Memory(Draft):
    """A draft without a disk."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.size = 0
        self.text = b""

    def write(self, data: bytes | bytearray) -> None:
        """Keep it."""
        self.text += data
        self.size += len(data)


def transfer(
    draft: Draft, stream: bytes, step: int, limit: int = 1 << 20
) -> tuple[Transfer, bytes]:
    """Send a stream in steps; returns what came of it, and what is left to read."""

    made = Transfer(draft, limit, Room(lambda: 1 << 40, 0).claim(0), Trace("bay.example"))
    for start in range(0, len(stream), step):
        rest = made.feed(stream[start : start + step])
        if rest is not None:
            return made, rest + stream[start + step :]
    raise AssertionError("it has no end")


@given(st.binary(max_size=5000), st.integers(1, 3000))
def test_message_ends_where_it_ends(body: bytes, step: int) -> None:
    """However the bytes arrive, the message is what was sent, and the next command is left."""
    body = body.replace(b"\r\n.", b"\r\n") + b"\r\n"
    stuffed = body if not body.startswith(b".") else b"." + body
    draft = Memory()
    _, rest = transfer(draft, stuffed + b".\r\nQUIT\r\n", step)
    assert draft.text == body
    assert rest == b"QUIT\r\n"


@pytest.fixture
def draft(tmp_path: Path) -> Iterator[Draft]:
    """Begin a message."""
    made = Draft(tmp_path / "draft", ident())
    yield made
    made.drop()


def test_too_long_a_message_is_read_to_its_end_but_not_kept(draft: Draft) -> None:
    """A message above the limit is not written any more, and is told from one without end."""
    done, rest = transfer(draft, b"x" * 1500 + b"\r\n.\r\nQUIT\r\n", 700, limit=1000)
    assert (done.is_too_long, done.is_endless, rest) == (True, False, b"QUIT\r\n")
    assert draft.size <= 1000


def test_message_without_end_is_cut_off(draft: Draft) -> None:
    """A client that never ends is not read for ever."""
    done, _ = transfer(draft, b"x\r\n" * 4000, 100, limit=1000)
    assert done.is_endless
    assert draft.size <= 1000
