"""Whose port 25 is led to the bay, and what nftables is told."""

import json
from ipaddress import ip_address

from hypothesis import given
from hypothesis import strategies as st

from dnswatch.model.policies.exempt import Exempt
from dnswatch.model.policies.steering import MOST, SETS, members, steered, transaction
from dnswatch.settings import read

SITE = """
roles.mail_servers = ["10.0.0.25"]
quarantine = {i_have_authority = true, addresses = ["10.0.0.99"]}
"""
EXEMPT = Exempt(read(SITE, "test"))


def packed(*texts: str) -> list[bytes]:
    return [ip_address(text).packed for text in texts]


def test_who_is_quarantined_now_is_steered_and_nobody_else() -> None:
    """An end in the store is an end; a pseudonym has no address."""
    stored = {
        "10.0.0.6": (1.0, None),
        "2001:db8::6": (2.0, None),
        "10.0.0.7": (1.0, 5.0),
        "~abc": (1.0, None),
    }
    assert steered(stored, EXEMPT) == (packed("10.0.0.6", "2001:db8::6"), 1)


@given(st.sets(st.sampled_from(["10.0.0.25", "10.0.0.99", "10.0.0.6"])))
def test_declared_servers_and_the_bay_are_never_steered(keys: set[str]) -> None:
    """Whatever the store says."""
    found, _ = steered(dict.fromkeys(keys, (1.0, None)), EXEMPT)
    assert set(found) <= set(packed("10.0.0.6"))


def test_one_transaction_replaces_both_sets() -> None:
    """Each element has a time-out; a set that nobody is in is emptied all the same."""
    told = transaction(packed("10.0.0.6"), 60)["nftables"]
    flushed = [one["flush"]["set"]["name"] for one in told if "flush" in one]
    assert flushed == list(SETS.values())
    [added] = [one["add"]["element"] for one in told if "add" in one]
    assert (added["name"], added["elem"]) == (
        "clients4",
        [{"elem": {"val": "10.0.0.6", "timeout": 60}}],
    )
    assert len(transaction([], 60)["nftables"]) == 2
    json.dumps(told)


def test_no_set_overflows() -> None:
    """More clients than the shipped set holds would have nftables refuse all of them."""
    many = [number.to_bytes(4, "big") for number in range(MOST + 10)]
    [added] = [one["add"]["element"] for one in transaction(many, 60)["nftables"] if "add" in one]
    assert len(added["elem"]) == MOST


def test_what_nft_lists_is_read() -> None:
    """With time-outs and without, and where a set is empty."""
    listing = {
        "nftables": [
            {"metainfo": {}},
            {
                "set": {
                    "name": "clients4",
                    "elem": [
                        {"elem": {"val": "10.0.0.6", "timeout": 60, "expires": 41}},
                        "10.0.0.7",
                    ],
                }
            },
            {"set": {"name": "clients6"}},
        ]
    }
    assert members(listing) == {"10.0.0.6": 41, "10.0.0.7": 0}
