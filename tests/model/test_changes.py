"""Changes are joined without loss, and bounded by losing the oldest."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.changes import Changes, MailLookup, minute_of
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.groups import packed
from dnswatch.model.health import HealthReport
from dnswatch.model.observation import Origin

UPSTREAM = "udp://192.0.2.53"
CLIENTS = [bytes((192, 0, 2, number)) for number in range(3)]


def mail_lookup(at: float) -> MailLookup:
    return MailLookup(
        at,
        CLIENTS[0],
        LookupKind.MX,
        b"\3org\0",
        b"\3org\0",
        15,
        0,
        Origin.UPSTREAM,
        (),
        (),
        0,
        0,
        0,
        False,
        True,
    )


measures = st.dictionaries(st.sampled_from(["lookup", "new", "type:MX"]), st.integers(1, 9))


@st.composite
def changes(draw: st.DrawFn) -> Changes:
    """Some changes, few enough names for two of them to meet."""
    one = Changes()
    for client, minute, counted in draw(
        st.lists(st.tuples(st.sampled_from(CLIENTS), st.integers(0, 2), measures), max_size=5)
    ):
        one.accounts[client, minute].update(counted)
        one.site[minute].update(counted)
        one.counters[minute].update(counted)
    for at in draw(st.lists(st.floats(0, 200), max_size=4)):
        one.lookups.append(mail_lookup(at))
        one.entries.add(draw(st.sampled_from(CLIENTS)), packed((0.0, at, 0, 0)))
    for worker in draw(st.sets(st.integers(0, 1))):
        one.hear(
            worker, HealthReport(UPSTREAM, draw(st.booleans()), 0.1, draw(st.integers(0, 9)), 1)
        )
    return one


def total(counted: dict[Any, Counter[str]]) -> Counter[str]:
    return sum(counted.values(), Counter())


def newest(ordered: list[Any], limit: int) -> list[Any]:
    return ordered[max(0, len(ordered) - limit) :]


@given(changes(), changes())
def test_joining_adds_counts_and_keeps_the_later_state(earlier: Changes, later: Changes) -> None:
    """What was kept back while the disk was full counts as if it had been stored in time."""
    accounts = total(earlier.accounts) + total(later.accounts)
    answers = sum(health.answers for one in (earlier, later) for health in one.health.values())
    lookups = [*earlier.lookups, *later.lookups]
    states = {**earlier.entries.last(), **later.entries.last()}
    up = {**earlier.health, **later.health}
    earlier.merge(later)
    assert total(earlier.accounts) == accounts
    assert total(earlier.site) == total(earlier.counters) == accounts
    assert earlier.lookups == lookups
    assert earlier.entries.last() == states
    assert sum(health.answers for health in earlier.health.values()) == answers
    assert all(earlier.health[key].up == health.up for key, health in up.items())


@given(changes(), st.integers(0, 3))
def test_the_bound_loses_the_oldest_and_counts_it(one: Changes, limit: int) -> None:
    """Beyond the bound the oldest lookups, minutes and entries go, and it is told how many."""
    lookups, minutes = list(one.lookups), sorted(minute for _, minute in one.accounts)
    expiries = sorted(entry.expiry for entry in one.entries.last().values())
    lost = one.trim(limit)
    assert one.lookups == newest(lookups, limit)
    assert sorted(minute for _, minute in one.accounts) == newest(minutes, limit)
    living = one.entries.last()
    assert sorted(entry.expiry for entry in living.values()) == newest(expiries, limit)
    kept = len(one.lookups) + len(one.accounts) + len(living)
    assert lost == len(lookups) + len(minutes) + len(expiries) - kept


def test_empty_changes_are_nothing_to_store() -> None:
    """Where nothing happened there is nothing to write."""
    assert not Changes()
    only_health = Changes()
    only_health.hear(0, HealthReport(UPSTREAM, True, 0.1, 1, 0))
    assert only_health


def test_minutes_are_numbered_from_the_epoch() -> None:
    """A minute begins with its first second and ends before the next one's."""
    assert [minute_of(at) for at in (0.0, 59.999, 60.0, 3600.0)] == [0, 0, 1, 60]


def test_turns_of_quarantine_are_joined_to_the_later_one() -> None:
    """What a new watch began to tell stays the beginning, whatever is joined to it."""
    first = Changes(quarantine={CLIENTS[0]: (1.0, True)}, begun_at=1.0)
    assert first
    later = Changes(quarantine={CLIENTS[0]: (2.0, False), CLIENTS[1]: (2.0, True)})
    first.merge(later)
    assert first.quarantine == later.quarantine
    assert first.begun_at == 1.0
