"""One client's flood takes nothing from the others."""

from ipaddress import ip_address

from dnswatch.resolver.rates import Fairness, Rates
from tests.resolver.scripted import configured

ANSWER, TRUNCATE, SILENCE = Fairness.ANSWER, Fairness.TRUNCATE, Fairness.SILENCE


def rates(**limits: int) -> Rates:
    """Rates with some limits of their own."""
    limits = {"rate_per_client": 5, "rate_per_network": 0} | limits
    text = "\n".join(f"limits.{name} = {value}" for name, value in limits.items())
    return Rates(configured(text).limits)


def packed(address: str) -> bytes:
    """Pack an address."""
    return ip_address(address).packed


def test_above_its_rate_a_client_is_told_to_come_by_tcp_and_then_hears_nothing() -> None:
    """Others are answered meanwhile; a second later it is as well."""
    some = rates()
    for _ in range(2):
        got = [some.judge(packed("10.0.0.1")) for _ in range(52)]
        assert got == [ANSWER] * 5 + [TRUNCATE] * 45 + [SILENCE] * 2
        assert some.judge(packed("10.0.0.2")) is ANSWER
        some.new_second()


def test_an_ipv6_client_is_its_64() -> None:
    """Whoever has one address of a /64 has all of them."""
    some = rates()
    assert [some.judge(packed(f"fd00::{n}")) for n in range(6)] == [ANSWER] * 5 + [TRUNCATE]
    assert some.judge(packed("fd00:0:0:1::1")) is ANSWER


def test_what_comes_in_a_clients_name_takes_nothing_from_what_it_proves_to_send() -> None:
    """TCP and cookies have a count of their own."""
    some = rates()
    for _ in range(20):
        some.judge(packed("10.0.0.1"))
    assert [some.judge(packed("10.0.0.1"), proven=True) for _ in range(6)][-2:] == [
        ANSWER,
        TRUNCATE,
    ]


def test_a_network_has_a_rate_that_no_single_client_uses_up() -> None:
    """Who forges all sources of a /24 stops at its rate; one client that floods, long before."""
    some = rates(rate_per_network=20)
    for _ in range(100):
        some.judge(packed("10.0.0.1"))
    got = [some.judge(packed(f"10.0.0.{n}")) for n in range(2, 30)]
    assert got.count(ANSWER) == 15
    assert some.judge(packed("10.0.0.7"), proven=True) is ANSWER
    assert some.judge(packed("10.0.1.1")) is ANSWER


def test_a_declared_server_has_no_rate_unless_the_site_gives_it_one() -> None:
    """It asks for many others."""
    mail = packed("10.0.0.25")
    assert {rates().judge(mail, is_server=True) for _ in range(1)} == {ANSWER}
    some = rates()
    assert all(some.judge(mail, is_server=True) is ANSWER for _ in range(10_000))
    some = rates(rate_per_server=100)
    assert [some.judge(mail, is_server=True) for _ in range(101)][-1] is TRUNCATE


def test_a_rate_of_nought_is_none() -> None:
    """A site may do without."""
    some = rates(rate_per_client=0)
    assert all(some.judge(packed("10.0.0.1")) is ANSWER for _ in range(10_000))


def test_counts_are_bounded() -> None:
    """A flood from everywhere fills no memory."""
    some = rates(clients=100)
    for n in range(1000):
        some.judge(n.to_bytes(4, "big"))
        assert len(some._counts) <= 100
