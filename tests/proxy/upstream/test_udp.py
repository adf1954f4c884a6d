"""An upstream over UDP, asked over real sockets: what is taken from whom, and what is not."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from dnswatch.proxy.datagrams import Batch
from dnswatch.proxy.upstream import udp
from dnswatch.proxy.upstream.udp import UdpUpstream
from dnswatch.settings import Server
from dnswatch.wire import response
from tests.behaviour import (
    Behaviour,
    both,
    by_name,
    delayed,
    no_response,
    plain,
    silent,
    truncated,
    wrong_id,
    wrong_question,
    wrong_source,
)
from tests.proxy.scripted import Scripted
from tests.proxy.upstream.questions import Question, until
from tests.upstream import Upstream


class Bench:
    """A `UdpUpstream` with its counters."""

    def __init__(self, url: str, *, sockets: int = 4) -> None:
        """Ask `url`."""
        self.counters: Counter[str] = Counter()
        self.fallback = Scripted()
        self.now = 1000.0
        self.upstream = UdpUpstream(
            Server(url), fallback=self.fallback, sockets=sockets, size=1232, room=Batch(),
            now=lambda: self.now, counters=self.counters,
        )  # fmt: skip

    async def asks(self, question: Question) -> Question:
        """Ask, and wait for what comes."""
        self.upstream.ask(question)
        await question.ended()
        return question


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a test's coroutine."""
    asyncio.run(work)


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_question_is_answered(address: str) -> None:
    """Over both families the answer to the question comes."""

    async def ask(url: str) -> None:
        bench = Bench(url)
        question = await bench.asks(Question())
        (message,) = question.responses
        assert response.read(message, question.query, 60).addresses
        bench.upstream.close()

    with Upstream(plain, address=address) as server:
        run(ask(server.url))


FORGERIES: dict[str, Callable[[Behaviour], Behaviour]] = {
    "ID": wrong_id, "question": wrong_question, "source": wrong_source, "QR": no_response,
}  # fmt: skip


@pytest.mark.parametrize("kind", FORGERIES)
def test_forgeries_are_counted_and_otherwise_ignored(kind: str) -> None:
    """What has another ID, question or source is not heard; the true answer behind it is."""

    async def ask(url: str) -> None:
        bench = Bench(url)
        question = await bench.asks(Question())
        assert question.responses[0][12:].startswith(question.query.asked)
        assert bench.counters["mismatch"] == 1
        assert len(question.responses) == 1
        bench.upstream.close()

    with Upstream(both(FORGERIES[kind](plain), plain)) as server:
        run(ask(server.url))


def test_an_answer_that_comes_twice_is_heard_once() -> None:
    """The second answer to a question fits nothing any more."""

    async def ask(url: str) -> None:
        bench = Bench(url, sockets=1)
        first = await bench.asks(Question())
        while not bench.counters["mismatch"]:
            await bench.asks(Question())
        assert len(first.responses) == 1
        bench.upstream.close()

    with Upstream(both(plain, plain)) as server:
        run(ask(server.url))


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_refusing_host_fails_at_once(address: str) -> None:
    """ICMP says that nobody is there: each question fails without waiting, one after another."""

    async def ask(url: str) -> None:
        bench = Bench(url, sockets=1)
        for number in range(4):
            question = await bench.asks(Question(f"n{number}.example."))
            assert question.failures == 1
            assert not question.responses
        bench.upstream.close()

    server = Upstream(plain, address=address)
    with server:
        server.stop()
        run(ask(server.url))


def test_questions_sent_together_to_a_refusing_host_all_fail_at_once() -> None:
    """No question is forgotten when many leave in one turn."""

    async def ask(url: str) -> None:
        bench = Bench(url, sockets=1)
        questions = [Question(f"n{number}.example.") for number in range(30)]
        for question in questions:
            bench.upstream.ask(question)
        for question in questions:
            await question.ended()
        assert all(question.failures == 1 for question in questions)
        bench.upstream.close()

    server = Upstream(plain)
    with server:
        server.stop()
        run(ask(server.url))


def test_a_cut_answer_is_fetched_over_tcp() -> None:
    """TC sends the question to the fallback, and what comes there counts for this upstream."""

    async def ask(url: str) -> None:
        bench = Bench(url)
        question = Question()
        bench.upstream.ask(question)
        await until(lambda: bench.fallback.asked)
        bench.fallback.answers(bench.now)
        bench.fallback.asked[0].failure(bench.fallback)
        assert question.told_by == [bench.upstream, bench.upstream]
        assert (len(question.responses), question.failures) == (1, 1)
        bench.upstream.close()

    with Upstream(truncated(plain)) as server:
        run(ask(server.url))


def test_ids_and_ports_differ() -> None:
    """IDs come from all of their range, ports from more than one."""

    async def ask(url: str) -> None:
        bench = Bench(url, sockets=16)
        for _ in range(60):
            await bench.asks(Question())
        bench.upstream.close()

    with Upstream(plain) as server:
        run(ask(server.url))
        idents = {asked.wire[:2] for asked in server.asked}
        ports = {asked.peer[1] for asked in server.asked}
    assert len(idents) >= 58
    assert len(ports) >= 8
    assert len({ident[0] for ident in idents}) >= 30
    assert all(port >= 1024 for port in ports)


@pytest.mark.parametrize("reason", ["age", "use"])
def test_ports_are_renewed(reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port is given up after its time or its share of questions."""
    monkeypatch.setattr(udp, "MAX_ASKED", 5)

    async def ask(url: str) -> None:
        bench = Bench(url, sockets=1)
        for _ in range(4):
            await bench.asks(Question())
        if reason == "age":
            bench.now += udp.MAX_AGE + 1
        else:
            await bench.asks(Question())
        await bench.asks(Question())
        bench.upstream.close()

    with Upstream(plain) as server:
        run(ask(server.url))
        ports = [asked.peer[1] for asked in server.asked]
    assert len(set(ports[:4])) == 1
    assert ports[-1] != ports[0]


def test_an_answer_to_a_port_given_up_is_still_heard() -> None:
    """A port that is renewed listens on for what is under way."""

    async def ask(server: Upstream) -> None:
        bench = Bench(server.url, sockets=1)
        first = Question("late.example.")
        bench.upstream.ask(first)
        await until(lambda: server.asked)
        bench.now += udp.MAX_AGE + 1
        await bench.asks(Question())
        assert not first.told.is_set()
        await first.ended()
        assert first.responses
        bench.upstream.close()

    with Upstream(by_name({"late.example.": delayed(0.3)})) as server:
        run(ask(server))


def test_a_closed_upstream_leaves_no_socket_open() -> None:
    """What was waited for is let go, and so are the sockets."""

    async def ask(url: str) -> None:
        bench = Bench(url, sockets=4)
        for _ in range(20):
            bench.upstream.ask(Question())
            await asyncio.sleep(0)
        bench.upstream.close()
        assert bench.fallback.closed

    with Upstream(silent) as server:
        run(ask(server.url))  # an open socket would be a ResourceWarning, which is an error


def test_a_closed_upstream_asks_nothing() -> None:
    """After a reload the old upstream opens no socket for a lookup that still knows it."""

    async def ask(url: str) -> None:
        bench = Bench(url)
        bench.upstream.close()
        question = await bench.asks(Question())
        assert question.failures == 1

    with Upstream(plain) as server:
        run(ask(server.url))
        assert not server.asked
