"""The site of docker-compose.yml end to end: mail is diverted, inspected, kept, and released."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

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

pytestmark = pytest.mark.whole

OUTSIDE: Final = "10.44.0.80"
MAILER, WORM = "192.168.1.66", "192.168.1.67"


@dataclass(frozen=True)
class Stage:
    """The running site, two quarantined clients, and the true exchange of everybody."""

    site: Composed
    mailer: Postfix
    worm: Place
    outside: Exchange

    def listed(self, recipient: str) -> dict[str, Any] | None:
        """Find the message for a recipient in the bay, as `dnswatch bay list` tells of it."""
        found = [
            one
            for one in self.site.told("bay", "list")
            if recipient in [to["address"] for to in one["recipients"]]
        ]
        assert len(found) <= 1
        return found[0] if found else None


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """A site whose policy quarantines, with all services healthy."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o755)  # the services' own users must find their settings
    with Network() as network:
        place = network.join(OUTSIDE)
        with place.inside():
            upstream = Upstream(world, address=OUTSIDE)
        with (
            place.inside(),
            upstream,
            exchange(place, OUTSIDE) as outside,
            composed(network, tmp_path, f"{OUTSIDE}@{upstream.port}") as site,
            postfix(network.join(MAILER, resolver=SITE)) as mailer,
        ):
            site.dnswatch("policy", "enable", "quarantine")
            for client in (MAILER, WORM):
                site.dnswatch("clients", "distrust", client)
                marked = partial(site.running["dnswatch"].said, f"client '{client}': quarantine")
                check.eventually(marked)
            yield Stage(site, mailer, network.join(WORM, resolver=SITE), outside)


def test_mail_of_quarantined_clients_from_first_to_last(stage: Stage, tmp_path: Path) -> None:
    """Clean mail goes on, a worm's is held until it is released, a cleared client is free."""
    clean_mail_goes_through_the_bay(stage)
    a_worm_is_held_until_it_is_released(stage, tmp_path / "message")
    a_cleared_client_delivers_by_itself(stage)
    assert all(stage.site.is_healthy(name) for name in stage.site.running)


def clean_mail_goes_through_the_bay(stage: Stage) -> None:
    """Postfix is led to the bay; rspamd and ClamAV find nothing; the exchange gets the mail."""
    stage.mailer.send("bob@clean.example")
    arrived = stage.outside.got("bob@clean.example")
    assert arrived.peer == SITE
    assert arrived.sender == "alice@site.example"
    kept = check.eventually(lambda: stage.listed("bob@clean.example"))
    assert (kept["client"], kept["verdict"]) == (MAILER, "clean")
    assert arrived.content.startswith(b"Received: from ")  # the bay's own line, before the rest
    assert arrived.content.endswith(stage.site.content(kept["id"]))
    check.eventually(lambda: not stage.mailer.has("bob@clean.example"))


def a_worm_is_held_until_it_is_released(stage: Stage, file: Path) -> None:
    """ClamAV knows it; nothing of it gets out; it is evidence; released, it arrives as it was."""
    message = f"Subject: party\r\n\r\n{EICAR}\r\n.dots\r\n".encode()
    file.write_bytes(message)
    _, server = stage.worm.run(need("dig"), "+short", "held.example", "MX").split()
    assert server == "holding-bay.internal."
    said = stage.worm.run(
        need("swaks"),
        "--server",
        server.rstrip("."),
        "--from",
        "eve@site.example",
        "--to",
        "bob@held.example",
        "--data",
        f"@{file}",
    )
    assert "354" in said, said
    held = check.eventually(lambda: stage.listed("bob@held.example"))
    assert (held["verdict"], held["state"]) == ("worm", "held")
    check.eventually(lambda: "to be worms" in stage.site.dnswatch("explain", "--client", WORM))
    assert not stage.outside.of("bob@held.example")
    message += b"\r\n"  # swaks ends it with an empty line
    assert stage.site.content(held["id"]) == message
    stage.site.dnswatch("bay", "release", held["id"])
    sent_on = stage.outside.got("bob@held.example").content
    assert sent_on.startswith(b"Received: from ")
    assert sent_on.endswith(message)


def a_cleared_client_delivers_by_itself(stage: Stage) -> None:
    """After `clients clear` the next mail goes out directly, once the answers' 30 s are over."""
    stage.site.dnswatch("clients", "clear", MAILER)
    free = partial(stage.site.running["dnswatch"].said, f"client '{MAILER}': no mark")
    check.eventually(free)
    stage.mailer.send("bob@direct.example")
    assert stage.outside.got("bob@direct.example").peer == MAILER
