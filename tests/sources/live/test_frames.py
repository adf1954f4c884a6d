"""Frame Streams on a connection: both ways of speaking it, and whatever else may come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.errors import SourceError
from dnswatch.sources.dnstap import LONGEST
from dnswatch.sources.live.frames import Sender
from tests.sources.live.taps import (
    ACCEPT,
    CONTENT,
    FINISH,
    READY,
    START,
    STOP,
    control,
    framed,
    lookup,
)
from tests.sources.packets import NOON

FRAMES = [*lookup(NOON, "www.example"), *lookup(NOON + 1, "mail.example")]
SENT = b"".join(map(framed, FRAMES))
ONE_WAY = control(START, CONTENT) + SENT + control(STOP)
BOTH_WAYS = control(READY, CONTENT) + ONE_WAY


@given(st.sampled_from([ONE_WAY, BOTH_WAYS]), st.lists(st.integers(1, 200)))
def test_frames_come_whole_however_they_were_cut(sent: bytes, cuts: list[int]) -> None:
    """Both kinds of sender are understood, and each frame comes once, in any pieces; who asks for
    answers is told ACCEPT before anything else, and FINISH at the end."""
    sender, found, at = Sender(), list[bytes](), 0
    for size in [*cuts, len(sent)]:
        found += sender.take(sent[at : at + size])
        at += size
    assert found == FRAMES
    assert sender.is_over
    is_answered = sent is BOTH_WAYS
    assert sender.reply == (control(ACCEPT, CONTENT) + control(FINISH)) * is_answered


def test_a_sender_may_offer_several_contents_or_none() -> None:
    """Ours among them is enough, and so is silence."""
    for offered in ([b"protobuf:other", CONTENT], []):
        sender = Sender()
        assert list(sender.take(control(READY, *offered) + control(START) + SENT)) == FRAMES


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"GET / HTTP/1.1\r\n\r\n", id="another protocol"),
        pytest.param(control(START, b"protobuf:other") + SENT, id="other contents"),
        pytest.param(control(STOP) + SENT, id="the end first"),
        pytest.param(bytes(4) + b"\xff\xff\xff\xff" + bytes(9), id="an endless control frame"),
        pytest.param(
            control(START) + (LONGEST + 1).to_bytes(4, "big") + b"\x0a" * 9, id="an endless frame"
        ),
        pytest.param(control(START) + framed(b"\xff" * 40), id="no dnstap"),
    ],
)
def test_whoever_sends_anything_else_is_not_listened_to(sent: bytes) -> None:
    """Nothing is kept of it, and nothing is searched in it."""
    with pytest.raises(SourceError):
        list(Sender().take(sent))


def test_what_waits_is_bounded() -> None:
    """A sender that never ends a frame makes dnswatch keep one frame at most."""
    sender = Sender()
    list(sender.take(control(START)))
    for _ in range(3):
        assert not list(sender.take((LONGEST).to_bytes(4, "big") + b"\x0a" * 1000))
        assert len(sender._rest) <= LONGEST + 4
