"""`python -m tests.fuzz.outcomes`: what becomes of the corpus and its spoilt copies, as digests.

It must not depend on whether the package is compiled.
"""

import hashlib
import json
import re
import sys
import tempfile
from collections.abc import Callable
from random import Random
from typing import Final

import msgspec

from dnswatch.codes import Type
from dnswatch.compiled import build
from dnswatch.model.observation import Observation, Origin
from dnswatch.model.watch import Watch
from dnswatch.sources.crew import Crew
from dnswatch.sources.stream import Stream
from dnswatch.wire import build as answers
from dnswatch.wire import name, overheard, query, response
from dnswatch.wire.name import from_text
from tests.fuzz.frame import corpus, inputs
from tests.fuzz.messages import spoilt
from tests.resolver.driven import Driven
from tests.resolver.scripted import configured

_CLIENT: Final = bytes((192, 0, 2, 7))
_LIMIT: Final = 1232
_NAMED: Final = re.compile(r"<\w+\.\w+: (\d+)>")
"""How a member of an enumeration shows itself, which a number need not."""
_PLACE: Final = re.compile(rf"{tempfile.gettempdir()}/\w+")


def _asked(data: bytes) -> object:
    refusal = answers.refusal(data.ljust(query.HEADER, b"\0"), 1, _LIMIT)
    asked = query.read(data)
    if asked is None:
        return refusal
    return (
        refusal,
        asked.key,
        asked.asked,
        asked.qname,
        query.for_upstream(asked, _LIMIT, block=128),
    )


def _heard(data: bytes) -> object:
    question = data[query.HEADER : name.skip(data, query.HEADER) + 4].ljust(5, b"\0")
    asked = query.Query(0x0100, question, 0, _LIMIT, b"", True)
    fits = response.answers(data, asked.key[: len(asked.question)])
    heard = response.read(data, asked, 3600)
    body = answers.body(heard, asked, 0, limit=_LIMIT, max_ttl=3600, size=_LIMIT)
    return fits, body, heard.addresses, heard.exchanges, heard.ttl, response.older(data, 60)


def _overheard(data: bytes) -> object:
    question = overheard.question(data)
    return question, question and overheard.answer(data, question[2])


def _replayed(data: bytes) -> object:
    with tempfile.NamedTemporaryFile() as recording:
        recording.write(data)
        recording.flush()
        told = [
            (sorted(reading.census.items()), reading.lookups, reading.flows)
            for reading in Stream([recording.name], Crew(1)).readings()
        ]
        return msgspec.json.encode(told)


def _resolved(data: bytes) -> object:
    """Have a client ask, and an upstream answer as it does in the corpus or nearly so."""
    chance = Random(data)
    driven = Driven(configured("limits.rate_per_client = 0"), "192.0.2.9 host.example")
    for _ in range(3):
        driven.query(data, _CLIENT, udp=chance.random() < 0.8)
        if driven.asked and len(data) >= query.HEADER:
            said = chance.choice(_RESPONSES)
            question = driven.asked[-1].query.question
            said = said[:12] + question + said[12 + len(question) :]
            driven.heard(-1, spoilt(said, chance) if chance.random() < 0.7 else said)
        driven.let(chance.choice((0.0, 0.5, 5.0)))
    seen = msgspec.json.encode(driven.core.observed.take())
    return driven.got, seen, sorted(driven.core.observed.take_counters().items())


def _watched(data: bytes) -> object:
    """Fold lookups that are drawn from an input, of few clients, names and addresses."""
    chance = Random(data)
    watch, at = Watch(10), 1_800_000_000.0
    told = []
    for _ in range(60):
        at += chance.choice((0.0, 0.01, 1.0, 30.0, 4000.0))
        watch.fold(_lookup(chance, at))
        if chance.random() < 0.1:
            watch.expire(at)
            told.append(repr(watch.drain()))
    return _NAMED.sub(r"\1", "".join([*told, repr(watch.drain())]))


def _lookup(chance: Random, at: float) -> Observation:
    domain = from_text(f"d{chance.randrange(4)}.example")
    label = chance.choice((b"mx1", b"mx2", b"www", b"mail", b"smtp"))
    host = b"%c%b%b" % (len(label), label, domain)
    qtype = chance.choice((Type.A, Type.A, Type.AAAA, Type.MX, Type.PTR, Type.TXT))
    ttls = (chance.choice((0, 5, 300, 1 << 31)) for _ in range(chance.randrange(3)))
    return Observation(
        at,
        bytes((10, 0, 0, chance.randrange(4))),
        domain if qtype is Type.MX else host,
        qtype,
        chance.choice((0, 0, 0, 2, 3)),
        chance.choice(list(Origin)),
        tuple((bytes((192, 0, 2, chance.randrange(20))), ttl) for ttl in ttls),
        (host,) if qtype is Type.MX else (),
        60,
    )


_RESPONSES: Final = corpus("response")

READERS: Final[dict[str, tuple[str, Callable[[bytes], object]]]] = {
    "query": ("query", _asked),
    "response": ("response", _heard),
    "overheard": ("response", _overheard),
    "core": ("query", _resolved),
    "watch": ("query", _watched),
    "capture": ("capture", _replayed),
    "dnstap": ("dnstap", _replayed),
}
"""By name, the kind of the corpus, and what is done with it."""


def outcome(read: Callable[[bytes], object], data: bytes) -> str:
    """Say what becomes of an input, the error included."""
    try:
        return repr(read(data))
    except Exception as error:  # noqa: BLE001 which one it is is what we want to know
        said = _PLACE.sub("", str(error))
        return f"{type(error).__name__}: {said} {getattr(error, 'rcode', '')}"


def digests(reader: str) -> dict[str, str]:
    """Return a digest of each outcome, by what makes the input again."""
    kind, read = READERS[reader]
    told = ((each, outcome(read, data)) for each, data in inputs(kind))
    return {each: hashlib.sha256(what.encode()).hexdigest()[:16] for each, what in told}


if __name__ == "__main__":
    json.dump({"build": build(), **{reader: digests(reader) for reader in READERS}}, sys.stdout)
