"""A worm's life: the demonstration's acts at small size, and what is shown of them."""

import io
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.console import Console

from dnswatch.lab.demo.act import Act, ActResult, act
from dnswatch.lab.demo.screen import picture, screen, summary
from dnswatch.lab.demo.world import BAY
from dnswatch.lab.demo.worm import TryFate
from tests import check

pytestmark = pytest.mark.whole

ENOUGH = 120
"""Messages after which a worm that is not stopped has shown it."""
PAUSE = 0.05


@contextmanager
def played(policy: str, wanted: int) -> Iterator[tuple[Act, ActResult]]:
    """Let a worm work until so many of its messages were answered otherwise than by the world."""
    with act(policy, PAUSE) as running:

        def goes_on() -> bool:
            stopped = sum(BAY in one.exchange or not one.exchange for one in running.tries)
            return len(running.tries) < ENOUGH and stopped < wanted

        yield running, running.run(goes_on, lambda: None)


def test_without_a_policy_it_is_found_and_everything_gets_out() -> None:
    """Watching alone stops nothing: all messages arrive, and the verdict is there."""
    with played("", 1) as (running, outcome):
        assert outcome.tried >= ENOUGH
        assert outcome.out == outcome.tried
        assert running.standing.rung == "infected"
        assert not running.mark


def test_delay_leaves_it_without_exchanges() -> None:
    """Beyond the first mail domains DNS gives it nothing, and what it has no exchange for stays."""
    with played("delay", 4) as (running, outcome):
        assert "delay" in running.mark
        assert outcome.unanswered >= 4
        assert outcome.out == sum(one.fate == TryFate.SENT for one in running.tries) < ENOUGH


def test_quarantine_leads_its_mail_into_the_bay() -> None:
    """Each message is at the true exchange or in the bay; of those in the bay none got out."""
    with played("quarantine", 6) as (running, outcome):
        diverted = {one.victim for one in running.tries if BAY in one.exchange}
        assert len(diverted) >= 6
        assert not diverted & set(running.world.delivered)
        assert outcome.out + len(diverted) == outcome.tried
        check.eventually(lambda: _held(running) == diverted)
        assert {(one["verdict"], one["state"]) for one in running.site.kept()} == {("worm", "held")}
        explain = ("explain", "--client", "127.0.0.66")
        check.eventually(lambda: "to be worms" in running.site.command(*explain))
        assert "infected" in _shown(picture(running, running.begun + 5))


@pytest.mark.parametrize("policy", ["", "delay", "quarantine"])
def test_the_table_compares_the_policies(policy: str) -> None:
    """Each act is a row, by the name of its policy."""
    shown = _shown(summary([ActResult(policy, 40, 17, 3, 5, 12, 10.0)]))
    assert [word for word in shown.split() if word.isdigit()] == ["40", "17", "3", "5", "12"]
    assert (policy or "none") in shown


def test_where_there_is_no_terminal_there_are_lines() -> None:
    """Led into a file, the demonstration writes no cursor movements."""
    with screen(Console(file=io.StringIO())) as found:
        assert type(found).__name__ == "_Lines"


def _held(running: Act) -> set[str]:
    """Give whom the messages in the bay are for."""
    return {to["address"] for one in running.site.kept() for to in one["recipients"]}


def _shown(what: object) -> str:
    file = io.StringIO()
    Console(file=file, width=125).print(what)
    return file.getvalue()
