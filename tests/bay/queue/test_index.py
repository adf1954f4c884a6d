"""The index follows from the records."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnswatch.bay.queue.index import FILE, Filter, Fresh, Index, IndexRow
from dnswatch.bay.record import Decision, DeliveryOutcome, ExpiryWarning, Gone, Line, Tried
from dnswatch.bay.spool import Spool
from dnswatch.errors import SpoolError
from tests.bay.mail import NOW, decide, judged, keep, spool_in

LINES: list[Line] = [
    judged("clean"),
    judged("worm"),
    Decision(at=NOW, fate="hold"),
    Decision(at=NOW, fate="release"),
    Decision(at=NOW, fate="discard", recipients=("b@x.example",)),
    Tried(at=NOW, recipients=("a@x.example",), exchange="mx"),
    DeliveryOutcome(at=NOW, recipient="a@x.example", result="delivered", text="250"),
    DeliveryOutcome(at=NOW, recipient="b@x.example", result="refused", text="550"),
    ExpiryWarning(at=NOW),
    Gone(at=NOW, why="age"),
]


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    """A spool with four messages."""
    made = spool_in(tmp_path)
    for number, (sender, key, verdict, fate) in enumerate(
        [
            ("anna@corp.example", "10.0.0.7", "clean", "release"),
            ("Eve@Other.example", "10.0.0.7", "worm", "hold"),
            ("", "10.0.0.8", "unsure", "defer"),
            ("x@sub.corp.example", "~00112233", "clean", "hold"),
        ]
    ):
        to = (f"r{number}@There.example", "all@list.example")
        ident = keep(made, number, sender=sender, key=key, to=to, at=NOW + number)
        made.append(ident, judged(verdict))  # type: ignore[arg-type]
        decide(made, ident, fate)  # type: ignore[arg-type]
    yield made
    made.close()


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from([*LINES, None, "look", "forget"])), max_size=25
    )
)
def test_kept_in_step_or_made_anew_it_is_the_same(
    steps: list[tuple[int, Line | str | None]],
) -> None:
    """Whatever happens to messages, in whatever order the index hears of it."""
    with tempfile.TemporaryDirectory() as folder:
        spool = spool_in(Path(folder))
        with Index(spool) as index:
            idents: dict[int, str] = {}
            for number, step in steps:
                if number not in idents:
                    to = ("a@x.example", "b@x.example")
                    idents[number] = keep(spool, number, to=to)
                elif step == "forget":
                    spool.forget(idents.pop(number))
                elif step == "look":
                    index.catch_up()
                elif step is None:
                    index.update(idents[number])
                elif isinstance(step, Line):
                    spool.append(idents[number], step)
            index.catch_up()
            kept = rows(index)
            index.rebuild()
            assert rows(index) == kept
            assert {row.ident for row in kept} == set(idents.values())
        spool.close()


def rows(index: Index) -> list[IndexRow]:
    """All rows."""
    return index.find(Filter())


def found(spool: Spool, wanted: Filter) -> list[int]:
    """The numbers of the messages that fit, in order."""
    with Index(spool) as index:
        index.catch_up()
        return [round(row.at - NOW) for row in index.find(wanted)]


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        (Filter(), [3, 2, 1, 0]),
        (Filter(limit=2), [3, 2]),
        (Filter(keys=("10.0.0.7",)), [1, 0]),
        (Filter(keys=()), []),
        (Filter(sender="eve@other.example"), [1]),
        (Filter(sender="<>"), [2]),
        (Filter(sender="@corp.example"), [0]),
        (Filter(domain="THERE.example"), [3, 2, 1, 0]),
        (Filter(domain="elsewhere.example"), []),
        (Filter(verdicts=("clean",)), [3, 0]),
        (Filter(states=("held", "deferred")), [3, 2, 1]),
        (Filter(since=NOW + 2), [3, 2]),
        (Filter(keys=("10.0.0.7",), states=("held",), since=NOW + 1), [1]),
    ],
)
def test_messages_are_found_by_all_that_is_said(
    spool: Spool, wanted: Filter, numbers: list[int]
) -> None:
    """The newest first; case matters nowhere."""
    assert found(spool, wanted) == numbers


def test_totals(spool: Spool) -> None:
    """Messages by state, verdict and client, and their bytes."""
    with Index(spool) as index:
        index.catch_up()
        (gone, *_) = spool.idents()
        spool.let_go(gone, Gone(at=NOW, why="age"))
        index.update(gone)
        totals = index.totals(Filter())
    assert totals.states == {"held": 2, "deferred": 1, "discarded": 1}
    assert totals.verdicts == {"clean": 2, "unsure": 1, "worm": 1}
    assert totals.clients == {"10.0.0.7": 2, "10.0.0.8": 1, "~00112233": 1}
    assert totals.kept == totals.received * 3 // 4


def test_subject_goes_with_the_message(spool: Spool) -> None:
    """A row has the subject as long as the message itself is kept."""
    with Index(spool) as index:
        index.catch_up()
        ident = spool.idents()[0]
        spool.let_go(ident, Gone(at=NOW, why="age"))
        index.update(ident)
        assert [row.subject for row in index.find(Filter())] == ["hello", "hello", "hello", ""]


def test_news_of_many_is_written_at_once(spool: Spool) -> None:
    """Whoever is told has every message that can be read, and the names of damaged ones."""
    first, second, *_ = spool.idents()
    record = spool.path / "records" / f"{second}.jsonl"
    record.write_bytes(b"{}\n" + record.read_bytes())
    with Index(spool) as index:
        found, damaged = index.update_all([first, second, "0" * 22])
        assert ([one.ident for one in found], damaged) == ([first], [second])
        assert [row.ident for row in index.find(Filter())] == [first]


def test_what_is_known_of_a_message_counts_while_its_record_is_so_long(spool: Spool) -> None:
    """A row is made of what its writer knows; once somebody has written more, of the record."""
    ident = spool.idents()[0]
    message = spool.message(ident)
    fresh = {ident: Fresh(message, spool.length(ident), "known")}
    with Index(spool) as index:
        assert index.update_all([ident], fresh) == ([message], [])
        assert [row.subject for row in index.find(Filter())] == ["known"]
        spool.append(ident, Decision(at=NOW, fate="discard", actor="root"))
        index.update_all([ident], fresh)
        assert [row.state for row in index.find(Filter())] == ["discarded"]


def test_names_by_their_beginning(spool: Spool) -> None:
    """All that begin so, oldest first."""
    with Index(spool) as index:
        index.catch_up()
        idents = spool.idents()
        assert index.named("") == idents
        assert index.named(idents[2][:14]) == [idents[2]]
        assert index.named("zz") == []
        assert index.last_at("10.0.0.7", idents[1]) == NOW
        assert index.last_at("10.0.0.7", idents[0]) is None


def test_two_processes_share_it(spool: Spool) -> None:
    """What one has written the other finds."""
    with Index(spool) as one, Index(spool) as other:
        one.catch_up()
        assert len(other.find(Filter())) == 4
        assert other.catch_up() == []


def test_a_damaged_record_is_named_and_the_rest_found(spool: Spool) -> None:
    """One record that cannot be read hides no other."""
    bad = spool.idents()[0]
    record = spool.path / "records" / f"{bad}.jsonl"
    record.write_bytes(b"{}\n" + record.read_bytes())
    with Index(spool) as index:
        assert index.catch_up() == [bad]
        assert index.rebuild() == [bad]
        assert len(index.find(Filter())) == 3


def test_it_is_for_its_owner_alone_and_a_broken_one_is_told(spool: Spool) -> None:
    """Who sends mail to whom is nobody else's business."""
    with Index(spool):
        assert (spool.path / FILE).stat().st_mode & 0o777 == 0o600
    (spool.path / FILE).write_bytes(b"no database" * 1000)
    with pytest.raises(SpoolError, match="dnswatch bay reindex"):
        Index(spool)
