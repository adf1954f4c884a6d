"""What a value of a setting may look like."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnswatch.settings import Domain, Duration, Endpoint, Server, Size, Subnet


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("800ms", 0.8), ("1.8s", 1.8), ("5m", 300), ("2h", 7200), ("7d", 604800), ("2w", 1209600)],
)
def test_duration_has_a_unit(text: str, seconds: float) -> None:
    """A duration is written as a number with a unit."""
    assert Duration.parse(text) == pytest.approx(seconds)


@pytest.mark.parametrize("value", ["", "5", 5, 1.5, "5 minutes", "-1s", "1e3s", "٣s", True])
def test_duration_is_nothing_else(value: object) -> None:
    """A number without a unit is no duration: nobody has to guess what it means."""
    with pytest.raises(ValueError, match='expected a duration like "800ms"'):
        Duration.parse(value)


def test_duration_is_no_huge_number() -> None:
    """Even a number too long to be shown is refused in a sentence."""
    with pytest.raises(ValueError, match="expected a duration"):
        Duration.parse(10**5000)


def test_zero_needs_no_unit() -> None:
    """0 is the same in all units."""
    assert Duration.parse(0) == Duration.parse("0") == Duration(0)


@given(st.integers(1, 10**9).map(lambda ms: Duration(ms / 1000)))
def test_duration_reads_what_it_writes(duration: Duration) -> None:
    """A duration shown in an error or in the documentation can be written as it is shown."""
    assert Duration.parse(duration.text) == duration


@pytest.mark.parametrize(
    ("value", "size"), [("64MB", 64_000_000), ("1GiB", 2**30), ("1.5kB", 1500), (4096, 4096)]
)
def test_size_is_in_bytes(value: object, size: int) -> None:
    """A size is decimal or binary, by its unit; a bare number is bytes."""
    assert Size.parse(value) == size


@given(st.integers(0, 10**14).map(Size))
def test_size_reads_what_it_writes(size: Size) -> None:
    """A size shown in an error or in the documentation can be written as it is shown."""
    assert Size.parse(size.text) == size


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("127.0.0.1:5353", "127.0.0.1:5353"),
        ("192.0.2.1", "192.0.2.1:53"),
        ("[2001:DB8::1]:53", "[2001:db8::1]:53"),
        ("[::1]", "[::1]:53"),
        ("[fe80::1%eth0]:53", "[fe80::1%eth0]:53"),
        ("[::ffff:192.0.2.1]:53", "192.0.2.1:53"),
    ],
)
def test_endpoint_has_one_spelling(text: str, shown: str) -> None:
    """However an endpoint is written, it is shown and compared in one way."""
    assert Endpoint(text) == shown == Endpoint(shown)


@pytest.mark.parametrize("text", ["a:1", "::1:5353", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3:1", ""])
def test_endpoint_needs_an_address_and_a_port(text: str) -> None:
    """IPv6 endpoints need brackets: without them the port could be a part of the address."""
    with pytest.raises(ValueError, match="expected ADDRESS:PORT"):
        Endpoint(text)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("9.9.9.9", ("udp", "9.9.9.9", 53, "", "9.9.9.9")),
        ("2620:fe::fe", ("udp", "2620:fe::fe", 53, "", "2620:fe::fe")),
        ("udp://[2620:FE::FE]:5300", ("udp", "2620:fe::fe", 5300, "", "2620:fe::fe")),
        ("udp://[fe80::1%eth0]", ("udp", "fe80::1%eth0", 53, "", "fe80::1%eth0")),
        ("tcp://127.0.0.1:5301", ("tcp", "127.0.0.1", 5301, "", "127.0.0.1")),
        ("tls://9.9.9.9#dns.quad9.net", ("tls", "9.9.9.9", 853, "", "dns.quad9.net")),
        ("tls://dns.quad9.net", ("tls", "dns.quad9.net", 853, "", "dns.quad9.net")),
        ("https://9.9.9.9/q#dns.example", ("https", "9.9.9.9", 443, "/q", "dns.example")),
        ("https://dns.example", ("https", "dns.example", 443, "/dns-query", "dns.example")),
    ],
)
def test_server_is_a_url(text: str, parts: tuple[str, str, int, str, str]) -> None:
    """An upstream's URL says how, where and under which name it is asked."""
    server = Server(text)
    assert (server.scheme, server.host, server.port, server.path, server.name) == parts
    assert Server(str(server)) == server


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dns.quad9.net",
        "9.9.9.9@853",
        "9.9.9.9#53",
        "udp://9.9.9.9:0",
        "udp://9.9.9.9:99999",
        "udp://9.9.9.9/path",
        "udp://0.0.0.0",
        "udp://ff02::fb",
        "quic://9.9.9.9",
        "tls://",
        "tls://user@9.9.9.9",
        "https://dns.example/dns-query?x=1",
        "https://dns.example/a b",
        "tls://9.9.9.9#not a name",
    ],
)
def test_server_is_one_that_can_be_asked(text: str) -> None:
    """What cannot be asked, or would not be asked as it is written, is no upstream."""
    with pytest.raises(ValueError, match="expected"):
        Server(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("192.0.2.7/24", "192.0.2.0/24"),
        ("192.0.2.7", "192.0.2.7/32"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("2001:db8::/32", "2001:db8::/32"),
    ],
)
def test_subnet_drops_host_bits(text: str, shown: str) -> None:
    """A network is written by any address in it."""
    assert Subnet(text) == shown


def test_domain_has_one_spelling() -> None:
    """Case and the last dot make no other domain."""
    assert Domain("Corp.Example.") == "corp.example"


@pytest.mark.parametrize("text", ["", ".", "a..b", "bücher.example", "x" * 64, "a." * 130, "a b"])
def test_domain_fits_into_dns(text: str) -> None:
    """What could not be asked for is no domain to forward."""
    with pytest.raises(ValueError, match="expected a domain"):
        Domain(text)


@given(st.sampled_from([Endpoint, Server, Subnet, Domain]), st.text())
def test_no_text_is_more_than_refused(kind: type[Endpoint], text: str) -> None:
    """A text is read, and then reads back the same, or it is refused with what was expected."""
    try:
        value = kind(text)
    except ValueError as error:
        said = str(error)
    else:
        said = "" if kind(str(value)) == value else "it reads back as another value"
    assert not said or said.startswith("expected")
