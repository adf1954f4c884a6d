"""Worm: what the file of a worm says; the facts and their sources stand in each file."""

from typing import Annotated, Final, Literal

import msgspec

from dnswatch.lab.campus.plan import Count, Share, Text
from dnswatch.lab.campus.run.post import Way
from dnswatch.settings import Range, read_as

GUESSES: Final = ("mx", "mail", "smtp", "mx1", "mxs", "mail1", "relay", "ns", "gate")
"""What MyDoom and Mytob guess, in that order."""


class Worm(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One worm."""

    name: Text
    "What it is called."
    summary: Text
    "What it does, in one sentence."
    references: tuple[Text, ...] = ()
    "Where its figures stand."
    mails: Annotated[float, Range("0.01", "1e7", "without mails it is no mass mailer")]
    "Mails that one host tries on its first day, in the mean of all hosts."
    unevenness: Annotated[float, Range("0", "3", "above, one host is the outbreak")] = 0.0
    "Sigma of the lognormal activity of hosts."
    lasts: Count = 0.0
    "Days in which the activity of a host falls to a third; 0 is never."
    hours: Literal["always", "working"] = "always"
    "When it sends: at any hour, or mostly while people work."
    mails_in_all: Count = 0.0
    "It ends after so many mails of a host; 0 is never."
    domains: Annotated[int, Range(1, 1_000_000, "it needs a target")]
    "Mail domains that it finds on one host."
    favour: Annotated[float, Range("0", "3", "above, one domain gets all mails")] = 0.5
    "Exponent of Zipf's law by which it chooses among them."
    shares: bool = False
    "Infected hosts share the targets out: each mail domain belongs to one of them."
    novel: Count = 0.0
    "New mail domains that one host begins on a day at most; 0 is as it comes."
    looks_up: tuple[Literal["mx", "domain", "guesses"], ...] = ("mx", "domain")
    "What it asks for, in that order; after MX always the exchange's address."
    guesses: tuple[Text, ...] = GUESSES
    "Labels that it guesses mail hosts by."
    picks_any: bool = False
    "It takes any exchange, without regard to preference."
    resolver: Literal["site", "foreign", "own"] = "site"
    "Whom it asks: the site's server, foreign servers on port 53, or one that nobody sees (DoH)."
    unreachable: Share = 0.0
    "Share of its connections that fail though there is an address."
    inside: Share = 0.01
    "Share of its mails that go to people of the site."
    opened: Share = 0.01
    "Probability that such a mail infects who gets it."
    patience: Count = 14400.0
    "Seconds until somebody opens a mail, in the mean."
    calls: Count = 0.0
    "Connections of one host on a day that are not for mail, each with a lookup: for more code."
    callees: Annotated[int, Range(1, 1000, "calls go somewhere")] = 20
    "Hosts that it makes them to."
    callee_ttl: Annotated[int, Range(0, 86400, "TTLs of hosts are shorter than a day")] = 1200
    "TTL of their addresses, seconds."
    bounces: Count = 0.0
    "Mails that the site's mail servers send back to forged senders on the worst day."

    @property
    def way(self) -> Way:
        """How it finds exchanges."""
        return Way(
            "mx" in self.looks_up,
            "domain" in self.looks_up,
            self.guesses if "guesses" in self.looks_up else (),
            self.resolver,
            self.picks_any,
        )


def read(text: str, where: str) -> Worm:
    """Read a worm from TOML; `where` names the text in errors."""
    return read_as(Worm, text, where, lambda _: ())
