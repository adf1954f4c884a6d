"""Scrub: an answer without what nobody asked for.

An upstream is believed about the question, and about the names that its CNAMEs lead to; records of
other names or types in an answer are how caches were poisoned (RFC 5452 section 3, RFC 2181 section
5.4.1).  They reach neither client nor watch.
"""

import struct
from collections.abc import Iterable
from typing import Final

from dnswatch.codes import Type
from dnswatch.errors import WireError
from dnswatch.wire import name, rdata
from dnswatch.wire.query import HEADER, Query

_RECORD: Final = struct.Struct("!HHIH")
_COUNTS: Final = struct.Struct("!HHH")
_ALONG: Final = frozenset((Type.CNAME.value, Type.DNAME.value, Type.RRSIG.value))
"""Types that come with an answer of any other type."""
_ANY_CLASS: Final = b"\0\xff"

Record = tuple[bytes, int, int]
"""Owner in lower case, type, class."""


def chain(query: Query, aliases: dict[bytes, bytes]) -> set[bytes]:
    """Return the names that a question leads to, itself first.

    `aliases` are owners and targets of CNAMEs.  Raises `WireError` where they go round in circles.
    """
    at, names = query.qname, {query.qname}
    while (target := aliases.get(at)) is not None:
        if target in names:
            raise WireError("the answer's CNAMEs go round in circles")
        names.add(target)
        at = target
    return names


def is_beside(query: Query, names: set[bytes], record: Record) -> bool:
    """Tell whether a record of an answer section has nothing to do with the question."""
    owner, rtype, rclass = record
    asked_class = query.question[-2:]
    if rclass.to_bytes(2, "big") != asked_class != _ANY_CLASS:
        return True
    if rtype != query.qtype and rtype not in _ALONG and query.qtype != Type.ANY:
        return True
    if owner in names:
        return False
    # A DNAME, and its signature, stand above the name that they rewrite (RFC 6672 section 3).
    is_above = any(_lies_below(one, owner) for one in names)
    return not (is_above and rtype in (Type.DNAME, Type.RRSIG))


def without(message: bytes, query: Query, names: set[bytes], opt: bytes) -> bytes:
    """Write a response anew with the answer to the question and `opt`, and nothing else."""
    answer, _, _ = _COUNTS.unpack_from(message, 6)
    at = HEADER + len(query.question)
    kept = []
    for _ in range(answer):
        owner, data = name.take(message, at)
        rtype, rclass, ttl, length = _RECORD.unpack_from(message, data)
        data += _RECORD.size
        at = data + length
        if not is_beside(query, names, (owner, rtype, rclass)):
            content = rdata.expanded(message, rtype if rclass == 1 else 0, data, at)
            kept.append(owner + _RECORD.pack(rtype, rclass, ttl, len(content)) + content)
    head = message[: HEADER - 6] + _COUNTS.pack(len(kept), 0, 1 if opt else 0)
    question = message[HEADER : HEADER + len(query.question)]
    return b"".join([head, question, *kept, opt])


def _lies_below(one: bytes, above: bytes) -> bool:
    """Tell whether a name lies below another, by whole labels."""
    return one != above and any(one[at:] == above for at in _label_starts(one))


def _label_starts(one: bytes) -> Iterable[int]:
    at = 0
    while one[at]:
        yield at
        at += one[at] + 1
    yield at
