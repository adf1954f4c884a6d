"""The dialogue, with real clients over real connections."""

import contextlib
import os
import smtplib
import socket
import ssl
from pathlib import Path

import pytest

from dnswatch.bay.smtp.limits import STRANGERS
from dnswatch.bay.spool import Spool
from dnswatch.settings import Duration
from dnswatch.settings.bay import Bay, BayLimits, Tls
from tests import check
from tests.bay.served import BODY, HOSTNAME, Says, Served


def bay(**limits: object) -> Bay:
    """Make settings with limits of a test."""
    return Bay(pause=Duration(0), limits=BayLimits(**limits))  # type: ignore[arg-type]


def test_message_is_kept_byte_for_byte_with_its_envelope(tmp_path: Path) -> None:
    """A message that was answered 250 lies in the spool as it was sent, with all that was said."""
    body = b"Subject: x\r\n\r\n.dot\r\n..two\r\n\xff\x00 eight bits\r\n" + b"long " * 5000 + b"\r\n"
    with Served(tmp_path) as served:
        with served.client() as client:
            client.ehlo()
            client.mail("a@b.example", ["BODY=8BITMIME", f"SIZE={len(body)}"])
            client.rcpt("c@d.example")
            client.rcpt("e@f.example")
            assert client.data(body)[0] == 250
        assert served.bodies() == [body]
        (message,) = served.messages()
    envelope = message.envelope
    assert (envelope.sender, envelope.recipients) == ("a@b.example", ("c@d.example", "e@f.example"))
    assert (envelope.client, envelope.helo, envelope.body) == (
        "127.0.0.1",
        "client.example",
        "8BITMIME",
    )
    assert (envelope.size, message.state, envelope.tls) == (len(body), "releasing", "")
    assert envelope.manners.greeting == "EHLO"
    assert not envelope.manners.early


@pytest.mark.parametrize("body", [b"", b".\r\n", b"\r\n", b"no end of line", b"a\r\n.\r\nb\r\n"])
def test_odd_messages_come_over_whole(tmp_path: Path, body: bytes) -> None:
    """Empty messages, lines of dots, and messages without a last line end are kept as sent."""
    with Served(tmp_path) as served:
        assert served.send(body) == 250
        whole = body if body.endswith(b"\r\n") or not body else body + b"\r\n"
        assert served.bodies() == [whole or b"\r\n"]  # smtplib ends an empty one with a line end


def test_message_without_any_byte_is_kept(tmp_path: Path) -> None:
    """A message whose first line is its end has no bytes, and is one all the same."""
    with Served(tmp_path) as served, served.raw() as raw:
        assert raw.begin()[:3] == "354"
        assert raw.say(b".")[0][:3] == "250"
        assert served.bodies() == [b""]


def test_nobody_else_may_speak(tmp_path: Path) -> None:
    """A client that is not quarantined is turned away in place of the greeting: no open relay."""
    with Served(tmp_path, admits=lambda _: False) as served, served.raw() as raw:
        assert raw.read().startswith("554 5.7.1")
        assert raw.read() == ""
        assert served.spool.idents() == []


def test_starttls_encrypts_and_is_noted(tmp_path: Path) -> None:
    """Mail comes encrypted to the bay's own certificate; what was said before is forgotten."""
    with Served(tmp_path) as served:
        with served.client() as client:
            trust = ssl._create_unverified_context()
            assert client.starttls(context=trust)[0] == 220
            assert client.docmd("RCPT TO:<a@b.example>")[0] == 503
            client.sendmail("a@b.example", ["c@d.example"], BODY)
        assert served.messages()[0].envelope.tls.startswith("TLSv1")


def test_commands_before_tls_are_not_taken_after_it(tmp_path: Path) -> None:
    """What a stranger put in front of the encrypted part is thrown away (CVE-2011-0411)."""
    with Served(tmp_path) as served, served.raw() as raw:
        raw.read()
        raw.say(b"EHLO x")
        raw.send(b"STARTTLS\r\nMAIL FROM:<evil@b.example>\r\n")
        assert raw.read()[:3] == "220"
        raw.encrypt()
        raw.say(b"EHLO x")
        assert raw.say(b"RCPT TO:<c@d.example>")[0][:3] == "503"


def test_ehlo_offers_what_the_bay_does(tmp_path: Path) -> None:
    """The bay offers SIZE, 8BITMIME, SMTPUTF8 and STARTTLS, and nobody logs in."""
    with Served(tmp_path) as served, served.client() as client:
        client.ehlo()
        assert set(client.esmtp_features) == {
            "size",
            "8bitmime",
            "smtputf8",
            "starttls",
            "enhancedstatuscodes",
        }
        assert client.docmd("AUTH PLAIN")[0] == 502
    with Served(tmp_path, tls=Tls(offer=False)) as served, served.client() as client:
        client.ehlo()
        assert not client.has_extn("starttls")


def test_notices_and_other_alphabets_are_taken(tmp_path: Path) -> None:
    """The null sender is one; an address may be in another alphabet, with SMTPUTF8 or without."""
    with Served(tmp_path) as served, served.client() as client:
        client.ehlo()
        assert client.docmd("MAIL FROM:<>")[0] == 250
        assert client.docmd("RSET")[0] == 250
        client.command_encoding = "utf-8"
        assert client.docmd("MAIL FROM:<jörg@b.example>")[0] == 250
        assert client.docmd("RSET")[0] == 250
        assert client.docmd("MAIL FROM:<jörg@b.example> SMTPUTF8")[0] == 250
        assert client.docmd("RCPT TO:<søren@d.example>")[0] == 250
        assert client.docmd("RCPT TO:<>")[0] == 553
        assert client.data(BODY)[0] == 250
        (message,) = served.messages()
        assert message.envelope.smtputf8
        assert message.envelope.recipients == ("søren@d.example",)


def test_mail_is_taken_without_a_hello(tmp_path: Path) -> None:
    """As by Postfix; it is a sign, and no reason to lose a message."""
    with Served(tmp_path) as served, served.raw() as raw:
        raw.read()
        said = raw.say(b"MAIL FROM:<root>", b"RCPT TO:<a..b@d.example>", b"DATA", b".")
        assert [one[:3] for one in said] == ["250", "250", "354", "250"]
        (message,) = served.messages()
    assert (message.envelope.helo, message.envelope.sender) == ("", "root")
    assert message.envelope.recipients == ("a..b@d.example",)


def test_there_is_no_tls_in_tls(tmp_path: Path) -> None:
    """STARTTLS is neither offered nor begun where it was done (RFC 3207 section 4.2)."""
    with Served(tmp_path) as served, served.raw() as raw:
        raw.read()
        raw.say(b"EHLO x", b"STARTTLS")
        raw.encrypt()
        raw.send(b"EHLO x\r\n")
        assert "STARTTLS" not in raw.read_all()
        assert raw.say(b"STARTTLS", b"NOOP") == ["503 5.5.1 TLS is there already", "250 2.0.0 OK"]


def test_size_is_bounded_while_it_comes(tmp_path: Path) -> None:
    """What is declared too large is refused at once, and what is too large all the same, too."""
    with Served(tmp_path, settings=bay(size=100_000)) as served:
        with served.client() as client:
            client.ehlo()
            assert client.docmd("MAIL FROM:<a@b.example> SIZE=100001")[0] == 552
        assert served.send(b"x" * 99_998 + b"\r\n") == 250
        assert served.send(b"x" * 99_999 + b"\r\n") == 552
        with served.raw() as raw:
            raw.begin()
            raw.send(b"line\r\n" * 40_000)
            assert raw.read()[:3] == "552"
            assert raw.read() == ""
        assert len(served.spool.idents()) == 1
        assert not list((tmp_path / "spool" / "tmp").iterdir())


def test_recipients_messages_and_errors_are_bounded(tmp_path: Path) -> None:
    """Recipients without end get 452, messages without end 421 and 450, errors without end 421."""
    with Served(tmp_path, settings=bay(recipients=100, messages=2, rate=3, faults=3)) as served:
        with served.client() as client:
            client.ehlo()
            client.mail("a@b.example")
            codes = [client.rcpt(f"{n}@d.example")[0] for n in range(102)]
            assert codes == [250] * 100 + [452] * 2
            assert client.data(BODY)[0] == 250
            client.sendmail("a@b.example", ["c@d.example"], BODY)
            assert client.docmd("MAIL FROM:<a@b.example>")[0] == 421
        with served.client() as client:
            client.ehlo()
            client.sendmail("a@b.example", ["c@d.example"], BODY)
            assert client.docmd("MAIL FROM:<a@b.example>")[0] == 450
        with served.raw() as raw:
            raw.read()
            assert [line[:1] for line in raw.say(b"x", b"y", b"z")] == ["5"] * 3
            assert raw.read()[:3] == "421"


def test_connections_are_bounded(tmp_path: Path) -> None:
    """A client with too many connections gets 421, and may come again when one has ended."""
    with Served(tmp_path, settings=bay(connections_per_client=1)) as served:
        with served.client(), served.raw() as raw:
            assert raw.read()[:3] == "421"
        with check.eventually(lambda: _let_in(served)) as client:
            assert client.noop()[0] == 250


def _let_in(served: Served) -> smtplib.SMTP | None:
    try:
        return served.client()
    except smtplib.SMTPConnectError:
        return None


def test_silence_ends(tmp_path: Path) -> None:
    """A silent connection is told so and closed, also in the middle of a message."""
    with Served(tmp_path, settings=bay(idle=1.0)) as served:
        with served.raw() as raw, served.raw() as sender:
            sender.begin()
            sender.send(b"a line\r\n")
            raw.read()
            assert raw.read()[:3] == sender.read()[:3] == "421"
            assert raw.read() == sender.read() == ""
        assert served.spool.idents() == []


SMUGGLED = b"MAIL FROM:<evil@b.example>\r\nRCPT TO:<c@d.example>\r\nDATA\r\nSecond\r\n"
ENDS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\r\n\x00.\r\n",
    b"\r\r\n.\r\r\n",
]


@pytest.mark.parametrize("end", ENDS, ids=repr)
def test_no_second_message_can_be_smuggled_in(tmp_path: Path, end: bytes) -> None:
    """Only CR LF . CR LF ends a message: what looks like it is refused, or kept as it is."""
    with Served(tmp_path) as served, served.raw() as raw:
        raw.begin()
        raw.send(b"First" + end + SMUGGLED + b".\r\n")
        answer = raw.read()
        assert raw.say(b"NOOP")[0][:3] == "250"
        if answer[:3] == "554":
            assert served.bodies() == []
        else:
            assert served.bodies() == [b"First" + end + SMUGGLED]


def test_bare_newlines_are_kept_and_noted(tmp_path: Path) -> None:
    """A message with bare line ends is taken as it is, and says so."""
    with Served(tmp_path) as served, served.raw() as raw:
        raw.begin()
        raw.send(b"one\ntwo\r\n.\r\n")
        assert raw.read()[:3] == "250"
        assert served.bodies() == [b"one\ntwo\r\n"]
        assert served.messages()[0].envelope.manners.bare_newlines


def test_manners_are_noted(tmp_path: Path) -> None:
    """Who speaks before the greeting, and reads no answers, is known by it."""
    settings = Bay(pause=Duration(0.2))
    with Served(tmp_path, settings=settings) as served, served.raw() as raw:
        raw.send(b"HELO x\r\nNONSENSE\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n")
        raw.send(b"DATA\r\nSubject: x\r\n.\r\nQUIT\r\n")
        answers = [raw.read()[:3] for _ in range(8)]
        assert answers == ["220", "250", "500", "250", "250", "354", "250", "221"]
        manners = served.messages()[0].envelope.manners
    assert manners.early
    assert manners.greeting == "HELO"
    assert manners.unheard >= 5
    assert manners.faults == 1


def test_client_that_hangs_up_leaves_nothing(tmp_path: Path) -> None:
    """A message whose end never came is not kept."""
    with Served(tmp_path) as served:
        with served.raw() as raw:
            raw.begin()
            raw.send(b"x" * 100_000)
            check.eventually(lambda: any((tmp_path / "spool" / "tmp").iterdir()))
        check.eventually(lambda: not any((tmp_path / "spool" / "tmp").iterdir()))
        assert served.spool.idents() == []


def test_client_that_leaves_while_it_waits_is_recognised(tmp_path: Path) -> None:
    """Who hangs up before the answer keeps the duty: its message is deferred, not sent twice."""
    inspector = Says("clean")
    inspector.may_answer.clear()
    with Served(tmp_path, inspector=inspector) as served:
        with served.raw() as raw:
            raw.begin()
            raw.send(BODY + b".\r\n")
            assert inspector.asked.wait(check.PATIENCE)
        check.eventually(lambda: not served._server._shared.rate_limits._connections)
        inspector.may_answer.set()
        check.eventually(lambda: served.messages()[0].state == "deferred")
        assert served.send() == 250
        (message,) = served.messages()
        assert message.state == "releasing"
        assert message.is_ours


def test_greeting_names_the_bay(tmp_path: Path) -> None:
    """The bay calls itself by its name, and by nobody else's."""
    with Served(tmp_path) as served, served.raw() as raw:
        assert raw.read() == f"220 {HOSTNAME} ESMTP"


def test_failed_handshakes_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A client that breaks off TLS, in whatever way, is cut off; many make one line of the log."""
    caplog.set_level("INFO")
    lines = b"MAIL FROM:<a@b.example>\r\n" * 10
    noise = (lines, b"\x16\x03\x01\x02\0\1", b"\x15\x03\x01\0\2\2\x28", b"")
    with Served(tmp_path) as served:
        for said in noise * 5:
            with served.raw() as raw:
                raw.read()
                assert raw.say(b"EHLO x", b"STARTTLS")[-1].startswith("220")
                raw.send(said)
        for spoil in (b"\x17\x03\x03\0\x40" + bytes(64), b"nonsense" * 99):
            with served.raw() as raw:
                raw.read()
                raw.say(b"EHLO x", b"STARTTLS")
                beneath = raw.encrypt()
                os.write(beneath, spoil)
                with contextlib.suppress(OSError):
                    raw.read()
        assert served.send() == 250
    ours = [one for one in caplog.records if one.name.startswith(("dnswatch", "asyncio"))]
    assert len(ours) <= 1
    assert not any(one.exc_info for one in ours)


@pytest.mark.parametrize("more", [b"NOOP\r\nQUIT\r\n", b"NO", b"STARTTLS\r\n\x16\x03\x01\x02\0\1"])
def test_what_was_said_before_the_client_closed_its_side_is_answered(
    tmp_path: Path, more: bytes
) -> None:
    """As scripts do; and the connection ends then, without waiting for more."""
    with (
        Served(tmp_path) as served,
        socket.create_connection(("127.0.0.1", served.port)) as client,
    ):
        client.sendall(b"EHLO x\r\n" + more)
        client.shutdown(socket.SHUT_WR)
        heard = b"".join(iter(lambda: client.recv(65536), b""))
    assert heard.startswith(b"220 ")
    assert b"250 ENHANCEDSTATUSCODES\r\n" in heard


def test_strangers_leave_room_for_those_who_may_come_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """However many wait at the door, who is known comes in at once; the rest is told to go.

    They are counted from the first byte, and make one line of the log.
    """
    caplog.set_level("INFO")
    with (
        Served(
            tmp_path,
            settings=bay(connections=5),
            lag=60.0,
            admits=lambda client: client == "127.0.0.1",
            knows=lambda client: client == "127.0.0.1",
        ) as served,
        contextlib.ExitStack() as stack,
    ):
        strangers = [
            stack.enter_context(
                socket.create_connection(
                    ("127.0.0.1", served.port), source_address=(f"127.1.{number % 40}.9", 0)
                )
            )
            for number in range(400)
        ]
        for _ in range(5):
            assert served.send() == 250
        refused: set[socket.socket] = set()

        def are_told() -> bool:
            for one in strangers:
                one.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    if one.recv(100).startswith(b"421"):
                        refused.add(one)
            return len(refused) >= 400 - STRANGERS

        check.eventually(are_told)
        assert len(refused) == 400 - STRANGERS
    ours = [one for one in caplog.records if one.name.startswith(("dnswatch", "asyncio"))]
    assert [one.getMessage() for one in ours] == [
        "connections: 1 were turned away: too many strangers at a time; the last of client"
        f" '{ours[0].getMessage().split(chr(39))[1]}'"
    ]


def test_large_messages_at_once_leave_the_room_that_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room is claimed when a size is declared, and as bytes come where none is."""
    disk = 3_000_000

    def free(spool: Spool) -> int:
        taken = 0
        for one in spool.path.glob("[tn]*/*"):
            with contextlib.suppress(FileNotFoundError):  # it is being renamed
                taken += one.stat().st_size
        return disk - taken

    monkeypatch.setattr(Spool, "free", free)
    with (
        Served(tmp_path, settings=bay(room=1_000_000)) as served,
        contextlib.ExitStack() as stack,
    ):
        declared = [stack.enter_context(served.raw()) for _ in range(5)]
        for raw in declared:
            raw.read()
        said = [raw.say(b"EHLO x", b"MAIL FROM:<a@b.example> SIZE=700000")[1] for raw in declared]
        assert [one[:3] for one in said] == ["250", "250", "452", "452", "452"]
        declared[0].say(b"RSET")
        assert declared[2].say(b"MAIL FROM:<a@b.example> SIZE=700000")[0][:3] == "250"
        for raw in declared:
            raw.say(b"RSET")
        silent = [stack.enter_context(served.raw()) for _ in range(4)]
        for raw in silent:
            raw.begin()
        answers = []
        for raw in silent:
            raw.send((b"x" * 70 + b"\r\n") * 10_000 + b".\r\n")
            answers.append(raw.read()[:3])
        assert answers == ["250", "250", "452", "452"]
        assert free(served.spool) >= 1_000_000
