"""Messages that come again."""

from msgspec.structs import replace

from dnswatch.bay.disposition import Retries
from dnswatch.bay.record import Answered, Decision, Gone, Line
from dnswatch.bay.state import Message, fold
from tests.bay.messages import envelope, ident


def message(*lines: Line) -> Message:
    """Read a record."""
    folded = fold([envelope(1, "c@d.example", "e@f.example"), *lines])
    assert folded is not None
    return folded


def test_same_message_is_recognised() -> None:
    """Client, sender, recipients in any order, and bytes: all the same means the same message."""
    retries = Retries()
    retries.learn(message())
    same = envelope(2, "e@f.example", "c@d.example")
    assert retries.find(same) == ident(1)
    for other in (
        envelope(2, "c@d.example"),
        replace(same, key="192.0.2.8"),
        replace(same, sender=""),
        replace(same, sha256="0"),
    ):
        assert retries.find(other) is None


def test_other_address_of_the_machine_brings_the_same_message() -> None:
    """Who was deferred over IPv4 may try again over IPv6."""
    retries = Retries()
    retries.learn(message())
    again = replace(message().envelope, key="2001:db8::7")
    assert retries.find(again) is None
    assert retries.find(again, {"2001:db8::7", "192.0.2.7"}) == ident(1)


def test_what_the_bay_took_is_not_expected_again() -> None:
    """After 250 the same bytes are another message; after retention, they are taken anew."""
    retries = Retries()
    retries.learn(message())
    retries.learn(message(Decision(at=2.0, fate="release"), Answered(at=2.0, code=250)))
    assert retries.find(message().envelope) is None
    retries.learn(message(Decision(at=2.0, fate="defer"), Gone(at=3.0, why="old")))
    assert retries.find(message().envelope) is None
    retries.learn(
        message(Decision(at=2.0, fate="discard", actor="root"), Gone(at=3.0, why="bay.keep.done"))
    )
    assert retries.find(message().envelope) == ident(1), "a person decided on it"
    retries.learn(message(Decision(at=2.0, fate="discard", actor="root")))
    assert retries.find(message().envelope) == ident(1)
