"""The fleet in words."""

import re

from dnswatch.fleet.view import FleetNode, FleetView
from dnswatch.office.fleet import headline, warnings

NOW = 1_795_435_200.0


def view(**other: object) -> FleetView:
    """Tell of a fleet of two, where all is well."""
    nodes = [FleetNode("a", True, 0, 4, 0.001), FleetNode("b", False, 2, 4, -0.2)]
    told: dict[str, object] = {
        "site": "campus",
        "node": "b",
        "engine": "10.0.0.5:6379",
        "leader": "a",
        "leads_since": NOW - 3600,
        "nodes": nodes,
        "apart_since": None,
        "kept": 0,
        "lost": 0,
        "trouble": "",
    }
    return FleetView(**(told | other))  # type: ignore[arg-type]


def test_a_line_says_who_leads() -> None:
    """A node says its part, and since when somebody leads."""
    assert re.fullmatch(
        r"node b of the fleet campus follows a, which leads since 2026-.*", headline(view())
    )
    assert headline(view(node="a")).startswith("node a of the fleet campus leads since 2026-")
    assert "nobody is known to lead" in headline(view(leader=None))
    assert warnings(view(), NOW) == []


def test_what_is_wrong_is_said_in_sentences() -> None:
    """Apart since when and with how much kept; lost; clocks; and who has no copy."""
    apart = view(apart_since=NOW - 185, kept=12_000, nodes=[], leader=None)
    assert warnings(apart, NOW) == [
        "apart for 3 min, 12,000 batches kept: the engine at 10.0.0.5:6379 cannot be reached"
    ]
    assert warnings(view(apart_since=NOW - 5, kept=1, leader=None, nodes=[]), NOW) == [
        "apart for 5 s, 1 batch kept: the engine at 10.0.0.5:6379 cannot be reached"
    ]
    nodes = [FleetNode("a", True, 0, 4, 0.3), FleetNode("b", False, None, 4, -1.25)]
    assert warnings(view(nodes=nodes, lost=2), NOW) == [
        "2 batches made room for others before the engine was back",
        "the clock of node a is 0.3 s ahead of the engine's: let NTP set both",
        "the clock of node b is 1.2 s behind the engine's: let NTP set both",
        "node b has no copy of the records yet",
    ]
    assert "no node leads" in warnings(view(leader=None), NOW)[0]
