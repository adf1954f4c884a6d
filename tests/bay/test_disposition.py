"""What becomes of a message, and what its client is told."""

import pytest

from dnswatch.bay.disposition import disposition_of, reply_to, reply_to_retry
from dnswatch.bay.record import Decision, DeliveryOutcome, Disposition, Gone, Line
from dnswatch.bay.state import fold
from dnswatch.settings.bay import Fates
from tests.bay.messages import envelope


def test_table_decides() -> None:
    """By default clean mail is released, unsure deferred, a worm held; a site may say otherwise."""
    fates = Fates()
    assert [disposition_of(one, fates) for one in ("clean", "unsure", "worm")] == [
        "release",
        "defer",
        "hold",
    ]
    assert disposition_of("worm", Fates(worm="discard")) == "discard"


@pytest.mark.parametrize("fate", ["release", "hold", "discard", "defer"])
def test_250_is_said_where_the_bay_takes_the_duty(fate: Disposition) -> None:
    """Who is deferred is told to try again; everybody else that the bay has the message."""
    assert reply_to(fate, "x").code == (451 if fate == "defer" else 250)


REFUSED = DeliveryOutcome(
    at=3.0, recipient="c@d.example", result="refused", text="550 no\r\n such user"
)
RETRIES: list[tuple[int | None, list[Line]]] = [
    (None, []),
    (None, [Decision(at=2.0, fate="defer")]),
    (451, [Decision(at=2.0, fate="defer", actor="root")]),
    (250, [Decision(at=2.0, fate="release", actor="root")]),
    (250, [Decision(at=2.0, fate="hold", actor="root")]),
    (554, [Decision(at=2.0, fate="discard", actor="root")]),
    (554, [Decision(at=2.0, fate="defer"), Gone(at=3.0, why="", actor="root")]),
    (554, [Decision(at=2.0, fate="release"), REFUSED]),
]


@pytest.mark.parametrize(("code", "lines"), RETRIES)
def test_retry_is_told_what_was_decided_since(code: int | None, lines: list[Line]) -> None:
    """A message that comes again is taken, refused or put off, as was decided since."""
    message = fold([envelope(), *lines])
    assert message is not None
    reply = reply_to_retry(message)
    assert (reply and reply.code) == code
    assert reply is None or str(reply).isprintable()
