"""What a relay knows of what its workers were told."""

from dnswatch.fleet.mirror import Mirror
from dnswatch.model.exchanges import Lessons, LookupKind
from dnswatch.model.policies.mark import Action, Doubts, Mark, Marks, Terms
from dnswatch.seams.batch import Briefing, brief

ALICE, BOB = b"\xc0\0\2\1", b"\xc0\0\2\2"


def mark(client: bytes, until: float = 100.0) -> Mark:
    terms = Terms(bucket=12.0, refill=60.0)
    return Mark(client, "slow", Action.OBSERVE, terms, (LookupKind.MX,), until)


def all_of(mirror: Mirror, now: float = 0.0) -> tuple[Lessons, dict[bytes, Mark], set[bytes]]:
    """What a worker knows that begins."""
    lessons, marks, suspects = Lessons(), dict[bytes, Mark](), set[bytes]()
    for told in mirror.whole(now):
        lessons.exchanges.extend(told.lessons.exchanges)
        lessons.domains.extend(told.lessons.domains)
        marks |= {one.client: one for one in told.marks.marks} if told.marks else {}
        suspects |= {client for client, _ in told.doubts.suspects} if told.doubts else set()
    return lessons, marks, suspects


def test_who_begins_is_told_all_that_holds() -> None:
    """News replace, `whole` forgets, and what has ended is told to nobody."""
    mirror = Mirror(workers=2)
    lessons = Lessons([(b"\2mx\1e\0", 50.0, b"\1e\0")], [(b"\1e\0", 50.0)])
    for told in brief(lessons, Marks([mark(ALICE), mark(BOB)], whole=True), Doubts([(BOB, 90.0)])):
        assert mirror.learn(told, 1.0) == told
    assert all_of(mirror) == (lessons, {ALICE: mark(ALICE), BOB: mark(BOB)}, {BOB})
    assert all_of(mirror, 95.0) == (Lessons(), {ALICE: mark(ALICE), BOB: mark(BOB)}, set())
    mirror.learn(Briefing(marks=Marks([], [ALICE]), doubts=Doubts(cleared=[BOB])), 1.0)
    assert all_of(mirror)[1:] == ({BOB: mark(BOB)}, set())
    mirror.learn(Briefing(marks=Marks([mark(ALICE)], whole=True)), 1.0)
    assert all_of(mirror)[1:] == ({ALICE: mark(ALICE)}, set())


def test_all_workers_of_the_site_share_a_bucket() -> None:
    """What a worker makes of its terms is the site's, divided by all of its workers; a node that
    comes or goes changes that for all marks."""
    mirror = Mirror(workers=2)
    mirror.learn(Briefing(marks=Marks([mark(ALICE)])), 1.0)
    assert mirror.divide(6)
    assert not mirror.divide(6)
    [told] = mirror.marks(1.0)
    assert told.marks is not None
    [shared] = told.marks.marks
    assert shared.terms.shared(2) == mark(ALICE).terms.shared(6)
    news = mirror.learn(Briefing(marks=Marks([mark(BOB)])), 1.0)
    assert news.marks is not None
    assert news.marks.marks[0].terms == shared.terms
    assert mirror.divide(2)
    assert all_of(mirror)[1][ALICE] == mark(ALICE)
