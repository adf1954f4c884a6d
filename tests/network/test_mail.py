"""What each policy does to the mail of a real mail server, and of one that nobody marked."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests import check
from tests.network.conftest import MARKED, RESOLVER, UNMARKED, Town
from tests.network.postfix import Postfix, postfix
from tests.watchdog.process import query

Marked = Callable[[str], Postfix]


@pytest.fixture(scope="module")
def honest(town: Town) -> Iterator[Postfix]:
    """A mail server that nobody marked."""
    with postfix(town.network.join(UNMARKED, resolver=RESOLVER)) as running:
        yield running


@pytest.fixture(scope="module")
def suspect(town: Town) -> Iterator[Postfix]:
    """A mail server of a client that somebody distrusts."""
    with postfix(town.network.join(MARKED, resolver=RESOLVER)) as running:
        town.hold("slow", MARKED, "4s")
        yield running


@pytest.fixture
def marked(town: Town, suspect: Postfix) -> Iterator[Marked]:
    """Give the suspect while a policy acts on it; policies are switched off at the end."""
    with ExitStack() as stack:

        def under(policy: str) -> Postfix:
            before = marks(town)
            town.order("policy", "enable", policy)
            stack.callback(town.order, "policy", "disable", policy)
            check.eventually(lambda: marks(town) > before)
            return suspect

        yield under


def marks(town: Town) -> int:
    """Count the marks that the suspect was given; that it lost one is said as well."""
    said = town.site.log(f"client '{MARKED}': ")
    return sum("': no mark" not in line for line in said)


def decided(town: Town) -> set[str]:
    """Say what policies did to the suspect's lookups."""
    told = "SELECT DISTINCT policy || ' ' || decided FROM lookup WHERE policy IS NOT NULL"
    return {said for (said,) in query(town.site.state, told)}


def test_delayed_mail_arrives(town: Town, honest: Postfix, marked: Marked) -> None:
    """A mail server whose answers are held for four seconds delivers all the same."""
    slow = marked("slow")
    honest.send("bob@first.example")
    slow.send("bob@second.example")
    assert town.exchange.got("bob@first.example").peer == UNMARKED
    assert town.exchange.got("bob@second.example").peer == MARKED
    check.eventually(lambda: "slow held" in decided(town))


def test_refused_mail_waits_and_does_not_bounce(
    town: Town, honest: Postfix, marked: Marked
) -> None:
    """SERVFAIL keeps mail in the queue; when the policy ends it goes out by itself."""
    refused = marked("refuse-mail-lookups")
    refused.send("bob@third.example")
    honest.send("bob@third.example", sender="carol@site.example")
    assert town.exchange.got("bob@third.example").sender == "carol@site.example"
    check.eventually(lambda: "try again" in refused.delay("bob@third.example"))
    assert not refused.log("sender non-delivery notification")
    town.order("policy", "disable", "refuse-mail-lookups")
    check.eventually(lambda: len(town.exchange.of("bob@third.example")) == 2)
    check.eventually(lambda: not refused.has("bob@third.example"))
    assert not refused.log("sender non-delivery notification")


def test_quarantined_mail_goes_to_the_bay(town: Town, honest: Postfix, marked: Marked) -> None:
    """The marked client's mail is led to the bay, the other's is not."""
    led = marked("quarantine")
    led.send("bob@fourth.example")
    honest.send("eve@fourth.example")
    [kept] = check.eventually(lambda: town.site.told("bay", "list"))
    assert kept["client"] == MARKED
    assert kept["recipients"][0]["address"] == "bob@fourth.example"
    assert town.exchange.got("eve@fourth.example").peer == UNMARKED
    assert not town.exchange.of("bob@fourth.example")
