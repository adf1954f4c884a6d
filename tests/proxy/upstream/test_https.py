"""An upstream over HTTPS, over real connections: one message in, one message out."""

import asyncio
import ssl
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from dnswatch.proxy.upstream.https import HttpsUpstream
from dnswatch.settings import Server
from tests.behaviour import garbage, plain, status, wrong_question
from tests.live.certificates import Certificates
from tests.proxy.upstream.questions import Question
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


async def ask(server: Upstream, ca_file: str, *questions: Question) -> Counter[str]:
    """Ask all questions at once, wait for all ends, and give what was counted."""
    counters: Counter[str] = Counter()
    tls = ssl.create_default_context(cafile=ca_file)
    upstream = HttpsUpstream(
        Server(server.url), tls=tls, size=1232, now=lambda: 1000.0, counters=counters
    )
    for question in questions:
        upstream.ask(question)
    for question in questions:
        await question.ended()
    upstream.close()
    await asyncio.gather(*upstream._tasks, return_exceptions=True)
    return counters


def test_questions_are_posted_and_answered(server: Upstream, own: Certificates) -> None:
    """Many at a time share a connection; each gets its own answer, under ID 0 (RFC 8484, 4.1)."""

    async def run() -> None:
        questions = [Question(f"n{number}.example.") for number in range(10)]
        await ask(server, own.file, *questions)
        for question in questions:
            assert question.responses[0][12:].startswith(question.query.asked)

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
