"""Questions that remember what became of them, for upstreams over real sockets."""

import asyncio
from collections import Counter
from collections.abc import Callable

from dnswatch.proxy.upstream.stream import StreamUpstream
from dnswatch.proxy.upstream.transport import Upstream
from dnswatch.settings import Server
from dnswatch.wire import query
from dnswatch.wire.query import Query
from tests.proxy.scripted import exact
from tests.upstream import Upstream as RealServer

WITHIN = 10.0
"""Seconds before a test gives up."""


class Question:
    """One question, and what became of it."""

    edns = True

    def __init__(self, qname: str = "www.example.", *, do: bool = False) -> None:
        """Ask for an address."""
        asked = query.read(b"id" + exact(qname, want_dnssec=do))
        assert asked is not None
        self.query: Query = asked
        self.done = False
        self.responses: list[bytes] = []
        self.told_by: list[object] = []
        "The upstream of each response and failure."
        self.failures = 0
        self.told = asyncio.Event()

    def response(
        self, upstream: object, message: bytes, sent_at: float, form: object = None
    ) -> None:
        """Take an answer."""
        self.responses.append(message)
        self.told_by.append(upstream)
        self.done = True
        self.told.set()

    def failure(self, upstream: object) -> None:
        """Take a failure."""
        self.failures += 1
        self.told_by.append(upstream)
        self.told.set()

    async def ended(self) -> None:
        """Wait until something has been heard."""
        async with asyncio.timeout(WITHIN):
            await self.told.wait()


class Bench:
    """A `StreamUpstream` with its counters and a clock."""

    def __init__(self, server: RealServer) -> None:
        """Ask `server`."""
        self.now = 1000.0
        self.counters: Counter[str] = Counter()
        self.upstream = StreamUpstream(
            Server(server.url), tls=None, size=1232, now=lambda: self.now, counters=self.counters
        )

    async def asks(self, question: Question) -> Question:
        """Ask, and wait for what comes."""
        self.upstream.ask(question)
        await question.ended()
        return question


async def ask_by_eights(upstream: Upstream, names: int = 32) -> list[Question]:
    """Ask for so many names, eight at a time, and wait for the end of each."""
    questions = [Question(f"n{number}.example.") for number in range(names)]
    room = asyncio.Semaphore(8)

    async def ask(question: Question) -> None:
        async with room:
            upstream.ask(question)
            await question.ended()

    await asyncio.gather(*map(ask, questions))
    return questions


async def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(WITHIN):
        while not is_so():
            await asyncio.sleep(0.005)
