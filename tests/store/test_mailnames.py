"""Mail names: what a watch, or a trace, knows again from the records."""

from pathlib import Path

from dnswatch.codes import Type
from dnswatch.model.exchanges import GRACE
from dnswatch.store import Store
from dnswatch.store.mailnames import exchanges_of, mail_domains
from dnswatch.wire.name import from_text
from tests.records import NOON, asked, record

MX, SMTP, SITE = (from_text(name) for name in ("mx.example.org", "smtp.example.org", "example.org"))


def test_what_mx_lookups_taught_is_known_again_for_as_long(tmp_path: Path) -> None:
    """By the TTL of their records, then only guessed; a domain that is exempt keeps its hosts."""
    record(
        tmp_path,
        [
            asked(0, "10.0.0.1", "example.org", Type.MX, exchanges=["mx.example.org"], ttl=600),
            asked(5, "10.0.0.2", "other.example", Type.MX, exchanges=["mx.example.org"], ttl=60),
            asked(9, "10.0.0.1", "www.example.org", gives=["192.0.2.1"]),
        ],
    )
    with Store.read(tmp_path) as store, store.snapshot() as db:
        found = mail_domains(db, NOON)
        assert [one.domain for one in found] == [SITE, from_text("other.example")]
        assert mail_domains(db, NOON + 1) == found[1:]
    early = exchanges_of(found, lambda _: False, NOON + 10)
    assert early.kind(None, MX, Type.A, NOON + 10) == ("exchange", from_text("other.example"))
    assert early.kind(None, SMTP, Type.A, NOON + 10) == ("guess", SITE)
    kept = exchanges_of(found, lambda domain: domain == SITE, NOON + 10)
    assert kept.kind(None, MX, Type.A, NOON + 10) == ("exchange", SITE)
    late = exchanges_of(found, lambda _: False, NOON + 601 + GRACE)
    assert late.kind(None, MX, Type.A, NOON + 601 + GRACE) == ("guess", SITE)
