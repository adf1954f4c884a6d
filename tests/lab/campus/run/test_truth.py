"""The truth counts what happened, by whom."""

from dnswatch.lab.campus.run.truth import Infected, MailFate, SentMail, Truth

WORM, PERSON, SERVER = (bytes((10, 0, 0, n)) for n in (6, 7, 8))


def mail(source: bytes, fate: MailFate, worm: str = "", waited: float = 0.0) -> SentMail:
    return SentMail(1.0, source, "a.org", None, worm, fate, waited)


def test_mails_of_worms_servers_and_people_are_told_apart() -> None:
    """A touched mail of a declared server is the one thing that must not be."""
    truth = Truth()
    truth.infect(Infected(0.0, WORM, "slow", None))
    truth.tried(mail(WORM, MailFate.HELD, "slow"), is_server=False)
    truth.tried(mail(PERSON, MailFate.LEFT, waited=4.0), is_server=False)
    truth.tried(mail(SERVER, MailFate.LEFT), is_server=True)
    truth.tried(mail(PERSON, MailFate.REFUSED, waited=4.0), is_server=False)
    assert (truth.server_waits, truth.honest_waits) == (0, [4.0])
    truth.tried(mail(SERVER, MailFate.LEFT, waited=0.8), is_server=True)
    truth.tried(mail(SERVER, MailFate.REFUSED), is_server=True)
    assert truth.server_waits == 2
    assert truth.senders[WORM].fates[MailFate.HELD] == 1


def test_the_first_verdict_counts_and_one_on_the_honest_is_false() -> None:
    """What had left until then is kept."""
    truth = Truth()
    truth.infect(Infected(0.0, WORM, "slow", None))
    truth.tried(mail(WORM, MailFate.LEFT, "slow"), is_server=False)
    truth.judged(WORM, "suspect", 1.0)
    truth.judged(WORM, "infected", 2.0)
    truth.tried(mail(WORM, MailFate.LEFT, "slow"), is_server=False)
    truth.judged(WORM, "infected", 3.0)
    sender = truth.senders[WORM]
    assert (sender.verdict_at, sender.left_before, sender.domains_before) == (2.0, 1, 1)
    truth.judged(PERSON, "infected", 5.0)
    assert truth.false == {PERSON: 5.0}
    truth.begin_anew()
    assert truth.false == {}
