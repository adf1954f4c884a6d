"""Ingest: what a vantage point that is no worker says, read and believed only as far as it can be.

It says who it is (`Hello`), and then hands over batches, one a message: in msgpack as workers do
(`batch.encode`), or in JSON, which any language writes (docs/extending.md has both).  A message of
JSON begins with `{`, which no batch in msgpack does.

Rules of this file: a message is good as a whole or `ValueError` says what is wrong with it; what
passed is in the form that the model relies on, and of a time that can be.
"""

from math import isfinite
from typing import Annotated, Final

import msgspec
from msgspec.structs import replace

from dnswatch import addresses
from dnswatch.codes import UNANSWERED
from dnswatch.errors import WireError
from dnswatch.model.observation import Observation, Origin, Tally
from dnswatch.seams.batch import MAX_MESSAGE, Batch, decode
from dnswatch.wire import name as names

MOST_LAG: Final = 30.0
"""Seconds: for as long a verdict waits at worst, on whoever it may be."""

AHEAD: Final = 1.0
"""Seconds for which nobody is waited for though all is told: another's clock may be ahead."""

LEAP: Final = 366 * 86400.0
"""Seconds by which a lookup may seem to be of the future, and is of now: where the machine's clock
was set, we follow a moment later.  Beyond, the time is a wrong number."""

OLDEST: Final = 86400.0
"""Seconds: what is older was not seen live."""

RECORDS: Final = 256
"""Records of one answer."""

DROPPED: Final = "dropped"
"""The one counter that a vantage point may use: lookups that it could not hand over."""

_LARGEST: Final = (1 << 31) - 1
_WORDS: Final = {origin.name.lower(): origin for origin in Origin}


class Hello(msgspec.Struct, frozen=True):
    """How a vantage point begins."""

    hello: Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,31}$")]
    "Its name."
    lag: Annotated[float, msgspec.Meta(ge=0, le=MOST_LAG)] = 1.0
    "Seconds by which it may be behind: for as long the others wait for it."


class _Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An `Observation` in JSON."""

    at: float
    qname: str
    qtype: int
    client: str | None = None
    rcode: int = 0
    origin: str = "upstream"
    addresses: tuple[tuple[str, int], ...] = ()
    exchanges: tuple[str, ...] = ()
    ttl: int = 0
    recursion: bool = True
    server: str | None = None
    proven: bool = True


class _Batch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A `Batch` in JSON."""

    until: float
    observations: list[_Seen] = []
    dropped: int = 0
    number: int = 0


_hello = msgspec.json.Decoder(Hello)
_batch = msgspec.json.Decoder(_Batch)


def read_hello(message: bytes) -> Hello:
    """Read how a vantage point begins."""
    try:
        return _hello.decode(message)
    except RecursionError as error:
        raise ValueError(str(error)) from None


def read(message: bytes, now: float, *, is_ours: bool = False) -> Batch:
    """Read a batch, heard at `now` (Unix seconds); processes of ours have counters of their own."""
    if len(message) > MAX_MESSAGE:
        raise ValueError(f"the message is longer than {MAX_MESSAGE} bytes")
    try:
        return _read(message, now, is_ours)
    except (WireError, RecursionError) as error:
        raise ValueError(str(error)) from None


def _read(message: bytes, now: float, is_ours: bool) -> Batch:
    batch = _plain(_batch.decode(message)) if message[:1] == b"{" else decode(message)
    _check(isfinite(batch.until), "the batch's time")
    dropped = batch.counters.get(DROPPED, 0)
    _check(0 <= dropped <= _LARGEST, "the count of what was dropped")
    counters = {DROPPED: dropped} if dropped else {}
    return Batch(
        min(batch.until, now + AHEAD),
        [_checked(seen, now) for seen in batch.observations],
        [_counted(tally) for tally in batch.tallies],
        batch.counters if is_ours else counters,
        number=batch.number,
    )


def _plain(told: _Batch) -> Batch:
    """Turn a batch of JSON into one of ours."""
    observations = [
        Observation(
            seen.at,
            _packed(seen.client),
            _name(seen.qname),
            seen.qtype,
            seen.rcode,
            _origin(seen.origin),
            tuple((addresses.read(address).packed, ttl) for address, ttl in seen.addresses),
            tuple(map(_name, seen.exchanges)),
            seen.ttl,
            recursion=seen.recursion,
            server=_packed(seen.server),
            proven=seen.proven,
        )
        for seen in told.observations
    ]
    return Batch(told.until, observations, counters={DROPPED: told.dropped}, number=told.number)


def _packed(address: str | None) -> bytes | None:
    return None if address is None else addresses.read(address).packed


def _name(text: str) -> bytes:
    """Read a name: as text, or where it is no host's, its wire form in hex behind `0x`."""
    return bytes.fromhex(text[2:]) if text.startswith("0x") else names.from_text(text)


def _origin(word: str) -> Origin:
    if word not in _WORDS:
        raise ValueError(f"'{word}' is no origin: expected {', '.join(_WORDS)}")
    return _WORDS[word]


def _checked(seen: Observation, now: float) -> Observation:
    """Return an observation in the form that the model relies on."""
    _check(now - OLDEST <= seen.at <= now + LEAP, "an observation's time")
    _check(0 <= seen.qtype <= 0xFFFF, "a query type")
    _check(seen.rcode == UNANSWERED or 0 <= seen.rcode <= 4095, "an rcode")
    _check(max(len(seen.addresses), len(seen.exchanges)) <= RECORDS, "the length of an answer")
    _check(all(0 <= ttl <= _LARGEST for _, ttl in seen.addresses), "a TTL")
    _check(0 <= seen.ttl <= _LARGEST, "a TTL")
    _check(seen.enforced is None, "what a policy did")  # only our own enforcement points can know
    return replace(
        seen,
        at=min(seen.at, now),
        client=seen.client if seen.client is None else addresses.packed(seen.client),
        server=seen.server if seen.server is None else addresses.packed(seen.server),
        addresses=tuple((addresses.packed(one), ttl) for one, ttl in seen.addresses),
        qname=_whole(seen.qname),
        exchanges=tuple(map(_whole, seen.exchanges)),
    )


def _counted(tally: Tally) -> Tally:
    """Return a tally in the form that the model relies on."""
    _check(0 <= tally.qtype <= 0xFFFF and 0 <= tally.rcode <= 4095, "a kind of answer")
    _check(0 < tally.count <= _LARGEST and 0 <= tally.addresses <= RECORDS, "a count")
    return tally if tally.client is None else replace(tally, client=addresses.packed(tally.client))


def _whole(name: bytes) -> bytes:
    """Return a name in lower case; it must be one, uncompressed, and nothing else."""
    _check(names.skip_plain(name, 0) == len(name), "a name")
    return name.lower()


def _check(is_right: bool, what: str) -> None:
    if not is_right:
        raise ValueError(f"{what} is none that can be")
