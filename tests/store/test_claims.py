"""One minute, and one address, may claim so much of the store and no more."""

from collections import Counter

from dnswatch.codes import Type
from dnswatch.store.claims import LEAST, Claims
from tests.records import NOON, asked, changes, plain

SMALL = 1_000_000
KNOWN = bytes((10, 0, 0, 1))


def knows(client: bytes) -> bool:
    return client == KNOWN


def counted(found: dict[int, Counter[str]]) -> int:
    return sum(counters["records_refused"] for counters in found.values())


def test_a_known_client_has_room_when_strangers_have_none() -> None:
    """Strangers take half of a minute at most; whom the store knows is recorded after them."""
    claims = Claims()
    strangers = [asked(0, f"172.16.1.{n}", "www.example.org") for n in range(200)]
    batch = changes([*strangers, asked(1, "10.0.0.1", "www.example.org")])
    claims.bound(batch, plain, knows, SMALL)
    assert len(batch.accounts) == LEAST // 2 + 1
    assert (KNOWN, int(NOON) // 60) in batch.accounts
    assert counted(batch.counters) == 200 - LEAST // 2


def test_who_was_admitted_goes_on_within_the_minute() -> None:
    """What came in one batch decides nothing anew in the next: an account is whole or not there."""
    claims = Claims()
    for second in range(3):
        seen = [asked(second, f"172.16.1.{n}", "www.example.org") for n in range(200)]
        batch = changes(seen)
        claims.bound(batch, plain, knows, SMALL)
        assert {client[3] for client, _ in batch.accounts} == set(range(LEAST // 2))


def test_the_next_minute_has_room_again() -> None:
    """A flood that ends leaves no bound behind."""
    claims = Claims()
    claims.bound(
        changes([asked(0, f"172.16.1.{n}", "a.example") for n in range(200)]), plain, knows, SMALL
    )
    later = changes([asked(60, "172.16.1.199", "a.example")])
    claims.bound(later, plain, knows, SMALL)
    assert len(later.accounts) == 1


def test_one_address_claims_so_many_lookups() -> None:
    """Of a client's lookups beyond the bound only the counts are kept; what was judged stays so."""
    claims = Claims()
    seen = [asked(n / 100, "10.0.0.1", f"d{n}.example", Type.MX) for n in range(3 * LEAST)]
    batch = changes([*seen, asked(4, "10.0.0.2", "other.example", Type.MX)])
    batch.judged = 2 * LEAST
    claims.bound(batch, plain, knows, SMALL)
    assert len(batch.lookups) == LEAST + 1
    assert batch.lookups[-1].client == bytes((10, 0, 0, 2))
    assert batch.judged == LEAST
    assert batch.accounts[KNOWN, int(NOON) // 60]["lookup"] == 3 * LEAST
    assert counted(batch.counters) == 2 * LEAST


def test_a_large_store_has_room_for_a_large_site() -> None:
    """With the size that is set where nobody says otherwise, 10,000 strangers a minute fit."""
    claims = Claims()
    seen = [asked(0, f"10.1.{n // 250}.{n % 250}", "www.example.org") for n in range(5000)]
    batch = changes(seen)
    claims.bound(batch, plain, knows, 1_000_000_000)
    assert len(batch.accounts) == 5000
    assert not counted(batch.counters)
