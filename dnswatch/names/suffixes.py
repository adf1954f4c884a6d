"""Suffixes: which domain somebody registered, by the public suffix list.

Below a public suffix such as `co.uk` everybody can register; the domain just below it is one
owner's.  The list comes with the package `publicsuffixlist`, and ages with it.
"""

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from publicsuffixlist import PublicSuffixList

_RESERVED: Final = frozenset(
    (
        b"example",
        b"test",
        b"invalid",
        b"localhost",
        b"local",
        b"internal",
        b"onion",
        b"alt",
        b"intranet",
        b"private",
        b"corp",
        b"home",
        b"lan",
    )
)
"""Top-level domains that stand in no list, and below which a site's own domains are: reserved by
RFC 2606, 6761, 6762, 7686, 9476 or ICANN, or named in RFC 6762 appendix G."""


@lru_cache(maxsize=65536)
def registrable(name: bytes) -> bytes | None:
    """Find the registered domain that a name belongs to; both in lower-case wire form.

    None for a public suffix, for the root, for a name that is no host name, and for one below a
    top-level domain that does not exist: nobody can have registered that.
    """
    labels = _labels(name)
    text = ".".join(label.decode("latin-1") for label in labels)
    if not text.isascii() or text.count(".") != len(labels) - 1:
        return None
    private = _list().privatesuffix(text)
    if private is not None:
        kept = labels[-private.count(".") - 1 :]
    elif len(labels) > 1 and labels[-1] in _RESERVED:
        kept = labels[-2:]
    else:
        return None
    return b"".join(bytes((len(label),)) + label for label in kept) + b"\0"


@cache
def _list() -> "PublicSuffixList":
    """Read the list when it is first asked, which few commands do: it takes 35 ms."""
    from publicsuffixlist import PublicSuffixList

    return PublicSuffixList(accept_unknown=False)


def _labels(name: bytes) -> list[bytes]:
    labels, at = [], 0
    while length := name[at]:
        labels.append(name[at + 1 : at + 1 + length])
        at += length + 1
    return labels
