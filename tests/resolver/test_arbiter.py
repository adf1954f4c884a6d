"""The arbiter: what marks decide, without a socket or a timer."""

from ipaddress import ip_address
from math import inf
from typing import Any

import pytest
from msgspec.structs import replace

from dnswatch.codes import Type
from dnswatch.model.exchanges import Exchanges, LookupKind
from dnswatch.model.observation import Decided
from dnswatch.model.policies.mark import NEW_WEB, Action, Mark, Marks, Terms, WebNames
from dnswatch.resolver.arbiter import Arbiter
from dnswatch.resolver.decision import PASS, Facts, Hold, Rewrite, Subject
from dnswatch.settings import Settings, read
from dnswatch.wire.name import from_text

WORM = ip_address("10.0.0.6").packed
ASKING = (WORM, from_text("victim.example"), int(Type.MX))
GIVEN = Facts(0, (from_text("mx.victim.example"),))


def mark(action: Action, until: float = inf, dry_run: bool = False, **terms: Any) -> Mark:
    return Mark(WORM, "p", action, Terms(**terms), tuple(LookupKind), until, dry_run)


def arbiter(*marks: Mark) -> Arbiter:
    found = Arbiter(Settings(), Exchanges())
    found.learn(Marks(list(marks)))
    return found


def test_a_dry_run_leaves_the_decision_to_the_mark_that_acts() -> None:
    """What a dry run would do is recorded only where nothing else is done."""
    both = arbiter(mark(Action.QUARANTINE, dry_run=True), mark(Action.DELAY, hold=2.0, bucket=1.0))
    subject = both.subject(ASKING, 100.0)
    assert subject is not None
    ruling = both.rule(WORM, subject, GIVEN, 100.0)
    assert ruling.decision == Hold(102.0, PASS)
    assert ruling.enforced is not None
    assert (ruling.enforced.decided, ruling.is_tried) == (Decided.HELD, False)
    alone = arbiter(mark(Action.QUARANTINE, dry_run=True))
    tried = alone.rule(WORM, subject, GIVEN, 100.0)
    assert (tried.decision, tried.is_tried) == (PASS, True)


def test_a_retry_of_what_is_held_is_not_decided_anew() -> None:
    """It waits with the first asking, and takes no second token from the bucket."""
    found = arbiter(mark(Action.DELAY, hold=2.0, bucket=1.0))
    subject = found.subject(ASKING, 100.0)
    assert subject is not None
    assert found.rule(WORM, subject, GIVEN, 100.0, is_held=True).decision is None


def test_news_tell_whose_answers_need_not_wait_any_more() -> None:
    """Another mark, or none, releases; a later end does not."""
    found = arbiter(mark(Action.QUARANTINE, until=10.0))
    assert found.learn(Marks([mark(Action.QUARANTINE, until=20.0)])) == []
    assert found.learn(Marks([mark(Action.REFUSE)])) == [WORM]
    assert found.learn(Marks([], [WORM])) == [WORM]
    assert found.marks == {}


def test_a_client_that_is_declared_loses_its_marks() -> None:
    """A declared server is never touched, from the moment it is declared."""
    found = arbiter(mark(Action.QUARANTINE))
    subject = found.subject(ASKING, 1.0)
    assert subject is not None
    assert found.rule(WORM, subject, GIVEN, 1.0).decision == Rewrite()
    assert found.configure(read('roles.mail_servers = ["10.0.0.6"]', "test")) == [WORM]
    assert found.marks == {}
    assert found.learn(Marks([mark(Action.QUARANTINE)])) == []


def asked(found: Arbiter, name: str, qtype: Type = Type.A, now: float = 100.0) -> Subject | None:
    return found.subject((WORM, from_text(name), int(qtype)), now)


def known(domain: str, exchange: str) -> Arbiter:
    """An arbiter for a marked client, where somebody else asked MX for a domain."""
    exchanges = Exchanges()
    exchanges.asked_mx(b"else", from_text(domain), 100.0)
    exchanges.learn_mx(from_text(domain), [from_text(exchange)], 300, 100.0)
    found = Arbiter(Settings(), exchanges)
    found.learn(Marks([mark(Action.QUARANTINE)]))
    return found


def test_what_looks_like_a_mail_host_is_mail_related_whoever_asked_for_its_domain() -> None:
    """Else a worm that guesses walks past, where nobody mails to the domain."""
    found = arbiter(mark(Action.QUARANTINE))
    for name in ("mx.never.example.org", "mx01.never.org", "inbound.never.org"):
        subject = asked(found, name)
        assert subject is not None
        assert (subject.kind, found.rule(WORM, subject, GIVEN, 100.0).decision) == (
            LookupKind.GUESS,
            Rewrite(),
        )
    assert asked(found, "www.never.org") is None
    assert asked(found, "mail.org") is None


def test_what_the_client_used_for_the_web_before_stays_web() -> None:
    """The mark says which names; a web mail may be an exchange as well.  An MX question is none."""
    web = WebNames((from_text("mail.corp.org"),))
    found = known("corp.org", "mail.corp.org")
    assert asked(found, "mail.corp.org") is not None
    found.learn(Marks([replace(mark(Action.QUARANTINE), web=web)]))
    assert asked(found, "mail.corp.org") is None
    assert asked(found, "mail.corp.org", Type.MX) is not None
    assert asked(found, "mail.else.org") is not None


def test_what_the_watch_knows_of_visits_frees_no_exchange() -> None:
    """Another worker saw who asked HTTPS records of it: web, unless an MX answer names it."""
    visited = tuple(map(from_text, ("mail.corp.org", "mail.else.org")))
    found = known("corp.org", "mail.corp.org")
    found.learn(Marks([replace(mark(Action.QUARANTINE), web=WebNames((), visited))]))
    assert asked(found, "mail.corp.org") is not None
    assert asked(found, "mail.else.org") is None


def test_a_name_that_https_records_are_asked_of_is_web_unless_an_mx_answer_names_it() -> None:
    """A browser asks them along with the address; a worm cannot free an exchange by that."""
    found = known("corp.org", "mx.corp.org")
    for name in ("mail.web.org", "mx.corp.org"):
        assert asked(found, name) is not None
        asked(found, name, Type.HTTPS)
    assert asked(found, "mail.web.org") is None
    assert asked(found, "mx.corp.org") is not None
    found.learn(Marks([], [WORM]))
    found.learn(Marks([mark(Action.QUARANTINE)]))
    assert asked(found, "mail.web.org") is not None  # of a client without a mark nothing is kept


def test_a_worm_that_asks_https_records_of_each_guess_frees_hardly_any() -> None:
    """A person's web mails stay web; whoever asks for hundreds of new ones is no person."""
    web = WebNames((), (from_text("mail.home.org"),))
    found = arbiter(replace(mark(Action.QUARANTINE), web=web))
    asked(found, "mail.home.org", Type.HTTPS)
    for number in range(200):
        asked(found, f"mail.{number}.org", Type.HTTPS)
    free = [n for n in range(200) if asked(found, f"mail.{n}.org") is None]
    assert free == list(range(NEW_WEB))
    assert asked(found, "mail.home.org") is None


@pytest.mark.parametrize("site", ["corp.org", "www.corp.org"])
def test_an_exchange_that_is_called_like_the_web_site_is_one_to_who_asked_no_mx(site: str) -> None:
    """Somebody asked its MX, and the marked person reads its pages."""
    found = known("corp.org", site)
    assert asked(found, site) is None
    found._exchanges.asked_mx(WORM, from_text("corp.org"), 100.0)
    subject = asked(found, site)
    assert subject is not None
    assert found.rule(WORM, subject, GIVEN, 100.0).decision == Rewrite()


def test_what_a_mark_refuses_is_refused_before_anybody_is_asked() -> None:
    """No upstream hears of a lookup whose answer would be thrown away; a dry run lets it pass."""
    for dry_run, refused in ((False, True), (True, False)):
        found = arbiter(mark(Action.REFUSE, dry_run=dry_run))
        subject = found.subject(ASKING, 100.0)
        assert subject is not None
        assert (found.refuses(WORM, subject, 100.0) is not None) is refused
