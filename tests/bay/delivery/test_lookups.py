"""What upstreams say of a domain."""

import asyncio

import dns.name
from dns.rdatatype import RdataType

from dnswatch.bay.delivery.routes import HostsFound, MailLookups
from dnswatch.settings import Server
from tests.behaviour import answer, plain, rcode, truncated
from tests.upstream import Upstream


def ask(*upstreams: Upstream) -> HostsFound | None:
    """Ask for the exchanges of a domain."""
    lookups = MailLookups(tuple(Server(one.url) for one in upstreams))
    return asyncio.run(lookups.ask(dns.name.from_text("there.example"), RdataType.MX))


def test_records_and_their_life() -> None:
    """An answer is its records of the type asked for, and how long they hold."""
    with Upstream(answer("MX 10 mx.there.example.", ttl=77)) as upstream:
        found = ask(upstream)
    assert found is not None
    assert [one.to_text() for one in found.records] == ["10 mx.there.example."]
    assert (found.exists, found.ttl) == (True, 77)


def test_a_name_that_is_not_there() -> None:
    """NXDOMAIN is an answer."""
    with Upstream(rcode("NXDOMAIN")) as upstream:
        found = ask(upstream)
    assert found is not None
    assert (found.records, found.exists) == ((), False)


def test_the_next_upstream_is_asked() -> None:
    """An upstream that fails is passed over; where all fail, nobody can say."""
    with Upstream(rcode("SERVFAIL")) as broken, Upstream(plain) as upstream:
        found = ask(broken, upstream)
        assert found is not None
        assert found.records
        assert ask(broken) is None


def test_a_long_list_of_exchanges_comes_by_tcp() -> None:
    """A truncated answer is asked for again, so that no exchange is missed."""
    with Upstream(truncated()) as upstream:
        found = ask(upstream)
    assert found is not None
    assert found.records
