"""Judging: what the watch sees becomes verdicts, and survives a restart, under keys alone."""

from ipaddress import ip_address
from math import inf

import pytest
from msgspec.msgpack import decode
from msgspec.structs import replace

from dnswatch.model.changes import Changes, MailLookup
from dnswatch.model.detection import presence
from dnswatch.model.detection.client_state import ClientState
from dnswatch.model.detection.verdict import FADE
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.finding import Finding
from dnswatch.model.flow import Flow, Outcome
from dnswatch.model.observation import Observation, Origin
from dnswatch.model.policies.note import About
from dnswatch.model.policies.orders import Orders, Overrule, Word
from dnswatch.model.policies.standing import Standing
from dnswatch.model.role import Role
from dnswatch.model.watch import Watch
from dnswatch.settings import Settings, read
from dnswatch.store.evidence import Evidence
from dnswatch.watchdog.judging import UNSAVED, Judging
from dnswatch.wire.name import from_text

SENDER, MAILER, READER = (ip_address(f"10.0.0.{n}").packed for n in (66, 25, 7))
AT = 1_764_000_000.0
AT_ONCE = 'detection.learning = "0s"\n'
Told = list[tuple[bytes, str]]


def plain(client: bytes) -> str:
    return str(ip_address(client))


def hidden(client: bytes) -> str:
    return f"~{client.hex()[::-1]}"


def lookups(client: bytes, count: int, at: float = AT) -> Changes:
    """A client asks for the exchanges of so many domains, one a second."""
    found = Changes()
    for number in range(count):
        domain = from_text(f"victim{number}.example")
        found.lookups.append(
            MailLookup(
                at + number,
                client,
                LookupKind.MX,
                domain,
                domain,
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
        )
    found.accounts[client, int(at) // 60]["lookup"] += count
    return found


class Site:
    """Judging, and what it told."""

    def __init__(self, key_of: object = plain, settings: Settings | None = None) -> None:
        assert callable(key_of)
        self.told: Told = []
        self.judging = Judging(settings or read(AT_ONCE, "test"), key_of, AT)

    def judge(self, client: bytes, standing: Standing, why: str | None) -> None:
        if why is not None:
            self.told.append((client, standing.rung))

    def see(self, changes: Changes, now: float = AT + 60) -> Changes:
        self.judging.see(changes, now, self.judge)
        return changes


def evidence(stored: Changes, later: Changes | None = None) -> Evidence:
    """What was stored, and lookups that were stored afterwards."""
    states = {key: state for key, state in stored.client_states.items() if state is not None}
    unseen = later.lookups if later else []
    keyed = [replace(lookup, client=plain(lookup.client).encode()) for lookup in unseen]
    return Evidence(stored.detector, states, keyed)


def test_a_sender_is_judged_and_a_reader_is_not() -> None:
    """Many new mail domains in a minute make a verdict, by way of a suspicion."""
    site = Site()
    site.see(lookups(SENDER, 40))
    site.see(lookups(READER, 1, AT + 61), AT + 62)
    rungs = [rung for client, rung in site.told if client == SENDER]
    assert rungs == ["suspect", "likely", "infected"]
    assert not [client for client, _ in site.told if client == READER]


def test_domains_that_are_new_to_a_client_are_counted_once() -> None:
    """Asked for again they are none, for another client they are; a restart counts nothing anew."""
    site, back = Site(), Site()
    first = site.see(lookups(SENDER, 5))
    assert first.counters[int(AT + 60) // 60]["novel_domains"] == 5
    assert not site.see(lookups(SENDER, 5, AT + 61), AT + 70).counters
    again = site.see(lookups(READER, 2, AT + 71), AT + 80)
    assert [counts["novel_domains"] for counts in again.counters.values()] == [2]
    back.judging.restore(evidence(first, lookups(SENDER, 5)), {}, back.judge)
    assert not back.see(Changes(), AT + 80).counters


def test_a_verdict_fades_within_a_minute_though_nobody_asks_anything() -> None:
    """Those who are not clean are looked at once a minute, however often a turn comes."""
    site = Site()
    site.see(lookups(SENDER, 40))
    assert site.told[-1] == (SENDER, "infected")
    ends = AT + 39 + FADE
    for second in range(int(ends) - 30, int(ends) + 60):
        site.see(Changes(), float(second))
    assert site.told[-1][1] != "infected"


def test_while_a_site_is_learned_nobody_is_judged() -> None:
    """The learning period only observes."""
    site = Site(settings=read("", "test"))
    site.see(lookups(SENDER, 40))
    assert not site.told


def test_a_declared_mail_server_is_never_judged() -> None:
    """What the configuration or a person declares may look up what it likes."""
    site = Site(settings=read(AT_ONCE + 'roles.mail_servers = ["10.0.0.25"]', "test"))
    site.judging.order(Orders(roles={"10.0.0.7": Role.MAIL_SERVER}), AT)
    site.see(lookups(MAILER, 200))
    site.see(lookups(READER, 200, AT + 300), AT + 600)
    assert not site.told


def test_a_dry_run_stays_one_on_its_way_to_the_marks() -> None:
    """Judging adds what holds for whole machines to the orders, and takes nothing away."""
    tried = frozenset(("delay",))
    held = Site().judging.order(Orders(tried, dry_runs=tried), AT)
    assert (held.enabled, held.dry_runs) == (tried, tried)


def test_a_verdict_survives_a_restart() -> None:
    """What was stored brings the verdict back before the client is seen again."""
    site = Site()
    stored = site.see(lookups(SENDER, 40))
    later = Site()
    later.judging.restore(evidence(stored), {}, later.judge)
    assert later.told == [(SENDER, "infected")]


def test_under_pseudonyms_nothing_that_is_stored_holds_an_address() -> None:
    """The detector knows keys; a client is marked again when it is seen again."""
    site = Site(hidden)
    stored = site.see(lookups(SENDER, 40))
    for written in (stored.detector, *(state or b"" for state in stored.client_states.values())):
        assert SENDER not in written
        assert plain(SENDER).encode() not in written
    later = Site(hidden)
    later.judging.restore(evidence(stored), {}, later.judge)
    assert not later.told
    later.see(lookups(SENDER, 0, AT + 70), AT + 70)
    assert later.told == [(SENDER, "infected")]


def test_a_cleared_client_begins_anew() -> None:
    """After a person's word the old evidence counts no more."""
    site = Site()
    site.see(lookups(SENDER, 40))
    word = Overrule(Word.CLEAR, AT + 61, AT + 7200)
    site.judging.order(Orders(overrules={plain(SENDER): word}), AT + 61)
    stored = site.see(lookups(SENDER, 0, AT + 70), AT + 70)
    later = Site()
    later.judging.restore(evidence(stored), {}, later.judge)
    assert not later.told


def test_guessed_names_alone_are_found() -> None:
    """A worm that asks no MX, but guesses mail hosts of many domains, is judged by its guesses."""
    site, told = Site(), Changes()
    for number in range(60):
        domain = from_text(f"victim{number}.example")
        for label in (b"\x02mx", b"\x04mail", b"\x04smtp"):
            told.guesses.append(
                MailLookup(
                    AT + number,
                    SENDER,
                    LookupKind.GUESS,
                    domain,
                    label + domain,
                    1,
                    3,
                    Origin.UPSTREAM,
                    (),
                    (),
                    0,
                    0,
                    0,
                    False,
                    True,
                )
            )
    told.accounts[SENDER, int(AT) // 60]["lookup"] += 180
    site.see(told)
    assert site.told[-1] == (SENDER, "infected")


def test_what_was_stored_after_the_evidence_is_taken_in_once() -> None:
    """A watch that was killed comes back as the one that was not, and tells nothing twice."""
    lasting, killed, back = Site(), Site(), Site()
    begin, rest = lookups(SENDER, 40), lookups(SENDER, 40)
    del begin.lookups[5:], rest.lookups[:5]
    lasting.see(lookups(SENDER, 40), AT + 40)
    stored = killed.see(begin, AT + 5)
    assert stored.judged == 5
    back.judging.restore(evidence(stored, rest), {}, back.judge)
    assert back.told == [(SENDER, "infected")]
    saved = [Changes(), Changes()]
    for site, changes in zip((lasting, back), saved, strict=True):
        site.see(lookups(SENDER, 1, AT + 50), AT + 50)
        site.judging.save(changes, AT + 51)
    assert saved[0].client_states == saved[1].client_states


@pytest.mark.parametrize("more", [0, 1])
def test_many_changed_clients_are_saved_at_once(more: int) -> None:
    """What waits to be stored is bounded: of many clients it is saved without waiting."""
    site, changes = Site(), Changes()
    site.see(Changes(), AT)  # whoever begins saves at once
    for number in range(UNSAVED + more):
        changes.merge(lookups(b"\x0a\1" + number.to_bytes(2), 1))
    site.see(changes, AT + 1)
    assert len(changes.client_states) == changes.judged == (UNSAVED + more) * more


def test_whom_the_detector_forgets_has_no_address_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of addresses is bounded wherever they are remembered; the sender among them is not
    forgotten, since it is heard from, and its verdict still reaches its address."""
    monkeypatch.setattr(presence, "CLIENTS", 20)
    site = Site()
    for number in range(30):
        for each in range(10):
            site.see(lookups(bytes((10, 9, number, each)), 0), AT + number)
        site.see(lookups(SENDER, 1, AT + number), AT + number + 0.5)
        site.judging.save(Changes(), AT + number + 0.9)
        assert len(site.judging._addresses) == len(site.judging._keys) <= 20
    site.see(lookups(SENDER, 40, AT + 60), AT + 100)
    assert site.told[-1] == (SENDER, "infected")


def test_a_mail_server_that_a_person_confirmed_stays_one() -> None:
    """What comes back before the orders are read is judged by the roles that were confirmed."""
    site = Site()
    stored = site.see(lookups(READER, 0))
    back = Site()
    roles = {plain(READER): Role.MAIL_SERVER}
    back.judging.restore(evidence(stored, lookups(READER, 200)), roles, back.judge)
    assert not back.told


def test_clear_holds_once() -> None:
    """What is seen after a client was cleared counts, also when the watch has come back since."""
    site = Site()
    orders = Orders(overrules={plain(SENDER): Overrule(Word.CLEAR, AT - 60, inf)})
    site.judging.order(orders, AT - 60)
    stored = site.see(lookups(SENDER, 40))
    back = Site()
    back.judging.restore(evidence(stored), {}, back.judge)
    back.judging.order(orders, AT + 70)
    again = Site()
    again.judging.restore(evidence(back.see(Changes(), AT + 71)), {}, again.judge)
    assert again.told == [(SENDER, "infected")]


def test_a_worm_in_the_bay_completes_a_suspicion() -> None:
    """What the bay found makes a suspect infected, the log says why, and it is stored as heard."""
    site, why = Site(), []
    site.see(lookups(SENDER, 18))
    assert site.told == [(SENDER, "suspect")]
    finding = Finding(7, AT + 61, b"10.0.0.66", "worm", "m1", "ClamAV knows it")
    site.judging.find(
        [finding, finding],
        AT + 62,
        lambda _client, standing, text: why.append((standing.rung, text)),
    )
    [(rung, text)] = why
    assert rung == "infected"
    assert text is not None
    assert "m1: ClamAV knows it" in text
    stored = Changes()
    site.judging.save(stored, AT + 63)
    later = Site()
    later.judging.restore(evidence(stored), {}, later.judge)
    assert later.judging.heard == 7


def test_who_takes_smtp_connections_of_others_is_told_to_the_detector() -> None:
    """A recording shows what lookups cannot; a connection that was refused shows nothing."""
    site = Site()
    site.judging.see(lookups(MAILER, 1), AT, site.judge)
    site.judging.see(lookups(READER, 1), AT, site.judge)
    for caller in (b"abcd", b"efgh", b"ijkl"):
        for target, outcome in ((MAILER, Outcome.SUCCESS), (READER, Outcome.FAILURE)):
            flow = Flow(AT, caller, target, 6, 25, outcome, AT + 1, 9, 900, 90)
            site.judging.contact([flow])
    saved = Changes()
    site.judging.save(saved, AT + 1)
    kept = saved.client_states.items()
    states = {key: decode(state, type=ClientState) for key, state in kept if state}
    assert states[plain(MAILER)].conduct.callers == [b"abcd", b"efgh", b"ijkl"]
    assert states[plain(READER)].conduct.callers == []


def tunnelling(client: bytes, below: str, types: tuple[int, ...], count: int = 60) -> Changes:
    """A client asks for ever new names, in some types in turn, as the watch folds it in."""
    watch = Watch(10)
    for n in range(count):
        name = from_text(f"{n * 7919:016x}{below}")
        qtype = types[n % len(types)]
        watch.fold(Observation(AT + n, client, name, qtype, 3, Origin.UPSTREAM))
    return watch.drain()


@pytest.mark.parametrize(
    ("below", "types"), [(".qqzzx", (15,)), (".qqzzx", (15, 16, 5)), (".t.evil.org", (15, 16))]
)
def test_a_tunnel_is_told_and_never_a_verdict(below: str, types: tuple[int, ...]) -> None:
    """Names that nobody can have registered are no mail domains; no mail is held back for it."""
    site = Site()
    told = tunnelling(SENDER, below, types)
    site.judging.see(told, AT + 60, site.judge)
    assert site.told == []
    [note] = [note for note in told.notes if note.text.startswith("tunnel")]
    assert (note.about, note.client) == (About.WARNING, SENDER)
    assert "MX" in note.text
    again = tunnelling(SENDER, below, types)
    site.judging.see(again, AT + 60, site.judge)
    assert again.notes == []


def test_a_tunnel_of_a_declared_mail_server_is_none() -> None:
    """It asks MX and TXT of each sender's domain."""
    site = Site(settings=read(f'{AT_ONCE}roles.mail_servers = ["{plain(MAILER)}"]', "test"))
    told = tunnelling(MAILER, ".qqzzx", (15, 16))
    site.judging.see(told, AT + 60, site.judge)
    assert told.notes == []
