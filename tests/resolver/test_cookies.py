"""A server cookie proves its client's address for an hour, and no other client's."""

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.resolver.cookies import AHEAD, LIFE, RENEWAL, Cookies

SECRET, OTHER_SECRET = bytes(32), bytes(31) + b"1"
ALICE, BOB = b"\x0a\0\0\1", b"\x0a\0\0\2"
NOW = 1_764_331_200.5
own_cookies = st.binary(min_size=8, max_size=8)


def given_to(client: bytes, own: bytes = b"12345678", now: float = NOW) -> bytes:
    """The cookie that a client has from an answer."""
    option = Cookies(SECRET).check(own, client, now).option
    assert option[:4] == b"\0\x0a\0\x18"
    assert option[4:12] == own
    return option[4:]


@given(own_cookies, st.integers(-AHEAD, LIFE))
def test_a_cookie_that_comes_back_within_an_hour_is_good(own: bytes, age: int) -> None:
    """Whichever worker it comes back to: they share the secret."""
    cookie = given_to(ALICE, own)
    assert Cookies(SECRET).check(cookie, ALICE, NOW + age).is_good


@given(own_cookies, st.integers(0, 23), st.integers(1, 255))
def test_a_cookie_that_was_changed_proves_nothing(own: bytes, place: int, by: int) -> None:
    """Each of its bytes counts, the client's own and the time as well."""
    cookie = bytearray(given_to(ALICE, own))
    cookie[place] ^= by
    assert not Cookies(SECRET).check(bytes(cookie), ALICE, NOW).is_good


def test_another_clients_cookie_proves_nothing() -> None:
    """Who overhears one cannot use it from elsewhere, nor one of a server with another secret."""
    assert not Cookies(SECRET).check(given_to(ALICE), BOB, NOW).is_good
    assert not Cookies(OTHER_SECRET).check(given_to(ALICE), ALICE, NOW).is_good


def test_an_old_cookie_proves_nothing() -> None:
    """Nor one of a time that is to come."""
    cookie = given_to(ALICE)
    for age in (LIFE + 1, 86400, -AHEAD - 1):
        assert not Cookies(SECRET).check(cookie, ALICE, NOW + age).is_good


def test_a_cookie_is_renewed_when_half_its_life_is_over() -> None:
    """A client that goes on asking always has a good one, and no new one with each answer."""
    cookie, cookies = given_to(ALICE), Cookies(SECRET)
    assert cookies.check(cookie, ALICE, NOW + RENEWAL - 2).option[4:] == cookie
    renewed = cookies.check(cookie, ALICE, NOW + RENEWAL).option[4:]
    assert renewed != cookie
    assert cookies.check(renewed, ALICE, NOW + LIFE + 60).is_good


def test_keys_change_by_the_hour_and_few_are_kept() -> None:
    """A year of cookies leaves no year of keys in memory."""
    cookies = Cookies(SECRET)
    made = {cookies.check(b"12345678", ALICE, NOW + hour * 3600).option for hour in range(200)}
    assert len(made) == 200
    assert len(cookies._keys) <= 4


def test_a_cookie_of_another_make_gets_a_new_one() -> None:
    """A server cookie of another length is another server's: it is as if there were none."""
    for length in (8, 9, 32):
        checked = Cookies(SECRET).check(b"12345678" + bytes(length), ALICE, NOW)
        assert not checked.is_good
        assert Cookies(SECRET).check(checked.option[4:], ALICE, NOW).is_good
