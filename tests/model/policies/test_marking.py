"""Who is marked, for how long, and what the workers are told of it."""

from ipaddress import ip_address
from math import inf

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.policies.mark import Action, Mark
from dnswatch.model.policies.marking import LEASE, Marking
from dnswatch.model.policies.orders import Orders, Overrule, Word
from dnswatch.model.policies.reading import read
from dnswatch.model.policies.standing import Standing
from dnswatch.model.role import Role
from dnswatch.settings import Settings
from dnswatch.settings import read as read_settings
from tests.model.policies.texts import policy, shipped

WORM, OTHER, SERVER = (ip_address(text).packed for text in ("10.0.0.6", "10.0.0.7", "10.0.0.25"))
SITE = """
roles.mail_servers = ["10.0.0.25"]
groups.lab = ["10.0.0.0/29"]
quarantine = {i_have_authority = true, addresses = ["10.0.0.99"]}
"""
INFECTED = Standing(2.0, 1e9, 0.0)
NOON = 12 * 3600.0


def text_of(packed: bytes) -> str:
    return str(ip_address(packed))


def marking(*texts: str, site: str = SITE, orders: Orders | None = None) -> Marking:
    """A site where these policies are known, and on unless `orders` say otherwise."""
    policies = [read(text, "f") for text in texts]
    found = Marking(text_of)
    found.configure(policies, read_settings(site, "f"))
    found.order(orders or Orders(frozenset(each.name for each in policies)))
    return found


def at(found: Marking, now: float, offset: float = 0.0) -> dict[bytes, list[Mark]]:
    """The marks at a moment, by client."""
    found.review(now, offset)
    marks: dict[bytes, list[Mark]] = {}
    for mark in found.marks():
        marks.setdefault(mark.client, []).append(mark)
    return marks


def test_evidence_makes_a_mark_and_its_end_unmakes_it() -> None:
    """A policy takes hold with the verdict it waits for, and lets go when that fades."""
    found = marking(policy())
    found.judge(WORM, Standing(0.005, 500.0))
    assert at(found, 1.0) == {}
    found.judge(WORM, Standing(0.02, 500.0))
    [mark] = at(found, 2.0)[WORM]
    assert (mark.action, mark.policy, mark.until) == (Action.DELAY, "slow", 500.0)
    assert at(found, 499.0)
    assert at(found, 500.0) == {}
    assert [remark.marks for remark in found.drain()] == [()]


def test_the_first_in_precedence_acts_alone() -> None:
    """Of the policies that fit a client the one with the highest precedence acts."""
    found = marking(policy("low", precedence=1), policy("high", "refuse", precedence=2))
    found.judge(WORM, INFECTED)
    assert [mark.policy for mark in at(found, 1.0)[WORM]] == ["high"]


def test_observing_keeps_others_from_acting() -> None:
    """A policy that only observes shields its clients from those behind it."""
    shield = policy("shield", "observe", "any", 900, whom='networks = ["10.0.0.6"]')
    found = marking(shield, policy())
    found.judge(WORM, INFECTED)
    found.judge(OTHER, INFECTED)
    marks = at(found, 1.0)
    assert [mark.action for mark in marks[WORM]] == [Action.OBSERVE]
    assert [mark.action for mark in marks[OTHER]] == [Action.DELAY]


def test_a_dry_run_stands_before_the_one_that_acts() -> None:
    """A dry run hides nothing: what would act without it does."""
    found = marking(policy("try", "refuse", precedence=200, more="dry_run = true"), policy())
    found.judge(WORM, INFECTED)
    assert [(m.policy, m.dry_run) for m in at(found, 1.0)[WORM]] == [("try", True), ("slow", False)]


def test_the_ladder_climbs_with_the_evidence() -> None:
    """Suspect, likely, infected: each has the step that fits it."""
    found = marking(shipped("ladder"))
    seen = []
    for share in (0.001, 0.01, 0.1, 1.0):
        found.judge(WORM, Standing(share, 1e9))
        marks = at(found, 1.0).get(WORM, [])
        seen += [(mark.action, mark.terms.hold, mark.terms.excess) for mark in marks]
    assert seen == [
        (Action.DELAY, 0.0, 0.8),
        (Action.DELAY, 4.0, 4.0),
        (Action.QUARANTINE, 0.0, 4.0),
    ]


def test_without_authority_the_ladder_refuses() -> None:
    """At a site that may not divert mail the last step is SERVFAIL, and quarantine does nothing."""
    found = marking(shipped("ladder"), shipped("quarantine"), site="")
    found.judge(WORM, INFECTED)
    assert [(m.policy, m.action) for m in at(found, 1.0)[WORM]] == [("ladder", Action.REFUSE)]


def test_networks_groups_and_hours() -> None:
    """A policy is for those in its networks or groups, within its hours of local time."""
    places = policy(evidence="any", whom='groups = ["lab"]\nhours = ["08:00-17:00"]')
    found = marking(places)
    found.meet([WORM, OTHER, ip_address("10.9.9.9").packed])
    assert set(at(found, NOON)) == {WORM, OTHER}
    assert {mark.until for mark in found.marks()} == {17 * 3600.0}
    assert at(found, 17 * 3600.0) == {}
    assert at(found, 17.5 * 3600.0, offset=-3600.0).keys() == {WORM, OTHER}


def test_a_word_stands_above_the_verdict() -> None:
    """Trust unmarks, distrust marks, clear forgets what was before: each until it ends."""

    def said(word: Word, until: float = inf) -> Orders:
        return Orders(frozenset(("slow",)), {text_of(WORM): Overrule(word, 10.0, until)})

    found = marking(policy())
    found.judge(WORM, Standing(2.0, 1e9, 5.0))
    found.order(said(Word.TRUST, until=20.0))
    assert at(found, 11.0) == {}
    assert at(found, 20.0)
    found.order(said(Word.CLEAR))
    assert at(found, 21.0) == {}
    found.judge(WORM, Standing(2.0, 1e9, 22.0))
    assert at(found, 22.0)
    found.judge(WORM, Standing(0.0, inf, 23.0))
    found.order(said(Word.DISTRUST, until=30.0))
    assert at(found, 24.0)[WORM][0].until == 30.0
    assert at(found, 30.0) == {}


def test_distrust_needs_no_sighting() -> None:
    """A client is marked before its first lookup, where its address is the key."""
    orders = Orders(frozenset(("slow",)), {text_of(WORM): Overrule(Word.DISTRUST, 0.0, inf)})
    assert set(at(marking(policy(), orders=orders), 1.0)) == {WORM}


def test_no_mark_outlives_its_lease_without_a_word() -> None:
    """A mark that stands is renewed in time; one told to a worker ends within a day."""
    orders = Orders(frozenset(("slow",)), {text_of(WORM): Overrule(Word.DISTRUST, 0.0, inf)})
    found = marking(policy(), orders=orders)
    now = 1.0
    while now < 5 * LEASE:
        [mark] = at(found, now)[WORM]
        assert now < mark.until <= now + LEASE
        now += LEASE / 7


def test_an_end_that_moves_is_told_to_workers_and_is_no_change() -> None:
    """A suspicion that grows or fades moves the end of its marks; the log is spared of that."""
    found = marking(policy())
    for now, until in ((1.0, 500.0), (2.0, 900.0), (3.0, 400.0)):
        found.judge(WORM, Standing(0.02, until, now))
        found.review(now, 0.0)
        [remark] = found.drain()
        assert [mark.until for mark in remark.marks] == [until]
        assert remark.is_renewal == (now > 1)


def test_a_switch_is_obeyed_for_all() -> None:
    """What is switched off marks nobody, nor does anything where the site lets none act."""
    found = marking(policy())
    found.judge(WORM, INFECTED)
    assert at(found, 1.0)
    found.order(Orders())
    assert at(found, 2.0) == {}
    found.order(Orders(frozenset(("slow",))))
    assert at(found, 3.0)
    found.configure([read(policy(), "f")], read_settings("policies.act = false", "f"))
    assert at(found, 4.0) == {}


def test_a_person_may_switch_on_a_dry_run() -> None:
    """It marks, and says that it would act; the policy behind it acts; and it can be let act."""
    found = marking(policy("tried", precedence=900), policy())
    both = frozenset(("tried", "slow"))
    found.judge(WORM, INFECTED)
    for second, tried in enumerate((frozenset(("tried",)), frozenset[str]())):
        found.order(Orders(both, dry_runs=tried))
        marks = [(mark.policy, mark.dry_run) for mark in at(found, second + 1.0)[WORM]]
        assert marks == ([("tried", True), ("slow", False)] if tried else [("tried", False)])


def test_only_changes_are_told() -> None:
    """A verdict that is repeated says nothing new to the workers."""
    found = marking(policy())
    for second in range(5):
        found.judge(WORM, Standing(2.0 + second, 1e9, second))
        found.review(float(second), 0.0)
    assert len(found.drain()) == 1
    assert found.drain() == []


shares = st.sampled_from([0.0, 0.01, 0.5, 3.0, inf])
clients = st.sampled_from([WORM, OTHER, SERVER])
TEXTS = [shipped(name) for name in ("ladder", "delay", "quarantine", "refuse-mail-lookups")]
TEXTS += [policy("all", "refuse", "any", 1000)]
steps = st.lists(
    st.one_of(
        st.tuples(st.just("judge"), clients, shares, st.floats(0, 1e5)),
        st.tuples(st.just("meet"), clients),
        st.tuples(st.just("enable"), st.sets(st.sampled_from(["ladder", "delay", "all"]))),
        st.tuples(st.just("say"), clients, st.sampled_from(Word), st.floats(0, 1e5)),
        st.tuples(st.just("role"), clients, st.sampled_from(Role)),
        st.tuples(st.just("pass"), st.floats(0, 1e5)),
    ),
    max_size=30,
)


@given(steps)
def test_a_declared_server_is_never_marked(taken: list[tuple[object, ...]]) -> None:
    """Whatever is seen, said and switched on, in whatever order: no declared server is marked.

    And no mark is over, or longer than its lease.
    """
    found, now, orders = marking(*TEXTS), 0.0, Orders()
    settings: Settings = read_settings(SITE, "f")
    for step in taken:
        match step:
            case ("judge", bytes(client), float(share), float(span)):
                found.judge(client, Standing(share, now + span, now))
            case ("meet", bytes(client)):
                found.meet([client])
            case ("enable", set(names)):
                orders = Orders(frozenset(names), orders.overrules, orders.roles)
            case ("say", bytes(client), Word() as word, float(span)):
                said = {**orders.overrules, text_of(client): Overrule(word, now, now + span)}
                orders = Orders(orders.enabled, said, orders.roles)
            case ("role", bytes(client), Role() as role):
                roles = {**orders.roles, text_of(client): role}
                orders = Orders(orders.enabled, orders.overrules, roles)
            case ("pass", float(span)):
                now += span
        found.order(orders)
        for client, marks in at(found, now).items():
            confirmed = orders.roles.get(text_of(client), Role.CLIENT)
            assert client != SERVER
            assert confirmed is Role.CLIENT
            assert all(now < mark.until <= now + LEASE for mark in marks)
            assert [mark.policy for mark in marks if not mark.dry_run] == [marks[-1].policy]
    assert settings.roles.mail_servers
