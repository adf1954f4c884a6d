"""Names of clients from the reverse zones."""

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import dns.rrset
import pytest
import trustme

from dnswatch.names import pointers as module
from dnswatch.names.hostname import pack
from dnswatch.names.pointers import PER_CALL, REMEMBERED, RETRY, Pointers
from dnswatch.settings import Domain, Forward, Server
from tests.behaviour import (
    Asked,
    Behaviour,
    Send,
    Step,
    answer,
    rcode,
    response_to,
    silent,
    truncated,
    wrong_id,
)
from tests.upstream import Upstream

NOW = 1793600000.0
REVERSE = "7.2.0.192.in-addr.arpa."
anna = answer("PTR Annas-iPad.corp.example.")
CLIENT = bytes([192, 0, 2, 7])


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """An upstream that knows one client's name."""
    with Upstream(anna) as running:
        yield running


def pointers(*upstreams: Upstream) -> Pointers:
    """Pointers that ask these upstreams."""
    return Pointers(tuple(Server(one.url) for one in upstreams))


def ask(asker: Pointers, *addresses: str, now: float = NOW) -> dict[bytes, str]:
    """Ask for some addresses; return the names known then."""
    asyncio.run(asker.ask([pack(one) or b"" for one in addresses], now))
    return asker.names(now)


def test_client_has_the_name_of_its_reverse_zone(upstream: Upstream) -> None:
    """A client's name is its PTR record, in lower case."""
    assert ask(pointers(upstream), "192.0.2.7") == {CLIENT: "annas-ipad.corp.example"}
    assert upstream.names() == [REVERSE]


def test_ipv6_client_has_a_name(upstream: Upstream) -> None:
    """IPv6 clients are asked for in ip6.arpa."""
    assert list(ask(pointers(upstream), "2001:db8::7").values()) == ["annas-ipad.corp.example"]
    assert upstream.names()[0].endswith(".8.b.d.0.1.0.0.2.ip6.arpa.")


def delegated(asked: Asked) -> list[Step]:
    """Answer with a CNAME and the record it leads to."""
    other = "7.0-15.2.0.192.in-addr.arpa."
    response = response_to(asked)
    response.answer += [
        dns.rrset.from_text(asked.message.question[0].name, 300, "IN", "CNAME", other),
        dns.rrset.from_text(other, 300, "IN", "PTR", "annas-ipad.corp.example."),
    ]
    return [Send(response.to_wire())]


def test_delegation_by_cname_is_followed(upstream: Upstream) -> None:
    """Networks smaller than /24 have their names behind a CNAME (RFC 2317)."""
    upstream.behaviour = delegated
    assert ask(pointers(upstream), "192.0.2.7") == {CLIENT: "annas-ipad.corp.example"}


@pytest.mark.parametrize("behaviour", [anna, rcode("NXDOMAIN")])
def test_answer_is_remembered_for_a_day(upstream: Upstream, behaviour: Behaviour) -> None:
    """A name, or that there is none, is asked for once a day."""
    upstream.behaviour = behaviour
    asker = pointers(upstream)
    first = ask(asker, "192.0.2.7")
    assert ask(asker, "192.0.2.7", now=NOW + REMEMBERED - 1) == first
    assert len(upstream.asked) == 1
    assert ask(asker, now=NOW + REMEMBERED) == {}
    ask(asker, "192.0.2.7", now=NOW + REMEMBERED)
    assert len(upstream.asked) == 2


def test_next_server_is_asked(upstream: Upstream) -> None:
    """A server that fails is passed over."""
    with Upstream(rcode("SERVFAIL")) as broken:
        assert ask(pointers(broken, upstream), "192.0.2.7") == {CLIENT: "annas-ipad.corp.example"}


def test_silence_is_tried_again_later(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no server answers, the client is asked for again after a while, not at once."""
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    upstream.behaviour = silent
    asker = pointers(upstream)
    assert ask(asker, "192.0.2.7") == {}
    upstream.behaviour = anna
    assert ask(asker, "192.0.2.7", now=NOW + RETRY - 1) == {}
    assert ask(asker, "192.0.2.7", now=NOW + RETRY) == {CLIENT: "annas-ipad.corp.example"}


def test_forwarded_zone_is_asked_at_its_servers(upstream: Upstream) -> None:
    """A reverse zone that is forwarded is asked where it is known, the longest one first."""
    with Upstream(answer("PTR inside.example.")) as inside, Upstream() as wider:
        asker = Pointers(
            (Server(upstream.url),),
            (
                Forward(domain=Domain("192.in-addr.arpa"), servers=(Server(wider.url),)),
                Forward(domain=Domain("2.0.192.in-addr.arpa"), servers=(Server(inside.url),)),
            ),
        )
        assert ask(asker, "192.0.2.7") == {CLIENT: "inside.example"}
        assert upstream.asked == wider.asked == []


def test_private_address_is_not_told_to_the_world() -> None:
    """A server outside of the site is not asked who has an address inside (RFC 6303)."""
    asker = Pointers((Server("udp://9.9.9.9"),))
    assert asker._asked(pack("10.0.0.7") or b"", "7.0.0.10.in-addr.arpa") == ()
    assert asker._asked(pack("9.9.9.7") or b"", "7.9.9.9.in-addr.arpa") == ("udp://9.9.9.9",)


def test_own_and_link_addresses_are_not_asked_for(upstream: Upstream) -> None:
    """Loopback and link-local addresses have no names that mean anything."""
    assert ask(pointers(upstream), "127.0.0.1", "::1", "fe80::7", "169.254.0.7") == {}
    assert upstream.asked == []


def test_one_call_asks_few(upstream: Upstream) -> None:
    """However many clients are new, one call asks for a bounded number; the next goes on."""
    asker = pointers(upstream)
    clients = [f"192.0.2.{n}" for n in range(PER_CALL + 3)]
    assert len(ask(asker, *clients)) == PER_CALL
    assert len(ask(asker, *clients)) == PER_CALL + 3


def test_memory_is_bounded(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """The client asked for longest ago is forgotten first."""
    monkeypatch.setattr(module, "MAX_NAMES", 2)
    asker = pointers(upstream)
    for client in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        ask(asker, client)
    assert set(asker.names(NOW)) == {pack("192.0.2.2"), pack("192.0.2.3")}


@pytest.fixture
def certified(tmp_path: Path) -> tuple[ssl.SSLContext, str]:
    """A server's certificate for dns.example, and the file of the authority that signed it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("dns.example").configure_cert(context)
    context.set_alpn_protocols(["h2"])
    return context, str(tmp_path / "ca.pem")


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_encrypted_upstreams_are_asked(scheme: str, certified: tuple[ssl.SSLContext, str]) -> None:
    """TLS and HTTPS upstreams give names if their certificate has the right name, else none."""
    certificate, ca_file = certified
    with Upstream(anna, scheme=scheme, certificate=certificate, name="dns.example") as upstream:
        right = Server(upstream.url)
        wrong = Server(upstream.url.replace("dns.example", "other.example"))
        assert ask(Pointers((wrong,), ca_file=ca_file), "192.0.2.7") == {}
        assert list(ask(Pointers((right,), ca_file=ca_file), "192.0.2.7")) == [CLIENT]


def test_tcp_upstream_is_asked() -> None:
    """An upstream that is asked by TCP alone gives names."""
    with Upstream(anna, scheme="tcp") as upstream:
        assert list(ask(pointers(upstream), "192.0.2.7")) == [CLIENT]


def test_truncated_answer_is_asked_for_again_by_tcp(upstream: Upstream) -> None:
    """A name whose answer does not fit into a datagram is fetched by TCP."""
    upstream.behaviour = truncated(anna)
    assert list(ask(pointers(upstream), "192.0.2.7")) == [CLIENT]
    assert [one.transport for one in upstream.asked] == ["udp", "tcp"]


@pytest.mark.parametrize("scheme", ["udp", "tcp"])
def test_forged_answer_names_nobody(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A response to another question gives no name."""
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    with Upstream(wrong_id(anna), scheme=scheme) as upstream:
        assert ask(pointers(upstream), "192.0.2.7") == {}


def test_upstream_with_a_name_is_asked(certified: tuple[ssl.SSLContext, str]) -> None:
    """An upstream may be written by its host name, which the system looks up."""
    certificate, ca_file = certified
    address = str(socket.getaddrinfo("localhost", 853, type=socket.SOCK_STREAM)[0][4][0])
    with Upstream(anna, scheme="tls", certificate=certificate, address=address) as upstream:
        server = Server(f"tls://localhost:{upstream.port}#dns.example")
        assert list(ask(Pointers((server,), ca_file=ca_file), "9.9.9.7")) == [pack("9.9.9.7")]
