"""An upstream over HTTPS, over real connections: one message in, one message out."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import dns.message
import dns.rrset
import pytest

from dnswatch.proxy.upstream.https import HttpsUpstream
from dnswatch.settings import Server
from tests.behaviour import (
    Asked,
    Close,
    GoAway,
    Headers,
    Reset,
    Step,
    ending_after,
    garbage,
    plain,
    response_to,
    status,
    wrong_question,
)
from tests.live.certificates import Certificates
from tests.proxy.upstream.questions import Question, Told, ask_by_eights, ended, until
from tests.upstream import Upstream


@pytest.fixture
def own(tmp_path: Path) -> Certificates:
    """An authority of the test's own."""
    return Certificates(tmp_path)


@pytest.fixture
def server(own: Certificates) -> Iterator[Upstream]:
    """An upstream that answers."""
    with own.upstream("https") as made:
        yield made


async def close(upstream: HttpsUpstream) -> None:
    """Close all connections, and wait until they are."""
    upstream.close()
    await until(lambda: upstream._connection is None and not upstream._left)


async def ask(server: Upstream, ca_file: str, *questions: Question) -> Counter[str]:
    """Ask all questions at once, wait for all ends, and give what was counted."""
    counters: Counter[str] = Counter()
    tls = ssl.create_default_context(cafile=ca_file)
    upstream = HttpsUpstream(
        Server(server.url), tls=tls, listener=Told(), now=lambda: 1000.0, counters=counters
    )
    for question in questions:
        upstream.ask(question.ask)
    for question in questions:
        await ended(question)
    await close(upstream)
    return counters


def test_questions_are_posted_and_answered(server: Upstream, own: Certificates) -> None:
    """Many at a time share a connection; each gets its own answer, under ID 0 (RFC 8484, 4.1)."""

    async def run() -> None:
        questions = [Question(f"n{number}.example.") for number in range(10)]
        await ask(server, own.file, *questions)
        for question in questions:
            assert question.responses[0][12:].startswith(question.ask.asked)

    asyncio.run(run())
    assert {asked.wire[:2] for asked in server.asked} == {b"\0\0"}
    assert server.connections == 1


@pytest.mark.parametrize("code", [301, 404, 500])
def test_an_http_error_is_a_failure(server: Upstream, own: Certificates, code: int) -> None:
    """Only 200 with a DNS message is an answer."""
    server.behaviour = status(code)

    async def run() -> None:
        question = Question()
        counters = await ask(server, own.file, question)
        assert (question.failures, question.responses) == (1, [])
        assert counters["upstream_https_failed"] == 1

    asyncio.run(run())


@pytest.mark.parametrize("behaviour", [wrong_question(plain), garbage()])
def test_another_message_is_a_failure(
    server: Upstream, own: Certificates, behaviour: object
) -> None:
    """A message that does not answer the question is counted, and fails it at once."""
    server.behaviour = behaviour  # type: ignore[assignment]

    async def run() -> None:
        question = Question()
        counters = await ask(server, own.file, question)
        assert (question.failures, question.responses) == (1, [])
        assert counters["mismatch"] == 1

    asyncio.run(run())


def test_a_server_with_another_certificate_is_not_asked(server: Upstream, tmp_path: Path) -> None:
    """What another authority vouches for is never told a question."""
    (tmp_path / "other").mkdir()
    other = Certificates(tmp_path / "other")

    async def run() -> None:
        question = Question()
        await ask(server, other.file, question)
        assert question.failures == 1

    asyncio.run(run())
    assert not server.asked


REFUSED_STREAM = 7


def upstream_of(server: Upstream, ca_file: str) -> HttpsUpstream:
    """Make the upstream that asks a server."""
    return HttpsUpstream(
        Server(server.url),
        tls=ssl.create_default_context(cafile=ca_file),
        listener=Told(),
        now=lambda: 1000.0,
        counters=Counter(),
    )


@pytest.mark.parametrize("answers", [1, 3])
@pytest.mark.parametrize(
    "last",
    [(Close(),), (GoAway(),), (GoAway(), Close()), (Reset(REFUSED_STREAM),)],
    ids=["closed", "goaway", "goaway-closed", "refused-stream"],
)
def test_a_connection_that_ends_loses_no_answer(
    server: Upstream, own: Certificates, answers: int, last: tuple[Step, ...]
) -> None:
    """However a server ends a connection, what was open goes on another (RFC 9113, 6.8, 8.7)."""
    server.behaviour = ending_after(answers, *last)

    async def run() -> None:
        upstream = upstream_of(server, own.file)
        questions = await ask_by_eights(upstream)
        assert [question.failures for question in questions] == [0] * 32
        await close(upstream)

    asyncio.run(run())


def test_a_server_that_always_hangs_up_is_a_failure(server: Upstream, own: Certificates) -> None:
    """Where two connections end without an answer, there is none to be had."""
    server.behaviour = ending_after(0, Reset(REFUSED_STREAM))

    async def run() -> None:
        question = Question()
        await ask(server, own.file, question)
        assert (question.failures, question.responses) == (1, [])

    asyncio.run(run())
    assert len(server.asked) == 2


def with_headers(*headers: tuple[str, str]) -> Callable[[Asked], list[Step]]:
    """Answer with an address of 300 s, under HTTP headers."""

    def behave(asked: Asked) -> list[Step]:
        response = response_to(asked)
        rrset = dns.rrset.from_text(asked.qname, 300, "IN", "A", "192.0.2.1")
        response.answer.append(rrset)
        return [Headers(response.to_wire(), headers)]

    return behave


@pytest.mark.parametrize(
    ("age", "left"),
    [("0", 300), ("250", 50), ("300", 0), ("4294967296", 0), ("20, 7", 280), ("soon", 300)],
)
def test_time_in_an_http_cache_counts(
    server: Upstream, own: Certificates, age: str, left: int
) -> None:
    """What a response's Age says is taken off its TTLs, and off OPT nothing (RFC 8484, 5.1)."""
    server.behaviour = with_headers(("content-type", "application/dns-message"), ("age", age))

    async def run() -> None:
        question = Question()
        await ask(server, own.file, question)
        heard = dns.message.from_wire(question.responses[0])
        assert (heard.answer[0].ttl, heard.edns) == (left, 0)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("kind", "is_answer"),
    [
        ("Application/DNS-Message", True),
        ("application/dns-message; charset=utf-8", True),
        ("application/dns-json", False),
        ("text/html", False),
    ],
)
def test_a_media_type_is_read_as_http_has_it(
    server: Upstream, own: Certificates, kind: str, is_answer: bool
) -> None:
    """Case and parameters of Content-Type mean nothing (RFC 9110 section 8.3.1)."""
    server.behaviour = with_headers(("content-type", kind))

    async def run() -> None:
        question = Question()
        await ask(server, own.file, question)
        assert bool(question.responses) is is_answer

    asyncio.run(run())


def test_questions_are_padded(server: Upstream, own: Certificates) -> None:
    """Every question is a multiple of 128 bytes long (RFC 8467 section 4.1)."""
    questions = [Question(qname, block=128) for qname in ("a.", "www.example.org.")]
    asyncio.run(ask(server, own.file, *questions))
    assert {len(asked.wire) for asked in server.asked} == {128}
