"""What follows from the lines of a record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.bay.record import (
    Answered,
    Decision,
    DeliveryOutcome,
    Disposition,
    Gone,
    Judged,
    Line,
    Tried,
)
from dnswatch.bay.state import Message, State, fold, follow
from tests.bay.messages import envelope

TWO = ("c@d.example", "e@f.example")


def decided(fate: Disposition, *recipients: str) -> Decision:
    """Decide, as the bay does."""
    return Decision(at=2.0, fate=fate, recipients=recipients)


def ordered(fate: Disposition, *recipients: str) -> Decision:
    """Decide, as a person does."""
    return Decision(at=2.5, fate=fate, recipients=recipients, actor="root")


def outcome(recipient: str, result: str) -> DeliveryOutcome:
    """Hear an exchange."""
    return DeliveryOutcome(at=3.0, recipient=recipient, result=result, text="")  # type: ignore[arg-type]


def folded(*lines: Line) -> Message:
    """Read a record of a message to two recipients."""
    message = fold([envelope(1, *TWO), *lines])
    assert message is not None
    return message


STATES: list[tuple[State, list[Line]]] = [
    ("waiting", []),
    ("deferred", [decided("defer")]),
    ("held", [decided("hold")]),
    ("discarded", [decided("discard")]),
    ("releasing", [decided("defer"), decided("release")]),
    ("releasing", [decided("hold"), decided("release", TWO[0])]),
    ("held", [decided("hold"), decided("release", TWO[0]), outcome(TWO[0], "delivered")]),
    ("releasing", [decided("release"), outcome(TWO[0], "delivered")]),
    ("releasing", [decided("release"), outcome(TWO[0], "later"), outcome(TWO[1], "delivered")]),
    ("released", [decided("release"), *(outcome(one, "delivered") for one in TWO)]),
    ("released", [decided("release", TWO[0]), outcome(TWO[0], "delivered"), decided("discard")]),
    ("failed", [decided("release"), outcome(TWO[0], "delivered"), outcome(TWO[1], "refused")]),
    ("discarded", [decided("hold"), Gone(at=4.0, why="old")]),
    (
        "discarded",
        [decided("release"), *(outcome(one, "refused") for one in TWO), ordered("discard")],
    ),
    (
        "releasing",
        [decided("release"), *(outcome(one, "refused") for one in TWO), ordered("release", TWO[0])],
    ),
    (
        "released",
        [
            decided("hold"),
            decided("release", TWO[0]),
            outcome(TWO[0], "delivered"),
            Gone(at=4.0, why="old"),
        ],
    ),
]


@pytest.mark.parametrize(("state", "lines"), STATES)
def test_state_follows_from_the_lines(state: State, lines: list[Line]) -> None:
    """A message is up to what its recipient is up to for whom most is left to do."""
    assert folded(*lines).state == state


def test_what_was_delivered_stays_delivered() -> None:
    """No later decision reaches a recipient that has the message, or was refused it."""
    message = folded(decided("release"), outcome(TWO[0], "delivered"), decided("hold"))
    assert [one.state for one in message.recipients] == ["released", "held"]
    assert message.due == ()


@pytest.mark.parametrize("order", ["release", "discard"])
@pytest.mark.parametrize("fate", ["release", "defer", "hold", "discard"])
def test_what_a_person_decided_stands(order: Disposition, fate: Disposition) -> None:
    """The bay decides nothing against a person, for nobody else than whom the person named."""
    message = folded(ordered(order, TWO[0]), decided(fate))
    assert [one.fate for one in message.recipients] == [order, fate]
    assert folded(decided(fate), ordered(order)).recipients[0].fate == order


def test_delivery_without_an_end_is_told() -> None:
    """A delivery that began and did not end may have come to pass: that is not forgotten."""
    message = folded(decided("release"), Tried(at=3.0, recipients=TWO[:1], exchange="mx"))
    assert [one.is_open for one in message.recipients] == [True, False]
    assert [one.address for one in message.due] == list(TWO)


def test_duty_is_ours_only_after_250() -> None:
    """The duty of delivery is the bay's once the client was told 250, and not before."""
    assert not folded(decided("release")).is_ours
    assert not folded(Answered(at=2.0, code=451)).is_ours
    assert folded(Answered(at=2.0, code=451), Answered(at=3.0, code=250)).is_ours


def test_record_without_envelope_is_none() -> None:
    """Lines without an envelope in front tell of no message."""
    assert fold([]) is None
    assert fold([decided("hold")]) is None


LINES = st.sampled_from(
    [
        decided("release"),
        decided("hold", TWO[0]),
        decided("discard", TWO[1]),
        decided("defer"),
        outcome(TWO[0], "delivered"),
        outcome(TWO[1], "later"),
        outcome(TWO[1], "refused"),
        Answered(at=5.0, code=250),
        Gone(at=6.0, why=""),
        Tried(at=1.0, recipients=TWO, exchange=""),
        Judged(at=1.0, verdict="worm", opinions=()),
        ordered("release", TWO[1]),
        ordered("discard"),
    ]
)


@given(st.lists(LINES))
def test_any_record_has_one_state(lines: list[Line]) -> None:
    """Line by line or all at once, every record tells one state; a body that is gone is not due."""
    message = folded(*lines)
    stepwise = folded()
    for line in lines:
        stepwise = follow(stepwise, line)
    assert stepwise == message
    assert message.gone is None or not message.due
    assert (message.state == "releasing") == bool(message.due)
