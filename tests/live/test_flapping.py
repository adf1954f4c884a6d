"""An upstream that comes and goes each second: clients notice nothing where another one is well."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.rcode

from tests import check
from tests.live.site import Serve
from tests.upstream import Upstream

PHASE = 1.0
"""Seconds for which it is there, and then is not."""


@contextmanager
def flapping(upstream: Upstream, times: int) -> Iterator[threading.Thread]:
    """Stop and start an upstream so often, beside what the test does."""

    def flap() -> None:
        for _ in range(times):
            upstream.stop()
            over.wait(PHASE)
            upstream.start()
            over.wait(PHASE)

    over = threading.Event()
    thread = threading.Thread(target=flap)
    thread.start()
    try:
        yield thread
    finally:
        over.set()
        thread.join()


def test_a_flapping_upstream_beside_a_good_one_is_not_noticed(serve: Serve) -> None:
    """Every name is answered, whichever phase the preferred upstream is in."""
    unsteady, number = Upstream(), 0
    site = serve(unsteady, Upstream())
    with flapping(unsteady, 4) as thread:
        while thread.is_alive():
            answer = site.ask(f"n{number}.example", patience=10)
            assert answer.rcode() == dns.rcode.NOERROR
            assert answer.answer
            number += 1
    assert unsteady.asked, "the preferred upstream was never in use"


def test_after_flapping_the_only_upstream_is_asked_again(serve: Serve) -> None:
    """However often it went away, it is in use as soon as it stays; nothing is left doubted."""
    unsteady = Upstream()
    site = serve(unsteady)
    with flapping(unsteady, 3) as thread:
        thread.join()
    check.eventually(lambda: site.ask("back.example", patience=10).rcode() == dns.rcode.NOERROR)
    assert "back.example." in unsteady.names()
