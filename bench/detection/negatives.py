"""Negatives: what is no worm and looks like one, each with the state that it gets.

A story is what one client of a learned site looks up; the state is the worst it reached.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random
from typing import Final

from bench.detection import lookups, site
from bench.table import Table
from dnswatch.model.changes import MailLookup
from dnswatch.model.detection.detector import Detector
from dnswatch.model.detection.verdict import Rung, State
from dnswatch.model.role import Role

WHO: Final = lookups.client(77_777)
"""A client that the site has long known and that has made no mail-related lookup."""

Story = Callable[[float, Random], Iterator[MailLookup]]


@dataclass(frozen=True, slots=True)
class Negative:
    """One kind of honest sender or asker."""

    name: str
    story: Story
    "What it looks up from a moment on."
    undeclared: State
    "Worst state it gets where nobody declared it."
    role: Role | None = None
    "Role that an admin must declare, where it must be declared; then it stays clean."


def worst(detector: Detector, story: Story, begin: float, seed: int = 1) -> Rung:
    """Play a story; return the worst that was thought of its client."""
    reached = Rung.WATCHED
    for lookup in sorted(story(begin, Random(seed)), key=lambda one: one.at):
        detector.see(lookup)
        reached = max(reached, detector.verdict(WHO, lookup.at).rung)
    return reached


def _domain(chance: Random) -> str:
    return f"n{chance.getrandbits(40)}.org"


def server(begin: float, chance: Random) -> Iterator[MailLookup]:
    """A mail server at full load: 5,000 domains in three days."""
    for at in site.moments(5000 / 3, begin, begin + 3 * site.DAY, chance):
        yield from lookups.delivery(at, WHO, site.some_domain(chance))


def laptop(begin: float, chance: Random) -> Iterator[MailLookup]:
    """A laptop's own MTA sends 40 mails to 25 domains when it comes back after a week."""
    domains = [_domain(chance) for _ in range(25)]
    for n in range(40):
        yield from lookups.delivery(begin + n * 1.5, WHO, domains[n % 25])


def inbound(begin: float, chance: Random) -> Iterator[MailLookup]:
    """A mail server that checks the sender domain of each mail it is offered, spam mostly."""
    for at in site.moments(2000, begin, begin + site.DAY, chance):
        failed = lookups.NXDOMAIN * (chance.random() < 0.4)
        yield lookups.mx(at, WHO, _domain(chance), rcode=failed)


def filter_storm(begin: float, chance: Random) -> Iterator[MailLookup]:
    """A spam filter asks block lists for addresses: thousands of A lookups, none mail-related.

    What does reach the detector is the relay that it forwards to.
    """
    for n in range(200):
        yield from lookups.delivery(begin + n * 60 * (1 + chance.random()), WHO, "upstream.example")


def set_up(begin: float, _: Random) -> Iterator[MailLookup]:
    """Thunderbird sets up an account: the domain's MX, then guesses at its hosts."""
    yield lookups.mx(begin, WHO, "person.example")
    yield from lookups.guesses(begin + 1, WHO, "person.example", ("mail", "smtp", "mx", "relay"))


def host_loop(begin: float, chance: Random) -> Iterator[MailLookup]:
    """A shell loop runs `host` over five names, which asks for A, AAAA and MX of each."""
    for n in range(5):
        yield lookups.mx(begin + 2 * n, WHO, _domain(chance))


def long_host_loop(begin: float, chance: Random) -> Iterator[MailLookup]:
    """A shell loop runs `host` over 200 names."""
    for n in range(200):
        yield lookups.mx(begin + n, WHO, _domain(chance))


def form(begin: float, chance: Random) -> Iterator[MailLookup]:
    """A web form checks the domain of each address typed in: 30 a day, for two weeks."""
    for at in site.moments(30, begin, begin + 14 * site.DAY, chance):
        yield lookups.mx(at, WHO, site.some_domain(chance))


def bulk(begin: float, chance: Random) -> Iterator[MailLookup]:
    """A list of 500 addresses is imported, and each domain checked at once."""
    for n in range(500):
        failed = lookups.NXDOMAIN * (chance.random() < 0.1)
        yield lookups.mx(begin + n / 5, WHO, _domain(chance), rcode=failed)


def monitoring(begin: float, _: Random) -> Iterator[MailLookup]:
    """A monitor asks for the MX of the site's own domain and its partner's each minute."""
    for n in range(3 * 1440):
        yield from lookups.delivery(begin + n * 60, WHO, f"partner{n % 2}.example")


def gateway(begin: float, chance: Random) -> Iterator[MailLookup]:
    """A NAT gateway with 200 people behind it, for a week."""
    for at in site.moments(200 * site.RATE, begin, begin + 7 * site.DAY, chance):
        yield from lookups.delivery(at, WHO, site.some_domain(chance))


def submission(begin: float, _: Random) -> Iterator[MailLookup]:
    """A mail program asks for its provider's submission host all day, which is an exchange too."""
    for n in range(500):
        yield lookups.address(begin + n * 120, WHO, "smtp.provider.example", "provider.example")


NEGATIVES: Final = (
    Negative("declared mail server at full load", server, State.INFECTED, Role.MAIL_SERVER),
    Negative("new mail server, not declared yet", server, State.INFECTED, Role.MAIL_SERVER),
    Negative("laptop MTA, 40 mails after a week", laptop, State.INFECTED, Role.MAIL_SERVER),
    Negative("inbound MTA that checks sender domains", inbound, State.INFECTED, Role.MAIL_SERVER),
    Negative("spam filter's block list storm", filter_storm, State.CLEAN),
    Negative("Thunderbird's account set-up", set_up, State.CLEAN),
    Negative("`host` loop over 5 names", host_loop, State.CLEAN),
    Negative("`host` loop over 200 names", long_host_loop, State.INFECTED, Role.MAIL_SERVER),
    Negative("web form that checks addresses", form, State.INFECTED, Role.SERVER),
    Negative("import of 500 addresses", bulk, State.INFECTED, Role.MAIL_SERVER),
    Negative("monitoring, each minute", monitoring, State.CLEAN),
    Negative("NAT with 200 people", gateway, State.INFECTED, Role.RESOLVER),
    Negative("mail program at its submission host", submission, State.CLEAN),
)


def measure_negatives(fresh: Callable[[dict[bytes, Role]], Detector], begin: float) -> list[Table]:
    """Play each story, undeclared and declared; `fresh` makes a detector that knows a site."""
    rows = []
    for one in NEGATIVES:
        undeclared = worst(fresh({}), one.story, begin)
        declared, advice = "", "nothing to do"
        if one.role:
            declared = worst(fresh({WHO: one.role}), one.story, begin).state
            advice = f"must be declared: {one.role}"
        rows.append((one.name, undeclared.state, declared, advice))
    head = ("who", "undeclared", "declared", "what to do")
    note = (
        "The worst state in the whole story, at a learned site of 1,000 clients, all other silent."
    )
    return [Table("Honest clients that look like senders", head, tuple(rows), (note,))]
