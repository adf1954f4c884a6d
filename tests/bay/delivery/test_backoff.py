"""When a delivery is tried again."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.bay.delivery.attempt import due_at, is_hopeless
from dnswatch.bay.record import Decision, DeliveryOutcome, Envelope, Line, Tried
from dnswatch.bay.state import Message, fold
from dnswatch.settings import Duration
from dnswatch.settings.bay import Release

RELEASE = Release()
DAY = 86400.0
ENVELOPE = Envelope(
    at=0,
    ident="0" * 22,
    client="c",
    key="c",
    helo="h",
    sender="s@a.example",
    recipients=("bob@b.example",),
    size=1,
    sha256="",
)


def told(*lines: Line) -> Message:
    """The message after these lines."""
    message = fold([ENVELOPE, *lines])
    assert message is not None
    return message


def failed(at: float) -> list[Line]:
    """A delivery at a moment that did not succeed."""
    return [
        Tried(at=at, recipients=("bob@b.example",), exchange="mx"),
        DeliveryOutcome(at=at, recipient="bob@b.example", result="later", text="450 busy"),
    ]


def tries(release: Release) -> list[float]:
    """Every moment at which a message is tried that no exchange takes."""
    lines: list[Line] = [Decision(at=0.0, fate="release")]
    moments: list[float] = []
    at = 0.0
    while not is_hopeless(told(*lines), release, at):
        moments.append(at)
        lines += failed(at)
        again = due_at(told(*lines), release)
        assert again is not None
        at = max(again, at)
    return moments


def test_soon_at_first_then_rarely_for_days() -> None:
    """After five minutes, then twice as long, at last every four hours, for five days."""
    moments = tries(RELEASE)
    gaps = [later - one for one, later in pairwise(moments)]
    assert 300 <= gaps[0] <= 330
    assert gaps == sorted(gaps)
    assert 4 * 3600 <= gaps[-1] <= 4.4 * 3600
    assert 4.7 * DAY < moments[-1] < 5 * DAY
    assert 25 < len(moments) < 40


@given(st.floats(1, 3600), st.floats(1, 86400), st.floats(1, 10 * 86400))
def test_no_setting_makes_it_spin_or_stop_too_early(
    retry: float, most: float, give_up: float
) -> None:
    """Two tries are a second apart at least, and each lies before the message is given up."""
    release = Release(
        retry=Duration(retry), retry_most=Duration(most), give_up=Duration(min(give_up, 20 * most))
    )
    moments = tries(release)
    assert all(later - one >= 1 for one, later in pairwise(moments))
    assert all(one < release.give_up for one in moments)


def test_what_is_not_released_is_not_due() -> None:
    """Only a decision sends mail on."""
    assert due_at(told(), RELEASE) is None
    assert due_at(told(Decision(at=0.0, fate="hold")), RELEASE) is None
    assert due_at(told(Decision(at=0.0, fate="release")), RELEASE) == 0.0


def test_a_persons_order_begins_anew() -> None:
    """What failed, or waits for its next try, is tried at once when a person says so."""
    lines = [Decision(at=0.0, fate="release"), *failed(1.0), *failed(400.0)]
    assert (due_at(told(*lines), RELEASE) or 0) > 900
    again = told(*lines, Decision(at=500.0, fate="release", actor="anna"))
    assert due_at(again, RELEASE) == 0.0
    assert not is_hopeless(again, RELEASE, 500.0 + 4 * DAY)
