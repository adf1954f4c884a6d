"""The watch counts what happened, for the site and for each client."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.codes import Type
from dnswatch.model.cache_entry import CacheEntry
from dnswatch.model.changes import Changes
from dnswatch.model.exchanges import Exchanges, LookupKind
from dnswatch.model.health import HealthReport
from dnswatch.model.observation import Decided, Enforced, Observation, Origin, Tally
from dnswatch.model.watch import Watch
from dnswatch.wire.name import from_text

ALICE, BOB = bytes((192, 0, 2, 1)), bytes.fromhex("20010db8000000000000000000000002")
WEB, MAIL4 = bytes((198, 51, 100, 1)), bytes((198, 51, 100, 25))
MAIL6 = bytes.fromhex("20010db8000000000000000000000025")
DOMAIN, MAILER, SITE = map(from_text, ("example.org", "mx.example.net", "www.example.com"))
AT = 1_000_020.0
MINUTE = 16667


def saw(at: float, client: bytes | None, qname: bytes = SITE, **more: Any) -> Observation:
    """A lookup that an upstream answered, unless `more` says otherwise."""
    given = {"qtype": Type.A, "rcode": 0, "origin": Origin.UPSTREAM}
    return Observation(at, client, qname, **{**given, **more})


def watched(*seen: Observation, addresses: int = 1000) -> Changes:
    """What a fresh watch makes of some lookups."""
    watch = Watch(addresses)
    for one in seen:
        watch.fold(one)
    return watch.drain()


def test_a_lookup_is_counted_by_type_rcode_and_addresses() -> None:
    """An account tells what its client asked, how it went and what came."""
    changes = watched(
        saw(AT, ALICE, addresses=((WEB, 300), (MAIL6, 300))),
        saw(AT + 1, ALICE, addresses=((WEB, 300),)),
        saw(AT + 2, ALICE, qtype=Type.AAAA, rcode=3, redirected=True),
        saw(AT + 3, BOB, rcode=2, origin=Origin.FAILED),
    )
    assert changes.accounts == {
        (ALICE, MINUTE): {
            "lookup": 3,
            "type:A": 2,
            "type:AAAA": 1,
            "rcode:NOERROR": 2,
            "rcode:NXDOMAIN": 1,
            "new": 2,
            "refresh": 1,
            "redirected": 1,
        },
        (BOB, MINUTE): {"lookup": 1, "type:A": 1, "rcode:SERVFAIL": 1, "failed": 1},
    }
    assert changes.site == {
        MINUTE: {"lookup": 4, "upstream": 3, "new": 2, "refresh": 1, "superfluous": 1}
    }


def test_an_answer_from_a_workers_cache_is_a_hit() -> None:
    """What no upstream sent lengthens no life, whether it was fresh or stale."""
    changes = watched(
        saw(AT, ALICE, addresses=((WEB, 10),)),
        saw(AT + 5, BOB, addresses=((WEB, 5),), origin=Origin.CACHE),
        saw(AT + 9, BOB, addresses=((WEB, 30),), origin=Origin.STALE),
        saw(AT + 10, BOB, addresses=((WEB, 10),)),
    )
    assert changes.accounts[BOB, MINUTE] == {
        "lookup": 3,
        "type:A": 3,
        "rcode:NOERROR": 3,
        "cached": 1,
        "stale": 1,
        "hit": 2,
        "new": 1,
    }
    assert changes.site[MINUTE]["hit"] == 2
    assert changes.site[MINUTE]["expire"] == 1
    assert changes.entries.last() == {WEB: CacheEntry(AT + 20, AT + 10)}


def test_hits_are_noted_in_the_entry() -> None:
    """The site cache knows how often an address was given without asking upstream."""
    changes = watched(
        saw(AT, ALICE, addresses=((WEB, 60),)),
        saw(AT + 1, ALICE, addresses=((WEB, 60),)),
        saw(AT + 2, ALICE, addresses=((WEB, 58),), origin=Origin.CACHE),
    )
    assert changes.entries.last() == {WEB: CacheEntry(AT + 61, AT, refreshes=1, hits=1)}


def test_local_answers_are_no_hits() -> None:
    """What dnswatch says by itself is not what upstream once sent."""
    changes = watched(saw(AT, ALICE, addresses=((WEB, 60),), origin=Origin.LOCAL))
    assert changes.accounts[ALICE, MINUTE] == {
        "lookup": 1,
        "type:A": 1,
        "rcode:NOERROR": 1,
        "local": 1,
    }
    assert not changes.entries


def test_superfluous_load_is_what_was_wholly_unexpired() -> None:
    """An upstream answer is superfluous where it brought addresses and none of them was new."""
    changes = watched(
        saw(AT, ALICE, addresses=((WEB, 60),)),
        saw(AT, ALICE, addresses=((WEB, 60), (MAIL4, 60))),
        saw(AT, ALICE, addresses=()),
        saw(AT, BOB, addresses=((WEB, 60), (MAIL4, 60))),
    )
    assert changes.site[MINUTE]["superfluous"] == 1


def test_expiry_falls_in_its_own_minute() -> None:
    """However late the watch looks, an entry expires in the minute in which its life ended."""
    watch = Watch(1000)
    watch.fold(saw(AT, ALICE, addresses=((WEB, 60), (MAIL4, 600))))
    watch.expire(AT + 3600)
    changes = watch.drain()
    assert changes.site[MINUTE + 1] == {"expire": 1}
    assert changes.site[MINUTE + 10] == {"expire": 1}
    assert changes.entries.last()[WEB] == CacheEntry(AT + 60, AT)


def test_the_timer_tells_the_first_expiry() -> None:
    """The watch says when an entry expires next."""
    watch = Watch(1000)
    assert watch.timer() is None
    watch.fold(saw(AT, ALICE, addresses=((WEB, 60),)))
    assert watch.timer() == AT + 60


def test_a_full_site_cache_says_what_it_gave_up() -> None:
    """At the bound the entry that expires first goes early: counted, and stored as ended."""
    changes = watched(
        saw(AT, ALICE, addresses=((WEB, 60), (MAIL4, 90))),
        saw(AT + 1, ALICE, addresses=((MAIL6, 30),)),
        addresses=2,
    )
    assert changes.site[MINUTE]["evicted"] == 1
    assert changes.entries.last()[WEB] == CacheEntry(AT + 1, AT)
    assert set(changes.entries.last()) == {WEB, MAIL4, MAIL6}


def test_a_smaller_bound_takes_force_with_the_next_new_entry() -> None:
    """A configuration that is read anew may shrink the site cache."""
    watch = Watch(1000)
    watch.fold(saw(AT, ALICE, addresses=((WEB, 60), (MAIL4, 90))))
    watch.resize(1)
    watch.fold(saw(AT + 1, ALICE, addresses=((MAIL6, 30),)))
    assert watch.drain().site[MINUTE]["evicted"] == 2


def test_mail_related_lookups_are_kept_on_their_own() -> None:
    """Each mail-related lookup stands in the records with its kind, its domain and its answer."""
    mx = {"qtype": Type.MX, "exchanges": (MAILER,), "ttl": 300}
    changes = watched(
        saw(AT, ALICE, DOMAIN, **mx),
        saw(AT + 1, BOB, MAILER, addresses=((MAIL4, 60),)),
        saw(AT + 2, ALICE, DOMAIN, addresses=((WEB, 60),)),
        saw(AT + 3, BOB, from_text("mail.example.org"), rcode=3),
        saw(AT + 4, BOB, DOMAIN, addresses=((WEB, 60),)),
    )
    kept = [(look.client, look.kind, look.domain, look.new, look.at) for look in changes.lookups]
    assert kept == [
        (ALICE, LookupKind.MX, DOMAIN, 0, AT),
        (BOB, LookupKind.EXCHANGE, DOMAIN, 1, AT + 1),
        (ALICE, LookupKind.IMPLICIT, DOMAIN, 1, AT + 2),
        (BOB, LookupKind.GUESS, DOMAIN, 0, AT + 3),
    ]
    assert (changes.lookups[0].exchanges, changes.lookups[0].ttl) == ((MAILER,), 300)
    assert changes.lookups[1].addresses == ((MAIL4, 60),)
    assert changes.accounts[ALICE, MINUTE]["mail:mx"] == 1
    assert changes.accounts[ALICE, MINUTE]["mail:implicit-mx"] == 1
    assert changes.accounts[BOB, MINUTE]["mail:exchange"] == 1
    assert changes.accounts[BOB, MINUTE]["mail:guess"] == 1


def test_a_client_that_is_left_out_counts_for_the_site_alone() -> None:
    """Nothing of it is kept but that it asked; what its answers teach of mail, all profit from."""
    changes = watched(
        saw(AT, None, DOMAIN, qtype=Type.MX, exchanges=(MAILER,), ttl=300),
        saw(AT + 1, None, MAILER, addresses=((MAIL4, 60),)),
        saw(AT + 2, ALICE, MAILER, addresses=((MAIL4, 60),)),
    )
    assert changes.site[MINUTE] == {
        "lookup": 3,
        "unrecorded": 2,
        "upstream": 3,
        "new": 1,
        "refresh": 1,
        "superfluous": 1,
    }
    assert {client for client, _ in changes.accounts} == {ALICE}
    assert [look.kind for look in changes.lookups] == [LookupKind.EXCHANGE]


def test_tallies_count_as_many_cached_lookups() -> None:
    """Ordinary answers from a worker's cache arrive as sums, and count like single ones."""
    watch = Watch(1000)
    watch.tally(Tally(ALICE, Type.A, 0, 2, True, 7), AT + 1)
    watch.tally(Tally(ALICE, Type.AAAA, 3, 0, False, 5), AT)
    watch.tally(Tally(None, Type.A, 0, 1, False, 3), AT)
    changes = watch.drain()
    assert changes.accounts == {
        (ALICE, MINUTE): {
            "lookup": 12,
            "cached": 12,
            "type:A": 7,
            "type:AAAA": 5,
            "rcode:NOERROR": 7,
            "rcode:NXDOMAIN": 5,
            "hit": 14,
            "redirected": 7,
        }
    }
    assert changes.site == {MINUTE: {"lookup": 15, "hit": 17, "unrecorded": 3}}


def test_counters_and_health_pass_through() -> None:
    """What workers count of themselves, and how upstreams do, is stored with the rest."""
    watch = Watch(1000)
    watch.count({"mismatch": 2}, AT)
    watch.count({"mismatch": 1}, AT + 1)
    watch.count({}, AT + 600)
    watch.hear(1, HealthReport("udp://192.0.2.53", True, 0.1, 5, 0))
    changes = watch.drain()
    assert changes.counters == {MINUTE: {"mismatch": 3}}
    assert changes.health == {
        ("", 1, "udp://192.0.2.53"): HealthReport("udp://192.0.2.53", True, 0.1, 5, 0)
    }


def test_names_that_go_early_are_counted() -> None:
    """A flood of MX answers may cost the site knowledge of exchanges, but not silently."""
    watch = Watch(1000)
    watch.restore({}, Exchanges(limit=1))
    for name in (DOMAIN, SITE):
        watch.fold(saw(AT, None, name, qtype=Type.MX))
    assert watch.drain().counters == {MINUTE: {"exchanges_evicted": 2}}
    watch.fold(saw(AT, None, SITE, qtype=Type.MX))
    assert not watch.drain().counters


def test_what_was_stored_is_known_again() -> None:
    """After a restart entries live on, and exchanges are still exchanges."""
    exchanges = Exchanges()
    exchanges.learn_mx(DOMAIN, (MAILER,), 300, AT)
    watch = Watch(1000)
    watch.restore({MAIL4: CacheEntry(AT + 60, AT)}, exchanges)
    watch.fold(saw(AT + 1, BOB, MAILER, addresses=((MAIL4, 60),)))
    changes = watch.drain()
    assert changes.lookups[0].kind is LookupKind.EXCHANGE
    assert changes.accounts[BOB, MINUTE]["refresh"] == 1
    assert changes.entries.last() == {MAIL4: CacheEntry(AT + 61, AT, refreshes=1)}
    assert [name for name, *_ in watch.lessons().exchanges] == [MAILER]


def test_drained_entries_do_not_change_afterwards() -> None:
    """What is on its way to the disk is what was true when it was drained."""
    watch = Watch(1000)
    watch.fold(saw(AT, ALICE, addresses=((WEB, 60),)))
    changes = watch.drain()
    watch.fold(saw(AT + 1, ALICE, addresses=((WEB, 60),)))
    assert changes.entries.last() == {WEB: CacheEntry(AT + 60, AT)}


answers = st.lists(
    st.tuples(st.sampled_from([WEB, MAIL4, MAIL6]), st.integers(0, 90)), max_size=3
).map(tuple)
lookups = st.tuples(
    st.floats(0, 40),
    st.sampled_from([ALICE, BOB, None]),
    st.sampled_from([DOMAIN, MAILER, SITE]),
    st.sampled_from([1, 28, 15, 16]),
    st.sampled_from(list(Origin)),
    answers,
)


@given(st.lists(lookups, max_size=40), st.integers(1, 10))
def test_sums_do_not_depend_on_how_often_the_watch_is_drained(
    stream: list[tuple[Any, ...]], every: int
) -> None:
    """One drain at the end, or one after each few lookups: joined, they tell the same."""
    once, often, joined, now = Watch(1000), Watch(1000), Changes(), AT
    for number, (step, client, qname, qtype, origin, addresses) in enumerate(stream):
        now += step
        seen = Observation(now, client, qname, qtype, 0, origin, addresses, (MAILER,), 60)
        once.fold(seen)
        often.fold(seen)
        if number % every == 0:
            joined.merge(often.drain())
    joined.merge(often.drain())
    assert joined == once.drain()


@given(st.lists(lookups, max_size=40))
def test_every_address_of_an_answer_is_counted_once(
    stream: list[tuple[Any, ...]],
) -> None:
    """New, refresh and hit add up to the addresses that upstreams sent and caches gave; what was
    new has expired in the end; and no count is zero."""
    watch, now, asked, sent, given_again = Watch(1000), AT, 0, 0, 0
    for step, client, qname, qtype, origin, addresses in stream:
        now += step
        watch.fold(Observation(now, client, qname, qtype, 0, origin, addresses))
        asked += origin is not Origin.LATE
        sent += len(addresses) if origin in (Origin.UPSTREAM, Origin.LATE) else 0
        given_again += len(addresses) if origin in (Origin.CACHE, Origin.STALE) else 0
    watch.expire(now + 1000)
    changes = watch.drain()
    site = sum(changes.site.values(), Counter())
    assert site["lookup"] == asked
    assert site["new"] + site["refresh"] == sent
    assert site["hit"] == given_again
    assert site["expire"] == site["new"]
    accounts = sum(changes.accounts.values(), Counter())
    assert accounts["lookup"] == asked - site["unrecorded"]
    for counted in (*changes.site.values(), *changes.accounts.values()):
        assert all(counted.values())


def test_what_expired_while_no_watch_ran_is_counted_at_its_own_time() -> None:
    """A restart loses no expiry: it falls into the minute in which it happened."""
    watch = Watch(1000)
    watch.restore({WEB: CacheEntry(AT + 60, AT), MAIL4: CacheEntry(AT + 9000, AT)}, Exchanges())
    watch.expire(AT + 600)
    changes = watch.drain()
    assert changes.site == {MINUTE + 1: {"expire": 1}}
    assert changes.until == AT + 600


def test_guesses_for_unknown_domains_are_evidence_and_no_record() -> None:
    """Mytob asks no MX at all: its guesses are handed over, and stand in no account."""
    guess = from_text("mail.victim.example")
    changes = watched(saw(AT, ALICE, guess), saw(AT + 1, None, guess), saw(AT + 2, ALICE, SITE))
    assert not changes.lookups
    assert [(one.client, one.kind, one.domain) for one in changes.guesses] == [
        (ALICE, LookupKind.GUESS, from_text("victim.example"))
    ]
    assert "mail:guess" not in changes.accounts[ALICE, MINUTE]


def test_any_is_on_record_where_a_policy_took_it_for_mail() -> None:
    """What a policy does can be looked up, for ANY too; else ANY is an ordinary lookup."""
    refused = Enforced("strict", Decided.REFUSED)
    changes = watched(
        saw(AT, ALICE, SITE, qtype=Type.ANY),
        saw(AT + 1, ALICE, SITE, qtype=Type.ANY, enforced=refused),
    )
    assert [(one.at, one.kind, one.enforced) for one in changes.lookups] == [
        (AT + 1, LookupKind.MX, refused)
    ]
