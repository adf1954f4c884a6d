"""A site with a console, and a worm in it: the real ones, started as a site starts them."""

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import dns.message
import dns.query

from dnswatch.lab.demo.world import BAY, DemoWorld, world
from dnswatch.lab.demo.worm import DemoWorm
from tests import check
from tests.live.site import Site
from tests.loopback import reserve

PERSON: Final = "127.0.0.9"


@dataclass
class Played:
    """What runs."""

    site: Site
    outside: DemoWorld
    base: str
    "The console's address."
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def link(self) -> str:
        """The first login link."""
        file = self.site.state / "console-link"
        return check.eventually(lambda: file.read_text().strip() if file.exists() else "")

    def let_worm_run(self, pause: float) -> None:
        """Let the worm work until the end."""
        worm = DemoWorm(self.site.port, self.outside.smtp_port, pause)
        victims = (f"bob@victim{number}.example" for number in itertools.count(1))
        run = threading.Thread(
            target=worm.run, args=(victims, lambda: not self._stop.is_set()), daemon=True
        )
        run.start()
        self._threads.append(run)

    def ask(self, name: str, kind: str = "A", client: str = PERSON) -> None:
        """Ask the resolver as a client."""
        query = dns.message.make_query(name, kind)
        dns.query.udp(query, "127.0.0.1", port=self.site.port, source=client, timeout=60)

    def stop_worm(self) -> None:
        """End the worm."""
        self._stop.set()
        for thread in self._threads:
            thread.join()


@contextmanager
def played(folder: Path) -> Iterator[Played]:
    """Start the world, and the site in it."""
    holder = reserve()
    port = int(holder.getsockname()[1])
    with holder, world() as outside:
        settings: dict[str, object] = {
            "detection.learning": "0s",
            "quarantine.i_have_authority": True,
            "quarantine.addresses": [BAY],
            "bay.listen": [f"{BAY}:{outside.smtp_port}"],
            "bay.release.port": outside.smtp_port,
            "bay.release.loopback": True,
            "groups.office": ["127.0.0.0/28"],
            "web.enabled": True,
            "web.listen": f"127.0.0.1:{port}",
        }
        with Site(folder, [f"udp://127.0.0.1:{outside.dns_port}"], settings) as site:
            found = Played(site, outside, f"http://127.0.0.1:{port}")
            check.eventually(lambda: site.log("the holding bay takes mail"))
            yield found
            found.stop_worm()
