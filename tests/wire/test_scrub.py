"""Scrub: which records of an answer belong to its question."""

import pytest

from dnswatch.errors import WireError
from dnswatch.wire import name, query, scrub
from dnswatch.wire.query import Query
from tests.resolver.scripted import query_body

A, CNAME, DNAME, RRSIG, TXT = 1, 5, 39, 46, 16


def asked(qname: str, qtype: str = "A") -> Query:
    """Read a query."""
    found = query.read(b"id" + query_body(qname, qtype))
    assert found is not None
    return found


def aliases(**pairs: str) -> dict[bytes, bytes]:
    """CNAMEs by the first labels of their owners and targets, all below example."""
    return {
        name.from_text(f"{k}.example"): name.from_text(f"{v}.example") for k, v in pairs.items()
    }


def test_a_chain_is_followed_to_its_end() -> None:
    """The names of a chain are the question's and every target, in whatever order they came."""
    names = scrub.chain(asked("a.example."), aliases(b="c", a="b", x="y"))
    assert names == {name.from_text(f"{one}.example") for one in "abc"}


@pytest.mark.parametrize(
    "pairs", [{"a": "a"}, {"a": "b", "b": "a"}, {"a": "b", "b": "c", "c": "b"}]
)
def test_circles_are_refused(pairs: dict[str, str]) -> None:
    """A chain that comes back to a name of its own has no end."""
    with pytest.raises(WireError):
        scrub.chain(asked("a.example."), aliases(**pairs))


@pytest.mark.parametrize(
    ("owner", "rtype", "qtype", "beside"),
    [
        ("a.example", A, "A", False),
        ("b.example", A, "A", True),
        ("a.example", TXT, "A", True),
        ("a.example", CNAME, "A", False),
        ("a.example", RRSIG, "A", False),
        ("example", DNAME, "A", False),
        ("example", RRSIG, "A", False),
        ("example", A, "A", True),
        ("ple", DNAME, "A", True),
        ("a.example", TXT, "ANY", False),
        ("b.example", TXT, "ANY", True),
    ],
)
def test_what_belongs_to_a_question(owner: str, rtype: int, qtype: str, beside: bool) -> None:
    """Its names, its type, and what carries a chain or signs it; all else stands beside it."""
    to = asked("a.example.", qtype)
    record = (name.from_text(owner), rtype, 1)
    assert scrub.is_beside(to, {to.qname}, record) is beside
