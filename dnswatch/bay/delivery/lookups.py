"""Lookups: what the site's upstreams say of a domain, as no quarantined client would hear it."""

import asyncio
from dataclasses import dataclass
from typing import Final

import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
from dns.message import Message, QueryMessage
from dns.rdata import Rdata

from dnswatch.names.questions import FAILURES, Questions, forwarded
from dnswatch.settings import Forward, Server

PATIENCE: Final = 4.0
"""Seconds for one question to one server: nobody waits at a screen."""

AT_ONCE: Final = 50
"""Questions in flight: mail may wait, clients' lookups share these upstreams."""

MOST_RECORDS: Final = 100
"""Records of an answer that are looked at; no domain has more exchanges."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a server said of a name and a type."""

    records: tuple[Rdata, ...]
    "None where the name has none of this type."
    exists: bool
    "Whether there is such a name."
    ttl: int
    "Of the answer, seconds."


class Lookups:
    """Asks the site's upstreams, and those of forwarded domains for theirs."""

    def __init__(
        self, servers: tuple[Server, ...], forward: tuple[Forward, ...] = (), ca_file: str = ""
    ) -> None:
        """Ask `servers`, and those of `forward` for their domains; `ca_file` as in the settings."""
        self._servers = servers
        self._forward = forward
        self._questions = Questions(ca_file, PATIENCE)
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def ask(self, name: dns.name.Name, kind: dns.rdatatype.RdataType) -> Found | None:
        """Ask one server after the other; None where none of them can say."""
        question = dns.message.make_query(name, kind, use_edns=0, payload=1232)
        for server in self._asked(name.to_text(omit_final_dot=True).lower()):
            try:
                async with self._gate:
                    response = await self._questions.ask(question, server)
                found = _found(response)
            except FAILURES:
                continue
            if found is not None:
                return found
        return None

    def _asked(self, name: str) -> tuple[Server, ...]:
        servers = forwarded(name, self._forward)
        return self._servers if servers is None else servers


def _found(response: Message) -> Found | None:
    if response.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        return None
    assert isinstance(response, QueryMessage), "it answers a query"
    chain = response.resolve_chaining()
    records = tuple(chain.answer)[:MOST_RECORDS] if chain.answer else ()
    return Found(records, response.rcode() == dns.rcode.NOERROR, int(chain.minimum_ttl))
