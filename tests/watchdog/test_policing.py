"""What the workers, the store and the log are told of marks."""

import logging
from ipaddress import ip_address

import pytest

from dnswatch.model.policies.note import About
from dnswatch.model.policies.orders import Orders
from dnswatch.model.policies.standing import Standing
from dnswatch.settings import Settings, read
from dnswatch.watchdog.policing import Policing
from tests.model.policies.texts import policy

WORM = ip_address("10.0.0.6").packed
VERDICT = Standing(2.0, 1e9, 5.0)


def policing(*texts: str) -> Policing:
    found = Policing(lambda client: f"~{client.hex()}")
    found.configure([(f"f{n}", text) for n, text in enumerate(texts)], Settings())
    found.order(Orders(frozenset(("slow",))))
    return found


def test_a_verdict_becomes_news_and_notes(caplog: pytest.LogCaptureFixture) -> None:
    """Workers hear of the mark, the store of verdict and mark; the log names no address."""
    caplog.set_level(logging.INFO)
    found = policing(policy())
    assert found.news(5.0) is None
    found.judge(WORM, VERDICT, "six novel mail domains in a minute")
    news = found.news(6.0)
    assert news is not None
    assert [mark.policy for mark in news.marks] == ["slow"]
    assert found.whole().marks == news.marks
    assert found.whole().whole
    notes, standings = found.changes()
    assert [(note.about, note.text) for note in notes] == [
        (About.VERDICT, "infected"),
        (About.MARK, "delay by policy 'slow'"),
    ]
    assert standings == {WORM: VERDICT}
    assert found.changes() == ([], {})
    assert "client '~0a000006' is infected: six novel mail domains" in caplog.text
    assert [one.levelname for one in caplog.records if "is infected:" in one.message] == ["WARNING"]
    assert "10.0.0.6" not in caplog.text


def test_the_end_of_a_mark_is_told() -> None:
    """When the verdict fades the workers hear that the client has no mark."""
    found = policing(policy())
    found.judge(WORM, Standing(2.0, 10.0, 5.0), "why")
    found.news(6.0)
    news = found.news(10.0)
    assert news is not None
    assert (news.marks, news.unmarked) == ([], [WORM])


def test_a_renewed_mark_is_news_but_no_note() -> None:
    """Workers must know that a mark goes on; people need not read it twice a day."""
    found = policing(policy(evidence="any"))
    found.meet([WORM])
    found.news(0.0)
    found.changes()
    renewed = found.news(50_000.0)
    assert renewed is not None
    assert renewed.marks[0].until == 50_000.0 + 86400
    assert found.changes() == ([], {})


def test_a_broken_policy_is_said_and_left_out(caplog: pytest.LogCaptureFixture) -> None:
    """The others hold."""
    found = policing("broken", policy())
    found.judge(WORM, VERDICT, "why")
    assert found.news(6.0) is not None
    assert caplog.text.count("this policy is left out: f0") == 1


def test_it_is_told_whose_mail_goes_to_the_bay_and_until_when() -> None:
    """Quarantine begins and ends with the mark; a dry run and another action are none."""
    settings = read("[quarantine]\ni_have_authority = true\naddresses = ['10.0.0.1']", "test")
    tried = policy("tried", "quarantine", "infected", 9, more="dry_run = true")
    found = policing()
    found.configure([("a", tried), ("b", policy("slow", "quarantine", "infected"))], settings)
    found.order(Orders(frozenset(("tried",))))
    found.judge(WORM, VERDICT, "why")
    found.news(5.0)
    assert found.quarantine() == {}
    found.order(Orders(frozenset(("tried", "slow"))))
    found.judge(WORM, Standing(2.0, 10.0, 5.0), "why")
    found.news(6.0)
    assert found.quarantine() == {WORM: (6.0, True)}
    found.news(7.0)
    assert found.quarantine() == {}
    found.news(10.0)
    assert found.quarantine() == {WORM: (10.0, False)}
