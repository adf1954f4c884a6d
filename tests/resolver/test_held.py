"""Answers that wait, in invented time."""

from dnswatch.model.observation import Decided, Enforced
from dnswatch.resolver.askings import Asking
from dnswatch.resolver.deadlines import Deadlines
from dnswatch.resolver.events import Answer
from dnswatch.resolver.held import HeldAnswers, HeldQuestion
from dnswatch.settings import Limits
from dnswatch.wire.response import Response
from tests.resolver.scripted import Client

DONE = Enforced("slow", Decided.HELD)


class Scene:
    """Held answers, and those that were given."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.deadlines = Deadlines()
        self.given: list[Answer] = []
        self.held = HeldAnswers(limits or Limits(), self.deadlines, self._give)

    def begin(self, asking: Asking, until: float) -> None:
        self.held.begin(HeldQuestion(asking, DONE, until))

    def join(self, client: Client, asking: Asking, message_id: bytes = b"id") -> bool:
        found = self.held.get(asking)
        assert found is not None
        return self.held.join(found, Answer(client.pending(message_id), Response(0, 0)))

    def ids(self) -> list[bytes]:
        return [answer.pending.message_id for answer in self.given]

    def _give(self, question: HeldQuestion) -> None:
        self.given += question.answers


def test_all_who_wait_are_answered_at_once_by_their_own_ids() -> None:
    """Nobody is answered before the time, and then all are, each to its own query."""
    scene, client = Scene(), Client()
    asking = (client.address, b"\1a\0", 15)
    scene.begin(asking, 2.0)
    assert scene.join(client, asking, b"01")
    scene.deadlines.fire(1.9)
    assert scene.join(client, asking, b"02")
    assert (scene.ids(), len(scene.held)) == ([], 2)
    scene.deadlines.fire(2.0)
    assert scene.ids() == [b"01", b"02"]
    assert (scene.held.get(asking), len(scene.held)) == (None, 0)


def test_what_is_held_anew_waits_its_own_time() -> None:
    """A release leaves the first deadline behind, and that gives nothing of the second wait."""
    scene, client = Scene(), Client()
    asking = (client.address, b"\1a\0", 15)
    scene.begin(asking, 2.0)
    scene.join(client, asking)
    scene.held.release(client.address)
    assert len(scene.given) == 1
    scene.begin(asking, 3.0)
    scene.join(client, asking)
    scene.deadlines.fire(2.5)
    assert len(scene.given) == 1
    scene.held.release_all()
    assert len(scene.given) == 2
    scene.deadlines.fire(9.0)
    assert len(scene.given) == 2


def test_what_waits_is_bounded() -> None:
    """One client's queries, and those of all together, wait up to the limits and no more."""
    scene = Scene(Limits(held=5, held_per_client=3))
    worms = [Client(f"10.0.0.{number}") for number in range(1, 4)]
    room = []
    for worm in worms:
        for number in range(4):
            asking = (worm.address, b"%d" % (number // 2), 15)
            if scene.held.get(asking) is None:
                scene.begin(asking, 2.0)
            room.append(scene.join(worm, asking))
    assert room == [True] * 3 + [False] + [True] * 2 + [False] * 6
    scene.deadlines.fire(2.0)
    clients = [answer.pending.client for answer in scene.given]
    assert [clients.count(worm.address) for worm in worms] == [3, 2, 0]
    assert len(scene.held) == 0
