"""Scenarios on the core alone: no socket, and no second of waiting."""

from collections import defaultdict, deque
from math import inf

import pytest

from dnswatch.model.exchanges import LookupKind
from dnswatch.model.policies.mark import Action, Mark, Marks, Terms
from dnswatch.resolver.ask import Ask
from dnswatch.seams.batch import Briefing
from dnswatch.settings import read as read_settings
from tests.resolver.driven import Driven
from tests.scenarios.scenario import (
    FOLDER,
    Scenario,
    Step,
    check_answer,
    check_question,
    query,
    read,
    response,
)

ACTIONS = {"refused": Action.REFUSE, "quarantined": Action.QUARANTINE}
FILES = sorted(FOLDER.glob("*.scn"))


class Stage:
    """A core, and who has asked and was asked what."""

    def __init__(self, played: Scenario) -> None:
        servers = [f"udp://192.0.2.{number}" for number in range(1, played.upstreams + 1)]
        text = f"upstream.servers = {servers}\nupstream.strategy = 'ordered'\n{played.settings}"
        self.driven = Driven(read_settings(text, played.name))
        self._clients: dict[bytes, str] = {}
        "Message ID to who asked."
        self._seen = 0
        self._taken = 0
        self._answers: defaultdict[str, deque[bytes]] = defaultdict(deque)
        self._open: defaultdict[str, list[tuple[Ask, bool]]] = defaultdict(list)
        "Upstream to what it was asked, and whether over TCP."
        self._at: dict[str, tuple[Ask, bool]] = {}
        "Upstream to what it was asked last."

    def play(self, step: Step) -> None:
        """Have one thing happen, or see whether it is so."""
        getattr(self, f"_{step.verb.replace(' ', '_')}")(step)
        for message_id, body in self.driven.got[self._seen :]:
            self._answers[self._clients[message_id]].append(message_id + body)
        self._seen = len(self.driven.got)
        for ask in self.driven.asked[self._taken :]:
            self._open[str(ask.upstream.number + 1)].append((ask, False))
        self._taken = len(self.driven.asked)

    def _asks(self, step: Step) -> None:
        message_id = len(self._clients).to_bytes(2, "big")
        self._clients[message_id] = step.who
        client = bytes((10, 0, 0, ord(step.who)))
        wire = message_id + query(step).to_wire()[2:]
        self.driven.query(wire, client, udp=not step.has("TCP"))

    def _is_asked(self, step: Step) -> None:
        if step.who == "nobody":
            assert not any(self._open.values()), step.place
            return
        assert self._open[step.who], f"{step.place}: it is asked nothing"
        ask, tcp = self._at[step.who] = self._open[step.who].pop(0)
        check_question(step, b"id" + ask.message, tcp=tcp)

    def _says(self, step: Step) -> None:
        ask, tcp = self._at[step.who]
        if step.has("TC") and not tcp:  # which a transport never passes on
            self._open[step.who].append((ask, True))
            return
        which = self.driven.asked.index(ask)
        self.driven.heard(which, response(step, b"id" + ask.message, udp=not tcp))

    def _fails(self, step: Step) -> None:
        self.driven.failed(self.driven.asked.index(self._at[step.who][0]))

    def _sees(self, step: Step) -> None:
        if step.words[0] == "nothing":
            assert not self._answers[step.who], step.place
            return
        assert self._answers[step.who], f"{step.place}: it sees nothing"
        check_answer(step, self._answers[step.who].popleft())

    def _pass(self, step: Step) -> None:
        self.driven.let(float(step.who.removesuffix("s")))

    def _is_to_be(self, step: Step) -> None:
        client = bytes((10, 0, 0, ord(step.who)))
        action = ACTIONS[step.words[0]]
        mark = Mark(client, "p", action, Terms(), tuple(LookupKind), inf)
        self.driven.learn(Briefing(marks=Marks([mark])))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_scenario(path: object) -> None:
    """What the file says is so."""
    played = read(FOLDER / str(path))
    assert played.rule, "it says what it shows"
    stage = Stage(played)
    for step in played.steps:
        stage.play(step)
