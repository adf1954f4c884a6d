"""`python -m bench.campus.life HOSTS DAYS`: live one campus, and say how many lookups it made.

All grows with the site: mails of the servers, and the hosts that MyDoom infects (6 of the paper's
1,128) when half of the days are over.  All judges of the comparison look on, after a quarter of the
days to learn.
"""

import logging
import sys
from typing import Final

from msgspec.structs import replace

from dnswatch.lab.campus.campus import Campus
from dnswatch.lab.campus.compare.judges import Panel, judges
from dnswatch.lab.campus.plan import CampusPlan
from dnswatch.serve.policies import texts

_SEED: Final = 1
_PAPER: Final = 1128
"""Hosts of the plan's defaults."""
_INFECTED: Final = 6


def plan_of(hosts: int, days: int) -> CampusPlan:
    """Make the plan of a site of any size."""
    plan, times = CampusPlan(), hosts / _PAPER
    return replace(
        plan,
        days=days,
        learning=days / 4,
        site=replace(plan.site, hosts=hosts),
        mail=replace(
            plan.mail, outgoing=plan.mail.outgoing * times, incoming=plan.mail.incoming * times
        ),
        outbreak=replace(
            plan.outbreak,
            worm="mydoom",
            day=days / 2,
            susceptible=0.0,
            first=max(1, round(_INFECTED * times)),
        ),
    )


def panel(campus: Campus) -> Panel:
    """Have all judges look on."""
    return Panel(judges(campus.site, campus.settings, campus.loop.now))


def live(hosts: int, days: int) -> int:
    """Live a campus to its end; return its lookups."""
    plan = plan_of(hosts, days)
    campus = Campus(plan, _SEED, texts(""), panel)
    campus.run(plan.begin + days * 86400)
    return campus.truth.lookups.total()


if __name__ == "__main__":
    logging.disable()  # an outbreak has its warnings, as it should
    print(live(*map(int, sys.argv[1:])))
