"""Tail: the last lookups in memory, for their owner alone, and nothing on the disk."""

import os
import socket
import stat
import time
from ipaddress import ip_address
from pathlib import Path

import pytest

from dnswatch.codes import Type
from dnswatch.errors import StoreError
from dnswatch.model.observation import Decided, Enforced, Fate, Observation, Origin, Tally
from dnswatch.watchdog import tail as module
from dnswatch.watchdog.tail import FILE, LONGEST, MOST, LookupRing, TailReader
from dnswatch.wire.name import from_text
from tests.check import eventually
from tests.records import NOON, asked
from tests.watchdog.process import QUIET, Site, saw

NAME = from_text("x.example")
ALICE = ip_address("192.0.2.7").packed
WATCHED = f"{QUIET}[records]\ntail = true\n"


def shown(client: bytes) -> str:
    return str(ip_address(client))


@pytest.fixture
def tail(tmp_path: Path) -> LookupRing:
    """Keep a ring."""
    ring = LookupRing(tmp_path, shown)
    ring.configure(is_wanted=True)
    return ring


def test_lookups_are_told_in_order_with_what_became_of_them(tail: LookupRing) -> None:
    """Records, origin and policy; what only a cache knows, by its count."""
    enforced = Enforced("delay", Decided.HELD, dry_run=True)
    told = asked(0, "10.0.0.1", "example.org", Type.MX, exchanges=["mx.example.org"])
    tail.note(told)
    tail.note(Observation(NOON + 1, ALICE, NAME, 1, 3, Origin.CACHE))
    tail.note(Observation(NOON + 2, ALICE, NAME, 1, 2, Origin.LOCAL, enforced=enforced))
    tail.count(Tally(ALICE, 1, 0, 1, False, 40), NOON + 3)
    tail.count(Tally(ALICE, 1, 0, 0, False, 2, Fate.LIMITED), NOON + 3)
    first, second, third, fourth, fifth = tail.page(0).lookups
    assert (first.client, first.name, first.exchanges) == (
        "10.0.0.1",
        "example.org",
        ["mx.example.org"],
    )
    assert (second.rcode, second.origin) == (3, "cache")
    assert (third.policy, third.decided, third.dry_run) == ("delay", "held", True)
    assert (fourth.name, fourth.count, fourth.origin) == (None, 40, "cache")
    assert fifth.origin == "limited"
    assert [one.name for one in tail.page(-2).lookups] == [None, None]


def test_a_reader_goes_on_and_hears_what_it_missed(tail: LookupRing) -> None:
    """The ring is bounded, and numbers go on over what went out of it."""
    for second in range(MOST + 50):
        tail.note(asked(second, "10.0.0.1", "example.org"))
    page = tail.page(10)
    assert page.missed == 40
    assert page.lookups[0].at == NOON + 50
    assert tail.page(page.last).lookups[0].at == page.lookups[-1].at + 1
    end = tail.page(2**62)
    assert (end.last, end.missed, end.lookups) == (MOST + 50, 0, [])


def test_who_stands_in_no_record_does_not_stand_here(tmp_path: Path) -> None:
    """`privacy.leave_out`, late answers of nobody, and whose pseudonym is out of reach."""
    tail = LookupRing(tmp_path, lambda client: "" if client == ALICE else "~77ab")
    tail.configure(is_wanted=True)
    tail.note(Observation(NOON, None, NAME, 1, 0, Origin.UPSTREAM))
    tail.count(Tally(None, 1, 0, 1, False, 3), NOON)
    tail.note(Observation(NOON, ALICE, NAME, 1, 0, Origin.UPSTREAM))
    tail.note(asked(0, "10.0.0.1", "example.org"))
    assert [one.client for one in tail.page(0).lookups] == ["~77ab"]


def test_it_is_off_unless_wanted_and_forgets_all(tail: LookupRing) -> None:
    """Without a reload there is nothing of it."""
    tail.note(asked(0, "10.0.0.1", "example.org"))
    ring = tail.page(0).ring
    tail.configure(is_wanted=False)
    tail.note(asked(0, "10.0.0.1", "example.org"))
    assert tail.page(0).lookups == []
    tail.configure(is_wanted=True)
    assert tail.page(0).ring != ring


def test_long_lookups_fit_into_a_message(tail: LookupRing) -> None:
    """However many records an answer had: as many lookups as fit are told at a time."""
    label = b"\x3f" + b"\x01" * 63
    odd = (label * 3) + b"\0"
    for _ in range(500):
        tail.note(Observation(NOON, ALICE, odd, 15, 0, Origin.UPSTREAM, exchanges=(odd,) * 900))
    message = tail._page(0)
    assert len(message) < LONGEST


def test_a_watch_lets_its_owner_read(tmp_path: Path) -> None:
    """Over a socket that nobody else may open, however deep its directory; what was asked for
    before the last lookup comes comes at once, and nothing of it stands on the disk."""
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    with Site(deep / "state", config=WATCHED) as site:
        eventually((site.state / FILE).exists)
        assert stat.S_IMODE((site.state / FILE).stat().st_mode) == 0o600
        now = time.time()
        site.send(saw(now, ALICE, from_text("secret-name.example"), 1))
        with TailReader(site.state) as reader:
            page = eventually(lambda: found if (found := reader.page(0)).lookups else None)
            assert page.lookups[0].name == "secret-name.example"
            assert reader.page(page.last).lookups == []
        eventually(lambda: site.measure("lookup") == 1)
        kept = [path.read_bytes() for path in site.state.iterdir() if path.is_file()]
        assert not any(b"secret-name" in data for data in kept)
        os.kill(site.process.pid, 9)
        site.process.wait()
        site.start()
        with eventually(lambda: _read(site.state)) as reader:
            assert reader.page(0).ring != page.ring


def _read(state: Path) -> TailReader | None:
    try:
        return TailReader(state)
    except StoreError:
        return None


def test_without_a_ring_it_is_said_how_to_get_one(tmp_path: Path) -> None:
    """In a sentence with the key."""
    with pytest.raises(StoreError, match=r"records\.tail = true"):
        TailReader(tmp_path)


def test_a_reader_that_says_nonsense_is_sent_away(tmp_path: Path) -> None:
    """And so is one too many; the others go on."""
    with Site(tmp_path / "state", config=WATCHED) as site:
        eventually((site.state / FILE).exists)
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as rude:
            rude.connect(str(site.state / FILE))
            rude.send(b"hello")
            assert rude.recv(100) == b""
        readers = [TailReader(site.state) for _ in range(module.READERS)]
        assert all(reader.page(0).lookups == [] for reader in readers)
        with TailReader(site.state) as late, pytest.raises(StoreError, match="out of reach"):
            late.page(0)
        assert readers[0].page(0).lookups == []
        for reader in readers:
            reader.__exit__()
