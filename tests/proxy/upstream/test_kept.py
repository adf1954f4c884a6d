"""A connection that is kept, over a real one: sharing, idleness, and every way to end."""

import asyncio

import pytest

from dnswatch.proxy.upstream import kept
from tests.behaviour import (
    Close,
    closed,
    ending_after,
    in_turn,
    plain,
    silent,
)
from tests.proxy.upstream.questions import Bench, Question, ask_by_eights, ended, until
from tests.upstream import Upstream


def test_many_questions_share_a_connection() -> None:
    """However many wait, there is one connection, and each gets its own answer."""

    async def ask() -> None:
        bench = Bench(server)
        questions = [Question(f"n{number}.example.") for number in range(50)]
        for question in questions:
            bench.upstream.ask(question.ask)
        for question in questions:
            await ended(question)
            assert question.responses[0][12:].startswith(question.ask.asked)
        bench.upstream.close()
        assert server.connections == 1

    with Upstream(plain, scheme="tcp") as server:
        asyncio.run(ask())


def test_nobody_there_is_a_failure() -> None:
    """A refused connection fails all who wait for it."""

    async def ask() -> None:
        bench = Bench(server)
        questions = [Question(f"n{number}.example.") for number in range(5)]
        for question in questions:
            bench.upstream.ask(question.ask)
        for question in questions:
            await ended(question)
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
        bench.upstream.ask(first.ask)
        await until(lambda: server.asked)
        bench.now += kept.SILENCE + 1
        server.behaviour = plain
        await bench.asks(second)
        await ended(first)
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
        bench.now += kept.SILENCE + 1
        await bench.asks(Question())
        assert server.connections == 1
        bench.upstream.close()

    with Upstream(plain, scheme="tcp") as server:
        asyncio.run(ask())


def test_an_idle_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its idle time we close, and the next question opens another one."""
    monkeypatch.setattr(kept, "IDLE", 0.05)

    async def ask() -> None:
        bench = Bench(server)
        await bench.asks(Question())
        await until(lambda: bench.upstream._connection is None)
        await bench.asks(Question())
        assert server.connections == 2
        bench.upstream.close()

    with Upstream(plain, scheme="tcp") as server:
        asyncio.run(ask())


@pytest.mark.parametrize("answers", [1, 3])
def test_a_server_that_closes_after_some_answers_loses_none(answers: int) -> None:
    """However few answers a connection is good for, every question gets its own (RFC 7766, 6.2.4).

    What was left open goes on as long as the last connection answered something.
    """

    async def ask() -> None:
        bench = Bench(server)
        questions = await ask_by_eights(bench.upstream)
        assert [question.failures for question in questions] == [0] * 32
        bench.upstream.close()

    with Upstream(ending_after(answers, Close()), scheme="tcp") as server:
        asyncio.run(ask())


def test_what_nobody_waits_for_is_not_asked_anew() -> None:
    """A question that was answered or given up elsewhere goes on no other connection."""

    async def ask() -> None:
        bench = Bench(server)
        given_up = Question("given-up.example.")
        bench.upstream.ask(given_up.ask)
        await until(lambda: server.asked)
        given_up.give_up()
        server.behaviour = ending_after(1, Close())
        await bench.asks(Question())
        await until(lambda: bench.upstream._connection is None)
        await bench.asks(Question("last.example."))
        assert server.names().count("given-up.example.") == 1
        bench.upstream.close()

    with Upstream(silent, scheme="tcp") as server:
        asyncio.run(ask())
