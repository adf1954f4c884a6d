"""Mail names: what MX lookups on record teach of mail hosts; for a new watch, and for a trace."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from dnswatch.errors import WireError
from dnswatch.model.exchanges import Exchanges
from dnswatch.store.sqlite import Database
from dnswatch.wire.name import from_text


@dataclass(frozen=True, slots=True)
class MailDomain:
    """What one MX lookup taught the site."""

    at: float
    "When its response left, Unix seconds."
    domain: bytes
    "Lower-case wire form."
    exchanges: tuple[bytes, ...]
    "Lower-case wire form."
    ttl: int
    "Of the MX records, seconds."


def mail_domains(db: Database, since: float) -> list[MailDomain]:
    """Return what MX lookups since a moment (Unix seconds) taught, in order of time."""
    found = []
    for at, domain, exchanges, ttl in db.conn.execute(_MX_LOOKUPS, (since,)):
        try:
            names = tuple(from_text(exchange) for exchange in json.loads(exchanges or "[]"))
            found.append(MailDomain(at, from_text(domain), names, ttl))
        except WireError:
            continue  # a name that no host can have is learned anew when it is asked for
    return found


def exchanges_of(
    domains: Iterable[MailDomain], is_exempt: Callable[[bytes], bool], now: float
) -> Exchanges:
    """Return the mail-related names that follow, as they are now."""
    exchanges = Exchanges()
    exchanges.is_exempt = is_exempt
    for domain in domains:
        exchanges.asked_mx(None, domain.domain, domain.at)
        exchanges.learn_mx(domain.domain, domain.exchanges, domain.ttl, domain.at)
    exchanges.forget(now)
    return exchanges


_MX_LOOKUPS: Final = """
    SELECT at, domain, exchanges, ttl FROM lookup
    WHERE at >= ? AND kind = 'mx' AND qtype = 15 ORDER BY at"""
