"""Access: the configured networks and nobody else; who is left out stands in no record."""

from ipaddress import IPv6Network, ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.resolver.access import STRANGER, Admissions, Networks
from dnswatch.settings import Settings, Subnet, read


def _widened(text: str) -> IPv6Network:
    network = ip_network(text)
    return network if isinstance(network, IPv6Network) else IPv6Network("2001:db8::/32")


networks = (
    st.one_of(
        st.tuples(st.ip_addresses(v=4), st.integers(1, 32)),
        st.tuples(st.ip_addresses(v=6), st.integers(1, 128)),
    )
    .map(lambda pair: str(ip_network(f"{pair[0]}/{pair[1]}", strict=False)))
    .filter(lambda text: not ip_network("::ffff:0:0/96").overlaps(_widened(text)))
)
"""Networks but the IPv4-mapped ones, which stand for those of IPv4."""


def configured(text: str = "") -> Settings:
    """Read settings."""
    return read('[upstream]\nservers = ["192.0.2.1"]\n' + text, "test")


@given(st.lists(networks, max_size=6), st.ip_addresses())
def test_a_network_holds_its_addresses_and_no_others(texts: list[str], address: object) -> None:
    """What the standard library says of an address and some networks is what we say."""
    candidates = [ip_network(text) for text in texts]
    someone = ip_address(str(address))
    inside = any(someone in network for network in candidates)
    assert (someone.packed in Networks(map(Subnet, texts))) == inside
    for network in candidates:
        assert network.broadcast_address.packed in Networks(map(Subnet, texts))


def test_private_addresses_are_answered_by_default_and_others_not() -> None:
    """Out of the box dnswatch is no open resolver."""
    admissions = Admissions(configured())
    for inside in ("127.0.0.1", "10.1.2.3", "192.168.0.9", "::1", "fd00::1", "fe80::1"):
        assert admissions.of(ip_address(inside).packed).is_recorded
    for outside in ("8.8.8.8", "2001:4860::1", "172.32.0.1"):
        assert admissions.of(ip_address(outside).packed) == STRANGER


def test_who_is_left_out_is_answered_and_not_recorded() -> None:
    """A client that is left out of the records is served like any other."""
    admissions = Admissions(configured('[privacy]\nleave_out = ["10.0.0.0/24"]'))
    left_out = admissions.of(ip_address("10.0.0.7").packed)
    assert left_out.is_answered
    assert not left_out.is_recorded
    assert admissions.of(ip_address("10.0.1.7").packed).is_recorded


def test_other_settings_hold_for_clients_that_are_known_already() -> None:
    """A reload that closes a network closes it for those who used it."""
    admissions = Admissions(configured())
    client = ip_address("10.0.0.7").packed
    assert admissions.of(client).is_answered
    admissions.configure(configured('[access]\nnetworks = ["127.0.0.0/8"]'))
    assert not admissions.of(client).is_answered


def test_strangers_cannot_make_the_memo_grow() -> None:
    """However many addresses ask, at most `limits.clients` are remembered; the rest is counted."""
    admissions = Admissions(configured("[limits]\nclients = 10"))
    for number in range(25):
        admissions.of(number.to_bytes(4, "big"))
        assert len(admissions._known) <= 10
    assert admissions.forgotten == 20


def test_clients_that_may_the_same_share_what_says_so() -> None:
    """A hundred thousand clients take no object each."""
    admissions = Admissions(configured())
    found = {id(admissions.of(bytes((10, 0, 0, number)))) for number in range(99)}
    assert len(found) == 1


def test_loopback_cannot_be_forged_and_other_networks_only_where_the_site_says_so() -> None:
    """No packet with a source on loopback comes in from outside."""
    admissions = Admissions(configured('[access]\nunforgeable = ["10.1.0.0/16", "::1"]'))
    usual = Admissions(configured())
    for address, by_default, here in (
        ("127.0.0.66", True, False),
        ("::1", True, True),
        ("10.1.2.3", False, True),
        ("10.2.2.3", False, False),
    ):
        client = ip_address(address).packed
        assert usual.of(client).is_unforgeable is by_default
        assert admissions.of(client).is_unforgeable is here


def test_declared_resolvers_and_mail_servers_are_known_as_such() -> None:
    """Other servers are clients like any other, to the rates."""
    roles = "".join(
        f'{role} = ["10.0.0.{n}"]\n'
        for n, role in enumerate(("resolvers", "mail_servers", "servers"))
    )
    admissions = Admissions(configured(f"[roles]\n{roles}"))
    clients = [ip_address(f"10.0.0.{n}").packed for n in range(4)]
    assert [admissions.of(c).is_server for c in clients] == [True, True, False, False]


def test_this_machine_asks_for_others_as_a_server_does() -> None:
    """Its stub and servers come from 127.0.0.1 and ::1; other loopback addresses are clients."""
    admissions = Admissions(configured())
    clients = [ip_address(text).packed for text in ("127.0.0.1", "::1", "127.0.0.2")]
    assert [admissions.of(client).is_server for client in clients] == [True, True, False]
