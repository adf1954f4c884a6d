"""An upstream over UDP, asked over real sockets: what is taken from whom, and what is not."""

import asyncio
import math
import socket
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import dns.rrset
import pytest

from dnswatch.proxy.datagrams import DatagramBatch
from dnswatch.proxy.upstream import udp
from dnswatch.proxy.upstream.udp import UdpUpstream
from dnswatch.resolver.ask import LATE, Ask
from dnswatch.settings import Server
from dnswatch.settings import Upstream as Configured
from dnswatch.wire import response
from tests.behaviour import (
    Asked,
    Behaviour,
    Send,
    Step,
    both,
    by_name,
    delayed,
    no_response,
    plain,
    response_to,
    silent,
    truncated,
    wrong_id,
    wrong_question,
    wrong_source,
)
from tests.proxy.upstream.questions import Question, Told, ended, until
from tests.resolver.scripted import message
from tests.upstream import Upstream

LIFE: Final = Configured().deadline + LATE
"""Seconds that a port listens."""


class Fallback:
    """A transport that says nothing until the test speaks for it."""

    url = "tcp://192.0.2.1"

    def __init__(self) -> None:
        self.asked: list[Ask] = []
        self.is_closed = False

    def ask(self, ask: Ask) -> None:
        self.asked.append(ask)

    def close(self) -> None:
        self.is_closed = True


class Bench:
    """A `UdpUpstream` with its counters."""

    def __init__(self, url: str, *, sockets: int = 4, mixed_case: bool = False) -> None:
        """Ask `url`."""
        self.attacks: list[float] = []
        "Since when, each time an attack was told of."
        self.counters: Counter[str] = Counter()
        self.fallback = Fallback()
        self.now = 1000.0
        self.upstream = UdpUpstream(
            Server(url),
            fallback=self.fallback,
            listener=Told(),
            settings=Configured(sockets=sockets, mixed_case=mixed_case),
            room=DatagramBatch(),
            now=lambda: self.now,
            counters=self.counters,
            attacked=lambda _, since: self.attacks.append(since),
        )

    async def asks(self, question: Question) -> Question:
        """Ask, and wait for what comes."""
        self.upstream.ask(question.ask)
        await ended(question)
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
        assert response.read(message, question.ask.query, 60).addresses
        bench.upstream.close()

    with Upstream(plain, address=address) as server:
        run(ask(server.url))


GUESSES: dict[str, Callable[[Behaviour], Behaviour]] = {
    "ID": wrong_id,
    "question": wrong_question,
    "QR": no_response,
}


@pytest.mark.parametrize("kind", GUESSES)
def test_a_near_miss_takes_the_question_to_tcp(kind: str) -> None:
    """What comes to the right port with another ID or question is a guess: nothing that comes there
    is believed any more, not even the true answer, and TCP decides."""

    async def ask(url: str) -> None:
        bench = Bench(url)
        question = Question()
        bench.upstream.ask(question.ask)
        await until(lambda: bench.fallback.asked)
        assert bench.counters["upstream_near_misses"] == 1
        assert bench.counters["mismatch"]
        assert bench.fallback.asked == [question.ask]
        await bench.asks(Question("next.example."))  # which finds nothing left to read
        assert not question.responses
        bench.upstream.close()

    with Upstream(by_name({"www.example.": both(GUESSES[kind](plain), plain)})) as server:
        run(ask(server.url))


def test_what_comes_from_elsewhere_does_not_reach_the_port() -> None:
    """The kernel keeps other sources away; the true answer behind is heard."""

    async def ask(url: str) -> None:
        bench = Bench(url)
        question = await bench.asks(Question())
        assert len(question.responses) == 1
        assert not bench.counters
        bench.upstream.close()

    with Upstream(both(wrong_source(plain), plain)) as server:
        run(ask(server.url))


def test_many_near_misses_are_an_attack() -> None:
    """It is told once, with the moment from which on answers may be forged."""

    async def ask(url: str) -> None:
        bench = Bench(url)
        for number in range(udp.NEAR_MISSES):
            assert not bench.attacks
            bench.now += 1
            bench.upstream.ask(Question(f"n{number}.example.").ask)
            await until(lambda: len(bench.fallback.asked) > number)  # noqa: B023
        assert bench.attacks == [1001.0 - LIFE]
        bench.upstream.close()

    with Upstream(wrong_id()) as server:
        run(ask(server.url))


def test_rare_near_misses_are_no_attack() -> None:
    """After a quiet minute they are counted anew."""

    async def ask(url: str) -> None:
        bench = Bench(url)
        for number in range(2 * udp.NEAR_MISSES - 2):
            bench.now += udp.SPELL + 1 if number == udp.NEAR_MISSES - 1 else 1
            bench.upstream.ask(Question(f"n{number}.example.").ask)
            await until(lambda: len(bench.fallback.asked) > number)  # noqa: B023
        assert not bench.attacks
        bench.upstream.close()

    with Upstream(wrong_id()) as server:
        run(ask(server.url))


def test_an_answer_that_comes_twice_is_no_guess() -> None:
    """The second answer to a question is passed over; its neighbours at the port are heard."""

    async def ask(url: str) -> None:
        bench = Bench(url)
        first, second = Question("first.example."), Question("second.example.")
        bench.upstream.ask(first.ask)
        bench.upstream.ask(second.ask)
        await ended(second)
        assert len(first.responses) == len(second.responses) == 1
        assert bench.counters == {"mismatch": 1}
        bench.upstream.close()

    second = delayed(0.2)
    with Upstream(by_name({"first.example.": both(plain, plain), "second.example.": second})) as it:
        run(ask(it.url))


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
            bench.upstream.ask(question.ask)
        for question in questions:
            await ended(question)
        assert all(question.failures == 1 for question in questions)
        bench.upstream.close()

    server = Upstream(plain)
    with server:
        server.stop()
        run(ask(server.url))


def test_a_cut_answer_is_fetched_over_tcp() -> None:
    """TC sends the question to the fallback as it is: what comes counts for this upstream."""

    async def ask(url: str) -> None:
        bench = Bench(url)
        question = Question()
        bench.upstream.ask(question.ask)
        await until(lambda: bench.fallback.asked)
        assert bench.fallback.asked == [question.ask]
        assert (question.responses, question.failures) == ([], 0)
        bench.upstream.close()

    with Upstream(truncated(plain)) as server:
        run(ask(server.url))


def test_an_answer_longer_than_its_room_is_fetched_over_tcp() -> None:
    """A datagram that the kernel had to cut is as good as one with TC."""

    def long(asked: Asked) -> list[Step]:
        message = response_to(asked)
        texts = [f'"{"x" * 250}{number}"' for number in range(20)]
        message.answer += [dns.rrset.from_text(asked.qname, 60, "IN", "TXT", *texts)]
        return [Send(message.to_wire(max_size=65535))]

    async def ask(url: str) -> None:
        bench = Bench(url)
        bench.upstream.ask(Question().ask)
        await until(lambda: bench.fallback.asked)
        assert not bench.counters
        bench.upstream.close()

    with Upstream(long) as server:
        run(ask(server.url))


def bits(drawn: list[int]) -> float:
    """Estimate how many values there are to draw from, by how often two are alike, in bits."""
    pairs = sum(count * (count - 1) // 2 for count in Counter(drawn).values())
    return math.log2(len(drawn) * (len(drawn) - 1) / 2 / max(pairs, 1))


def test_ports_and_ids_are_worth_31_bits() -> None:
    """Over 10,000 questions ports come from nearly 55,000 and IDs from all there are, independent
    of each other; no port is one that a service has registered."""
    idents, came_from = [], []

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            server.setblocking(False)
            bench = Bench(f"udp://127.0.0.1:{server.getsockname()[1]}")
            for _ in range(10_000):
                question = Question()
                bench.upstream.ask(question.ask)
                wire, peer = await loop.sock_recvfrom(server, 512)
                idents.append(int.from_bytes(wire[:2], "big"))
                came_from.append(peer[1])
                await loop.sock_sendto(server, wire[:2] + message(question.ask.query)[2:], peer)
                await ended(question)
            bench.upstream.close()

    run(ask())
    assert bits(came_from) > 15.5
    assert bits(idents) > 15.7
    assert len(set(zip(idents, came_from, strict=True))) > 9_990
    assert min(came_from) >= 1024
    assert not set(came_from) & services()


def services() -> set[int]:
    """Read the ports of services that this machine knows, beside IANA's best known."""
    path = Path("/etc/services")
    lines = path.read_text().splitlines() if path.exists() else []
    entries = [line.partition("#")[0].split() for line in lines]
    return {11211, 24554, 47808} | {int(e[1].partition("/")[0]) for e in entries if len(e) > 1}


def test_questions_one_at_a_time_have_a_port_each() -> None:
    """It closes with the answer: nothing stays open for a scan to find."""

    async def ask(url: str) -> None:
        bench = Bench(url)
        for _ in range(20):
            await bench.asks(Question())
            assert not ports_to(server)
        bench.upstream.close()

    with Upstream(plain) as server:
        run(ask(server.url))
        assert len({asked.peer[1] for asked in server.asked}) > 15


def test_questions_under_way_together_share_a_port_for_a_while() -> None:
    """Others leave from there as well though all be answered, `SHARED` at most; then it closes."""

    async def ask(url: str) -> None:
        bench = Bench(url)
        for number in range(udp.SHARED + 3):
            bench.upstream.ask(Question(f"n{number}.example.").ask)
        assert bench.upstream.open_ports == 2
        await until(lambda: len(server.asked) == udp.SHARED + 3)
        await until(lambda: not ports_to(server))
        assert not bench.upstream.open_ports
        before = ports = peers(server)
        while ports == before or ports[-1] != ports[-3]:  # asking may take longer than FRESH
            await asyncio.gather(*(bench.asks(Question(f"{side}.example.")) for side in "ab"))
            await bench.asks(Question("c.example."))
            ports = peers(server)
        await until(lambda: not ports_to(server))
        bench.upstream.close()

    with Upstream(plain) as server:
        run(ask(server.url))
        assert max(Counter(peers(server)).values()) == udp.SHARED


def test_a_shared_port_closes_before_the_next_opens() -> None:
    """When its time is over and all is answered it does not count among those that are open."""

    async def ask(url: str) -> None:
        bench = Bench(url, sockets=1)
        for _ in range(20):
            bench.now += udp.FRESH
            await asyncio.gather(*(bench.asks(Question(f"{side}.example.")) for side in "ab"))
            assert bench.upstream.open_ports <= 1
        assert not bench.counters
        bench.upstream.close()

    with Upstream(plain) as server:
        run(ask(server.url))
        assert len(set(peers(server))) > 15


def test_a_port_listens_for_an_answer_that_is_late() -> None:
    """When its time is over it goes on listening for what is under way, and closes with that."""

    async def ask(url: str) -> None:
        bench = Bench(url)
        late = Question("late.example.")
        bench.upstream.ask(late.ask)
        await bench.asks(Question("b.example."))
        bench.now += udp.FRESH
        await bench.asks(Question("c.example."))
        await ended(late)
        await until(lambda: not ports_to(server))
        bench.upstream.close()

    with Upstream(by_name({"late.example.": delayed(0.3)}, plain)) as server:
        run(ask(server.url))
        assert len(set(peers(server))) == 2


@pytest.mark.parametrize("is_guess", [False, True], ids=["again", "guessed"])
def test_what_comes_to_a_port_where_all_is_answered_is_treated_as_ever(is_guess: bool) -> None:
    """An answer that comes again is passed over; a guess is a near miss, and closes the port."""

    async def ask() -> None:
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
            server.bind(("127.0.0.1", 0))
            server.setblocking(False)
            bench = Bench(f"udp://127.0.0.1:{server.getsockname()[1]}")
            questions = [Question("a.example."), Question("b.example.")]
            for question in questions:
                bench.upstream.ask(question.ask)
            for question in questions:
                wire, peer = await loop.sock_recvfrom(server, 512)
                answer = wire[:2] + message(question.ask.query)[2:]
                await loop.sock_sendto(server, answer, peer)
            if is_guess:
                answer = bytes([answer[0] ^ 1]) + answer[1:]
            await loop.sock_sendto(server, answer, peer)
            await until(lambda: bench.counters["mismatch"])
            assert all(len(question.responses) == 1 for question in questions)
            assert bench.counters["upstream_near_misses"] == is_guess
            assert not (is_guess and bench.upstream.open_ports)  # else its 10 ms decide
            assert not bench.fallback.asked, "no question was under way"
            bench.upstream.close()

    run(ask())


def peers(server: Upstream) -> list[int]:
    """List the ports that a server was asked from."""
    return [asked.peer[1] for asked in server.asked]


def ports_to(server: Upstream) -> int:
    """Count the sockets that are connected to a server's UDP port."""
    lines = Path("/proc/net/udp").read_text().splitlines()[1:]
    return sum(int(line.split()[2].partition(":")[2], 16) == server.port for line in lines)


def test_open_ports_are_bounded() -> None:
    """With as many ports open as may be, questions share them, and none is lost."""

    async def ask(server: Upstream) -> None:
        bench = Bench(server.url, sockets=2)
        for number in range(6):
            bench.now += udp.FRESH
            bench.upstream.ask(Question(f"n{number}.example.").ask)
            await until(lambda: len(server.asked) > number)  # noqa: B023
        assert bench.counters["upstream_ports_shared"] == 4
        bench.upstream.close()

    with Upstream(silent) as server:
        run(ask(server))
        assert len({asked.peer[1] for asked in server.asked}) == 2


def test_a_port_is_given_up_after_its_life() -> None:
    """It listens for late answers, but not for ever."""

    async def ask(server: Upstream) -> None:
        bench = Bench(server.url)
        late = Question("late.example.")
        bench.upstream.ask(late.ask)
        await until(lambda: server.asked)
        bench.now += LIFE - 1
        await ended(late)
        assert late.responses
        never = Question("never.example.")
        bench.upstream.ask(never.ask)
        bench.now += LIFE + 1
        await until(lambda: not bench.upstream.open_ports)
        bench.upstream.close()

    with Upstream(by_name({"late.example.": delayed(0.3)}, silent)) as server:
        run(ask(server))


@pytest.mark.parametrize("keeps", [True, False], ids=["kept", "lowered"])
def test_names_may_travel_in_random_case(keeps: bool) -> None:
    """With 0x20 an answer is believed that has the question in the case it was asked in; of a
    server that does not keep it TCP brings the answer."""

    def lowered(asked: Asked) -> list[Step]:
        (sent,) = plain(asked)
        assert isinstance(sent, Send)
        end = 12 + len(asked.qname) + 1
        return [Send(sent.wire[:12] + sent.wire[12:end].lower() + sent.wire[end:])]

    async def ask(url: str) -> None:
        bench = Bench(url, mixed_case=True)
        question = Question("a-long-name-for-many-bits.example.")
        bench.upstream.ask(question.ask)
        await until(lambda: question.responses or bench.fallback.asked)
        assert bool(question.responses) is keeps
        assert bench.counters == ({} if keeps else {"upstream_case_lost": 1})
        bench.upstream.close()

    with Upstream(plain if keeps else lowered) as server:
        run(ask(server.url))
        assert not server.asked[0].qname.islower()


def test_a_closed_upstream_leaves_no_socket_open() -> None:
    """What was waited for is let go, and so are the sockets."""

    async def ask(url: str) -> None:
        bench = Bench(url, sockets=4)
        for _ in range(20):
            bench.upstream.ask(Question().ask)
            await asyncio.sleep(0)
        bench.upstream.close()
        assert bench.fallback.is_closed

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
