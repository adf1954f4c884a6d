"""An outbreak: from outside first, then by mails of colleagues."""

from msgspec.structs import replace

from dnswatch.lab.campus.run.truth import Fate
from tests.lab.campus.scene import DAY, campus, outbreak


def test_it_begins_on_its_day_with_its_first_hosts() -> None:
    """All of them within six hours, none before."""
    built = campus(outbreak("slow", 1.0, "first = 5\nsusceptible = 0"))
    built.run(built.plan.begin + 1.3 * DAY)
    times = [one.at - built.plan.begin for one in built.truth.infections]
    assert len(times) == 5
    assert min(times) >= DAY
    assert max(times) <= 1.25 * DAY
    assert all(one.by is None for one in built.truth.infections)


def test_mails_of_colleagues_infect_where_hosts_are_susceptible() -> None:
    """A week of a slow worm infects others, who name by whom; where nobody is susceptible, none."""
    spread, contained = (
        campus(outbreak("slow", 1.0, f"first = 2\nsusceptible = {share}")) for share in (1, 0)
    )
    for built in (spread, contained):
        built.run(built.plan.begin + 8 * DAY)
    caught = [one for one in spread.truth.infections if one.by is not None]
    assert caught
    assert all(one.by in spread.truth.senders for one in caught)
    assert len(contained.truth.infections) == 2


def test_backscatter_goes_through_the_mail_servers_and_is_not_the_worms() -> None:
    """They send more mails, though they have no worm (WORM'04, section 5.1)."""
    chosen = outbreak("sobig", 1.0, "first = 1\nsusceptible = 0")
    quiet = campus(chosen)
    loud = campus(replace(chosen, outbreak=replace(chosen.outbreak, backscatter=0.1)))
    for built in (quiet, loud):
        built.run(built.plan.begin + 3 * DAY)
    sent = [built.truth.servers.total() for built in (quiet, loud)]
    assert sent[1] > sent[0] + 200
    assert loud.truth.servers[Fate.LEFT] > quiet.truth.servers[Fate.LEFT]
