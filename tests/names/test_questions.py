"""One question to one upstream."""

import asyncio

import dns.message
import pytest

from dnswatch.names.questions import FAILURES, Questions
from dnswatch.settings import Server
from tests.behaviour import silent, truncated
from tests.upstream import Upstream


def ask(upstream: Upstream, patience: float = 5.0) -> dns.message.Message:
    """Ask for an address."""
    question = dns.message.make_query("host.example", "A")
    return asyncio.run(Questions("", patience).ask(question, Server(upstream.url)))


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
def test_the_response_comes_back(scheme: str) -> None:
    """By whatever transport the upstream has."""
    with Upstream(scheme=scheme) as upstream:
        assert ask(upstream).answer


def test_what_does_not_fit_is_asked_by_tcp() -> None:
    """A truncated response is no response."""
    with Upstream(truncated()) as upstream:
        assert ask(upstream).answer


def test_silence_is_a_failure() -> None:
    """Whoever asks goes on to the next server."""
    with Upstream(silent) as upstream, pytest.raises(FAILURES):
        ask(upstream, 0.1)
