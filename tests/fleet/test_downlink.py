"""What a leader tells, on its way to the relays, with a real engine."""

from functools import partial

from dnswatch.fleet.bulletin import Bulletin
from dnswatch.fleet.downlink import Downlink, News
from dnswatch.fleet.forms import TOLD, WHOLE, RelayNotice
from dnswatch.model.exchanges import Lessons
from dnswatch.seams.batch import Briefing
from tests import check
from tests.fleet.engine import RealEngine


def lesson(name: bytes) -> Briefing:
    return Briefing(Lessons([(name, 9e9, name)]))


def heard(downlink: Downlink, before: list[News], count: int) -> list[News]:
    """Wait until as much was heard in all."""

    def listen() -> bool:
        before.extend(downlink.news.take())
        return len(before) >= count

    check.eventually(listen)
    return before


def test_relays_hear_all_in_order(engine: RealEngine) -> None:
    """Who begins late gets the whole and what came after it; a relay that was there gets each
    word once."""
    bulletin, early = Bulletin(engine.connect, 7), Downlink(engine.connect)
    late = Downlink(engine.connect)
    bulletin.start()
    early.start()
    one, two, three = map(lesson, (b"\1a\0", b"\1b\0", b"\1c\0"))
    notice = RelayNotice({"a:1": 5}, ("a:1",), 3)
    bulletin.tell([one])
    bulletin.notify(notice)
    bulletin.tell_whole([one, two], notice)
    bulletin.tell([three])
    assert heard(early, [], 3)[-1:] == [three]
    check.eventually(partial(engine.connect().get, engine.connect().key(TOLD, WHOLE)))
    late.start()
    assert heard(late, [], 4) == [one, two, notice, three]
    for each in (early, late):
        each.stop()
    bulletin.stop(check.PATIENCE)


def test_who_missed_something_takes_the_whole(engine: RealEngine) -> None:
    """An entry that an engine has lost leaves a gap in the numbers: nothing behind it is believed
    until the whole is as new."""
    bulletin, downlink = Bulletin(engine.connect, 7), Downlink(engine.connect)
    downlink.start()
    one, lost, three = map(lesson, (b"\1a\0", b"\1b\0", b"\1c\0"))
    bulletin.tell([one])
    news: list[News] = []
    bulletin.start()
    heard(downlink, news, 1)
    engine.connect().add(engine.connect().key(TOLD), "7-3", {"briefing": b"\x90"})
    bulletin.tell([lost])  # refused: the engine has a later one
    bulletin.tell_whole([one, lost], RelayNotice())
    assert heard(downlink, news, 4)[1:4] == [one, lost, RelayNotice()]
    bulletin.tell([three, three])
    assert heard(downlink, news, 6)[4:] == [Briefing(), three]
    downlink.stop()
    bulletin.stop(check.PATIENCE)


def test_a_deposed_leader_is_refused(engine: RealEngine) -> None:
    """The engine itself refuses a lower fence, and the leader learns of it."""
    old, new, downlink = (
        Bulletin(engine.connect, 7),
        Bulletin(engine.connect, 8),
        Downlink(engine.connect),
    )
    new.start()
    new.tell([lesson(b"\1n\0")])
    downlink.start()
    assert heard(downlink, [], 1) == [lesson(b"\1n\0")]
    old.start()
    old.tell([lesson(b"\1o\0")])
    old.tell_whole([], RelayNotice())
    check.eventually(lambda: old.is_deposed)
    new.tell([lesson(b"\1p\0")])
    assert heard(downlink, [], 1) == [lesson(b"\1p\0")]
    for each in (old, new):
        each.stop(check.PATIENCE)
    downlink.stop()
    assert engine.connect().get(engine.connect().key(TOLD, WHOLE)) is None
