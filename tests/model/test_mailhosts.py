"""Mail hosts: which names look like one, by what exchanges at a site are called."""

import pytest

from dnswatch.model.exchanges import Exchanges, LookupKind
from dnswatch.model.mailhosts import HEARD, PARENTS, STEMS, MailHosts
from dnswatch.wire.name import from_text


@pytest.mark.parametrize("name", ["mx01.a.org", "MAIL.a.org", "smtp-2.a.org", "inbound.a.co.uk"])
def test_a_number_at_the_end_of_a_label_tells_nothing(name: str) -> None:
    """`mx01`, `mx` and `mx-1` are called alike."""
    assert MailHosts().fits(from_text(name))


@pytest.mark.parametrize("name", ["mail.ru", "mx", ".", "www.a.org", "gmail.a.org", "25.a.org"])
def test_a_registered_domain_and_what_is_called_otherwise_are_no_mail_hosts(name: str) -> None:
    """`mail.ru` is a web site."""
    assert not MailHosts().fits(from_text(name))


def test_what_exchanges_of_several_domains_are_called_is_learned() -> None:
    """No list has all labels; one domain may call its machines anything, as often as it likes."""
    hosts = MailHosts()
    name = from_text("zulu7.other.org")
    for number in range(10):
        assert not hosts.learn(from_text(f"zulu{number}.same.org"))
    assert not hosts.learn(from_text("zulu.second.org"))
    assert not hosts.fits(name)
    assert hosts.learn(from_text("zulu.third.org"))
    assert hosts.fits(name)


def test_no_exchange_makes_web_sites_look_like_mail_hosts() -> None:
    """Whoever has three domains could lead a marked person's web astray else."""
    hosts = MailHosts()
    for number in range(PARENTS + 1):
        assert not hosts.learn(from_text(f"www.{number}.org"))
        assert not hosts.learn(from_text(f"{number}.org"))
    assert not hosts.fits(from_text("www.example.org"))


def test_what_is_learned_is_bounded() -> None:
    """Whoever names exchanges at will fills no memory."""
    hosts = MailHosts()
    learned = 0
    for number in range(STEMS + 10):
        for parent in range(PARENTS):
            learned += hosts.learn(from_text(f"x{number}y.{parent}.org"))
    assert learned == STEMS
    for number in range(HEARD + 10):
        hosts.learn(from_text(f"z{number}z.a.org"))
    assert len(hosts._heard) <= HEARD


def test_a_worker_and_its_short_cut_hear_of_new_labels() -> None:
    """An answer that lies ready would go past the enforcement point."""
    exchanges, told = Exchanges(), []
    exchanges.relabelled = lambda: told.append(1)
    name = from_text("zulu.target.org")
    for number in range(PARENTS):
        assert not exchanges.is_candidate(name, 1)
        domain = f"{number}.org"
        exchanges.asked_mx(None, from_text("target.org"), 1.0)
        exchanges.learn_mx(from_text(domain), [from_text(f"zulu1.{domain}")], 300, 1.0)
    assert told == [1]
    assert exchanges.is_candidate(name, 1)
    assert exchanges.kind(b"who", name, 1, 2.0) == (LookupKind.GUESS, from_text("target.org"))
    late = Exchanges()
    late.teach(exchanges.lessons(), 2.0)
    assert late.is_candidate(name, 1)
