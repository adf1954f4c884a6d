"""The site cache agrees with its definition, event by event."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.cache_entry import CacheEntry
from dnswatch.model.sitecache import MAX_TTL, SiteCache

V4 = bytes((192, 0, 2, 1))
V6 = bytes.fromhex("20010db8000000000000000000000001")
ADDRESSES = [V4, V6, bytes((192, 0, 2, 2)), bytes((192, 0, 2, 3)), V6[:-1] + b"\2"]

ttls = st.sampled_from([0, 0, 1, 2, 3, 5, 30, 10 * MAX_TTL])
steps = st.one_of(st.integers(0, 4).map(float), st.floats(0, 4), st.just(float(MAX_TTL)))
answers = st.lists(st.tuples(st.sampled_from(ADDRESSES), ttls), min_size=1, max_size=4)


@st.composite
def streams(draw: st.DrawFn) -> list[tuple[float, bytes, int]]:
    """A stream of answers: time, address, TTL; several addresses may share a moment."""
    now, stream = 1_000_000.0, []
    for step, answer in draw(st.lists(st.tuples(steps, answers), max_size=40)):
        now += step
        stream += [(now, address, ttl) for address, ttl in answer]
    return stream


def expiry_of(now: float, ttl: int) -> float:
    return now + min(ttl, MAX_TTL)


@dataclass
class Plain:
    """The definition, taken literally: every entry is looked at, at every moment."""

    expiries: dict[bytes, float] = field(default_factory=dict)

    def expire(self, now: float) -> list[tuple[str, bytes, float]]:
        ended = sorted((e, a) for a, e in self.expiries.items() if e <= now)
        for _, address in ended:
            del self.expiries[address]
        return [("expire", address, expiry) for expiry, address in ended]

    def answer(self, address: bytes, ttl: int, now: float) -> list[tuple[str, bytes, float]]:
        events = self.expire(now)
        old = self.expiries.get(address)
        self.expiries[address] = max(old or 0.0, expiry_of(now, ttl))
        return [*events, ("new" if old is None else "refresh", address, now)]


class Told:
    """A site cache, and what it told since the last call."""

    def __init__(self, limit: int) -> None:
        self.cache = SiteCache(limit, self.ended)
        self.told: list[tuple[str, bytes, float]] = []
        self.entries: list[CacheEntry] = []

    def ended(self, address: bytes, entry: CacheEntry, is_early: bool) -> None:
        self.told.append(("evict" if is_early else "expire", address, entry.expiry))
        self.entries.append(entry)

    def answer(self, address: bytes, ttl: int, now: float) -> list[tuple[str, bytes, float]]:
        is_new = self.cache.renew(address, ttl, now)
        return [*self.take(), ("new" if is_new else "refresh", address, now)]

    def expire(self, now: float) -> list[tuple[str, bytes, float]]:
        self.cache.expire(now)
        return self.take()

    def take(self) -> list[tuple[str, bytes, float]]:
        told, self.told = self.told, []
        return told


@given(streams())
def test_events_agree_with_a_brute_force_model(stream: list[tuple[float, bytes, int]]) -> None:
    """New, refresh and expire fall exactly where the definition puts them, in order of time."""
    cache, model = Told(1000), Plain()
    for now, address, ttl in stream:
        assert cache.answer(address, ttl, now) == model.answer(address, ttl, now)
        assert len(cache.cache) == len(model.expiries)
    end = stream[-1][0] + 2 * MAX_TTL if stream else 1.0
    assert cache.expire(end) == model.expire(end)
    assert len(cache.cache) == 0


@given(streams())
def test_new_and_refresh_agree_with_the_window_definition(
    stream: list[tuple[float, bytes, int]],
) -> None:
    """An answer is new where its time is not before the running maximum of t+l of the earlier."""
    cache = Told(1000)
    for number, (now, address, ttl) in enumerate(stream):
        earlier = [expiry_of(at, life) for at, a, life in stream[:number] if a == address]
        running = max(earlier, default=0.0)
        expected = "new" if now >= running else "refresh"
        assert cache.answer(address, ttl, now)[-1][0] == expected


@given(streams(), st.lists(st.floats(0, 100), max_size=20))
def test_looking_often_changes_nothing(
    stream: list[tuple[float, bytes, int]], looks: list[float]
) -> None:
    """Events are the same however often and whenever the cache is told the time in between."""
    seldom, often = Told(1000), Told(1000)
    told_seldom: list[tuple[str, bytes, float]] = []
    told_often: list[tuple[str, bytes, float]] = []
    moments = sorted(1_000_000.0 + look for look in looks)
    for now, address, ttl in stream:
        while moments and moments[0] <= now:
            told_often += often.expire(moments.pop(0))
        told_seldom += seldom.answer(address, ttl, now)
        told_often += often.answer(address, ttl, now)
    assert told_often + often.expire(1e12) == told_seldom + seldom.expire(1e12)


@given(streams(), st.integers(1, 3))
def test_at_the_bound_the_one_that_expires_first_goes(
    stream: list[tuple[float, bytes, int]], limit: int
) -> None:
    """The cache never holds more than its limit, and only the entry that ends first goes early."""
    cache, model = Told(limit), Plain()
    for now, address, ttl in stream:
        events = cache.answer(address, ttl, now)
        model.expire(now)
        for event, ended, at in events:
            if event == "evict":
                assert len(model.expiries) == limit
                assert model.expiries[ended] == min(model.expiries.values())
                assert at == now
                del model.expiries[ended]
        assert events[-1:] == model.answer(address, ttl, now)[-1:]
        assert len(cache.cache) <= limit


@given(streams())
def test_the_timer_is_never_late(stream: list[tuple[float, bytes, int]]) -> None:
    """Nothing expires before the timer says so, and it says nothing where nothing lives."""
    cache, model = Told(1000), Plain()
    for now, address, ttl in stream:
        cache.answer(address, ttl, now)
        model.answer(address, ttl, now)
        timer = cache.cache.timer()
        assert timer is not None
        assert timer <= min(model.expiries.values())
    cache.expire(1e12)
    assert cache.cache.timer() is None


def test_refreshes_do_not_grow_the_queue() -> None:
    """A million refreshes of one address take no more memory than one."""
    cache = Told(10)
    for second in range(10_000):
        cache.answer(V4, 300, float(second))
    ends = cache.cache._ends
    assert len(ends._first) + sum(map(len, ends._buckets.values())) // (1 + len(V4)) == 1
    assert len(ends._beginnings) == len(ends._buckets) <= 1
    assert cache.cache[V4] == CacheEntry(expiry=9_999.0 + 300, first_seen=0.0, refreshes=9_999)


def test_an_entry_ends_exactly_at_its_expiry() -> None:
    """At the very moment of the expiry an address has expired and is new again."""
    cache = Told(10)
    cache.answer(V4, 60, 100.0)
    assert cache.answer(V4, 60, 159.999) == [("refresh", V4, 159.999)]
    assert cache.answer(V4, 60, 219.999) == [("expire", V4, 219.999), ("new", V4, 219.999)]


def test_a_ttl_of_zero_lives_for_no_time() -> None:
    """A record that may not be kept is new each time, and expires at once."""
    cache = Told(10)
    assert cache.answer(V6, 0, 5.0) == [("new", V6, 5.0)]
    assert cache.answer(V6, 0, 5.0) == [("expire", V6, 5.0), ("new", V6, 5.0)]


def test_a_hit_lengthens_no_life() -> None:
    """What a worker gives from its own cache is counted, but it expires as before."""
    cache = Told(10)
    cache.answer(V4, 60, 0.0)
    assert cache.cache.hit(V4)
    assert not cache.cache.hit(V6)
    assert cache.expire(60.0) == [("expire", V4, 60.0)]
    [expired] = cache.entries
    assert expired == CacheEntry(expiry=60.0, first_seen=0.0, refreshes=0, hits=1)


def test_what_was_stored_goes_on_living() -> None:
    """After a restart a restored entry is refreshed and expires as if nothing had happened."""
    cache = Told(10)
    cache.cache.restore(V4, CacheEntry(expiry=100.0, first_seen=10.0, refreshes=3))
    assert cache.answer(V4, 5, 50.0) == [("refresh", V4, 50.0)]
    assert cache.expire(100.0) == [("expire", V4, 100.0)]


def test_no_more_is_restored_than_there_is_room_for() -> None:
    """A store that holds more than the configuration allows now does not break the bound."""
    cache = Told(1)
    cache.cache.restore(V4, CacheEntry(expiry=100.0, first_seen=10.0))
    cache.cache.restore(V6, CacheEntry(expiry=200.0, first_seen=10.0))
    assert len(cache.cache) == 1


def test_time_never_runs_backwards() -> None:
    """The order of time is the caller's to keep; breaking it is a fault, not a wrong count."""
    cache = Told(10)
    cache.expire(10.0)
    with pytest.raises(AssertionError):
        cache.expire(9.0)
