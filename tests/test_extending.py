"""The examples of docs/extending.md: what somebody adds to dnswatch works as the page says.

The vantage point is docs/examples/coredns.py, which tests/watchdog/test_intake.py runs.
"""

from math import inf
from pathlib import Path
from typing import Final, get_args

import pytest

from dnswatch.bay.inspection.opinions import Inspected, Said, combine
from dnswatch.bay.record import Opinion
from dnswatch.codes import Type
from dnswatch.model.exchanges import Exchanges, LookupKind
from dnswatch.model.policies.ledger import Ledger
from dnswatch.model.policies.mark import Action, Mark, Marks, Terms
from dnswatch.model.policies.policy import ACTIONS, ActionName, Parameters
from dnswatch.resolver.arbiter import Arbiter
from dnswatch.resolver.decision import CAP, Facts, Hold, Pass, Refuse, Subject, decide
from dnswatch.settings import Settings
from dnswatch.wire.name import from_text
from tests.bay.inspection.letters import envelope, letter, look

PAGE: Final = Path(__file__).parents[1] / "docs/extending.md"
WORM, HONEST = b"\x0a\0\0\x06", b"\x0a\0\0\x07"
DOMAIN: Final = from_text("victim.example")


# An enforcement point: begin


class Gate:
    """Refuses the mail-related lookups that policies refuse, and lets all others through."""

    def __init__(self, settings: Settings, exchanges: Exchanges) -> None:
        self._arbiter = Arbiter(settings, exchanges)

    def learn(self, marks: Marks) -> None:
        """Take the marks of a briefing."""
        self._arbiter.learn(marks)

    def lets_through(
        self, client: bytes, qname: bytes, qtype: int, facts: Facts, at: float
    ) -> bool:
        """Say whether a client may have an answer, of which `facts` tells what matters."""
        if client not in self._arbiter.marks:
            return True
        subject = self._arbiter.subject((client, qname, qtype), at)
        if subject is None:
            return True
        return not isinstance(self._arbiter.rule(client, subject, facts, at).decision, Refuse)


# An enforcement point: end


def mark(action: Action, client: bytes = WORM) -> Mark:
    return Mark(client, "mine", action, Terms(), tuple(LookupKind), inf)


def test_an_enforcement_point_is_an_arbiter_and_little_more() -> None:
    """It refuses what policies refuse to marked clients, and nothing else to anybody."""
    gate = Gate(Settings(), Exchanges())
    gate.learn(Marks([mark(Action.REFUSE), mark(Action.OBSERVE, HONEST)], whole=True))
    facts = Facts(0, (from_text("mx.victim.example"),))
    mx = (DOMAIN, int(Type.MX), facts, 100.0)
    assert not gate.lets_through(WORM, *mx)
    assert gate.lets_through(HONEST, *mx)
    assert gate.lets_through(WORM, from_text("www.example"), int(Type.A), Facts(0), 100.0)
    gate.learn(Marks([], [WORM]))
    assert gate.lets_through(WORM, *mx)


@pytest.mark.parametrize("action", Action)
def test_an_action_is_known_wherever_it_must_be(action: Action) -> None:
    """Files of policies may name it, people are told what it does, and its decision is one that any
    enforcement point can carry out within the time that stubs wait."""
    assert action.value in get_args(ActionName)
    assert ACTIONS[action].said(Parameters())
    assert ACTIONS[action].heeds <= set(Parameters.__struct_fields__)
    subject = Subject(LookupKind.MX, DOMAIN, DOMAIN, 100.0)
    decision = decide(mark(action), subject, Facts(0, (DOMAIN,)), Ledger(), 100.0)
    if isinstance(decision, Hold):
        assert decision.until <= 100.0 + CAP
    assert decide(mark(action), subject, Facts(0, (DOMAIN,)), Ledger(), inf) == Pass()


def test_every_action_is_in_the_documentation() -> None:
    """docs/policies.md names each action that a policy may have."""
    text = PAGE.with_name("policies.md").read_text()
    assert [action for action in Action if action.value not in text] == []


# An inspector: begin


class Links:
    """Suspects a message that is little but links: what a worm writes that lies on web sites."""

    name = "links"

    def __init__(self, most: int) -> None:
        """More links than `most` are suspicious."""
        self._most = most

    async def look(self, case: Inspected) -> Said:
        """Count the links of a message as it came."""
        found = case.path.read_bytes().count(b"http")
        if found > self._most:
            return "suspicious", f"it holds {found} links"
        return "clean", "it holds few links"


# An inspector: end


def verdict(*opinions: tuple[str, Said]) -> str:
    return combine(
        Opinion(inspector=name, says=says, reason=reason) for name, (says, reason) in opinions
    )[0]


def test_an_inspector_is_heard_with_the_others(tmp_path: Path) -> None:
    """A message that it suspects is nobody's to release; one that it likes is for the others."""
    inspector, path = Links(most=3), tmp_path / "message"
    path.write_bytes(letter(text="http://a.example " * 4))
    suspected = look(inspector, envelope(), path=path)
    assert suspected == ("suspicious", "it holds 4 links")
    path.write_bytes(letter())
    liked = look(inspector, envelope(), path=path)
    assert verdict(("clamav", ("clean", "nothing")), ("links", liked)) == "clean"
    assert verdict(("clamav", ("clean", "nothing")), ("links", suspected)) == "unsure"


def test_the_page_shows_what_is_tested() -> None:
    """Each example stands on the page as it stands here."""
    text, source = PAGE.read_text(), Path(__file__).read_text()
    for name in ("An enforcement point", "An inspector"):
        example = source.split(f"# {name}: begin")[1].split(f"# {name}: end")[0].strip()
        assert f"```python\n{example}\n```" in text
    example = PAGE.with_name("examples").joinpath("coredns.py").read_text().strip()
    assert f"```python\n{example}\n```" in text
