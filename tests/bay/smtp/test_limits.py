"""How many connections and messages a client may have."""

from dnswatch.bay.smtp.limits import FROM_ADDRESS, FROM_NETWORK, STRANGERS, RateLimits
from dnswatch.settings.bay import BayLimits

LIMITS = BayLimits(connections=3, connections_per_client=2, rate=2)


def test_one_client_cannot_take_all_connections() -> None:
    """A client has its share of connections, and all together have theirs."""
    rate_limits = RateLimits(LIMITS)
    assert [rate_limits.enter("a") for _ in range(3)] == [True, True, False]
    assert [rate_limits.enter("b") for _ in range(2)] == [True, False]
    rate_limits.leave("a")
    assert rate_limits.enter("b")


def test_messages_are_counted_by_the_minute() -> None:
    """Of `rate` messages a minute each is taken, one more is put off, and later taken again."""
    rate_limits = RateLimits(LIMITS)
    assert [rate_limits.bring("a", now=100.0) for _ in range(3)] == [True, True, False]
    assert rate_limits.bring("b", now=100.0)
    assert not rate_limits.bring("a", now=120.0)
    assert rate_limits.bring("a", now=130.0)


def test_clients_of_the_past_take_no_memory() -> None:
    """Whoever has been silent for a minute is not remembered."""
    rate_limits = RateLimits(LIMITS)
    for number in range(1000):
        rate_limits.bring(str(number), now=60.0 * number)
    assert len(rate_limits._debts) < 10


def test_strangers_wait_in_room_of_their_own() -> None:
    """So many of an address, of a network and in all; and they take none of the clients' room."""
    rate_limits = RateLimits(LIMITS)
    one = [rate_limits.wait("192.0.2.1") for _ in range(FROM_ADDRESS + 1)]
    assert one == [True] * FROM_ADDRESS + [False]
    near = [rate_limits.wait(f"192.0.2.{number}") for number in range(2, 40)]
    assert near.count(True) == FROM_NETWORK - FROM_ADDRESS
    rate_limits.stop_waiting("192.0.2.1")
    assert rate_limits.wait("192.0.2.50")
    far = [rate_limits.wait(f"2001:db8:0:{number:x}::1") for number in range(200)]
    assert far.count(True) == STRANGERS - FROM_NETWORK
    assert not rate_limits.wait("::ffff:198.51.100.1")
    assert rate_limits.enter("192.0.2.1")


def test_strangers_of_the_past_take_no_memory() -> None:
    """Whoever has left the door is not remembered."""
    rate_limits = RateLimits(LIMITS)
    for number in range(1000):
        assert rate_limits.wait(f"10.0.{number % 250}.{number % 200}")
        rate_limits.stop_waiting(f"10.0.{number % 250}.{number % 200}")
    assert not rate_limits._strangers
