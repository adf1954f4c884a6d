"""Judging: what the watch sees becomes verdicts, and survives a restart, under keys alone."""

from ipaddress import ip_address

from dnswatch.model.changes import Changes, MailLookup
from dnswatch.model.exchanges import LookupKind
from dnswatch.model.finding import Finding
from dnswatch.model.observation import Origin
from dnswatch.model.policies.orders import Orders, Overrule, Word
from dnswatch.model.policies.standing import Standing
from dnswatch.model.role import Role
from dnswatch.settings import Settings, read
from dnswatch.watchdog.judging import Judging
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
                at + number, client, LookupKind.MX, domain, domain, 15, 0, Origin.UPSTREAM,
                (), (), 0, 0, 0, False, True,
            )
        )  # fmt: skip
    found.accounts[client, int(at) // 60]["lookup"] += count
    return found


class Site:
    """Judging, and what it told."""

    def __init__(self, key_of: object = plain, settings: Settings | None = None) -> None:
        assert callable(key_of)
        self.told: Told = []
        self.judging = Judging(settings or read(AT_ONCE, "test"), key_of, AT)

    def judge(self, client: bytes, standing: Standing, why: str) -> None:
        self.told.append((client, standing.rung))

    def see(self, changes: Changes, now: float = AT + 60) -> Changes:
        self.judging.see(changes, now, self.judge)
        return changes


def test_a_sender_is_judged_and_a_reader_is_not() -> None:
    """Many new mail domains in a minute make a verdict, by way of a suspicion."""
    site = Site()
    site.see(lookups(SENDER, 40))
    site.see(lookups(READER, 1, AT + 61), AT + 62)
    assert [rung for client, rung in site.told if client == SENDER] == ["suspect", "infected"]
    assert not [client for client, _ in site.told if client == READER]


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


def test_a_verdict_survives_a_restart() -> None:
    """What was stored brings the verdict back before the client is seen again."""
    site = Site()
    stored = site.see(lookups(SENDER, 40))
    later = Site()
    cases = {key: case for key, case in stored.cases.items() if case is not None}
    later.judging.restore(stored.detector, cases, later.judge)
    assert later.told == [(SENDER, "infected")]


def test_under_pseudonyms_nothing_that_is_stored_holds_an_address() -> None:
    """The detector knows keys; a client is marked again when it is seen again."""
    site = Site(hidden)
    stored = site.see(lookups(SENDER, 40))
    for written in (stored.detector, *(case or b"" for case in stored.cases.values())):
        assert SENDER not in written
        assert plain(SENDER).encode() not in written
    later = Site(hidden)
    cases = {key: case for key, case in stored.cases.items() if case is not None}
    later.judging.restore(stored.detector, cases, later.judge)
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
    cases = {key: case for key, case in stored.cases.items() if case is not None}
    later.judging.restore(stored.detector, cases, later.judge)
    assert not later.told


def test_guessed_names_alone_are_found() -> None:
    """A worm that asks no MX, but guesses mail hosts of many domains, is judged by its guesses."""
    site, told = Site(), Changes()
    for number in range(60):
        domain = from_text(f"victim{number}.example")
        for label in (b"\x02mx", b"\x04mail", b"\x04smtp"):
            told.guesses.append(
                MailLookup(
                    AT + number, SENDER, LookupKind.GUESS, domain, label + domain, 1, 3,
                    Origin.UPSTREAM, (), (), 0, 0, 0, False, True,
                )
            )  # fmt: skip
    told.accounts[SENDER, int(AT) // 60]["lookup"] += 180
    site.see(told)
    assert site.told[-1] == (SENDER, "infected")


def test_a_worm_in_the_bay_completes_a_suspicion() -> None:
    """What the bay found makes a suspect infected, the log says why, and it is stored as heard."""
    site, why = Site(), []
    site.see(lookups(SENDER, 16))
    assert site.told == [(SENDER, "suspect")]
    finding = Finding(7, AT + 61, b"10.0.0.66", "worm", "m1", "ClamAV knows it")
    site.judging.find([finding, finding], AT + 62, lambda _client, standing, text: why.append(
        (standing.rung, text)))  # fmt: skip
    [(rung, text)] = why
    assert rung == "infected"
    assert "m1: ClamAV knows it" in text
    stored = Changes()
    site.judging.save(stored, AT + 63)
    later = Site()
    cases = {key: case for key, case in stored.cases.items() if case is not None}
    later.judging.restore(stored.detector, cases, later.judge)
    assert later.judging.heard == 7
