"""The same scenarios on a server, through real sockets: those that need no time to pass."""

import socket
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import pytest

from tests import check
from tests.behaviour import Asked, Send
from tests.behaviour import Step as Reaction
from tests.live.site import Site
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
from tests.upstream import Upstream

LATE: Final = 5
"""Seconds that a TTL may have counted down on a busy machine."""

LIVE: Final = [path for path in sorted(FOLDER.glob("*.scn")) if read(path).is_live]


class Scripted:
    """An upstream that says to each question what the scenario has for it."""

    def __init__(self) -> None:
        self.says: defaultdict[tuple[str, str, str], deque[Step]] = defaultdict(deque)
        "Name, type and transport to what is said, one after the other."
        self.server = Upstream(self._behave)

    def _behave(self, asked: Asked) -> list[Reaction]:
        said = self.says[asked.qname.lower(), asked.qtype, asked.transport]
        if not said:
            return []
        return [Send(response(said.popleft(), asked.wire, udp=asked.transport == "udp"))]


class Served:
    """A server behind some scripted upstreams."""

    def __init__(self, site: Site, upstreams: list[Scripted]) -> None:
        self.site = site
        self.upstreams = upstreams


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Served]]:
    """Servers with one upstream and with two."""
    with ExitStack() as stack:
        made = {}
        for count in sorted({read(path).upstreams for path in LIVE}):
            upstreams = [Scripted() for _ in range(count)]
            for each in upstreams:
                stack.enter_context(each.server)
            folder = tmp_path_factory.mktemp("scenarios")
            settings = {"upstream.strategy": "ordered"}
            behind = [each.server for each in upstreams]
            made[count] = Served(stack.enter_context(Site(folder, behind, settings)), upstreams)
        yield made


class Stage:
    """One scenario on a server."""

    def __init__(self, played: Scenario, served: Served, stack: ExitStack) -> None:
        self._served = served
        self._stack = stack
        self._clients: defaultdict[str, deque[socket.socket]] = defaultdict(deque)
        self._begun = [len(each.server.asked) for each in served.upstreams]
        at: dict[str, Step] = {}
        for step in played.steps:  # what is to be said must be known before it is asked for
            if step.verb == "is asked":
                at[step.who] = step
            elif step.verb == "says":
                name, qtype = at[step.who].words[:2]
                transport = "tcp" if at[step.who].has("TCP") else "udp"
                upstream = served.upstreams[int(step.who) - 1]
                upstream.says[name.lower(), qtype, transport].append(step)

    def play(self, step: Step) -> None:
        """Have one thing happen, or see whether it is so."""
        match step.verb:
            case "asks":
                self._ask(step)
            case "is asked" if step.who == "nobody":
                now = [len(each.server.asked) for each in self._served.upstreams]
                assert now == self._begun, step.place
            case "is asked":
                number = int(step.who) - 1
                asked, at = self._served.upstreams[number].server.asked, self._begun[number]
                check.eventually(lambda: len(asked) > at)
                check_question(step, asked[at].wire, tcp=asked[at].transport == "tcp")
                self._begun[number] += 1
            case "sees" if step.words[0] != "nothing":
                check_answer(step, self._received(self._clients[step.who].popleft()), late=LATE)

    def _ask(self, step: Step) -> None:
        wire = query(step).to_wire()
        kind = socket.SOCK_STREAM if step.has("TCP") else socket.SOCK_DGRAM
        client = self._stack.enter_context(socket.socket(socket.AF_INET, kind))
        client.settimeout(check.PATIENCE)
        client.connect((self._served.site.listen, self._served.site.port))
        client.sendall(len(wire).to_bytes(2, "big") + wire if step.has("TCP") else wire)
        self._clients[step.who].append(client)

    def _received(self, client: socket.socket) -> bytes:
        if client.type == socket.SOCK_DGRAM:
            return client.recv(65535)
        with client.makefile("rb") as stream:
            return stream.read(int.from_bytes(stream.read(2), "big"))


@pytest.mark.parametrize("path", LIVE, ids=lambda path: path.stem)
def test_scenario(path: Path, served: dict[int, Served]) -> None:
    """What the file says is so on a server as well."""
    played = read(path, label=f"s{LIVE.index(path)}.")
    with ExitStack() as stack:
        stage = Stage(played, served[played.upstreams], stack)
        for step in played.steps:
            stage.play(step)
