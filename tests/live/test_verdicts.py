"""From lookups to a verdict to what a policy does, with nobody at the keyboard."""

import os
import signal
from typing import Final

from tests import check
from tests.live.site import Serve, Site

WORM: Final = "127.0.0.66"
READER: Final = "127.0.0.7"


def infected(serve: Serve, **settings: object) -> Site:
    """Serve a site whose `WORM` has been found, with the policy `refuse-mail-lookups` on."""
    site = serve(settings={"detection.learning": "0s", **settings})
    site.printed("policy", "enable", "refuse-mail-lookups", "--config", str(site.config))
    for number in range(60):
        site.ask(f"victim{number}.example", "MX", source=WORM)
    check.eventually(lambda: site.log(f"client '{WORM}'"))
    return site


def is_refused(site: Site, client: str) -> bool:
    """Whether a client's MX questions are refused now."""
    return site.ask("anybody.example", "MX", source=client, use_edns=0).rcode() == 2


def test_a_sender_is_found_and_refused_and_others_are_not(serve: Serve) -> None:
    """Sixty mail domains within seconds are a verdict; a person's one is none."""
    site = infected(serve)
    assert not is_refused(site, READER)
    check.eventually(lambda: is_refused(site, WORM))
    check.noerror(site.ask("www.example", source=WORM))
    assert "infected" in check.eventually(lambda: site.printed("log", "--client", WORM))


def test_a_verdict_outlives_the_watch(serve: Serve) -> None:
    """A watch that is killed comes back with all that is in the log, and so do the marks."""
    site = infected(serve)
    check.eventually(lambda: "infected" in site.printed("log", "--client", WORM))
    watch = site.watch_running()
    assert watch is not None
    os.kill(watch, signal.SIGKILL)
    check.eventually(lambda: is_refused(site, WORM))
    check.eventually(lambda: "infected" in explained(site))


def test_strict_sites_need_one_question(serve: Serve) -> None:
    """Where only declared servers may send, the first MX question is a verdict."""
    site = serve(settings={"detection.learning": "0s", "detection.strict": True})
    site.ask("victim.example", "MX", source=WORM)
    check.eventually(lambda: "allows that to declared mail servers only" in explained(site))


def explained(site: Site) -> str:
    """What `dnswatch explain` says of the worm, on one line."""
    return " ".join(site.printed("explain", "--client", WORM, "--config", str(site.config)).split())
