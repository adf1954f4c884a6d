"""The lines that say by what servers a message came."""

from email.parser import BytesParser
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from dnswatch.bay.record import DAEMON, Envelope, Manners
from dnswatch.bay.smtp.transfer import MOST_HOPS, MOST_OWN, Trace, received

ENVELOPE = Envelope(
    at=1795435200.0,
    ident="0" * 22,
    client="10.0.0.7",
    key="10.0.0.7",
    helo="pc",
    sender="",
    recipients=(),
    size=0,
    sha256="",
)


@pytest.mark.parametrize(
    ("envelope", "begin"),
    [
        (ENVELOPE, "from pc ([10.0.0.7]) by bay.example (dnswatch) with ESMTP id 0000"),
        (replace(ENVELOPE, client="2001:db8::7"), "from pc ([IPv6:2001:db8::7]) by"),
        (replace(ENVELOPE, client="", key="~1"), "from pc (unknown) by"),
        (replace(ENVELOPE, helo="a (b); \r\nX: \xe9"), "from a??b?????X:?? ([10.0.0.7]) by"),
        (replace(ENVELOPE, helo=""), "from unknown ([10.0.0.7]) by"),
        (replace(ENVELOPE, key=DAEMON), "by bay.example (dnswatch) with ESMTP"),
        (
            replace(ENVELOPE, tls="TLSv1.3 x", smtputf8=True),
            "from pc ([10.0.0.7]) by bay.example (dnswatch) with UTF8SMTPS",
        ),
        (
            replace(ENVELOPE, manners=Manners(greeting="HELO")),
            "from pc ([10.0.0.7]) by bay.example (dnswatch) with SMTP id",
        ),
    ],
)
def test_our_line_says_whence_a_message_came(envelope: Envelope, begin: str) -> None:
    """Client, protocol, name and time (RFC 5321 section 4.4); nothing of it can end the line."""
    line = received(envelope, "bay.example")
    assert line.isascii()
    mail = BytesParser().parsebytes(line + b"\r\nbody")
    assert mail.keys() == ["Received"]
    text = " ".join(str(mail["Received"]).split())
    assert text.startswith(begin)
    assert parsedate_to_datetime(text.rpartition(";")[2]).timestamp() == envelope.at


def is_circle(message: bytes, step: int = 1000) -> bool:
    """Have a message counted that comes in pieces."""
    trace = Trace("bay.example")
    for at in range(0, len(message), step):
        trace.feed(message[at : at + step])
    return trace.is_circle()


OTHER = b"Received: from a by b.example;\r\n\tMon, 1 Jan 2024 00:00:00 +0000\r\n"
OURS = received(ENVELOPE, "bay.example")
REST = b"Subject: x\r\n\r\n"


@given(st.integers(1, 300))
def test_a_message_that_passed_a_hundred_servers_goes_in_circles(step: int) -> None:
    """RFC 5321 section 6.3; however its bytes arrive, and not by what stands in its body."""
    assert not is_circle(OTHER * MOST_HOPS + REST + OTHER * 9, step)
    assert is_circle(OTHER * (MOST_HOPS + 1) + REST, step)
    assert not is_circle(b"\r\n" + OTHER * 200, step)


def test_a_message_that_passed_us_thrice_goes_in_circles() -> None:
    """A mailing list of ours may have sent on what we had sent to it; a circle comes again."""
    assert not is_circle(OURS * (MOST_OWN - 1) + OTHER + REST + OURS)
    assert is_circle(OURS + OTHER + OURS * (MOST_OWN - 1) + REST)
    assert not is_circle(OURS.replace(b"bay.example", b"bay.another") * 9 + REST)
