"""The site of docker-compose.yml end to end: mail is diverted, inspected, kept, and released."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests import check
from tests.compose.files import SITE
from tests.live.tools import need
from tests.network.composed import EICAR, Composed, composed
from tests.network.conftest import world
from tests.network.exchange import Exchange, exchange
from tests.network.places import Network, Place
from tests.network.postfix import Postfix, postfix
from tests.upstream import Upstream

pytestmark = pytest.mark.timeout(400)  # rspamd compiles its rules first

OUTSIDE = "10.44.0.80"
MAILER, WORM = "192.168.1.66", "192.168.1.67"


@pytest.fixture(scope="module")
def stack() -> Iterator[ExitStack]:
    """What is closed at the end, the last first."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="module")
def network(stack: ExitStack) -> Network:
    """A site and the world on one wire."""
    return stack.enter_context(Network())


@pytest.fixture(scope="module")
def true_exchange(stack: ExitStack, network: Network) -> tuple[Place, Exchange]:
    """Where all mail of the world is to arrive in the end."""
    place = network.join(OUTSIDE)
    return place, stack.enter_context(exchange(place, OUTSIDE))


@pytest.fixture(scope="module")
def outside(true_exchange: tuple[Place, Exchange]) -> Exchange:
    """What arrived there."""
    return true_exchange[1]


@pytest.fixture(scope="module")
def site(
    stack: ExitStack, network: Network, true_exchange: tuple[Place, Exchange],
    tmp_path_factory: pytest.TempPathFactory,
) -> Composed:  # fmt: skip
    """The running site, whose clients `MAILER` and `WORM` are quarantined."""
    with true_exchange[0].inside():
        upstream = stack.enter_context(Upstream(world, address=OUTSIDE))
    folder = tmp_path_factory.mktemp("composed")
    for parent in (folder, *folder.parents[:2]):
        parent.chmod(0o755)  # the services' own users must find their settings
    running = stack.enter_context(composed(network, folder, f"{OUTSIDE}@{upstream.port}"))
    running.dnswatch("policy", "enable", "quarantine")
    for client in (MAILER, WORM):
        running.dnswatch("clients", "distrust", client)
        marked = partial(running.running["dnswatch"].said, f"client '{client}': quarantine")
        check.eventually(marked)
    return running


@pytest.fixture(scope="module")
def mailer(stack: ExitStack, network: Network, site: Composed) -> Postfix:
    """A quarantined client's Postfix."""
    return stack.enter_context(postfix(network.join(MAILER, resolver=SITE)))


@pytest.fixture(scope="module")
def worm(network: Network, site: Composed) -> Place:
    """A quarantined client that speaks SMTP itself."""
    return network.join(WORM, resolver=SITE)


def listed(site: Composed, recipient: str) -> dict[str, Any] | None:
    """Find the message for a recipient in the bay, as `dnswatch bay list` tells of it."""
    found = [
        one for one in site.told("bay", "list")
        if recipient in [to["address"] for to in one["recipients"]]
    ]  # fmt: skip
    assert len(found) <= 1
    return found[0] if found else None


def test_every_service_is_healthy(site: Composed) -> None:
    """Read-only, without capabilities and as users without rights, all of them do their work."""
    assert all(site.is_healthy(name) for name in site.running)


def test_clean_mail_of_a_quarantined_client_goes_through_the_bay(
    site: Composed, mailer: Postfix, outside: Exchange
) -> None:
    """Postfix is led to the bay; rspamd and ClamAV find nothing; the exchange gets the mail."""
    mailer.send("bob@clean.example")
    arrived = outside.got("bob@clean.example", within=60)
    assert arrived.peer == SITE
    assert arrived.sender == "alice@site.example"
    kept = check.eventually(lambda: listed(site, "bob@clean.example"))
    assert kept["client"] == MAILER
    assert kept["verdict"] == "clean"
    assert site.content(kept["id"]) == arrived.content
    assert not mailer.queue()


def test_a_worms_mail_is_held_until_somebody_releases_it(
    site: Composed, worm: Place, outside: Exchange, tmp_path: Path
) -> None:
    """ClamAV knows it; nothing of it gets out; released, it arrives byte for byte."""
    message = f"Subject: party\r\n\r\n{EICAR}\r\n.dots\r\n".encode()
    sent = tmp_path / "message"
    sent.write_bytes(message)
    _, server = worm.run(need("dig"), "+short", "held.example", "MX").split()
    assert server == "holding-bay.internal."
    said = worm.run(
        need("swaks"), "--server", server.rstrip("."), "--from", "eve@site.example",
        "--to", "bob@held.example", "--data", f"@{sent}",
    )  # fmt: skip
    assert "354" in said, said
    held = check.eventually(lambda: listed(site, "bob@held.example"))
    assert (held["verdict"], held["state"]) == ("worm", "held"), held
    assert not outside.of("bob@held.example")
    message += b"\r\n"  # swaks ends it with an empty line
    assert site.content(held["id"]) == message
    site.dnswatch("bay", "release", held["id"])
    assert outside.got("bob@held.example", within=60).content == message


def test_what_the_bay_found_is_evidence(site: Composed, worm: Place) -> None:
    """`dnswatch explain` tells of the worm that ClamAV found."""
    check.eventually(lambda: "to be worms" in site.dnswatch("explain", "--client", WORM))


def test_a_cleared_client_delivers_by_itself(
    site: Composed, mailer: Postfix, outside: Exchange
) -> None:
    """After `clients clear` the next mail goes out directly, once the answers' 30 s are over."""
    site.dnswatch("clients", "clear", MAILER)
    mailer.send("bob@direct.example")
    assert outside.got("bob@direct.example", within=30).peer == MAILER
