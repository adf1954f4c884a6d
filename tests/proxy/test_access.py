"""Access: the configured networks and nobody else; who is left out stands in no record."""

from ipaddress import ip_address, ip_network

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.proxy.access import Admission, Admissions, Networks
from dnswatch.settings import Settings, Subnet, read

networks = st.one_of(
    st.tuples(st.ip_addresses(v=4), st.integers(1, 32)),
    st.tuples(st.ip_addresses(v=6), st.integers(1, 128)),
).map(lambda pair: str(ip_network(f"{pair[0]}/{pair[1]}", strict=False)))


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
        assert admissions.of(ip_address(inside).packed) is Admission.RECORDED
    for outside in ("8.8.8.8", "2001:4860::1", "172.32.0.1"):
        assert admissions.of(ip_address(outside).packed) is Admission.NONE


def test_who_is_left_out_is_answered_and_not_recorded() -> None:
    """A client that is left out of the records is served like any other."""
    admissions = Admissions(configured('[privacy]\nleave_out = ["10.0.0.0/24"]'))
    assert admissions.of(ip_address("10.0.0.7").packed) is Admission.UNRECORDED
    assert admissions.of(ip_address("10.0.1.7").packed) is Admission.RECORDED


def test_other_settings_hold_for_clients_that_are_known_already() -> None:
    """A reload that closes a network closes it for those who used it."""
    admissions = Admissions(configured())
    client = ip_address("10.0.0.7").packed
    assert admissions.of(client) is Admission.RECORDED
    admissions.configure(configured('[access]\nnetworks = ["127.0.0.0/8"]'))
    assert admissions.of(client) is Admission.NONE


def test_strangers_cannot_make_the_memo_grow() -> None:
    """However many addresses ask, at most `limits.clients` are remembered; the rest is counted."""
    admissions = Admissions(configured("[limits]\nclients = 10"))
    for number in range(25):
        admissions.of(number.to_bytes(4, "big"))
        assert len(admissions._known) <= 10
    assert admissions.forgotten == 20
