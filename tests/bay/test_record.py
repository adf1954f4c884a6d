"""The lines of a record."""

import msgspec
import pytest

from dnswatch.bay.record import (
    Answered,
    Decision,
    DeliveryOutcome,
    Gone,
    Line,
    Tried,
    decode,
    encode,
)
from tests.bay.messages import envelope

LINES: list[Line] = [
    envelope(),
    Decision(at=1.0, fate="hold", actor="root", why="a \n\x1b[2J reason"),
    Answered(at=2.0, code=250),
    Tried(at=3.0, recipients=("c@d.example",), exchange="mx.d.example [192.0.2.1]"),
    DeliveryOutcome(at=4.0, recipient="c@d.example", result="later", text="451 busy"),
    Gone(at=5.0, why="14 days"),
]


@pytest.mark.parametrize("line", LINES, ids=lambda line: type(line).__name__)
def test_line_is_read_as_it_was_written(line: Line) -> None:
    """A line of a record takes one line, whatever is in it, and comes back as it was."""
    text = encode(line)
    assert text.count(b"\n") == 1
    assert decode(text) == line


def test_half_a_line_is_none() -> None:
    """What a kill left of a line is not taken for one."""
    with pytest.raises(msgspec.DecodeError):
        decode(encode(LINES[0])[:-20])
