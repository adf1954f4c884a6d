"""The show: three acts, one after the other, and what the worm got out."""

import signal
import sys
from typing import Final

from rich.console import Console

from dnswatch import clock
from dnswatch.lab.demo.act import POLICIES, Act, ActResult, act
from dnswatch.lab.demo.screen import Screen, screen, summary
from dnswatch.lab.demo.site import DemoError
from dnswatch.lab.demo.worm import ADDRESS

SECONDS: Final = 20.0
"""How long the worm works in each act."""
PAUSE: Final = 1.0
"""Seconds that each of its engines waits between two messages."""


def main() -> None:
    """Show all acts."""
    console = Console(highlight=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    console.print(
        "A worm with its own SMTP engine against a real dnswatch, three times, "
        f"{SECONDS:.0f} s each.\nAll addresses are this machine's own loopback.\n"
    )
    outcomes: list[ActResult] = []
    ranked = explained = ""
    try:
        for number, policy in enumerate(POLICIES, 1):
            console.print(
                f"act {number} of {len(POLICIES)}, {policy or 'no policy'}: starting dnswatch, the"
                " world's servers and the worm ..."
            )
            with act(policy, PAUSE) as running, screen(console) as shown:
                outcomes.append(_play(running, shown))
                shown.end(running)
                if policy == POLICIES[-1]:
                    ranked = running.site.command("report", "--limit", "3")
                    explained = running.site.command("explain", "--client", ADDRESS)
    except DemoError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
    console.print(summary(outcomes))
    console.print("\n`dnswatch report` in the last act:", style="bold")
    console.print(ranked.rstrip(), markup=False, soft_wrap=True)
    console.print(
        f"\nWhy?  The first lines of `dnswatch explain --client {ADDRESS}`:", style="bold"
    )
    console.print("\n".join(explained.splitlines()[1:8]), markup=False, soft_wrap=True)


def _play(running: Act, shown: Screen) -> ActResult:
    until = clock.now() + SECONDS
    return running.run(lambda: clock.now() < until, lambda: shown.show(running))
