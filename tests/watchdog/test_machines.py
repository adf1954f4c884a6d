"""A client is a machine: its addresses share evidence, verdict and role, and nobody else's."""

from ipaddress import ip_address
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnswatch.model.changes import Changes
from dnswatch.model.detection.verdict import State
from dnswatch.model.machines import Known, Machines
from dnswatch.model.policies.note import About, Note
from dnswatch.model.policies.orders import Orders, Overrule, Word
from dnswatch.model.role import Role
from dnswatch.names.directory import PROBATION
from dnswatch.names.neighbours import Neighbours
from dnswatch.office.detector import detector_of
from dnswatch.office.whom import Whom
from dnswatch.settings import Source, combine, read
from dnswatch.store import Store
from dnswatch.watchdog.archive import Archive
from dnswatch.watchdog.housekeeper import Housekeeper
from dnswatch.watchdog.judging import WAIT
from dnswatch.watchdog.pipeline import SitePipeline
from tests.records import NOON, asked
from tests.watchdog.test_judging import AT, AT_ONCE, Site, evidence, hidden, lookups, plain

MAC, OTHER = "02:00:5e:10:00:07", "02:00:5e:10:00:99"
SOURCE = Source(
    f"{AT_ONCE}names = {{ hosts = [], leases = [], pointers = false }}\n",
    "test",
    None,
    None,
    None,
)
ALICE, BOB = (ip_address(f"192.0.2.{n}").packed for n in (7, 8))


def temporary(number: int) -> bytes:
    """One of the IPv6 addresses of a machine."""
    return ip_address(f"2001:db8::{number:x}").packed


def sent(client: bytes, number: int, at: float) -> Changes:
    """A client looks up one victim."""
    found = lookups(client, number + 1, at - number)
    del found.lookups[:-1]
    return found


class Live:
    """A site as the watch process runs it, second by second, with a kernel that knows some."""

    def __init__(self, state: Path, patch: pytest.MonkeyPatch) -> None:
        self.now = NOON
        self.table: dict[bytes, str] = {}
        patch.setattr(Neighbours, "read", lambda _: dict(self.table))
        self.settings = combine(SOURCE)
        self.archive = Archive(state, self.settings)
        self.state = state
        self.site = SitePipeline(SOURCE, plain, NOON)
        self.site.configure(SOURCE, self.settings)
        self.keeper = Housekeeper(Archive(state, self.settings), self.settings, lambda: self.now)
        self.notes: list[Note] = []

    def second(self, *who: tuple[str, str]) -> None:
        """Let some addresses ask for the exchange of a domain each."""
        for client, domain in who:
            self.table.setdefault(ip_address(client).packed, MAC)
            self.site.watch.fold(asked(self.now - NOON, client, domain, 15))
        self.now += 1
        if self.keeper.machines:
            self.site.identify(self.keeper.machines, self.now)
        changes, _ = self.site.drain(self.now)
        self.notes += changes.notes
        self.keeper.meet({client for client, _ in changes.accounts})
        if self.site.waits:
            self.keeper.hurry()
        self.archive.write(changes, self.now)
        self.keeper.work(self.now)

    def infected(self) -> set[str]:
        """Who was found infected."""
        verdicts = [note for note in self.notes if note.about is About.VERDICT]
        return {plain(note.client or b"") for note in verdicts if note.text == "infected"}


class Kernel:
    """A directory that is asked whenever lookups wait, and knows a machine a second later."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.known: dict[str, Known] = {}
        self.site.judging.identify(Machines((), AT - 10), AT - 10, site.judge)

    def tick(self, changes: Changes, now: float) -> None:
        self.site.see(changes, now)
        if self.site.judging.waits:
            machines = Machines(self.known.values(), now)
            self.site.judging.identify(machines, now + 0.9, self.site.judge)

    def own(self, client: bytes, mac: str) -> None:
        self.known[plain(client)] = Known(plain(client), mac, None)


def found_at(per_address: int) -> int:
    """How many mails a worm has sent when it is infected, by its mails for each address."""
    site = Site()
    kernel = Kernel(site)
    for number in range(200):
        client = temporary(1 + number // per_address)
        kernel.own(client, MAC)
        kernel.tick(sent(client, number, AT + number), AT + number)
        if "infected" in [rung for _, rung in site.told]:
            return number
    pytest.fail("it was never infected")


def test_a_worm_that_changes_its_address_is_found_as_soon_as_one_that_does_not() -> None:
    """But for the seconds that it takes to ask whose the new address is."""
    assert found_at(3) <= found_at(200) + WAIT


def test_a_live_site_finds_the_worm_with_ever_new_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also beyond what one machine has at a time; and `explain` judges as the watch does."""
    live = Live(tmp_path, monkeypatch)
    live.second(("2001:db8::1", "home.example"))
    live.now += PROBATION
    for number in range(150):
        live.second((f"2001:db8::{1 + number // 3:x}", f"victim{number}.example"))
    assert live.infected()
    assert live.keeper.machines is not None
    assert len(live.keeper.machines.clients(MAC)) == 50
    with Store.read(tmp_path) as store, store.snapshot() as db:
        detector = detector_of(db, live.settings, Whom(tmp_path, live.settings))
    assert detector is not None
    assert detector.verdict(MAC.encode(), live.now).state is State.INFECTED


def test_a_live_site_keeps_apart_who_stands_behind_a_gateway(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of twelve sends; nobody else has a verdict, though all have the gateway's MAC."""
    live = Live(tmp_path, monkeypatch)
    for number in range(60):
        live.second(
            ("2001:db8::66", f"victim{number}.example"),
            *((f"2001:db8::{n}", "home.example") for n in range(1, 12)),
        )
    assert live.infected() == {"2001:db8::66"}


def test_without_anybody_to_ask_addresses_are_judged_apart() -> None:
    """In a recording nobody knows whose an address was."""
    site = Site()
    for number in range(60):
        site.see(sent(temporary(number // 3), number, AT + number), AT + number)
    assert not site.told
    assert not site.judging.waits


def test_two_machines_behind_a_relay_stay_two() -> None:
    """What one of them does makes no verdict on the other, though one MAC answers for both."""
    site = Site()
    kernel = Kernel(site)
    for number in range(40):
        changes = sent(ALICE, number, AT + number)
        changes.merge(sent(BOB, 0, AT + number))
        kernel.tick(changes, AT + number)
    assert {client for client, _ in site.told} == {ALICE}


def test_an_address_that_nobody_knows_waits_but_a_moment() -> None:
    """After that it is judged for itself."""
    site = Site()
    site.judging.identify(Machines((), AT - 10), AT - 10, site.judge)
    site.see(lookups(ALICE, 40), AT + 1)
    assert site.judging.waits
    assert not site.told
    site.see(Changes(), AT + 1 + WAIT)
    assert site.told[-1] == (ALICE, "infected")
    assert not site.judging.waits


def test_what_waits_is_taken_in_again_after_a_kill() -> None:
    """The detector is not stored as if it had seen it; and if somebody always waits, it is."""
    site = Site()
    site.judging.identify(Machines((), AT - 10), AT - 10, site.judge)
    assert site.see(lookups(ALICE, 40), AT + 6).detector == b""
    stored = site.see(Changes(), AT + 6 + WAIT)
    assert stored.detector
    assert stored.client_states
    for number in range(12):
        now = AT + 20 + number
        saved = site.see(lookups(temporary(number), 1, now), now).detector
        if saved:
            break
    assert saved


def test_evidence_stays_with_the_machine_when_its_address_is_lent_to_another() -> None:
    """The new holder is clean, and the old one is what it was, wherever it goes."""
    site = Site()
    site.judging.identify(Machines([Known(plain(ALICE), MAC, None)], AT), AT, site.judge)
    site.see(lookups(ALICE, 40))
    assert site.told[-1] == (ALICE, "infected")
    handed = [Known(plain(ALICE), OTHER, None), Known(plain(BOB), MAC, None)]
    site.judging.identify(Machines(handed, AT + 90), AT + 90, site.judge)
    assert site.told[-1] == (ALICE, "clean")
    site.see(lookups(BOB, 1, AT + 100), AT + 101)
    assert (BOB, "infected") in site.told


def test_what_was_seen_before_a_machine_was_known_becomes_its_own() -> None:
    """And its other addresses stand as it stands."""
    site = Site()
    site.see(lookups(ALICE, 40))
    site.see(lookups(BOB, 1, AT + 60), AT + 61)
    both = [Known(plain(ALICE), MAC, None), Known(plain(BOB), MAC, None)]
    site.judging.identify(Machines(both, AT + 70), AT + 70, site.judge)
    assert site.told[-1] == (BOB, "infected")


def test_a_verdict_on_a_machine_survives_a_restart() -> None:
    """For each of its addresses, also where it was stored before its machine was known."""
    both = Machines([Known(plain(ALICE), MAC, None), Known(plain(BOB), MAC, None)])
    site = Site()
    stored = site.see(lookups(ALICE, 40))
    site = Site()
    site.judging.restore(evidence(stored), {}, site.judge, both)
    assert set(site.told) == {(ALICE, "infected"), (BOB, "infected")}
    stored = site.see(lookups(BOB, 1, AT + 100), AT + 200)
    assert stored.client_states[plain(ALICE)] is None
    assert stored.client_states[MAC]


def test_no_address_is_stored_where_the_site_writes_pseudonyms() -> None:
    """A machine stands under the pseudonym of its MAC address."""
    site = Site(hidden)
    known = [Known(hidden(ALICE), "~mac", None), Known(hidden(BOB), "~mac", None)]
    site.judging.identify(Machines(known, AT), AT, site.judge)
    stored = site.see(lookups(ALICE, 40))
    assert stored.client_states.keys() == {"~mac"}


def test_a_role_or_a_word_on_one_address_holds_for_the_machine() -> None:
    """Whoever declares a server's IPv4 address has declared its IPv6 address, too."""
    both = Machines([Known(plain(ALICE), MAC, None), Known(plain(BOB), MAC, None)], AT)
    site = Site(settings=read(AT_ONCE + 'roles.mail_servers = ["192.0.2.7"]', "test"))
    site.judging.identify(both, AT, site.judge)
    site.see(lookups(ALICE, 1), AT + 1)
    site.see(lookups(BOB, 40, AT + 2), AT + 60)
    assert not site.told
    assert site.judging.order(Orders(), AT + 60).roles[plain(BOB)] is Role.MAIL_SERVER

    site = Site()
    site.judging.identify(both, AT, site.judge)
    word = Overrule(Word.TRUST, AT, AT + 1e6)
    orders = site.judging.order(Orders(overrules={plain(ALICE): word}), AT)
    assert orders.overrules[plain(BOB)] == word
    site.see(lookups(BOB, 40, AT + 2), AT + 60)
    assert not site.told


@settings(deadline=None, max_examples=25)
@given(st.lists(st.sampled_from(range(4)), min_size=40, max_size=40), st.data())
def test_evidence_adds_up_over_all_addresses(order: list[int], data: st.DataObject) -> None:
    """A machine is judged by what it does, however its lookups are spread over its addresses."""
    asked = data.draw(st.permutations(range(4)))
    one, many = Site(), Site()
    kernel = Kernel(many)
    one.judging.identify(Machines([Known(plain(ALICE), OTHER, None)], AT), AT, one.judge)
    for number in asked[:3]:
        kernel.own(temporary(number), MAC)
    kernel.own(temporary(asked[3]), MAC)
    for number, place in enumerate(order):
        at = AT + 10 * number
        kernel.tick(sent(temporary(place), number, at), at)
        kernel.tick(Changes(), at + 5)
        one.see(sent(ALICE, number, at), at)
    assert [rung for _, rung in many.told][-1] == [rung for _, rung in one.told][-1]
    states = [
        site.judging._detector.verdict(key, AT + 500).score
        for site, key in ((one, OTHER.encode()), (many, MAC.encode()))
    ]
    assert states[0] == pytest.approx(states[1])


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.sampled_from((ALICE, BOB)), st.booleans()), max_size=30))
def test_no_machine_is_given_what_another_did(turns: list[tuple[bytes, bool]]) -> None:
    """However often two machines change addresses, only the worm among them is ever marked."""
    site = Site()
    worm = ALICE
    for number, (client, is_swapped) in enumerate(turns):
        worm = client if is_swapped else worm
        honest = BOB if worm == ALICE else ALICE
        now = AT + 10 * number
        who = [Known(plain(worm), MAC, None), Known(plain(honest), OTHER, None)]
        site.judging.identify(Machines(who, now), now, site.judge)
        changes = sent(worm, number, now + 1)
        changes.merge(sent(honest, 0, now + 1))
        site.see(changes, now + 2)
        stands = dict(site.told)
        assert stands.get(honest, "clean") == "clean"
