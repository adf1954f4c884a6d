"""Questions that remember what became of them, for upstreams over real sockets."""

import asyncio
from collections import Counter
from collections.abc import Callable

from dnswatch.proxy.upstream.stream import StreamUpstream
from dnswatch.proxy.upstream.transport import Transport
from dnswatch.resolver.ask import Ask, UpstreamState
from dnswatch.settings import Server
from dnswatch.wire import query
from tests.resolver.scripted import query_body
from tests.upstream import Upstream as RealServer

WITHIN = 10.0
"""Seconds before a test gives up."""


class Question:
    """One question, and what became of it: it asks for itself."""

    def __init__(self, qname: str = "www.example.", *, do: bool = False, block: int = 0) -> None:
        """Ask for an address."""
        asked = query.read(b"id" + query_body(qname, want_dnssec=do))
        assert asked is not None
        self.ask = Ask(self, UpstreamState(0, "", 1232, block), asked)
        self.is_done = False
        self.responses: list[bytes] = []
        self.failures = 0
        self.told = asyncio.Event()

    def heard(self, ask: Ask, message: bytes, sent_at: float, now: float) -> None:
        """Take an answer."""
        self.responses.append(message)
        self.give_up()

    def failed(self, ask: Ask, now: float) -> None:
        """Take a failure."""
        self.failures += 1

    def give_up(self) -> None:
        """Have no use for an answer any more."""
        self.is_done = True


class Told:
    """Tells questions what became of them."""

    def heard(self, ask: Ask, message: bytes, sent_at: float, now: float) -> None:
        """Take an answer."""
        assert isinstance(ask.asker, Question)
        ask.asker.heard(ask, message, sent_at, sent_at)
        ask.asker.told.set()

    def failed(self, ask: Ask) -> None:
        """Take a failure."""
        assert isinstance(ask.asker, Question)
        ask.asker.failed(ask, 0.0)
        ask.asker.told.set()


async def ended(question: Question) -> Question:
    """Wait until something has been heard of a question."""
    async with asyncio.timeout(WITHIN):
        await question.told.wait()
    return question


class Bench:
    """A `StreamUpstream` with its counters and a clock."""

    def __init__(self, server: RealServer) -> None:
        """Ask `server`."""
        self.now = 1000.0
        self.counters: Counter[str] = Counter()
        self.upstream = StreamUpstream(
            Server(server.url),
            tls=None,
            listener=Told(),
            now=lambda: self.now,
            counters=self.counters,
        )

    async def asks(self, question: Question) -> Question:
        """Ask, and wait for what comes."""
        self.upstream.ask(question.ask)
        return await ended(question)


async def ask_by_eights(upstream: Transport, names: int = 32) -> list[Question]:
    """Ask for so many names, eight at a time, and wait for the end of each."""
    questions = [Question(f"n{number}.example.") for number in range(names)]
    room = asyncio.Semaphore(8)

    async def ask(question: Question) -> None:
        async with room:
            upstream.ask(question.ask)
            await ended(question)

    await asyncio.gather(*map(ask, questions))
    return questions


async def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(WITHIN):
        while not is_so():
            await asyncio.sleep(0.005)
