"""From the last byte of a message to the answer."""

from pathlib import Path

import pytest

from dnswatch import clock
from dnswatch.bay.record import Decision, Gone, Verdict
from dnswatch.bay.spool import Spool
from dnswatch.errors import SpoolError
from dnswatch.settings import Duration
from dnswatch.settings.bay import Bay, Fates
from tests import check
from tests.bay.messages import put
from tests.bay.served import BODY, Says, Served


@pytest.mark.parametrize(
    ("verdict", "code", "state"),
    [("clean", 250, "releasing"), ("unsure", 451, "deferred"), ("worm", 250, "held")],
)
def test_verdict_decides_and_is_answered_for(
    tmp_path: Path, verdict: Verdict, code: int, state: str
) -> None:
    """Clean mail is taken for delivery, unsure mail put off with a copy kept, a worm held."""
    with Served(tmp_path, inspector=Says(verdict)) as served:
        assert served.send() == code
        (message,) = served.messages()
        assert (message.state, message.verdict) == (state, verdict)
        assert message.answered is not None
        assert message.answered.code == code
        assert served.bodies() == [BODY]


def test_mail_that_is_discarded_leaves_its_record(tmp_path: Path) -> None:
    """What the table discards is answered 250, and only its record is kept."""
    settings = Bay(pause=Duration(0), fates=Fates(worm="discard"))
    with Served(tmp_path, settings, Says("worm")) as served:
        assert served.send() == 250
        (message,) = served.messages()
        assert message.state == "discarded"
        assert not served.spool.body(message.ident).exists()


def test_retry_is_judged_again_and_kept_once(tmp_path: Path) -> None:
    """A deferred message that comes again gets a second look; once it is clean it goes, once."""
    with Served(tmp_path, inspector=Says("unsure")) as served:
        assert [served.send(), served.send()] == [451, 451]
        served.inspector.verdict = "clean"
        assert served.send() == 250
        (message,) = served.messages()
        assert message.state == "releasing"
        assert served.send() == 250, "the same bytes after 250 are another message"
        assert len(served.messages()) == 2


@pytest.mark.parametrize(("fate", "code"), [("release", 250), ("hold", 250), ("discard", 554)])
def test_retry_is_answered_as_a_person_decided(tmp_path: Path, fate: str, code: int) -> None:
    """Once a person has released, held or discarded a deferred message, its client is told."""
    with Served(tmp_path, inspector=Says("unsure")) as served:
        assert served.send() == 451
        (message,) = served.messages()
        decided = Decision(at=clock.now(), fate=fate, actor="root")  # type: ignore[arg-type]
        served.spool.append(message.ident, decided)
        assert served.send() == code
        assert len(served.messages()) == 1


@pytest.mark.parametrize(("order", "state"), [("discard", "discarded"), ("release", "releasing")])
@pytest.mark.parametrize("verdict", ["clean", "unsure"])
def test_what_a_person_decides_during_inspection_stands(
    tmp_path: Path, verdict: Verdict, order: str, state: str
) -> None:
    """An inspection that ends after a person has decided changes nothing about that."""
    inspector = Says(verdict)
    inspector.may_answer.clear()
    with Served(tmp_path, inspector=inspector) as served, served.raw() as client:
        client.begin()
        client.send(BODY + b".\r\n")
        assert inspector.asked.wait(check.PATIENCE)
        (ident,) = served.spool.idents()
        line = Decision(at=clock.now(), fate=order, actor="root")  # type: ignore[arg-type]
        served.spool.append(ident, line)
        inspector.may_answer.set()
        client.read()
        assert served.spool.message(ident).state == state


@pytest.mark.parametrize("how", ["retention", "by hand"])
def test_mail_that_goes_during_inspection_is_not_acknowledged(tmp_path: Path, how: str) -> None:
    """No 250 for a message whose copy went while it was inspected again; it is taken anew."""
    inspector = Says("unsure")
    with Served(tmp_path, inspector=inspector) as served:
        assert served.send() == 451
        (ident,) = served.spool.idents()
        inspector.verdict = "clean"
        inspector.asked.clear()
        inspector.may_answer.clear()
        with served.raw() as client:
            client.read()
            client.say(b"EHLO client.example", b"MAIL FROM:<a@b.example>", b"RCPT TO:<c@d.example>")
            client.say(b"DATA")
            client.send(BODY + b".\r\n")
            assert inspector.asked.wait(check.PATIENCE)
            if how == "retention":
                served.spool.let_go(ident, Gone(at=clock.now(), why="bay.keep.size"))
            else:
                served.spool.body(ident).unlink()
            inspector.may_answer.set()
            assert client.read()[:3] == "451"
        assert served.send() == 250
        assert [one.state for one in served.messages()][1:] == ["releasing"]
        assert served.spool.body(served.spool.idents()[1]).read_bytes() == BODY


def test_retry_is_recognised_after_a_restart(tmp_path: Path) -> None:
    """What was deferred is recognised by the next process, too; what was let go is taken anew."""
    with Served(tmp_path, inspector=Says("unsure")) as served:
        assert served.send() == 451
    with Served(tmp_path, inspector=Says("unsure")) as served:
        assert served.send() == 451
        (message,) = served.messages()
        served.spool.let_go(message.ident, Gone(at=clock.now(), why="bay.keep.undelivered"))
    with Served(tmp_path) as served:
        assert served.send() == 250
        assert len(served.messages()) == 2


def test_no_address_is_written_down_where_the_site_writes_pseudonyms(tmp_path: Path) -> None:
    """A record names its client as the store does; a retry is recognised all the same."""
    with Served(tmp_path, inspector=Says("unsure"), key=lambda _: "~0123") as served:
        assert [served.send(), served.send()] == [451, 451]
        (message,) = served.messages()
        assert (message.envelope.client, message.envelope.key) == ("", "~0123")
        (record,) = (tmp_path / "spool" / "records").iterdir()
        assert b"127.0.0.1" not in record.read_bytes()
    with Served(tmp_path, key=lambda _: "~0123") as served:
        assert served.send() == 250
        assert len(served.messages()) == 1


def test_message_without_an_answer_is_deferred_at_the_start(tmp_path: Path) -> None:
    """A message whose client was not answered before a kill is the client's still."""
    with Served(tmp_path) as served:
        put(served.spool)
    with Served(tmp_path) as served:
        (message,) = served.messages()
        assert message.state == "deferred"
        assert not message.is_ours


def test_same_message_at_the_same_time_is_taken_once(tmp_path: Path) -> None:
    """Two connections that bring one message: one has it taken, the other is put off."""
    inspector = Says("clean")
    inspector.may_answer.clear()
    with Served(tmp_path, inspector=inspector) as served, served.raw() as first:
        first.begin()
        first.send(BODY + b".\r\n")
        assert inspector.asked.wait(check.PATIENCE)
        with served.raw() as second:
            second.begin()
            second.send(BODY + b".\r\n")
            assert second.read()[:3] == "451"
        inspector.may_answer.set()
        assert first.read()[:3] == "250"
        assert len(served.messages()) == 1


def test_spool_that_fails_puts_mail_off(tmp_path: Path) -> None:
    """A message that cannot be written down gets 451, and is taken when the disk is well again."""
    with Served(tmp_path) as served:
        records = tmp_path / "spool" / "records"
        records.rename(tmp_path / "away")
        assert served.send() == 451
        (tmp_path / "away").rename(records)
        assert served.send() == 250
        assert len(served.messages()) == 1


def test_fault_of_a_commit_leaves_nobody_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong while messages are forced to the disk, their clients are answered 451."""

    def fail(*_: object) -> None:
        raise ZeroDivisionError

    with Served(tmp_path) as served:
        with monkeypatch.context() as patched:
            patched.setattr("dnswatch.bay.spool.Spool._keep", fail)
            assert served.send() == 451
        assert served.send() == 250
        assert len(served.messages()) == 1


def test_full_disk_is_452(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no room is left as configured, mail is put off before it is sent."""
    settings = Bay(pause=Duration(0))
    monkeypatch.setattr(Spool, "free", lambda _: settings.limits.room - 1)
    with Served(tmp_path, settings) as served, served.client() as client:
        client.ehlo()
        assert client.mail("a@b.example")[0] == 452


def test_inspection_that_overruns_is_unsure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A message that nobody judged in time is not clean: it is deferred."""
    monkeypatch.setattr("dnswatch.bay.reception.LENIENCE", -29.9)
    inspector = Says("clean")
    inspector.may_answer.clear()
    with Served(tmp_path, inspector=inspector) as served:
        assert served.send() == 451
        inspector.may_answer.set()
        (message,) = served.messages()
        assert message.verdict == "unsure"


def test_unreadable_record_puts_its_retry_off(tmp_path: Path) -> None:
    """A message whose record is damaged is put off for as long as it is."""
    with Served(tmp_path, inspector=Says("unsure")) as served:
        assert served.send() == 451
        (name,) = served.spool.idents()
        record = tmp_path / "spool" / "records" / f"{name}.jsonl"
        record.write_bytes(b"???\n" + record.read_bytes())
        assert served.send() == 451
        with pytest.raises(SpoolError):
            served.spool.message(name)
        check.eventually(lambda: not any((tmp_path / "spool" / "tmp").iterdir()))
