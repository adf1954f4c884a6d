"""A core that a test drives by itself: what clients bring, what upstreams say, what time does."""

import dns.message

from dnswatch.resolver.ask import Ask
from dnswatch.resolver.cookies import Cookies
from dnswatch.resolver.core import ResolverCore
from dnswatch.resolver.events import Answer
from dnswatch.resolver.pending import PendingQuery
from dnswatch.seams.batch import Briefing
from dnswatch.settings import Settings
from tests.resolver.scripted import MIDNIGHT, local_names


class Driven:
    """One core, the questions that it puts, and the answers that it gives."""

    def __init__(self, settings: Settings, hosts: str = "") -> None:
        """Begin at `MIDNIGHT`."""
        self.now = MIDNIGHT
        self.core = ResolverCore(settings, local_names([hosts]), Cookies(bytes(32)))
        self.asked: list[Ask] = []
        "What upstreams were asked, in order."
        self.got: list[tuple[bytes, bytes]] = []
        "Message IDs and bodies of answers, in order."

    def query(self, message: bytes, client: bytes, *, udp: bool = True) -> None:
        """Bring a client's query."""
        pending = PendingQuery(client, is_proven=not udp, message_id=message[:2])
        body = self.core.query(message[2:], pending, self.now, udp=udp)
        if body is not None:
            self.got.append((message[:2], body))
        self.carry_out()

    def heard(self, which: int, message: bytes) -> None:
        """Bring what an upstream said to one of the questions."""
        self.core.heard(self.asked[which], message, self.now, self.now)
        self.carry_out()

    def failed(self, which: int) -> None:
        """Have a question fail."""
        self.core.failed(self.asked[which], self.now)
        self.carry_out()

    def learn(self, briefing: Briefing) -> None:
        """Bring what the watch has to tell."""
        self.core.learn(briefing, self.now)
        self.carry_out()

    def let(self, seconds: float) -> None:
        """Let time pass."""
        end = self.now + seconds
        while (due := self.core.timer()) <= end:
            self.now = max(due, self.now)
            self.core.fire(self.now)
            self.carry_out()
        self.now = end

    def carry_out(self) -> None:
        """Put the questions and give the answers that there are."""
        while self.core.events:
            match self.core.events.popleft():
                case Ask() as ask:
                    if not ask.is_done:
                        self.asked.append(ask)
                case Answer() as answer:
                    body = self.core.write(answer, self.now)
                    self.got.append((answer.pending.message_id, body))

    def last(self) -> dns.message.Message:
        """The answer that was given last."""
        message_id, body = self.got[-1]
        return dns.message.from_wire(message_id + body)
