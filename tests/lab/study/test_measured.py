"""What was measured: counts that can be added up, and averages over the right hosts."""

import pytest

from dnswatch.lab.study.measured import collect
from dnswatch.lab.study.trace import TranslationView
from tests.lab.study.sample import INFECTED, NORMAL, outbreak, trace


def test_a_site_is_the_sum_of_its_groups() -> None:
    """What no group is named for is the whole site's; what has no count is zero."""
    measured = outbreak().daily
    assert measured.counts("tcp_success", None) == [5980, 5680, 16500, 14000]
    assert measured.counts("smtp_failure", NORMAL) == [0, 0, 0, 0]
    assert measured.total("smtp", INFECTED, [1, 2]) == 6002
    with pytest.raises(AssertionError):
        measured.counts("together_to_smtp", None)


def test_an_average_is_over_active_hosts_or_all() -> None:
    """Who did nothing all day does not count, unless that is asked for."""
    columns = {(NORMAL, "active"): [3, 2, 0], (NORMAL, "tcp"): [90, 60, 0]}
    by_active = trace(columns)
    assert by_active.average(by_active.daily, "tcp", NORMAL) == [30, 30, None]
    by_member = trace(columns, per_member=True)
    assert by_member.average(by_member.daily, "tcp", NORMAL) == [30, 20, 0]


@pytest.mark.parametrize(
    ("view", "refreshes"), [(TranslationView.EDGE, 5), (TranslationView.CLIENT, 9)]
)
def test_hits_are_refreshes_for_clients_alone(view: TranslationView, refreshes: int) -> None:
    """At the edge a hit is no translation; for a client it is a refresh."""
    bins = trace({(NORMAL, "tcp"): [0, 0]}).daily.bins
    rows = [
        {"bin": 1, "kind": kind, "owner": owner, "count": 10, "tcp": tcp, "smtp": 0, "http": 0}
        for kind, owner, tcp in (("new", 1, 2), ("refresh", 1, 5), ("hit", 1, 4), ("new", None, 0))
    ]
    found = collect(bins, [], rows, view)
    assert found.counts("tcp_new", NORMAL) == [0, 2]
    assert found.counts("tcp_refresh", NORMAL) == [0, refreshes]
    assert found.cache == {"new": [0, 20], "refresh": [0, 10], "hit": [0, 10]}
