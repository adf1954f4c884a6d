"""Described: what each table and column of the store holds, in words, for people who open the file.

`python docs/records.py` makes a page of it, and the metadata that Datasette shows beside the data.
"""

from types import MappingProxyType
from typing import Final, NamedTuple


class DescribedTable(NamedTuple):
    """A table in words."""

    about: str
    "What a row is."
    columns: MappingProxyType[str, str]
    "Column to what it holds, with its unit."


def _table(what: str, /, **columns: str) -> DescribedTable:
    return DescribedTable(what, MappingProxyType(columns))


_AT = "Unix seconds."
_ONE = "Always 1: the table has one row."
_MINUTE = "When the minute begins, Unix seconds; an hour, once the minutes were summed up."
_KEY = "The client's key: its address, or the site's pseudonym for it (`~…`)."

_FINDING: Final = {
    "id": "Number; none comes twice.",
    "at": _AT,
    "client": _KEY,
    "verdict": "clean, unsure or worm.",
    "ident": "Name of the message in the bay.",
    "reason": "Which inspectors said what.",
}

TABLES: Final = MappingProxyType(
    {
        "client": _table(
            "A client that was seen.",
            id="Number, by which other tables name it.",
            key="Its address as text, or the site's pseudonym for it (`~…`).",
            first_seen="Unix seconds, to the minute where nothing was mail-related.",
            last_seen="Unix seconds, likewise.",
            name="Host name, if any source of the site knows one.",
            machine="MAC address, or its pseudonym; clients that share one are one machine.",
            source="Which source said so: hosts, leases, neighbours, pointers.",
        ),
        "measure": _table(
            "A name that `tally` counts under.",
            id="Number.",
            name="Such as `lookup`, `type:MX`, `rcode:NXDOMAIN`, `mail:mx`.",
        ),
        "tally": _table(
            "How often a client did something in a minute: its account.",
            start=_MINUTE,
            client="Number in `client`.",
            measure="Number in `measure`.",
            count="How often.",
        ),
        "lookup": _table(
            "A mail-related lookup, each on its own.",
            id="Number, in the order of writing; none comes twice.",
            at="When its answer left, Unix seconds.",
            client="Number in `client`.",
            kind="In which way it is mail-related: mx, exchange, implicit-mx, guess.",
            domain="The mail domain that it is about.",
            qname="The name that was asked for.",
            qtype="RR type, as a number: 15 is MX, 1 is A, 28 is AAAA.",
            rcode="Response code, as a number: 0 is NOERROR, 2 SERVFAIL, 3 NXDOMAIN.",
            origin="Of the answer: 0 upstream, 1 cache, 2 stale, 3 local, 4 failed, 5 late.",
            addresses='What it gave, with TTLs in seconds, as JSON: `[["192.0.2.1", 300]]`.',
            exchanges='The exchanges of an MX lookup, as JSON: `["mx.example.org"]`.',
            ttl="Of the MX records, seconds.",
            new="Addresses that were new to the site cache.",
            refreshed="Addresses that upstream sent again before they had expired.",
            hits="Addresses given from an answer cache.",
            redirected="1 where it was on its way to another resolver and was redirected to us.",
            recursion="1 where recursion was desired, as stub resolvers do.",
            policy="Which policy did something to the answer; NULL where none did.",
            decided="What it did: held, refused, rewritten.",
            dry_run="1 where it would have done so.",
            proven="1 where nobody else can have asked in the client's name.",
        ),
        "site": _table(
            "How often something happened to the whole site in a minute.",
            start=_MINUTE,
            measure="lookup, upstream, superfluous, new, refresh, hit, expire, evicted.",
            count="How often.",
        ),
        "entry": _table(
            "An address in the site cache: its last life, and the sums of those before, as far as"
            " it stands in no row of `entry_log`; what dnswatch shows is made of both.",
            address="IPv4 or IPv6 address.",
            expiry="When its last life ends or ended, Unix seconds.",
            first_seen="When that began, Unix seconds.",
            refreshes="How often upstream sent it again in that life.",
            hits="How often it was given from an answer cache in that life.",
            lives="How many lives it has had.",
            earlier_refreshes="Sum over the lives before the last.",
            earlier_hits="Sum over the lives before the last.",
        ),
        "entry_log": _table(
            "The present states of some lives of addresses, which become rows of `entry` later.",
            id="Number: later ones are true.",
            count="How many states.",
            states="Of each: address, first_seen and expiry (doubles), refreshes and hits (of four"
            " bytes each); little-endian.",
            width="Bytes of each address: 4 or 16.",
        ),
        "passed": _table(
            "Up to when the watch knows the site.",
            id=_ONE,
            until=_AT,
        ),
        "counter": _table(
            "What the processes counted in a minute, as `dnswatch status` shows it.",
            start=_MINUTE,
            name="Of the counter.",
            count="How often.",
        ),
        "health": _table(
            "How an upstream does, as a worker sees it.",
            node="Of the fleet; empty where there is none.",
            worker="Number of the worker.",
            upstream="Its URL.",
            at="When the worker said so last, Unix seconds.",
            up="1 where it answers.",
            rtt="Smoothed round-trip time, seconds; 0 before the first response.",
            answers="How many responses it gave.",
            failures="How often it gave none in time, or none that could be used.",
            edns="1 where it is asked with EDNS.",
        ),
        "enabled": _table(
            "A policy that a person switched on.",
            policy="Its name.",
            dry_run="1 where it only records what it would do.",
        ),
        "overrule": _table(
            "A person's word on a client.",
            client=_KEY,
            word="clear, trust or distrust.",
            at="Since when, Unix seconds.",
            until="Unix seconds; NULL for as long as nobody says otherwise.",
            why="The reason that was given.",
            actor="Who said so.",
        ),
        "role": _table(
            "What a client is for, as a person confirmed it.",
            client=_KEY,
            role="client, mail-server, resolver, server.",
        ),
        "verdict": _table(
            "What the detector thinks of a client that is not clean.",
            client=_KEY,
            share="Evidence as a share of the threshold: infected from 1 on.",
            at="When it came to that, Unix seconds.",
            until="When it fades without more evidence, Unix seconds.",
        ),
        "evidence": _table(
            "What the detector must know again of a client after a restart.",
            client=_KEY,
            state="msgpack, for dnswatch alone.",
        ),
        "detector": _table(
            "What the detector must know again of the site after a restart.",
            id=_ONE,
            state="msgpack, for dnswatch alone.",
            judged="Number of the last lookup that it has judged; NULL from older versions.",
        ),
        "change": _table(
            "Something that changed, as `dnswatch log` tells it.",
            id="Number; none comes twice, and each sink of events remembers the last it told.",
            at=_AT,
            about="verdict, mark, policy, overrule, role, warning, message, decision or fault.",
            client="Its key, where it is about one.",
            text="What.",
            cause="Why.",
            actor="Who: a person, or dnswatch.",
        ),
        "quarantined": _table(
            "A client whose mail is led into the holding bay.",
            client=_KEY,
            since=_AT,
            until="Unix seconds; NULL while the mark stands.",
        ),
        "finding": _table(
            "What the bay found a message to be: the watch learns from it.",
            **_FINDING,
        ),
        "found": _table(
            "The same, of this node's bay, on its way to the leader of the fleet.",
            **_FINDING,
        ),
        "counted": _table(
            "What this node's bay counted, on its way to the leader of the fleet.",
            start=_MINUTE,
            name="Of the counter.",
            count="How often.",
        ),
        "journal": _table(
            "How much of the watch's journal is in the store.",
            id=_ONE,
            cursor="JSON, for dnswatch alone.",
        ),
        "vantage": _table(
            "How a vantage point that is no worker does, or did.",
            name="As it said at its start.",
            lag="Seconds that its lookups may come late.",
            since="When it began, Unix seconds.",
            heard_at="When it was heard last, Unix seconds.",
            gone_at="When it ended, Unix seconds; NULL while it is here.",
            batches="How many it has sent.",
            lookups="How many were in them.",
            late="Lookups that came later than its lag.",
            dropped="Lookups that it could not hand over.",
            damaged="Messages of it that could not be read.",
        ),
        "outbox": _table(
            "A change of this store that the other nodes of the fleet are still to be told.",
            number="In order.",
            name="Of the table.",
            key="The row's primary key, as JSON.",
        ),
        "replica": _table(
            "Which version of the leader's store this one is.",
            id=_ONE,
            fence="Of the leader that made it; 0 where this node left its fleet.",
            number="Of the version.",
            led="The fence under which this node led last; 0 where it never did.",
            name="Of the store that this one is a copy of, or its own.",
        ),
    }
)
"""The tables in the order in which one meets them.  SQLite's own and sqlite-utils' are not among
them.
"""
