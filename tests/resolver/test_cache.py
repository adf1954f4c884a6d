"""The answer cache against a model that forgets nothing: bounded, and never a premature refresh."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dnswatch.codes import Rcode
from dnswatch.resolver import kept
from dnswatch.resolver.cache import FAILURE_TTL, FAILURES, AnswerCache
from dnswatch.settings import Cache, Duration, Size
from dnswatch.wire.query import Query
from dnswatch.wire.response import Response


def key_of(label: bytes) -> bytes:
    """Return the key of a question for the address of a name of one label."""
    return Query(0x0100, b"%c%b\0\0\1\0\1" % (len(label), label), 0, 512, b"", False).key


KEYS = [key_of(b"%d" % number) for number in range(4)]
KEY = key_of(b"k")
HOT = key_of(b"hot")
MAX_TTL, STALE = 1000, 300
TC = 0x0200


def answer(ttl: int, rcode: int = 0, *, size: int = 100, flags: int = 0) -> Response:
    """Make a response as it is read: one record, `size` bytes."""
    response = Response(flags, rcode)
    response.ttl = ttl
    head = b"\xc0\x0c\0\x10\0\1" + ttl.to_bytes(4, "big") + size.to_bytes(2, "big")
    response.records = head + bytes(size)
    response.ttl_at, response.ttls, response.counts = (6,), (ttl,), (1, 0, 0)
    return response


def is_like(found: Response, known: Response) -> bool:
    """Tell whether an answer that was kept is the one that was put in."""
    return (found.records, found.rcode, found.ttl) == (known.records, known.rcode, known.ttl)


def cache(size: int = 10**6, stale: float = STALE) -> AnswerCache:
    """Make a cache."""
    return AnswerCache(Cache(size=Size(size), max_ttl=Duration(MAX_TTL), stale=Duration(stale)))


class Cached(RuleBasedStateMachine):
    """Puts, looks and time, beside a model that forgets nothing.

    What the cache no longer has must have been evicted since it was put.
    """

    def __init__(self) -> None:
        super().__init__()
        self.cache = cache(size=9000)
        self.size = 9000
        self.model: dict[bytes, tuple[Response, float, int]] = {}
        "Key to the newest response, when it ends, and the evictions there had been."
        self.now = 1000.0

    @rule(seconds=st.one_of(st.floats(0, 20), st.sampled_from([STALE, MAX_TTL, 1.0])))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(
        key=st.sampled_from(KEYS),
        ttl=st.sampled_from([0, 0, 1, 9, 60, MAX_TTL + 1, 2**31 - 1]),
        rcode=st.sampled_from([Rcode.NOERROR, Rcode.NXDOMAIN]),
        size=st.integers(0, 3000),
    )
    def put(self, key: bytes, ttl: int, rcode: int, size: int) -> None:
        response = answer(ttl, rcode, size=size)
        self.cache.put(key, response, self.now)
        self.model.pop(key, None)
        if ttl:
            self._note(key, response, min(ttl, MAX_TTL))

    @rule(key=st.sampled_from(KEYS))
    def put_failure(self, key: bytes) -> None:
        response = answer(0, Rcode.SERVFAIL)
        self.cache.put(key, response, self.now)
        if self.cache.stale(key, self.now) is None:
            self._note(key, response, FAILURE_TTL)

    @rule(key=st.sampled_from(KEYS))
    def look(self, key: bytes) -> None:
        found = self.cache.get(key, self.now)
        known, end, evicted = self.model.get(key, (None, 0.0, 0))
        if found is not None:
            assert known is not None
            assert is_like(found, known)
            assert self.now < end
        elif known is not None and self.now < end:
            assert self.cache.evicted > evicted, "an answer is gone before its time"
            del self.model[key]

    @rule(key=st.sampled_from(KEYS))
    def look_for_stale(self, key: bytes) -> None:
        found = self.cache.stale(key, self.now)
        known, end, evicted = self.model.get(key, (None, 0.0, 0))
        if found is not None:
            assert known is not None
            assert is_like(found, known)
            assert self.now < end + STALE
            assert found.rcode != Rcode.SERVFAIL
        elif known is not None and known.rcode != Rcode.SERVFAIL and self.now < end + STALE:
            assert self.cache.evicted > evicted, "a stale answer is gone before its time"
            del self.model[key]

    def _note(self, key: bytes, response: Response, ttl: float) -> None:
        end = self.now + ttl
        self.model[key] = (
            response,
            end,
            self.cache.evicted - (self.cache._table(key).get(key) is None),
        )

    @rule(size=st.integers(1000, 9000))
    def shrink(self, size: int) -> None:
        self.size = size
        self.cache.configure(
            Cache(size=Size(size), max_ttl=Duration(MAX_TTL), stale=Duration(STALE))
        )

    @invariant()
    def is_within_its_size(self) -> None:
        assert self.cache.bytes <= self.size

    @invariant()
    def weighs_what_its_entries_weigh(self) -> None:
        whole = cache(10**9)
        for table in self.cache._tables:
            for key, entry in table.items():
                whole.put(key, kept.unpack(key, entry), self.now)
        assert self.cache.bytes == whole.bytes
        assert len(self.cache) == len(whole)


TestCached = Cached.TestCase
TestCached.settings = settings(max_examples=60, stateful_step_count=40)


def test_an_answer_ends_exactly_with_its_ttl() -> None:
    """It is given until its TTL has passed, and no longer."""
    stored = cache()
    stored.put(KEY, answer(10), 100.0)
    assert stored.get(KEY, 109.999) is not None
    assert stored.get(KEY, 110.0) is None


def test_a_stale_answer_serves_exactly_its_window() -> None:
    """It may serve for `stale` seconds behind its end, and no longer (RFC 8767)."""
    stored = cache()
    stored.put(KEY, answer(10), 100.0)
    assert stored.stale(KEY, 110.0 + STALE - 0.001) is not None
    assert stored.stale(KEY, 110.0 + STALE) is None


def test_without_a_stale_window_nothing_is_stale() -> None:
    """`cache.stale = 0` switches it off."""
    stored = cache(stale=0)
    stored.put(KEY, answer(10), 100.0)
    assert stored.stale(KEY, 110.0) is None


@pytest.mark.parametrize("rcode", sorted(FAILURES))
def test_failures_of_every_kind_are_kept_briefly(rcode: int) -> None:
    """What an upstream refuses or does not understand is not asked again for seconds (RFC 9520)."""
    stored = cache()
    stored.put(KEY, answer(0, rcode), 100.0)
    assert stored.get(KEY, 100.0 + FAILURE_TTL - 0.1)
    assert not stored.get(KEY, 100.0 + FAILURE_TTL)


@pytest.mark.parametrize("rcode", [16, 23])
def test_other_codes_are_not_kept(rcode: int) -> None:
    """Only answers, denials and failures are kept."""
    stored = cache()
    stored.put(KEY, answer(0, rcode), 100.0)
    assert len(stored) == 0


def test_a_failure_is_kept_for_seconds_each_time() -> None:
    """SERVFAIL is kept briefly (RFC 9520), the second time just as the first."""
    stored = cache()
    for at in (100.0, 200.0, 300.0):
        stored.put(KEY, answer(0, Rcode.SERVFAIL), at)
        assert stored.get(KEY, at + FAILURE_TTL - 0.001) is not None
        assert stored.get(KEY, at + FAILURE_TTL) is None


def test_a_failure_does_not_displace_an_answer_that_may_serve_stale() -> None:
    """What was good once is worth more than the newest failure."""
    stored = cache()
    stored.put(KEY, answer(10), 100.0)
    stored.put(KEY, answer(0, Rcode.SERVFAIL), 111.0)
    stale = stored.stale(KEY, 111.0)
    assert stale is not None
    assert stale.rcode == Rcode.NOERROR


def test_an_answer_that_is_not_to_be_kept_ends_the_one_before() -> None:
    """Once upstream has said something else, with TTL 0, the old answer never serves stale."""
    stored = cache()
    stored.put(KEY, answer(10), 100.0)
    stored.put(KEY, answer(0), 111.0)
    assert stored.stale(KEY, 112.0) is None


def test_what_is_in_use_outlasts_what_is_not() -> None:
    """At the bound, answers nobody asked for again go first."""
    stored = cache(size=20_000)
    stored.put(HOT, answer(900), 0.0)
    for number in range(200):
        assert stored.get(HOT, 1.0) is not None
        stored.put(key_of(b"%d" % number), answer(900), 1.0)
    assert stored.evicted > 100


def test_an_answer_larger_than_the_cache_leaves_it_whole() -> None:
    """A bound that one answer exceeds keeps nothing, and the books stay straight."""
    stored = cache(size=1000)
    stored.put(KEY, answer(10, size=5000), 0.0)
    assert (len(stored), stored.bytes, stored.evicted) == (0, 0, 1)


def test_what_may_be_forged_is_forgotten() -> None:
    """What came at a moment or after it goes, and its bytes with it; what came before stays."""
    stored = cache()
    for second, key in enumerate(KEYS):
        stored.put(key, answer(300), 1000.0 + second)
    before = stored.bytes
    assert stored.forget(1002.0) == 2
    assert [stored.get(key, 1004.0) is not None for key in KEYS] == [True, True, False, False]
    assert stored.bytes == before / 2


def form(*, do: bool = False, ad: bool = False, cd: bool = False) -> Query:
    """Make a query with some bits."""
    flags = 0x0100 | (0x20 if ad else 0) | (0x10 if cd else 0)
    return Query(flags, b"\1a\0\0\1\0\1", 0x8000 if do else 0, 1232, b"", True)


BOTH = (False, True)
FORMS = [form(do=do, ad=ad, cd=cd) for do in BOTH for ad in BOTH for cd in BOTH]


@pytest.mark.parametrize("kept_for", FORMS)
@pytest.mark.parametrize("asked", FORMS)
def test_a_stale_answer_serves_its_like(kept_for: Query, asked: Query) -> None:
    """While upstreams fail, what was kept for other AD and DO bits is as good; what was fetched
    unvalidated (CD) is for those alone who ask for that."""
    stored = cache()
    stored.put(kept_for.key, answer(10), 100.0)
    serves = asked.flags & 0x10 or not kept_for.flags & 0x10
    assert (stored.stale_of(asked, 120.0) is not None) == bool(serves)
