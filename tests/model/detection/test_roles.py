"""Hosts that behave like a mail server are proposed, never exempted."""

from dataclasses import replace

from bench.detection import lookups
from dnswatch.model.detection.roles import Behaviour, propose

WHO = lookups.client(5)
SERVER = Behaviour(5, 4000, 300, 24, 0.3, False)


def test_a_host_that_works_like_a_mail_server_is_proposed_with_reasons() -> None:
    """An admin reads why."""
    proposal = propose(WHO, SERVER)
    assert proposal is not None
    assert proposal.odds > 0
    assert any("domains it knows" in reason for reason in proposal.reasons)


def test_a_worm_is_not_proposed() -> None:
    """Ever new domains in working hours, and nothing that a receiving server would ask."""
    assert propose(WHO, Behaviour(5, 1000, 990, 9, 0.0, False)) is None


def test_a_host_that_was_suspect_first_is_not_proposed() -> None:
    """An infection that came to work like a server is still one."""
    assert propose(WHO, replace(SERVER, was_suspect=True)) is None


def test_a_proposal_takes_three_days_and_some_questions() -> None:
    """One busy afternoon is no role."""
    assert propose(WHO, replace(SERVER, days=2)) is None
    assert propose(WHO, replace(SERVER, questions=20, novel=2)) is None
