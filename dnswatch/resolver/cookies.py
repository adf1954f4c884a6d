"""DNS cookies (RFC 7873): a client that sends ours back is where it says it is.

A server cookie has the form of RFC 9018 section 4: version, time, and a hash over them, the
client's own cookie and its address.  The hash is keyed BLAKE2 where that RFC has SipHash: a server
cookie is opaque to clients, and no other server shares our secret.  Nothing is remembered of any
client.
"""

import hmac
import struct
from hashlib import blake2s
from typing import Final, NamedTuple

from dnswatch.codes import Option

CLIENT_COOKIE: Final = 8
"""Bytes of a client's cookie (RFC 7873 section 4.1)."""

LIFE: Final = 3600
"""Seconds for which a server cookie is good, and for which one key makes them (RFC 9018, 4.3)."""

RENEWAL: Final = 1800
"""Age in seconds from which on a good cookie is replaced by a new one (RFC 9018 section 4.3)."""

AHEAD: Final = 300
"""Seconds by which a cookie's time may lie ahead: the clock may have been set back (same place)."""

_MADE: Final = struct.Struct("!B3xI")
_VERSION: Final = 1
_HASH: Final = 8
_SERVER_COOKIE: Final = _MADE.size + _HASH
_OPTION: Final = struct.Struct("!HH")


class Checked(NamedTuple):
    """What came of a cookie."""

    is_good: bool
    "It is one that we gave this client, lately."
    option: bytes
    "The EDNS option that belongs into the answer."


class Cookies:
    """Makes server cookies, and knows its own."""

    def __init__(self, secret: bytes) -> None:
        """Derive a key an hour from `secret`, 32 random bytes that all workers share."""
        self._secret = secret
        self._keys: dict[int, bytes] = {}

    def check(self, cookie: bytes, client: bytes, now: float) -> Checked:
        """Check what a client (packed address) sent, and say what to answer, at `now` (Unix s)."""
        own, sent = cookie[:CLIENT_COOKIE], cookie[CLIENT_COOKIE:]
        if len(sent) == _SERVER_COOKIE:
            version, made_at = _MADE.unpack_from(sent)
            age = int(now) - made_at
            is_good = (
                version == _VERSION
                and -AHEAD <= age <= LIFE
                and hmac.compare_digest(self._make(own, client, made_at), sent)
            )
            if is_good and age < RENEWAL:
                return Checked(True, _option(cookie))
        else:
            is_good = False
        return Checked(is_good, _option(own + self._make(own, client, int(now))))

    def _make(self, own: bytes, client: bytes, at: int) -> bytes:
        made = _MADE.pack(_VERSION, at)
        data = b"%b%b%b" % (own, made, client)
        return made + blake2s(data, digest_size=_HASH, key=self._key(at // LIFE)).digest()

    def _key(self, hour: int) -> bytes:
        key = self._keys.get(hour)
        if key is None:
            if len(self._keys) > 3:
                self._keys.clear()  # of hours that are over
            hashed = blake2s(hour.to_bytes(8, "big"), key=self._secret)
            key = self._keys[hour] = hashed.digest()
        return key


def _option(cookie: bytes) -> bytes:
    return _OPTION.pack(Option.COOKIE, len(cookie)) + cookie
