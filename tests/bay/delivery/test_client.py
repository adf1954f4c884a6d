"""One message to one exchange."""

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.bay.delivery.client import Parcel, Said, Unreachable, deliver, dotted
from dnswatch.bay.record import DeliveryOutcome, Envelope, decode, encode
from tests.bay.exchange import Blunt, Exchange
from tests.loopback import reserve

BODY = b"Subject: caf\xc3\xa9\r\n\r\n.one dot\r\n..two\r\n.\r\nlast line\r\n"


def envelope(
    sender: str = "anna@corp.example", utf8: bool = False, size: int = len(BODY)
) -> Envelope:
    """An envelope with this sender."""
    return Envelope(
        at=0,
        ident="0" * 22,
        client="c",
        key="c",
        helo="h",
        sender=sender,
        recipients=(),
        size=size,
        sha256="",
        body="8BITMIME",
        smtputf8=utf8,
    )


class Sent:
    """A delivery: what was said, and whether it was noted that it begins."""

    def __init__(
        self,
        exchange: Exchange | Blunt,
        *to: str,
        body: bytes = BODY,
        about: Envelope | None = None,
        is_retry: bool = False,
    ) -> None:
        self.begun: list[str] = []
        parcel = Parcel(about or envelope(), to or ("bob@there.example",), body, is_retry)

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


@pytest.mark.parametrize(
    ("sender", "recipient"),
    [
        ("root", "a..b@there.example"),
        (".a@corp.example", "a.@there.example"),
        ('"a b"@corp.example', "a@b@there.example"),
        ("j\xf6rg@corp.example", "a(b)@there.example"),
    ],
)
def test_addresses_pass_as_they_were_written(sender: str, recipient: str) -> None:
    """Those as well that stand in no RFC: their exchange knows them."""
    with Blunt() as exchange:
        assert Sent(exchange, recipient, about=envelope(sender)).one.result == "delivered"
    assert exchange.said[1:3] == [
        f"MAIL FROM:<{sender}>".encode(),
        f"RCPT TO:<{recipient}>".encode(),
    ]


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


def test_a_broken_handshake_is_later_and_then_in_clear() -> None:
    """It may pass, or somebody on the way may want to read the mail; so the first try only fails.

    At the next one the mail goes in clear, as from Postfix: the alternative is no mail at all.
    """
    broken = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without any certificate
    with Exchange(tls=broken) as exchange:
        with pytest.raises(Unreachable, match="encryption failed"):
            Sent(exchange)
        assert exchange.taken == []
        assert Sent(exchange, is_retry=True).one.result == "delivered"
        assert not exchange.taken[0].encrypted


@pytest.mark.parametrize("more", [b"", b"\x15\x03\x01\0\x02\x02\x28"])
def test_what_is_no_handshake_at_all_is_later(more: bytes) -> None:
    """Whatever comes in place of a handshake, nothing was begun."""
    with (
        Blunt(EHLO=b"250-blunt\r\n250 STARTTLS\r\n", STAR=b"220 go\r\n" + more) as exchange,
        pytest.raises(Unreachable, match="encryption failed"),
    ):
        Sent(exchange)


def test_an_exchange_that_cannot_encrypt_now_gets_the_mail_in_clear() -> None:
    """It said so by a reply (RFC 3207 section 4): nobody broke anything."""
    with Blunt(EHLO=b"250-blunt\r\n250 STARTTLS\r\n", STAR=b"454 not now\r\n") as exchange:
        assert Sent(exchange).one.result == "delivered"


@pytest.mark.parametrize(
    ("answers", "result", "text"),
    [
        ({"MAIL": b"251 fine\r\n"}, "delivered", "250 taken"),
        ({"RCPT": b"252 perhaps\r\n"}, "delivered", "250 taken"),
        ({".": b"252 perhaps\r\n"}, "delivered", "252 perhaps"),
        ({".": b"299 sure\r\n"}, "delivered", "299 sure"),
        ({"EHLO": b"251 fine\r\n"}, "delivered", "250 taken"),
        ({"DATA": b"350 go on\r\n"}, "delivered", "250 taken"),
        ({"DATA": b"250 what\r\n"}, "later", "250 what"),
        ({"DATA": b"554 no\r\n"}, "refused", "554 no"),
        ({"RCPT": b"552 too many\r\n"}, "later", "552 too many"),
        ({"RCPT": b"553 no\r\n"}, "refused", "553 no"),
        ({".": b"552 too large\r\n"}, "refused", "552 too large"),
        ({".": b"451 Empf\xe4nger unbekannt\r\n"}, "later", "451 Empf\xe4nger unbekannt"),
        ({".": b"550 Empf\xe4nger unbekannt\r\n"}, "refused", "550 Empf\xe4nger unbekannt"),
        ({".": b"250 Empf\xc3\xa4nger da\r\n"}, "delivered", "250 Empf\xe4nger da"),
        ({"RCPT": b"550-\xff\xfe\r\n550 \0\x1b[2J\r\n"}, "refused", "550 \xff\xfe \0\x1b[2J"),
        ({".": b"xyz\r\n"}, "later", "xyz"),
        ({".": b"\xff\xff\xff\r\n"}, "later", "Malformed"),
        ({".": b"000 nothing\r\n"}, "later", "0 nothing"),
        ({".": b"\r\n"}, "later", "Malformed"),
        ({".": b"250-" + b"x" * 9000 + b"\r\n"}, "later", "too long"),
    ],
)
def test_the_first_digit_of_a_reply_decides(
    answers: dict[str, bytes], result: str, text: str
) -> None:
    """RFC 5321 section 4.2; its words are whatever they are, and can always be written down."""
    with Blunt(**answers) as exchange:
        said = Sent(exchange).one
    assert said.result == result
    assert text in said.text
    line = DeliveryOutcome(at=0.0, recipient="x", result=said.result, text=said.text)
    assert decode(encode(line)) == line


@given(st.binary(max_size=300))
def test_a_message_is_written_as_data_has_it(body: bytes) -> None:
    """Lines end in CRLF, dots are doubled, and what the exchange reads back is what was sent."""
    text = dotted(body)
    assert text.endswith(b".\r\n")
    assert b"\r\n.\r\n" not in text[:-3] or text[:-3].endswith(b"\r\n")
    lines = text[:-3].split(b"\r\n")
    assert not any(b"\r" in one or b"\n" in one for one in lines)
    read = [one[1:] if one.startswith(b".") else one for one in lines]
    sent = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    assert read[: len(sent)] == sent


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
