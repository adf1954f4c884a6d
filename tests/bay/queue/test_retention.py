"""What is kept of mail, and for how long."""

from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.bay.queue.index import UNDELIVERED, Index, IndexRow
from dnswatch.bay.queue.retention import Retention, plan_of
from dnswatch.bay.record import DeliveryOutcome
from dnswatch.settings import Size
from dnswatch.settings.bay import Keep
from tests.bay.mail import NOW, decide, keep, spool_in

DAY = 86400.0
KEEP = Keep()
STATES = ("waiting", "deferred", "held", "releasing", "released", "failed", "discarded")


class Scene:
    """A spool with one message, and the retention of its mail."""

    def __init__(self, folder: Path, fate: str) -> None:
        self.now = NOW
        self.warned: list[tuple[list[str], float]] = []
        self.spool = spool_in(folder)
        self.ident = keep(self.spool)
        decide(self.spool, self.ident, fate)  # type: ignore[arg-type]
        self.index = Index(self.spool)
        self.index.catch_up()
        self._retention = Retention(self.spool, self.index, KEEP, lambda: self.now, self._warn)

    def _warn(self, rows: Sequence[IndexRow], at: float) -> None:
        self.warned.append(([row.ident for row in rows], at))

    def after(self, days: float) -> str:
        """Sweep so long after; say what is left: the message, its record, or nothing."""
        self.now = NOW + days * DAY
        self._retention.sweep()
        if not self.spool.has(self.ident):
            return "nothing"
        return "record" if self.spool.message(self.ident).gone else "message"


def test_held_mail_goes_after_a_warning(tmp_path: Path) -> None:
    """A day before, persons are told; then the body goes, and a month later its record."""
    scene = Scene(tmp_path, "hold")
    assert scene.after(12.9) == "message"
    assert scene.warned == []
    assert scene.after(13) == "message"
    assert scene.warned == [([scene.ident], NOW + 14 * DAY)]
    assert scene.after(13.9) == "message"
    assert scene.after(14) == "record"
    assert len(scene.warned) == 1
    assert scene.after(43.9) == "record"
    assert scene.after(44) == "nothing"
    assert scene.index.named("") == []


def test_a_bay_that_was_off_warns_first(tmp_path: Path) -> None:
    """However old it is: nothing undelivered goes unsaid."""
    scene = Scene(tmp_path, "defer")
    assert scene.after(100) == "message"
    assert len(scene.warned) == 1
    assert scene.after(101) == "record"


def test_delivered_mail_goes_the_next_day(tmp_path: Path) -> None:
    """Nobody misses it, so nobody is told."""
    scene = Scene(tmp_path, "release")
    scene.spool.append(
        scene.ident,
        DeliveryOutcome(at=NOW, recipient="bob@there.example", result="delivered", text="250"),
    )
    scene.index.catch_up()
    assert scene.after(0.9) == "message"
    assert scene.after(1) == "record"
    assert scene.warned == []


def test_mail_on_its_way_stays(tmp_path: Path) -> None:
    """Whoever gives it up decides that, not its age."""
    assert Scene(tmp_path, "release").after(1000) == "message"


def row(number: int, state: str, age: float, warned: float | None, size: int) -> IndexRow:
    """A message of some age in days, and when it was warned of."""
    at = NOW - age * DAY
    warned_at = None if warned is None else NOW - warned * DAY
    return IndexRow(
        f"{number:022x}",
        at,
        "k",
        "s",
        (),
        None,
        state,  # type: ignore[arg-type]
        size,
        True,
        at,
        warned_at,
    )


ROWS = st.builds(
    row,
    st.integers(0, 50),
    st.sampled_from(STATES),
    st.floats(0, 60),
    st.none() | st.floats(0, 60),
    st.integers(1, 10),
)


@given(st.lists(ROWS, unique_by=lambda one: one.ident), st.integers(1, 100))
def test_no_rule_throws_away_what_it_may_not(rows: list[IndexRow], size: int) -> None:
    """Mail on its way stays; undelivered mail goes a day after its warning; the size is kept
    as far as that allows."""
    keep_ = Keep(size=Size(size))
    plan = plan_of(rows, keep_, NOW)
    dropped = [one for one in rows if one.ident in plan.drop]
    for one in dropped:
        assert one.state != "releasing"
        if one.state in UNDELIVERED:
            assert one.is_warned
            assert (one.warned_at or NOW) <= NOW - DAY
    left = [one for one in rows if one.ident not in plan.drop]
    if sum(one.size for one in left) > size:
        may_go = [one for one in left if one.state in ("released", "discarded")]
        assert may_go == []
    assert not {one.ident for one in plan.warn} & set(plan.drop)


def test_the_oldest_go_first_where_there_is_no_room() -> None:
    """Those that are done before those that are held; and these are warned of before it is full."""
    rows = [
        row(1, "held", 5, 2, 40),
        row(2, "held", 4, 2, 40),
        row(3, "released", 0.1, None, 40),
        row(4, "held", 1, None, 40),
    ]
    plan = plan_of(rows, Keep(size=Size(100)), NOW)
    assert list(plan.drop) == [rows[2].ident, rows[0].ident]
    assert plan_of(rows[1:2], Keep(size=Size(45)), NOW).drop == {}
    assert plan_of([rows[3]], Keep(size=Size(45)), NOW).warn == (rows[3],)
