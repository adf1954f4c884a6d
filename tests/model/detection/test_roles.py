"""Hosts that mail comes in to, and that behave like a mail server, are proposed, never exempted."""

from dataclasses import replace

from bench.detection import lookups
from dnswatch.model.detection.roles import OTHERS, Behaviour, Conduct, propose, signs_of

WHO = lookups.client(5)
SERVER = Behaviour(5, 4000, 300, 24, 0.3, False, ("others ask for mail.corp.example",))
DAY = 86400.0


def test_a_host_that_works_like_a_mail_server_is_proposed_with_reasons() -> None:
    """An admin reads why."""
    proposal = propose(WHO, SERVER)
    assert proposal is not None
    assert proposal.odds > 0
    assert proposal.reasons[0] == "others ask for mail.corp.example"
    assert any("domains it knows" in reason for reason in proposal.reasons)


def test_no_behaviour_alone_makes_a_proposal() -> None:
    """A worm with a finite list that runs day and night and checks its recipients behaves so."""
    assert propose(WHO, replace(SERVER, inbound=())) is None


def test_what_speaks_against_a_host_is_said() -> None:
    """Whoever confirms reads both sides."""
    proposal = propose(WHO, replace(SERVER, hours=8))
    assert proposal is not None
    assert proposal.against == ("it asks in 8 of a day's 24 hours",)


def test_a_worm_on_a_machine_that_was_called_like_a_mail_host_is_not_proposed() -> None:
    """Ever new domains in working hours, and nothing that a receiving server would ask."""
    worm = Behaviour(5, 1000, 990, 5, 0.0, False, ("it is called mail4",))
    assert propose(WHO, worm) is None


def test_a_host_that_was_suspect_first_is_not_proposed() -> None:
    """An infection that came to work like a server is still one."""
    assert propose(WHO, replace(SERVER, was_suspect=True)) is None


def test_a_proposal_takes_three_days_and_some_questions() -> None:
    """One busy afternoon is no role."""
    assert propose(WHO, replace(SERVER, days=2)) is None
    assert propose(WHO, replace(SERVER, questions=20, novel=2)) is None


def test_mail_comes_in_where_several_others_say_so() -> None:
    """One other that asks for a name may be an accomplice, and asks a thousand times."""
    conduct = Conduct()
    for _ in range(1000):
        conduct.named(b"\4mail\4corp\0", lookups.client(1))
        conduct.called(lookups.client(1))
    assert signs_of(conduct, "mail.corp", None) == ()
    for other in range(OTHERS):
        conduct.named(b"\4mail\4corp\0", lookups.client(other))
        conduct.called(lookups.client(other))
    asked, called, given = signs_of(conduct, "mail.corp", "mx1")
    assert asked == "others at the site ask for mail.corp, which has its address"
    assert "SMTP connections" in called
    assert "mx1" in given


def test_hours_are_those_of_a_day() -> None:
    """Who mails each day at another hour works one hour a day, not round the clock."""
    conduct = Conduct()
    for day in range(24):
        conduct.note((day + 1) * DAY + day * 3600, is_novel=False)
    assert (conduct.earlier_hours + conduct.hours.bit_count()) / conduct.days == 1
