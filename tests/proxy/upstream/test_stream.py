"""An upstream over TCP and TLS, over real connections: order, crumbs, forgeries, padding."""

import asyncio

import dns.edns
import dns.message
import pytest

from dnswatch.resolver.upstreams import routes
from dnswatch.settings import read
from tests.behaviour import both as both_of
from tests.behaviour import (
    by_name,
    delayed,
    dribbled,
    plain,
    wrong_id,
    wrong_question,
)
from tests.proxy.upstream.questions import Bench, Question, ended
from tests.upstream import Upstream


def test_answers_may_come_in_any_order() -> None:
    """A slow answer holds up no other (RFC 7766 section 7)."""

    async def ask() -> None:
        bench = Bench(server)
        slow, quick = Question("slow.example."), Question()
        bench.upstream.ask(slow.ask)
        await bench.asks(quick)
        assert not slow.told.is_set()
        await ended(slow)
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
        assert question.responses[0][12:].startswith(question.ask.asked)
        assert bench.counters["mismatch"] == 1
        bench.upstream.close()

    with Upstream(both_of(forged, plain), scheme="tcp") as server:  # type: ignore[arg-type]
        asyncio.run(ask())


def test_encrypted_questions_are_padded() -> None:
    """Over TLS every question is a multiple of 128 bytes long (RFC 8467); over TCP none is."""
    settings = read('upstream.servers = ["tls://127.0.0.1#dns.test", "tcp://127.0.0.1"]', "test")
    encrypted, plain_one = (state.block for state in routes(settings, 0).upstreams())
    for qname in ("a.", "www.example.org.", f"{'x' * 60}.{'y' * 60}.example."):
        message = b"\0\0" + Question(qname, block=encrypted).ask.message
        assert len(message) % 128 == 0
        assert len(Question(qname, block=plain_one).ask.message) < len(message) - 2
        (padding,) = dns.message.from_wire(message).options
        assert padding.otype == dns.edns.OptionType.PADDING
