"""The spool: nothing in it is half, whatever happens."""

import errno
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dnswatch.bay.journal import INLINE
from dnswatch.bay.record import Answered, Decision, Gone, Line
from dnswatch.bay.spool import News, Spool, ident_of, news_of
from dnswatch.errors import SpoolError
from tests.bay.messages import BODY, envelope, ident, put


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """Make a spool."""
    made = Spool(tmp_path / "bay")
    made.claim()
    yield made
    made.close()


def again(spool: Spool) -> Spool:
    """Start anew in the same directory, as after a kill."""
    spool.close()
    made = Spool(spool.path)
    made.claim()
    return made


def test_names_sort_by_time() -> None:
    """A later message sorts behind an earlier one."""
    names = [ident_of(at, b"\xff" * 5) for at in (1.0, 1.7e9, 1.7e9 + 0.002, 4e9)]
    assert names == sorted(names)
    assert {len(name) for name in names} == {22}


def test_message_and_record_are_found_again(spool: Spool) -> None:
    """What was put and appended is there after a start, byte for byte."""
    put(spool)
    spool.append(ident(), Decision(at=2.0, fate="hold"), Answered(at=2.0, code=250))
    later = again(spool)
    assert later.idents() == [ident()]
    with later.open(ident()) as file:
        assert file.read() == BODY
    assert [type(line) for line in later.lines(ident())][1:] == [Decision, Answered]
    assert later.message(ident()).state == "held"
    later.close()


def test_rest_of_a_kill_is_cleaned_up(spool: Spool) -> None:
    """What was never acknowledged is removed at the start: half messages, records without one."""
    (spool.path / "tmp" / ident(1)).write_bytes(b"half")
    put(spool, 2)
    spool.body(ident(2)).unlink()
    put(spool, 3)
    later = again(spool)
    assert later.idents() == [ident(3)]
    assert not list((spool.path / "tmp").iterdir())
    later.close()


def test_body_goes_and_the_record_stays(spool: Spool) -> None:
    """What was let go says so, also where a kill came before its body was removed."""
    put(spool)
    spool.let_go(ident(), Gone(at=3.0, why="old"))
    assert not spool.body(ident()).exists()
    put(spool, 2)
    spool.append(ident(2), Gone(at=3.0, why="old"))
    later = again(spool)
    assert later.idents() == [ident(1), ident(2)]
    assert not later.body(ident(2)).exists()
    later.forget(ident(1))
    assert later.idents() == [ident(2)]
    later.close()


def test_records_outlive_bodies(spool: Spool) -> None:
    """A body that somebody removed takes no record with it: what was acknowledged is still told."""
    put(spool)
    spool.append(ident(), Decision(at=2.0, fate="hold"), Answered(at=2.0, code=250))
    spool.body(ident()).unlink()
    later = again(spool)
    assert later.message(ident()).is_ours
    later.close()


def test_what_goes_is_not_decided_on(spool: Spool) -> None:
    """What was released just now is not let go, and what was let go is not released."""
    put(spool)
    spool.append(ident(), Decision(at=2.0, fate="release", actor="root"))
    spool.let_go(ident(), Gone(at=3.0, why="old"), ("held", "deferred"))
    assert spool.body(ident()).exists()
    assert spool.message(ident()).gone is None
    spool.let_go(ident(), Gone(at=3.0, why="old"))
    with pytest.raises(SpoolError, match="no longer kept"):
        spool.append(ident(), Decision(at=4.0, fate="release", actor="root"))
    assert spool.message(ident()).state == "discarded"


def test_line_that_was_cut_off_never_took_effect(spool: Spool) -> None:
    """A line that a kill cut off is not read, and does not harm the next one."""
    put(spool)
    with (spool.path / "records" / f"{ident()}.jsonl").open("ab") as file:
        file.write(b'{"what":"decided","at":2,"fa')
    assert spool.message(ident()).decided is None
    spool.append(ident(), Decision(at=3.0, fate="hold"))
    assert spool.message(ident()).state == "held"


@pytest.mark.parametrize("damage", [b"???\n", b'{"what":"\xff"}\n'])
def test_damaged_record_is_named(spool: Spool, damage: bytes) -> None:
    """A record that is damaged in the middle is an error with its file; nothing is guessed."""
    put(spool)
    with (spool.path / "records" / f"{ident()}.jsonl").open("ab") as file:
        file.write(damage)
    with pytest.raises(SpoolError, match=rf"{ident()}.*is damaged"):
        spool.message(ident())
    spool.body(ident()).unlink()
    later = again(spool)
    assert later.idents() == [ident()], "a person may still mend it"
    later.close()


@pytest.mark.parametrize("name", ["", "../lock", "nobody", ident() + "\n"])
def test_only_names_of_messages_are_opened(spool: Spool, name: str) -> None:
    """What is no message's name opens no file."""
    with pytest.raises(SpoolError, match="names no message"):
        spool.open(name)


def test_one_bay_receives(spool: Spool) -> None:
    """A second bay in the same directory is refused; commands append all the same."""
    put(spool)
    other = Spool(spool.path)
    with pytest.raises(SpoolError, match="another holding bay"):
        other.claim()
    other.append(ident(), Decision(at=2.0, fate="release", actor="root"))
    assert spool.message(ident()).state == "releasing"


def lines() -> tuple[Line, ...]:
    """What is written of a message before it is acknowledged."""
    return Decision(at=2.0, fate="hold"), Answered(at=2.0, code=250)


Spoil = Callable[[Path], object]


@pytest.mark.parametrize("spoil", [Path.unlink, lambda path: path.write_bytes(b"")])
def test_what_a_power_cut_took_of_files_is_written_again(spool: Spool, spoil: Spoil) -> None:
    """Of a message that was acknowledged its own files need not be on the disk: the journal is."""
    put(spool)
    spool.append(ident(), *lines())
    record = spool.path / "records" / f"{ident()}.jsonl"
    whole = record.read_bytes()
    for path in (record, spool.body(ident())):
        spoil(path)
    later = again(spool)
    assert record.read_bytes() == whole
    assert later.body(ident()).read_bytes() == BODY
    later.append(ident(), Decision(at=3.0, fate="release", actor="root"))
    last = again(later)
    assert last.message(ident()).state == "releasing"
    last.close()


def test_long_message_is_on_the_disk_itself(spool: Spool) -> None:
    """A long message is not written twice: it is forced to the disk before its record says so."""
    body = b"x" * (INLINE + 1)
    put(spool, body=body)
    spool.append(ident(), *lines())
    assert (spool.path / "journal").stat().st_size < 2 * INLINE
    (spool.path / "records" / f"{ident()}.jsonl").unlink()
    later = again(spool)
    assert later.message(ident()).is_ours
    assert later.body(ident()).read_bytes() == body
    later.close()


@pytest.mark.parametrize("left", [b"", BODY[:9], bytes(len(BODY))])
def test_half_a_message_that_nobody_acknowledged_goes(spool: Spool, left: bytes) -> None:
    """Of what was on its way in when the power was cut nothing that is not whole is kept."""
    put(spool)
    spool.body(ident()).write_bytes(left)
    put(spool, 2)
    later = again(spool)
    assert later.idents() == [ident(2)]
    assert not later.body(ident()).exists()
    later.close()


def test_what_was_let_go_or_forgotten_stays_away(spool: Spool) -> None:
    """The journal brings back no message that was let go, nor one of which nothing is known."""
    for number in (1, 2):
        put(spool, number)
        spool.append(ident(number), *lines())
    spool.let_go(ident(1), Gone(at=3.0, why="old"))
    spool.let_go(ident(2), Gone(at=3.0, why="old"))
    spool.forget(ident(2))
    later = again(spool)
    assert later.idents() == [ident(1)]
    assert not later.body(ident(1)).exists()
    later.close()


def received(number: int = 1, body: bytes = BODY) -> News:
    """What is written of a message that was inspected before it had any file."""
    return news_of(ident(number), envelope(number, body=body), *lines(), body=body)


def test_message_without_files_gets_them_with_its_record(spool: Spool) -> None:
    """A message that was inspected as it came is written once, whole, with all that is said."""
    assert spool.append_all([received(1), received(2, b"Other\r\n")]) == [None, None]
    later = again(spool)
    assert later.idents() == [ident(1), ident(2)]
    assert all(later.message(name).is_ours for name in later.idents())
    assert [later.body(name).read_bytes() for name in later.idents()] == [BODY, b"Other\r\n"]
    later.close()


@pytest.mark.parametrize("reached", [0, 1])
def test_kill_before_a_message_has_its_files_loses_nothing(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, reached: int
) -> None:
    """Once the journal has a message, its files are written at the next start if need be."""
    written: list[Path] = []

    def killed(path: Path, data: bytes) -> None:
        if len(written) == reached:
            raise KeyboardInterrupt
        written.append(path)
        path.write_bytes(data)

    with monkeypatch.context() as patched:
        patched.setattr("dnswatch.bay.spool._write_new", killed)
        with pytest.raises(KeyboardInterrupt):
            spool.append_all([received()])
    later = again(spool)
    assert later.message(ident()).is_ours
    assert later.body(ident()).read_bytes() == BODY
    later.close()


@pytest.mark.parametrize("reached", [0, 1])
def test_message_whose_files_have_no_room_leaves_nothing(
    spool: Spool, monkeypatch: pytest.MonkeyPatch, reached: int
) -> None:
    """A message that was refused for want of room is not there, nor after the next start."""
    written: list[Path] = []

    def full(path: Path, data: bytes) -> None:
        if len(written) == reached:
            raise OSError(errno.ENOSPC, "full")
        written.append(path)
        path.write_bytes(data)

    with monkeypatch.context() as patched:
        patched.setattr("dnswatch.bay.spool._write_new", full)
        (error,) = spool.append_all([received()])
    assert error is not None
    assert error.is_full
    assert spool.append_all([received(2)]) == [None]
    for now in (spool, later := again(spool)):
        assert now.idents() == [ident(2)]
        assert not now.body(ident()).exists()
    later.close()


def test_many_messages_wait_for_the_disk_once(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many are ready, one forced write keeps them; one that went spoils no other."""
    for number in range(1, 11):
        put(spool, number)
    spool.body(ident(5)).unlink()
    forced: list[int] = []
    monkeypatch.setattr("dnswatch.bay.journal.os.fdatasync", forced.append)
    errors = spool.append_all([news_of(ident(number), *lines()) for number in range(1, 11)])
    assert len(forced) == 1
    assert [error is None for error in errors] == [number != 5 for number in range(1, 11)]
    states = [spool.message(ident(number)).state for number in range(1, 11)]
    assert states == ["waiting" if number == 5 else "held" for number in range(1, 11)]


def test_spool_of_an_earlier_version_is_read(spool: Spool) -> None:
    """A spool without a journal is read as it is, whatever its messages were up to."""
    put(spool)
    spool.append(ident(), *lines())
    spool.close()
    (spool.path / "journal").unlink()
    later = again(spool)
    assert later.message(ident()).state == "held"
    assert later.body(ident()).read_bytes() == BODY
    later.close()


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Make a disk of 64 kB; needs root."""
    place = tmp_path / "small"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_full_disk_takes_nothing_by_half(small: Path) -> None:
    """On a full disk messages and lines are refused whole, and what was there stays whole."""
    spool = Spool(small / "bay")
    spool.claim()
    put(spool)
    draft = spool.draft(ident(2))
    with pytest.raises(SpoolError, match="is full: make room") as caught:
        draft.write(b"x" * 400_000)
    assert caught.value.is_full
    draft.drop()
    assert spool.idents() == [ident(1)]
    filler = small / "filler"
    with filler.open("wb", buffering=0) as file:
        file.write(b"x" * 1_000_000)  # as much as there is room for
    why = "w" * 8192
    with pytest.raises(SpoolError, match="is full"):
        spool.append(ident(1), Decision(at=2.0, fate="hold", why=why))
    assert spool.message(ident(1)).state == "waiting"
    filler.unlink()
    spool.append(ident(1), Decision(at=2.0, fate="hold", why=why))
    assert spool.message(ident(1)).state == "held"
    spool.close()
