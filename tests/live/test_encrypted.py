"""Upstreams by TLS and HTTPS: believed only with the right name on a certificate we trust."""

from pathlib import Path

import pytest

from tests import check
from tests.behaviour import delayed
from tests.live.authority import unbound
from tests.live.certificates import Certificates
from tests.live.site import HASTY, Serve
from tests.live.test_tcp import framed, receive
from tests.loopback import reserve


@pytest.fixture
def own(tmp_path: Path) -> Certificates:
    """A certificate authority that dnswatch is told to trust."""
    return Certificates(tmp_path)


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_questions_travel_encrypted(serve: Serve, own: Certificates, scheme: str) -> None:
    """An upstream with the right certificate is asked by TLS and by HTTPS."""
    upstream = own.upstream(scheme)
    site = serve(upstream, settings={"upstream.ca_file": own.file})
    assert check.data(site.ask("secret.example")) != []
    assert check.once(asked.transport for asked in upstream.asked) == [scheme]


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_a_stranger_to_the_authorities_is_told_nothing(
    serve: Serve, own: Certificates, scheme: str
) -> None:
    """An upstream whose certificate nobody vouches for is never asked anything."""
    upstream = own.upstream(scheme)
    site = serve(upstream, settings=HASTY)
    check.servfail(site.ask("secret.example"))
    assert upstream.asked == []


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_a_wrong_name_is_told_nothing(serve: Serve, own: Certificates, scheme: str) -> None:
    """An upstream whose certificate has another name is never asked anything."""
    settings = {"upstream.ca_file": own.file, **HASTY}
    upstream = own.upstream(scheme, has="other.test")
    check.servfail(serve(upstream, settings=settings).ask("secret.example"))
    assert upstream.asked == []


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_one_connection_serves_many(serve: Serve, own: Certificates, scheme: str) -> None:
    """Connections are kept: 30 questions need no 30 handshakes."""
    upstream = own.upstream(scheme)
    site = serve(upstream, settings={"upstream.ca_file": own.file})
    for number in range(30):
        check.noerror(site.ask(f"kept{number}.example"))
    assert upstream.connections <= 3


@pytest.mark.parametrize("scheme", ["tls", "https"])
def test_a_lost_connection_is_made_again(serve: Serve, own: Certificates, scheme: str) -> None:
    """When the upstream restarts, the next question finds it."""
    upstream = own.upstream(scheme)
    site = serve(upstream, settings={"upstream.ca_file": own.file})
    check.noerror(site.ask("before.example"))
    upstream.stop()
    upstream.start()
    check.eventually(lambda: check.data(site.ask("after.example")))


def test_answers_over_tls_may_come_in_any_order(serve: Serve, own: Certificates) -> None:
    """Many questions share a connection to a slow upstream, and none waits for another."""
    upstream = own.upstream("tls", delayed(0.5))
    site = serve(upstream, settings={"upstream.ca_file": own.file})
    with site.connect() as client:
        client.sendall(framed(*(site.query(f"n{number}.example") for number in range(20))))
        for _ in range(20):
            check.noerror(receive(client))
    assert upstream.connections <= 3


@pytest.mark.parametrize(("scheme", "option"), [("tls", "tls-port"), ("https", "https-port")])
def test_unbound_is_understood(
    serve: Serve, own: Certificates, tmp_path: Path, scheme: str, option: str
) -> None:
    """A real unbound answers us by TLS and HTTPS."""
    with reserve() as holder, reserve() as plain_holder:
        port, plain_port = holder.getsockname()[1], plain_holder.getsockname()[1]
    key, chain = own.pair("dns.test")
    extra = f"""
    interface: 127.0.0.1@{port}
    {option}: {port}
    tls-service-key: "{key}"
    tls-service-pem: "{chain}"
    local-data: "example. 60 A 192.0.2.1"
    local-data: "example. 60 SOA . . 1 1 1 1 1"
"""
    path = "/dns-query" if scheme == "https" else ""
    with unbound(tmp_path, extra, plain_port):
        url = f"{scheme}://127.0.0.1:{port}{path}#dns.test"
        site = serve(url, settings={"upstream.ca_file": own.file})
        assert check.data(site.ask("example")) == ["192.0.2.1"]
