"""A site whose mail goes to a test's exchange: an upstream with MX records, and settings."""

from dnswatch.settings import Settings, read
from tests.bay.exchange import Blunt, Exchange
from tests.behaviour import Asked, Step, answer, rcode
from tests.upstream import Upstream


def zone(records: dict[tuple[str, str], tuple[str, ...]], *, names: tuple[str, ...] = ()) -> object:
    """Behave as a server that has these records, and no other names but `names`."""
    known = {name for name, _ in records} | set(names)

    def behave(asked: Asked) -> list[Step]:
        name = asked.qname.lower().rstrip(".")
        if name not in known:
            return rcode("NXDOMAIN")(asked)
        texts = records.get((name, asked.qtype), ())
        return answer(*(f"{asked.qtype} {text}" for text in texts))(asked)

    return behave


def mail_zone(exchange: Exchange | Blunt, *domains: str) -> object:
    """Behave as a server by which mail of some domains goes to one exchange."""
    records: dict[tuple[str, str], tuple[str, ...]] = {
        (domain, "MX"): ("10 mx.there.example.",) for domain in domains
    }
    return zone({**records, ("mx.there.example", "A"): (exchange.address,)})


def settings(upstream: Upstream, exchange: Exchange, more: str = "") -> Settings:
    """Read the settings of a bay that delivers to a test's exchange."""
    return read(text(upstream, exchange, more), "dnswatch.toml")


def text(upstream: Upstream, exchange: Exchange, more: str = "") -> str:
    """Write these settings."""
    return (
        f'upstream.servers = ["{upstream.url}"]\nbay.hostname = "bay.corp.example"\n'
        f"bay.release.port = {exchange.port}\nbay.release.loopback = true\n"
        f'bay.release.domains = ["corp.example"]\n{more}\n'
    )
