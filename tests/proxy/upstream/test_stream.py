"""An upstream over TCP, over real connections: sharing, order, and connections that end."""

import asyncio
from collections import Counter

import pytest

from dnswatch.proxy.upstream import stream
from dnswatch.proxy.upstream.stream import StreamUpstream
from dnswatch.settings import Server
from tests.behaviour import both as both_of
from tests.behaviour import (
    by_name,
    closed,
    delayed,
    dribbled,
    in_turn,
    plain,
    silent,
    wrong_id,
    wrong_question,
)
from tests.proxy.upstream.questions import Question, until
from tests.upstream import Upstream


class Bench:
    """A `StreamUpstream` with its counters and a clock."""

    def __init__(self, server: Upstream) -> None:
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


def test_many_questions_share_a_connection() -> None:
    """However many wait, there is one connection, and each gets its own answer."""

    async def ask() -> None:
        bench = Bench(server)
        questions = [Question(f"n{number}.example.") for number in range(50)]
        for question in questions:
            bench.upstream.ask(question)
        for question in questions:
            await question.ended()
            assert question.responses[0][12:].startswith(question.query.asked)
        bench.upstream.close()
        assert server.connections == 1

    with Upstream(plain, scheme="tcp") as server:
        asyncio.run(ask())


def test_answers_may_come_in_any_order() -> None:
    """A slow answer holds up no other (RFC 7766 section 7)."""

    async def ask() -> None:
        bench = Bench(server)
        slow, quick = Question("slow.example."), Question()
        bench.upstream.ask(slow)
        await bench.asks(quick)
        assert not slow.told.is_set()
        await slow.ended()
        assert slow.responses
        bench.upstream.close()

    with Upstream(by_name({"slow.example.": delayed(0.3)}), scheme="tcp") as server:
        asyncio.run(ask())


def test_an_answer_may_come_in_crumbs() -> None:
    """However the stream is cut, the message is whole."""

    async def ask() -> None:
        bench = Bench(server)
        assert (await bench.asks(Question())).responses
        bench.upstream.close()

    with Upstream(dribbled(plain), scheme="tcp") as server:
        asyncio.run(ask())


@pytest.mark.parametrize("forged", [wrong_id(plain), wrong_question(plain)])
def test_what_fits_no_question_is_counted(forged: object) -> None:
    """A message under another ID or with another question is passed over."""

    async def ask() -> None:
        bench = Bench(server)
        question = await bench.asks(Question())
        assert question.responses[0][12:].startswith(question.query.asked)
        assert bench.counters["mismatch"] == 1
        bench.upstream.close()

    with Upstream(both_of(forged, plain), scheme="tcp") as server:  # type: ignore[arg-type]
        asyncio.run(ask())


def test_nobody_there_is_a_failure() -> None:
    """A refused connection fails all who wait for it."""

    async def ask() -> None:
        bench = Bench(server)
        questions = [Question(f"n{number}.example.") for number in range(5)]
        for question in questions:
            bench.upstream.ask(question)
        for question in questions:
            await question.ended()
            assert (question.failures, question.responses) == (1, [])

    server = Upstream(plain, scheme="tcp")
    with server:
        server.stop()
        asyncio.run(ask())


def test_a_connection_that_was_closed_is_opened_again() -> None:
    """A question on a connection that the server closes is asked once more on a new one."""

    async def ask() -> None:
        bench = Bench(server)
        question = await bench.asks(Question())
        assert (len(question.responses), question.failures) == (1, 0)
        assert server.connections == 2
        bench.upstream.close()

    with Upstream(in_turn(closed, plain), scheme="tcp") as server:
        asyncio.run(ask())


def test_a_server_that_always_hangs_up_is_a_failure() -> None:
    """A question is asked anew only once."""

    async def ask() -> None:
        bench = Bench(server)
        question = await bench.asks(Question())
        assert (question.responses, question.failures) == ([], 1)
        assert len(server.asked) == 2

    with Upstream(closed, scheme="tcp") as server:
        asyncio.run(ask())


def test_a_connection_that_went_dead_is_left() -> None:
    """Where nothing has come for a while on what was asked, the next question opens another one.

    What waited on the dead one is asked there too.
    """

    async def ask() -> None:
        bench = Bench(server)
        first, second = Question("lost.example."), Question()
        bench.upstream.ask(first)
        await until(lambda: server.asked)
        bench.now += stream.SILENCE + 1
        server.behaviour = plain
        await bench.asks(second)
        await first.ended()
        assert first.responses
        assert second.responses
        assert server.connections == 2
        bench.upstream.close()

    with Upstream(silent, scheme="tcp") as server:
        asyncio.run(ask())


def test_a_quiet_connection_without_questions_is_kept() -> None:
    """Where nothing was asked, silence means nothing."""

    async def ask() -> None:
        bench = Bench(server)
        await bench.asks(Question())
        bench.now += stream.SILENCE + 1
        await bench.asks(Question())
        assert server.connections == 1
        bench.upstream.close()

    with Upstream(plain, scheme="tcp") as server:
        asyncio.run(ask())


def test_an_idle_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its idle time we close, and the next question opens another one."""
    monkeypatch.setattr(stream, "IDLE", 0.05)

    async def ask() -> None:
        bench = Bench(server)
        await bench.asks(Question())
        await until(lambda: bench.upstream._connection is None)
        await bench.asks(Question())
        assert server.connections == 2
        bench.upstream.close()

    with Upstream(plain, scheme="tcp") as server:
        asyncio.run(ask())
