"""Questions that remember what became of them, for upstreams over real sockets."""

import asyncio
from collections import Counter, deque
from collections.abc import Callable

from dnswatch.proxy.upstream.stream import StreamUpstream
from dnswatch.proxy.upstream.transport import Transport
from dnswatch.resolver.ask import Ask, UpstreamState
from dnswatch.resolver.upstreams import Probe
from dnswatch.settings import Server
from dnswatch.wire import query
from tests.resolver.scripted import query_body
from tests.upstream import Upstream as RealServer

WITHIN = 10.0
"""Seconds before a test gives up."""


class Question(Ask):
    """One question, and what became of it."""

    def __init__(self, qname: str = "www.example.", *, do: bool = False, block: int = 0) -> None:
        """Ask for an address."""
        asked = query.read(b"id" + query_body(qname, want_dnssec=do))
        assert asked is not None
        upstream = UpstreamState(0, "", 1232, block)
        super().__init__(Probe(upstream, 0.0, deque()), upstream, asked)
        self.responses: list[bytes] = []
        self.failures = 0
        self.told = asyncio.Event()

    def give_up(self) -> None:
        """Have no use for an answer any more."""
        self.asker.failed(self, 0.0)


class Told:
    """Tells questions what became of them."""

    def heard(self, ask: Ask, message: bytes, sent_at: float) -> None:
        """Take an answer."""
        assert isinstance(ask, Question)
        ask.responses.append(message)
        ask.give_up()
        ask.told.set()

    def failed(self, ask: Ask) -> None:
        """Take a failure."""
        assert isinstance(ask, Question)
        ask.failures += 1
        ask.told.set()


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
        self.upstream.ask(question)
        return await ended(question)


async def ask_by_eights(upstream: Transport, names: int = 32) -> list[Question]:
    """Ask for so many names, eight at a time, and wait for the end of each."""
    questions = [Question(f"n{number}.example.") for number in range(names)]
    room = asyncio.Semaphore(8)

    async def ask(question: Question) -> None:
        async with room:
            upstream.ask(question)
            await ended(question)

    await asyncio.gather(*map(ask, questions))
    return questions


async def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(WITHIN):
        while not is_so():
            await asyncio.sleep(0.005)
