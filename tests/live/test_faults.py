"""What clients notice of a broken upstream: nothing where another one is well, else SERVFAIL."""

from collections.abc import Callable
from pathlib import Path

import dns.rcode
import pytest

from tests import check
from tests.behaviour import (
    by_transport,
    closed,
    compression_loop,
    cut_short,
    delayed,
    dribbled,
    garbage,
    half_closed,
    in_turn,
    no_response,
    plain,
    rcode,
    silent,
    status,
    trailing,
    truncated,
    wrong_id,
    wrong_question,
)
from tests.live.certificates import Certificates
from tests.live.site import HASTY, Serve
from tests.upstream import Upstream

WORDS = REFUSED, SERVFAIL, NOTIMP = tuple(map(rcode, ("REFUSED", "SERVFAIL", "NOTIMP")))
"""What an upstream may say instead of an answer."""

FAULTS: dict[str, Callable[[Certificates], Upstream]] = {
    "silent": lambda _: Upstream(silent),
    "slow": lambda _: Upstream(delayed(7)),
    "answers REFUSED": lambda _: Upstream(REFUSED),
    "answers SERVFAIL": lambda _: Upstream(SERVFAIL),
    "answers NOTIMP": lambda _: Upstream(NOTIMP),
    "answers another ID": lambda _: Upstream(wrong_id()),
    "answers another question": lambda _: Upstream(wrong_question()),
    "answers with a query": lambda _: Upstream(no_response()),
    "answers garbage": lambda _: Upstream(garbage()),
    "answers with a loop": lambda _: Upstream(compression_loop),
    "answers half": lambda _: Upstream(cut_short()),
    "truncates without TCP": lambda _: Upstream(truncated(), tcp=False),
    "truncates, TCP silent": lambda _: Upstream(truncated(by_transport(plain, silent))),
    "truncates, TCP half closed": lambda _: Upstream(truncated(by_transport(plain, half_closed))),
    "truncates, TCP closed": lambda _: Upstream(truncated(by_transport(plain, closed))),
    "TCP half closed": lambda _: Upstream(half_closed, scheme="tcp"),
    "TCP closed": lambda _: Upstream(closed, scheme="tcp"),
    "TLS with another name": lambda own: own.upstream("tls", has="other.test"),
    "TLS silent": lambda own: own.upstream("tls", silent),
    "TLS to a TCP server": lambda _: Upstream(scheme="tls", name="dns.test"),
    "HTTPS with another name": lambda own: own.upstream("https", has="other.test"),
    "HTTPS error 500": lambda own: own.upstream("https", status(500)),
    "HTTPS silent": lambda own: own.upstream("https", silent),
    "HTTPS closed": lambda own: own.upstream("https", closed),
}
"""Every way to fail, by name."""


@pytest.fixture
def own(tmp_path: Path) -> Certificates:
    """A certificate authority that dnswatch is told to trust."""
    return Certificates(tmp_path)


@pytest.fixture(params=FAULTS)
def broken(request: pytest.FixtureRequest, own: Certificates) -> Upstream:
    """An upstream that fails in one of the ways."""
    return FAULTS[request.param](own)


def test_a_good_upstream_helps_out(serve: Serve, broken: Upstream, own: Certificates) -> None:
    """Behind a broken upstream of any kind, a good one answers before a stub gives up."""
    site = serve(broken, plain, settings={"upstream.ca_file": own.file})
    check.noerror(site.ask("help.example"))
    assert check.data(site.ask("more.help.example")) != []


def test_alone_it_is_said_so(serve: Serve, broken: Upstream, own: Certificates) -> None:
    """With nothing but a broken upstream clients hear in time that there is no answer: the
    upstream's own word where it gave one, else SERVFAIL with a reason (RFC 8914)."""
    settings = {"upstream.ca_file": own.file, **HASTY}
    response = serve(broken, settings=settings).ask("lost.example", use_edns=0)
    assert response.rcode() in {dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP}
    assert not response.answer
    assert broken.behaviour in WORDS or check.errors(response)


def test_a_refusing_upstream_costs_no_time(serve: Serve) -> None:
    """An upstream whose port is closed (ICMP) is passed over for the next one."""
    with Upstream() as dead:
        dead.stop()
        check.noerror(serve(dead.url, plain).ask("refused.example"))


def test_an_upstream_that_dies_is_left_and_found_again(serve: Serve) -> None:
    """A killed upstream costs no answer, and is asked again when it is back."""
    site = serve(plain, plain)
    first, second = site.upstreams
    assert isinstance(first, Upstream)
    assert isinstance(second, Upstream)
    check.noerror(site.ask("before.example"))
    first.stop()
    check.noerror(site.ask("during.example"))
    assert "during.example." in second.names()
    first.start()
    names = (f"after{number}.example" for number in range(10_000))
    heard = len(first.asked)
    check.eventually(lambda: site.ask(next(names)) and len(first.asked) > heard)


def test_one_hiccup_is_not_noticed(serve: Serve) -> None:
    """A single lost datagram is asked for again before the client gives up."""
    site = serve(in_turn(silent, plain))
    check.noerror(site.ask("hiccup.example"))


def test_truncated_answers_are_fetched_over_tcp(serve: Serve) -> None:
    """An answer that upstream cuts short over UDP is asked for again over TCP."""
    site = serve(truncated())
    check.noerror(site.ask("whole.example"))
    assert check.once(asked.transport for asked in site.upstream.asked) == ["udp", "tcp"]


def test_slow_streams_are_read_to_the_end(serve: Serve) -> None:
    """An upstream that sends its answer byte by byte over TCP is heard out."""
    site = serve(truncated(dribbled()))
    check.noerror(site.ask("crumbs.example"))


def test_trailing_bytes_are_not_passed_on(serve: Serve) -> None:
    """What follows the last record of an answer never reaches a client."""
    site = serve(trailing())
    wire = site.query("trailer.example").to_wire()
    for _ in range(2):
        assert not site.exchange(wire).endswith(b"\xde\xad\xbe\xef")
