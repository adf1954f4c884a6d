"""Suffixes: which domain somebody registered, by the public suffix list.

Below a public suffix such as `co.uk` everybody can register; the domain just below it is one
owner's.  The list comes with the package `publicsuffixlist`, and ages with it.
"""

from functools import lru_cache
from typing import Final

from publicsuffixlist import PublicSuffixList

_LIST: Final = PublicSuffixList()


@lru_cache(maxsize=65536)
def registrable(name: bytes) -> bytes | None:
    """Find the registered domain that a name belongs to; both in lower-case wire form.

    None for a public suffix, for the root, and for a name that is no host name.
    """
    labels = _labels(name)
    text = ".".join(label.decode("latin-1") for label in labels)
    if not text.isascii() or text.count(".") != len(labels) - 1:
        return None
    private = _LIST.privatesuffix(text)
    if private is None:
        return None
    kept = labels[-private.count(".") - 1 :]
    return b"".join(bytes((len(label),)) + label for label in kept) + b"\0"


def _labels(name: bytes) -> list[bytes]:
    labels, at = [], 0
    while length := name[at]:
        labels.append(name[at + 1 : at + 1 + length])
        at += length + 1
    return labels
