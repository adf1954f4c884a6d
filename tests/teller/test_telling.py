"""Telling: at least once, in order, whoever is away."""

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dnswatch.settings import EventDestination, Settings, Sink
from dnswatch.store import Store, events, replica
from dnswatch.teller import telling as module
from dnswatch.teller.telling import Telling
from tests import check
from tests.loopback import reserve
from tests.outlets.sinks import GOOD, key_file
from tests.teller.logged import AT, let_go, note
from tests.teller.receivers import stream, webhook
from tests.teller.test_forms import parsed

Begin = Callable[[Sink], Telling]


@pytest.fixture
def begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Begin]:
    """Tell a sink of the changes in `tmp_path`; looks come quickly, so that tests do not wait."""
    monkeypatch.setattr(module, "LOOK", 0.02)
    monkeypatch.setattr(module, "FIRST_RETRY", 0.02)
    monkeypatch.setattr(module, "LAST_RETRY", 0.1)
    begun: list[Telling] = []

    def start(sink: Sink) -> Telling:
        begun.append(Telling(sink, Settings(), tmp_path))
        begun[-1].start()
        return begun[-1]

    yield start
    for telling in begun:
        end(telling)


def end(telling: Telling) -> None:
    telling.stop()
    check.eventually(lambda: not telling.is_alive)


def told(path: Path) -> list[str]:
    if not path.exists():
        return []
    events = [json.loads(line)["dnswatch"] for line in path.read_text().splitlines()]
    return [f"{one['kind']} {one['text']}" for one in events]


def cursors(state: Path) -> list[Path]:
    return list((state / "events").glob("*.json"))


def wait_for_cursor(state: Path) -> None:
    check.eventually(lambda: cursors(state))


def test_a_new_sink_is_told_of_what_comes_from_now_on(tmp_path: Path, begin: Begin) -> None:
    """Not of a month's log; and a second start goes on where the first one ended."""
    out = tmp_path / "eve.json"
    sink = Sink(to=EventDestination(f"file:{out}"))
    note(tmp_path, "suspect")
    first = begin(sink)
    wait_for_cursor(tmp_path)
    note(tmp_path, "infected")
    check.eventually(lambda: told(out) == ["verdict infected"])
    end(first)
    note(tmp_path, "clean")
    begin(sink)
    check.eventually(lambda: told(out) == ["verdict infected", "verdict clean"])


def test_a_site_that_begins_is_told_from_its_first_change(tmp_path: Path, begin: Begin) -> None:
    """The store may be made after the teller looked for it."""
    out = tmp_path / "eve.json"
    telling = begin(Sink(to=EventDestination(f"file:{out}")))
    check.eventually(lambda: telling._begins_with_store)
    note(tmp_path, "suspect")
    check.eventually(lambda: told(out) == ["verdict suspect"])


def test_a_new_store_is_told_from_its_first_change(tmp_path: Path, begin: Begin) -> None:
    """A damaged one is moved away while we look; its numbers begin anew."""
    out = tmp_path / "eve.json"
    Store.open(tmp_path).close()
    begin(Sink(to=EventDestination(f"file:{out}")))
    wait_for_cursor(tmp_path)
    note(tmp_path, "suspect", times=2)
    check.eventually(lambda: len(told(out)) == 2)
    for file in tmp_path.glob("dnswatch.db*"):
        file.rename(tmp_path / f"old-{file.name}")
    note(tmp_path, "infected")
    check.eventually(lambda: told(out)[2:] == ["verdict infected"])


def test_a_store_that_becomes_a_copy_is_told_from_then_on(tmp_path: Path, begin: Begin) -> None:
    """A node that joins a fleet tells nothing of what was there before, and misses nothing then."""
    here, there, out = tmp_path, tmp_path / "leader", tmp_path / "eve.json"
    Store.open(here).close()
    begin(Sink(to=EventDestination(f"file:{out}")))
    wait_for_cursor(here)
    note(here, "suspect")
    check.eventually(lambda: told(out) == ["verdict suspect"])
    note(there, "likely", times=3)
    with Store.open(there) as store, store.snapshot() as db:
        position = replica.lead(db, 7)
        parts = list(replica.whole(db))
    with Store.open(here) as store, store.snapshot() as db:
        name = events.store_name(db)
        replica.replace(db, position, parts)
        assert events.store_name(db) != name
    check.eventually(lambda: any('"number":3' in file.read_text() for file in cursors(here)))
    note(here, "infected")
    check.eventually(lambda: told(out)[1:] == ["verdict infected"])


def test_a_sink_that_was_away_loses_nothing(
    tmp_path: Path, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    """Its trouble is said once, and its end; what retention took meanwhile is counted and told."""
    caplog.set_level(logging.INFO, "dnswatch.teller")
    Store.open(tmp_path).close()
    with reserve() as holder:
        port = holder.getsockname()[1]
        telling = begin(Sink(to=EventDestination(f"syslog:tcp://127.0.0.1:{port}")))
        wait_for_cursor(tmp_path)
        for text in ("suspect", "likely", "infected", "clean"):
            note(tmp_path, text)
        check.eventually(lambda: "Connection refused" in caplog.text)
        end(telling)
        let_go(tmp_path, 2)
        begin(telling.sink)
        check.eventually(lambda: caplog.text.count("Connection refused") == 2)
        with stream(holder) as heard:
            check.eventually(lambda: len(heard.messages) == 3)
            check.eventually(lambda: "is told again" in caplog.text)
        kinds = [parsed(one)[0]["id"].decode() for one in heard.messages]
        assert kinds == ["lost", "verdict", "verdict"]
        assert [parsed(one)[1]["text"] for one in heard.messages[1:]] == ["infected", "clean"]
    assert "2 changes are told of nowhere" in caplog.text


def test_an_hour_away_loses_nothing(tmp_path: Path, begin: Begin) -> None:
    """Each change of a quiet hour is told one by one, in order, however late: nothing is folded."""
    Store.open(tmp_path).close()
    with reserve() as holder:
        port = holder.getsockname()[1]
        begin(Sink(to=EventDestination(f"syslog:tcp://127.0.0.1:{port}"), most=2))
        wait_for_cursor(tmp_path)
        texts = [f"delay {minute}" for minute in range(120)]
        for minute, text in enumerate(texts):
            note(tmp_path, text, about="mark", at=AT + minute * 30)
        with stream(holder) as heard:
            check.eventually(lambda: len(heard.messages) >= 120)
        assert [parsed(one)[1]["text"] for one in heard.messages] == texts


def test_a_full_disk_under_the_cursor_repeats_and_loses_nothing(
    tmp_path: Path, begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    """What was told and could not be noted is told again, under the same id."""
    Store.open(tmp_path).close()
    with webhook() as heard:
        to = EventDestination(f"http://127.0.0.1:{heard.port}/")
        begin(Sink(to=to, secret=key_file(tmp_path, GOOD)))
        wait_for_cursor(tmp_path)
        folder = tmp_path / "events"

        def spoil() -> None:
            folder.rename(tmp_path / "aside")
            folder.write_text("in the way")

        heard.first = spoil
        note(tmp_path, "suspect")
        note(tmp_path, "infected")
        check.eventually(lambda: "make room, or make it writable" in caplog.text)
        folder.unlink()
        check.eventually(lambda: len({headers["webhook-id"] for headers in heard.headers}) == 2)
    told = [headers["webhook-id"] for headers in heard.headers]
    assert len(told) > 2
    assert sorted(set(told), key=told.index) == sorted(set(told))


def test_a_storm_is_one_event(tmp_path: Path, begin: Begin) -> None:
    """After `most` of its minute."""
    out = tmp_path / "eve.json"
    Store.open(tmp_path).close()
    begin(Sink(to=EventDestination(f"file:{out}"), most=2))
    wait_for_cursor(tmp_path)
    note(tmp_path, "infected", times=1200)
    check.eventually(lambda: "summary 1198 more changes in that minute" in told(out))
    assert len(told(out)) == 3
