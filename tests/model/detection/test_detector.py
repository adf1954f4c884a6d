"""Lookups in, changes of verdicts out."""

from collections.abc import Iterable, Iterator
from math import exp, inf, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from bench.detection import lookups
from dnswatch.codes import Type
from dnswatch.model.changes import MailLookup
from dnswatch.model.detection import detector as detector_module
from dnswatch.model.detection.detector import Detector, News
from dnswatch.model.detection.verdict import Change, Knob, Plan, Rung, State
from dnswatch.model.observation import Observation, Origin
from dnswatch.model.policies.orders import Overrule, Word
from dnswatch.model.role import Role
from dnswatch.model.watch import Watch
from dnswatch.wire.name import from_text

from .scene import CLIENTS, DAY, MONDAY, READY, SENDER, attack, detector, learn, learned

SERVER = lookups.client(9)


def climbed(watch: Detector, seen: Iterable[MailLookup]) -> list[Change]:
    """Changes of the sender's verdict."""
    changes = [news for one in seen for news in watch.see(one)]
    return [news for news in changes if isinstance(news, Change) and news.client == SENDER]


def shown(watch: Detector, seen: Iterable[MailLookup]) -> list[State]:
    """States that the sender passes through."""
    changes = climbed(watch, seen)
    return [one.verdict.state for one in changes if one.verdict.state != one.before.state]


def of_sender(news: list[News]) -> Change:
    """The one change that is about the sender."""
    (change,) = [one for one in news if isinstance(one, Change) and one.client == SENDER]
    return change


def test_a_sender_is_suspect_and_then_infected_within_a_handful_of_domains() -> None:
    """A bot of 0.8 domains a second is found within twelve."""
    assert shown(learned(), attack(12)) == [State.SUSPECT, State.INFECTED]


def test_a_sender_of_one_domain_an_hour_is_found_within_six() -> None:
    """Slowness does not help."""
    assert shown(learned(), attack(6, gap=3600.0))[-1] == State.INFECTED


def test_a_worm_that_only_guesses_is_found() -> None:
    """Mytob asks no MX at all."""
    seen = [
        one
        for n in range(8)
        for one in lookups.guesses(READY + n * 750, SENDER, f"target{n}.net", lookups.GUESSES)
    ]
    assert shown(learned(), seen)[-1] == State.INFECTED


def test_the_detector_is_fed_with_what_the_watch_found_mail_related() -> None:
    """From observations to a verdict: a bot's lookups among ordinary ones."""
    watch, judge = Watch(1000), learned()
    for n in range(12):
        at, domain = READY + n * 1.2, from_text(f"target{n}.net")
        exchange = from_text(f"mx.target{n}.net")
        answer = Observation(
            at, SENDER, domain, Type.MX, 0, Origin.UPSTREAM, exchanges=(exchange,), ttl=300
        )
        web = Observation(at, SENDER, from_text(f"www{n}.org"), Type.A, 0, Origin.UPSTREAM)
        follow = Observation(
            at + 0.1, SENDER, exchange, Type.A, 0, Origin.UPSTREAM, ((bytes((192, 0, 2, n)), 300),)
        )
        for seen in (answer, web, follow):
            watch.fold(seen)
    assert shown(judge, watch.drain().lookups) == [State.SUSPECT, State.INFECTED]


def test_clients_are_bounded_and_those_that_matter_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flood of forged addresses neither grows without end nor hides who is infected."""
    monkeypatch.setattr("dnswatch.model.detection.detector.CLIENTS", 50)
    watch = learn()
    shown(watch, attack(20))
    for n in range(300):
        watch.see(lookups.mx(READY + 60 + n, lookups.client(5000 + n), "example.org"))
    assert watch.verdict(SENDER, READY + 400).state == State.INFECTED
    assert len(watch.export().clients) <= 50


def test_a_known_domain_is_no_evidence_however_often() -> None:
    """A monitor may ask for the same thing each second."""
    seen = [lookups.mx(READY + n, SENDER, "example.org") for n in range(500)]
    assert shown(learned(), seen) == []


def test_the_learning_period_only_observes() -> None:
    """A new site is told nothing before it is known, and when that will be."""
    watch = detector()
    assert watch.learned_at == MONDAY + 14 * DAY
    assert shown(watch, attack(100, begin=MONDAY + 13 * DAY)) == []
    assert watch.verdict(SENDER, MONDAY + 13.5 * DAY).state == State.LEARNING


def test_an_infection_during_the_learning_period_is_found_afterwards() -> None:
    """The poison guard: a worm that was there first does not become the usual."""
    watch = detector()
    shown(watch, attack(14 * 24 * 8, begin=MONDAY, gap=450))
    later = (
        one for n in range(40) for one in lookups.delivery(READY + n * 450, SENDER, f"later{n}.net")
    )
    assert State.INFECTED in shown(watch, later)


def test_a_verdict_fades_a_day_after_the_last_novel_domain() -> None:
    """A cleaned machine is clean by itself, and the change is told."""
    watch = learned()
    shown(watch, attack(20))
    last = READY + 19 * 1.2
    assert watch.verdict(SENDER, READY + 60).fades_at == pytest.approx(last + DAY)
    assert watch.verdict(SENDER, last + DAY - 1).state == State.INFECTED
    news = of_sender(watch.advance(last + DAY))
    assert (news.before.state, news.verdict.state) == (State.INFECTED, State.CLEAN)


def test_each_rung_is_told_and_a_verdict_that_lasts_is_told_again() -> None:
    """Policies hear of a suspect that is likely infected, and of a worm that goes on."""
    watch = learned()
    rungs = [one.verdict.rung for one in climbed(watch, attack(20)) if one.is_new]
    assert rungs == [Rung.SUSPECT, Rung.LIKELY, Rung.INFECTED]
    noon = READY + 12 * 3600
    again = climbed(watch, (lookups.mx(noon + n, SENDER, f"fresh{n}.net") for n in range(90)))
    assert again
    assert not any(one.is_new for one in again)
    fades_at = again[-1].verdict.fades_at
    assert fades_at
    assert fades_at >= noon + DAY
    assert len(again) == 2


def test_a_suspect_fades_when_it_was_said() -> None:
    """`fades_at` is kept, to the minute."""
    watch = learned()
    assert shown(watch, attack(7)) == [State.SUSPECT]
    fades_at = watch.verdict(SENDER, READY + 60).fades_at
    assert fades_at is not None
    assert watch.verdict(SENDER, fades_at - 61).state == State.SUSPECT
    assert watch.verdict(SENDER, fades_at).state == State.CLEAN


def test_strict_mode_needs_one_question() -> None:
    """Where all mail leaves through declared servers, the first MX question is a verdict."""
    watch = learned(Plan(is_strict=True), {SERVER: Role.MAIL_SERVER})
    assert shown(watch, [lookups.mx(READY, SENDER, "example.org")]) == [State.INFECTED]
    assert "declared mail servers only" in watch.verdict(SENDER, READY).evidence[0]
    assert watch.see(lookups.mx(READY, SERVER, "example.org")) == []


def test_trust_and_distrust_stand_above_the_evidence_until_they_end() -> None:
    """A person's word holds for its time, then the detector's does again."""
    watch = learned()
    watch.overrule(SENDER, Overrule(Word.TRUST, 0.0, READY + 3600), READY)
    assert shown(watch, attack(20)) == []
    assert of_sender(watch.advance(READY + 3600)).verdict.state == State.INFECTED
    other = lookups.client(151)
    said = Overrule(Word.DISTRUST, 0.0, inf, "seen at the desk")
    (news,) = watch.overrule(other, said, READY + 3601)
    assert isinstance(news, Change)
    assert "seen at the desk" in news.cause
    assert watch.verdict(other, READY + 900 * DAY).state == State.INFECTED


def test_clear_forgets_the_evidence_and_goes_on_watching() -> None:
    """A cleared client that goes on sending is found again."""
    watch = learned()
    shown(watch, attack(20))
    watch.overrule(SENDER, Overrule(Word.CLEAR, READY + 60, inf), READY + 60)
    assert watch.verdict(SENDER, READY + 61).rung == Rung.WATCHED
    again = (
        one
        for n in range(12)
        for one in lookups.delivery(READY + 4000 + n, SENDER, f"again{n}.net")
    )
    assert State.INFECTED in shown(watch, again)


def test_a_restart_changes_no_verdict() -> None:
    """What was stored is all that is needed to go on."""
    before = learned()
    shown(before, attack(20))
    saved, after = before.export(), detector()
    after.restore(saved.site, saved.clients.values())
    assert after.verdict(SENDER, READY + 60) == before.verdict(SENDER, READY + 60)
    for lookup in attack(5, begin=READY + 2 * DAY, gap=3600):
        assert after.see(lookup) == before.see(lookup)


def test_a_client_that_is_declared_begins_anew() -> None:
    """A gateway is not bound by what was learned of it as a client, nor infected any more."""
    roles = {SENDER: Role.CLIENT}
    watch = learned(roles=roles)
    shown(watch, attack(20))
    roles[SENDER] = Role.RESOLVER
    watch.see(lookups.mx(READY + 60, SENDER, "example.org"))
    assert watch.verdict(SENDER, READY + 61).state == State.CLEAN


def test_only_what_changed_is_stored_again() -> None:
    """Storing costs as much as what happened."""
    watch = learned()
    watch.export()
    assert watch.export().clients == {}
    watch.see(lookups.mx(READY, SENDER, "example.org"))
    assert set(watch.export().clients) == {SENDER}


moves = st.one_of(
    st.tuples(st.just("mx"), st.integers(0, 50), st.floats(0, 3)),
    st.tuples(st.just("mail"), st.integers(0, 10_000), st.floats(0, 3)),
    st.tuples(st.just("guess"), st.integers(0, 10_000), st.floats(0, 400)),
    st.tuples(st.just("wait"), st.just(0), st.floats(0, 5 * DAY)),
    st.tuples(st.sampled_from(list(Word)), st.just(0), st.floats(0, 9)),
    st.tuples(st.just("undeclare"), st.just(0), st.floats(0, 9)),
)


@settings(deadline=None, max_examples=60)
@given(st.lists(moves, max_size=120), st.booleans())
def test_a_declared_mail_server_is_never_marked(
    acts: list[tuple[str, int, float]], is_strict: bool
) -> None:
    """No lookups, words, toggles or time give it a verdict but clean, as long as it is declared."""
    roles = {SERVER: Role.MAIL_SERVER}
    watch, now = detector(Plan(is_strict=is_strict), roles), READY
    for act, number, wait in acts:
        now += wait
        if act == "wait":
            news = watch.advance(now)
        elif act == "undeclare":
            # ... and a server that was a sender before it was declared is not marked either.
            roles[SERVER] = Role.CLIENT if roles[SERVER] == Role.MAIL_SERVER else Role.MAIL_SERVER
            news = []
        elif act in list(Word):
            news = watch.overrule(SERVER, Overrule(Word(act), now, now + 1e5), now)
        else:
            domain = f"d{number}.org"
            seen = {
                "mx": [lookups.mx(now, SERVER, domain)],
                "mail": lookups.delivery(now, SERVER, domain),
                "guess": list(lookups.guesses(now, SERVER, domain, lookups.GUESSES)),
            }[act]
            news = [one for lookup in seen for one in watch.see(lookup)]
            now = seen[-1].at
        if roles[SERVER] == Role.MAIL_SERVER:
            assert watch.verdict(SERVER, now).rung == Rung.WATCHED
            changes = [one for one in news if isinstance(one, Change)]
            assert all(one.verdict.state == State.CLEAN != one.before.state for one in changes)


def test_a_worm_that_has_no_new_domain_left_stays_infected_while_it_mails() -> None:
    """A list of twenty domains is soon known; what goes on to mail to it is no clean machine."""
    watch = learned()
    shown(watch, attack(20))
    for day in range(1, 6):
        shown(watch, attack(20, begin=READY + day * 0.9 * DAY))
        assert watch.verdict(SENDER, READY + day * 0.9 * DAY + 60).state == State.INFECTED
    last = READY + 5 * 0.9 * DAY + 19 * 1.2
    assert watch.verdict(SENDER, last + DAY + 1).state == State.CLEAN


def guessed(domains: int, begin: float, labels: tuple[str, ...]) -> Iterator[MailLookup]:
    """A sender that asks for no MX, and goes on to the next domain each ten minutes."""
    for n in range(domains):
        yield from lookups.guesses(begin + n * 600, SENDER, f"target{n}.net", labels)


def test_a_worm_that_only_guesses_stays_infected_while_it_mails() -> None:
    """Its list is known, and a bay that answers its first guess leaves it none to go on with."""
    watch = learned()
    shown(watch, guessed(20, READY, lookups.GUESSES))
    for day in range(1, 6):
        shown(watch, guessed(20, READY + day * 0.9 * DAY, ("mx",)))
        assert watch.verdict(SENDER, READY + day * 0.9 * DAY + 12000).state == State.INFECTED
    last = READY + 5 * 0.9 * DAY + 12000
    assert watch.verdict(SENDER, last + DAY).state == State.CLEAN


def test_a_cleaned_client_whose_owner_reads_webmail_is_released() -> None:
    """A worm may well have mailed to the places where its host's owner reads mail."""
    watch = learned()
    shown(watch, guessed(20, READY, lookups.GUESSES))
    for hour in range(48):
        shown(watch, guessed(3, READY + 12000 + hour * 3600, ("mail", "smtp")))
    assert watch.verdict(SENDER, READY + 12000 + DAY).state == State.CLEAN


def forged(seen: Iterable[MailLookup]) -> list[MailLookup]:
    """The same lookups, as anybody may have sent them in the sender's name."""
    return [replace(lookup, proven=False) for lookup in seen]


def test_forged_lookups_make_no_more_than_a_suspect() -> None:
    """Sixty questions in another's name, however fast, put nobody into quarantine."""
    for gap in (0.1, 1.2, 400.0):
        assert shown(learned(), forged(attack(60, gap=gap))) in ([State.SUSPECT], [])


def test_a_suspect_made_by_forgery_needs_as_much_more_to_be_infected() -> None:
    """What is missing from the first rung to the limit must be proven, to a hundredfold."""
    watch = learned()
    climbed(watch, forged(attack(60)))
    assert watch.verdict(SENDER, READY + 72).missing == pytest.approx(log(100))


def test_what_was_not_weighed_is_as_new_as_before_when_it_is_proven() -> None:
    """A worm cannot use its domains up under sources that nobody proved."""
    watch = learned()
    climbed(watch, forged(attack(60)))
    again = [replace(lookup, at=lookup.at + 80) for lookup in attack(60)]
    assert shown(watch, again[40:]) == [State.INFECTED]


def test_a_verdict_is_not_put_off_by_what_anybody_may_have_sent() -> None:
    """A machine that was cleaned is clean after a day, whoever goes on in its name."""
    watch = learned()
    climbed(watch, attack(12))
    until = watch.verdict(SENDER, READY + 20).fades_at
    climbed(watch, forged(attack(30, begin=READY + 3600)))
    assert watch.verdict(SENDER, READY + 4000).fades_at == until


def test_a_strict_site_believes_no_forged_question() -> None:
    """Its first MX question must be the client's own."""
    watch = learned(Plan(is_strict=True))
    assert shown(watch, forged(attack(3))) == [State.SUSPECT]
    assert shown(watch, attack(1, begin=READY + 9)) == [State.INFECTED]


def test_an_explanation_says_what_was_not_weighed() -> None:
    """Who reads it knows that somebody may be playing another's part."""
    watch = learned()
    climbed(watch, forged(attack(60)))
    (line,) = [line for line in watch.explain(SENDER, READY + 72) if "not weighed" in line]
    assert "TCP or a DNS cookie" in line


def test_a_worm_with_a_finite_list_is_found_the_moment_the_learning_period_ends() -> None:
    """It runs from the first day and has no new domain left: what it did is judged all the same."""
    watch, end = detector(), MONDAY + 14 * DAY
    for n in range(14 * 96 - 1):  # one of 40 domains each 15 minutes
        for lookup in lookups.delivery(MONDAY + n * 900, SENDER, f"listed{n % 40}.net"):
            watch.see(lookup)
    (who, verdict), *others = watch.provisional(end - 1)
    assert (who, verdict.provisional, verdict.state) == (SENDER, Rung.INFECTED, State.LEARNING)
    assert others == []
    assert "by the cautious bounds" in watch.explain(SENDER, end - 1)[0]
    assert of_sender(watch.advance(end + 1)).verdict.state == State.INFECTED


def test_who_would_be_infected_teaches_nothing_while_a_site_is_learned() -> None:
    """Days of a worm in the learning period are left out of what honest clients are held to do."""
    watch = detector()
    shown(watch, attack(600, begin=MONDAY + 9 * DAY, gap=450))
    watch.advance(READY)
    assert watch.explain(SENDER, READY)
    assert sum(watch._learning.baseline(Role.CLIENT).trials.values()) < 30


def test_who_was_not_seen_for_long_drops_out_of_every_count() -> None:
    """A site whose machines get other addresses is held for no larger than it is."""
    watch = detector()
    for week in range(8):
        for number in range(CLIENTS):
            for day in range(7):
                at = MONDAY + (7 * week + day) * DAY
                watch.meet(lookups.client(number + 10_000 * week), at)
        watch.advance(MONDAY + 7 * (week + 1) * DAY)
    limit = exp(watch.verdict(SENDER, MONDAY + 56 * DAY).limit)
    assert limit <= Knob().limit(2 * CLIENTS) * 1.01


def test_what_the_site_knows_is_no_news_from_a_new_client() -> None:
    """A machine with a new address asks for what was asked for under its old one."""
    watch, new = learned(), lookups.client(70_000)
    for n in range(12):
        shown(watch, lookups.delivery(READY + n * 60, lookups.client(n), f"friend{n}.org"))
    moved = READY + 4 * DAY
    for n in range(12):
        shown(watch, lookups.delivery(moved + n, new, f"friend{n}.org"))
    assert watch.verdict(new, moved + 12).evidence == ()


def test_a_gap_of_a_century_is_passed_over() -> None:
    """A recording may have one: it costs some weeks' work, not that of 36,000 days."""
    watch = learned()
    later = READY + 36_500 * DAY
    watch.advance(later)
    assert State.SUSPECT in shown(watch, attack(60, begin=later + DAY))


def test_a_gap_teaches_what_its_days_would(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passing over a silence leaves the same bounds and verdicts as walking through it."""
    stories = []
    for silence in (detector_module.SILENCE, 10_000):
        monkeypatch.setattr(detector_module, "SILENCE", silence)
        watch, later = learned(), READY + 150 * DAY
        news = [str(one) for one in watch.advance(later)]
        changes = [
            (one.verdict.state, one.verdict.score)
            for one in climbed(watch, attack(30, begin=later + 1))
        ]
        stories.append((news, changes, watch.explain(SENDER, later + 40)))
    assert stories[0] == stories[1]
