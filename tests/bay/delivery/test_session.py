"""One message to one exchange."""

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme

from dnswatch.bay.delivery.session import Parcel, Said, Unreachable, deliver
from dnswatch.bay.record import Envelope
from tests.bay.exchange import Exchange
from tests.loopback import reserve

BODY = b"Subject: caf\xc3\xa9\r\n\r\n.one dot\r\n..two\r\n.\r\nlast line\r\n"


def envelope(
    sender: str = "anna@corp.example", utf8: bool = False, size: int = len(BODY)
) -> Envelope:
    """An envelope with this sender."""
    return Envelope(
        at=0, ident="0" * 22, client="c", key="c", helo="h", sender=sender, recipients=(),
        size=size, sha256="", body="8BITMIME", smtputf8=utf8,
    )  # fmt: skip


class Sent:
    """A delivery: what was said, and whether it was noted that it begins."""

    def __init__(
        self, exchange: Exchange, *to: str, body: bytes = BODY, about: Envelope | None = None
    ) -> None:
        self.begun: list[str] = []
        parcel = Parcel(about or envelope(), to or ("bob@there.example",), body)

        async def begin(name: str) -> None:
            assert not exchange.taken, "it is noted before the message is sent"
            self.begun.append(name)

        work = deliver(parcel, exchange.address, exchange.port, "bay.corp.example", begin)
        self.said = asyncio.run(work)

    @property
    def one(self) -> Said:
        """What was said of the only recipient."""
        (said,) = self.said.values()
        return said


def test_a_message_arrives_as_it_came() -> None:
    """Bytes, sender and recipients are those that were received; dots and 8 bits pass."""
    with Exchange() as exchange:
        sent = Sent(exchange, "bob@there.example", "Carol.D'x+y@there.example")
        (taken,) = exchange.taken
        assert taken.data == BODY
        assert taken.sender == "anna@corp.example"
        assert taken.recipients == ("bob@there.example", "Carol.D'x+y@there.example")
        assert "BODY=8BITMIME" in taken.options
        assert exchange.helos == ["bay.corp.example"]
        assert sent.begun == [f"127.0.0.1 port {exchange.port}"]
        assert {one.result for one in sent.said.values()} == {"delivered"}


def test_an_empty_sender_stays_empty() -> None:
    """A notice of somebody else's is passed on as one."""
    with Exchange() as exchange:
        assert Sent(exchange, about=envelope("")).one.result == "delivered"
        assert exchange.taken[0].sender == ""


def test_bare_newlines_smuggle_nothing() -> None:
    """What an exchange could take for the end of a message arrives within that message."""
    with Exchange() as exchange:
        Sent(exchange, body=b"a\r\n\r\nb\n.\nMAIL FROM:<x@y.example>\r\n")
        (taken,) = exchange.taken
        assert taken.data == b"a\r\n\r\nb\r\n.\r\nMAIL FROM:<x@y.example>\r\n"


def test_each_recipient_has_its_own_answer() -> None:
    """One is refused, one is to come later, and the third has the message."""
    answers = {"no@there.example": "550 5.1.1 nobody", "busy@there.example": "450 4.2.1 busy"}
    with Exchange() as exchange:
        exchange.rcpt = answers.get
        sent = Sent(exchange, *answers, "bob@there.example")
        assert [one.result for one in sent.said.values()] == ["refused", "later", "delivered"]
        assert sent.said["no@there.example"].text == "550 5.1.1 nobody"
        assert exchange.taken[0].recipients == ("bob@there.example",)


@pytest.mark.parametrize(
    ("said", "result", "text"),
    [
        ("550 5.7.1 spam", "refused", "550 5.7.1 spam"),
        ("451 4.7.1 greylisted", "later", "451 4.7.1 greylisted"),
        ("", "later", "may have been delivered twice"),
    ],
)
def test_the_answer_to_the_message(said: str, result: str, text: str) -> None:
    """5xx is final, 4xx is not; silence after the last dot may mean either, and that is said."""
    with Exchange() as exchange:
        exchange.data = lambda _: said
        sent = Sent(exchange)
        assert sent.one.result == result
        assert text in sent.one.text
        assert sent.begun


def test_a_refused_sender_is_refused_for_all() -> None:
    """5xx to MAIL FROM is an answer for every recipient; 4xx lets another exchange try."""
    with Exchange() as exchange:
        exchange.mail = lambda _: "553 5.1.8 not from there"
        assert Sent(exchange).one == Said("refused", "553 5.1.8 not from there")
        exchange.mail = lambda _: "451 4.3.0 no room"
        with pytest.raises(Unreachable, match=r"451 4\.3\.0 no room"):
            Sent(exchange)


def test_nobody_there() -> None:
    """A host that does not listen is unreachable, and nothing was begun."""
    with reserve() as silent:
        exchange = Exchange()
        exchange._holder.close()
        exchange.port = int(silent.getsockname()[1])
        with pytest.raises(Unreachable, match="refused"):
            Sent(exchange)


def test_encryption_is_taken_where_it_is_offered(tmp_path: Path) -> None:
    """Whatever the certificate says: the alternative is none (RFC 7435)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("somebody.else.example").configure_cert(context)
    with Exchange(tls=context) as exchange:
        sent = Sent(exchange)
        assert exchange.taken[0].encrypted
        assert sent.begun[0].endswith(", encrypted")


def test_a_failed_handshake_is_followed_by_plain_text() -> None:
    """An exchange whose TLS is broken still gets its mail."""
    broken = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without any certificate
    with Exchange(tls=broken) as exchange:
        assert Sent(exchange).one.result == "delivered"
        assert not exchange.taken[0].encrypted


def test_smtputf8() -> None:
    """An international address goes where it is understood, and nowhere else."""
    about = envelope("jürgen@corp.example", utf8=True)
    with Exchange() as exchange:
        assert Sent(exchange, "josé@there.example", about=about).one.result == "delivered"
        assert exchange.taken[0].sender == "jürgen@corp.example"
    with Exchange(utf8=False) as old:
        assert Sent(old, about=about).one.result == "refused"
        assert Sent(old, about=envelope(utf8=True)).one.result == "delivered"


def test_a_message_larger_than_the_exchange_takes_is_not_sent() -> None:
    """What SIZE rules out is refused without its bytes (RFC 1870)."""
    with Exchange() as exchange:
        assert Sent(exchange, body=b"x" * 1_000_001).one.result == "refused"
        assert exchange.taken == []
