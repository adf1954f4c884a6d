"""View: how the fleet does, as one of its nodes sees it; for `dnswatch status` and the console.

What the engine knows is asked there.  What this node alone knows its processes write into small
files of the state directory: a node that is apart can still say since when, and what it keeps.
"""

from pathlib import Path
from typing import Final

import msgspec

from dnswatch.errors import EngineError
from dnswatch.ownership import settle
from dnswatch.settings import Fleet

PATIENCE: Final = 1.0
"""Seconds that the engine has for each answer: somebody looks at a screen."""

SKEWED: Final = 0.25
"""Seconds that a node's clock may differ from the engine's; more is told."""

FRESH: Final = 10.0
"""Seconds for which what the relay said counts."""

_RELAY: Final = "relay"
"""File in which the relay says how it does."""

_BEHIND: Final = "behind"
"""File in which the watch says why it takes nothing over; there while it does not."""


class RelayView(msgspec.Struct, frozen=True):
    """How a node's relay does."""

    at: float
    "When it said so, Unix seconds."
    apart_since: float | None
    "Since when it cannot reach the engine, Unix seconds; None where it can."
    kept: int
    "Batches that wait for the engine in memory."
    lost: int
    "Batches that made room for others there."


class FleetNode(msgspec.Struct, frozen=True):
    """A node that is there."""

    name: str
    is_leader: bool
    behind: int | None
    "How many versions of the records it has not got yet; None where it has no copy yet."
    workers: int
    skew: float
    "Its clock, less the engine's, seconds."


class FleetView(msgspec.Struct, frozen=True):
    """The fleet."""

    site: str
    node: str
    "This one."
    engine: str
    leader: str | None
    "None where nobody leads, or that cannot be known from here."
    leads_since: float | None
    "Unix seconds."
    nodes: list[FleetNode]
    "Those that are there; none where that cannot be known."
    apart_since: float | None
    "Since when this node is apart, Unix seconds; None where it is not, or does not run."
    kept: int
    lost: int
    trouble: str
    "Why this node cannot do its part, as a sentence; empty where all is well."


def write_relay(state: Path, view: RelayView) -> None:
    """Say how the relay does; a directory that cannot be written to is no fault."""
    _write(state / _RELAY, msgspec.json.encode(view))


def write_trouble(state: Path, text: str) -> None:
    """Say why the watch takes nothing over, or, with an empty text, that it does."""
    if text:
        _write(state / _BEHIND, text.encode())
    else:
        (state / _BEHIND).unlink(missing_ok=True)


def look(state: Path, fleet: Fleet, now: float) -> FleetView:
    """See how the fleet does; `now` is Unix seconds.  It takes `PATIENCE` where nobody answers."""
    relay = _relay(state, now)
    leader, since, nodes, fault = None, 0.0, list[FleetNode](), ""
    if relay is None or relay.apart_since is None:
        try:
            leader, since, nodes = _asked(fleet)
        except EngineError as error:
            fault = str(error)
    return FleetView(
        fleet.site,
        fleet.node,
        fleet.engine.shown,
        leader,
        since if leader and since else None,
        nodes,
        relay.apart_since if relay else None,
        relay.kept if relay else 0,
        relay.lost if relay else 0,
        _trouble(state) or fault,
    )


def _asked(fleet: Fleet) -> tuple[str | None, float, list[FleetNode]]:
    """Ask the engine who leads, since when, and who is there."""
    from dnswatch.fleet.engine import FleetEngine, numbers_of
    from dnswatch.fleet.nodes import Nodes

    engine = FleetEngine(fleet, PATIENCE)
    try:
        lead = engine.get(engine.key("lead"))
        fence, number = numbers_of(engine.last_id(engine.key("rows")))
        living = Nodes(engine).living()
    finally:
        engine.close()
    leader = lead.decode().split()[0] if lead else None
    nodes = [
        FleetNode(
            each.name,
            each.name == leader,
            None if each.position is None else max(0, number - each.position[1]),
            each.workers,
            each.relay.skew if each.relay else 0.0,
        )
        for each in living
    ]
    return leader, fence / 1000, nodes


def _relay(state: Path, now: float) -> RelayView | None:
    """Return what the relay said last, if it is there."""
    try:
        view = msgspec.json.decode((state / _RELAY).read_bytes(), type=RelayView)
    except (OSError, msgspec.DecodeError):
        return None
    return view if abs(now - view.at) < FRESH else None


def _trouble(state: Path) -> str:
    try:
        return (state / _BEHIND).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def _write(path: Path, data: bytes) -> None:
    """Write a file so that nobody reads half of it."""
    beside = path.with_name(f"{path.name}.new")
    try:
        beside.touch(mode=0o600)
        settle(beside)
        beside.write_bytes(data)
        beside.replace(path)
    except OSError:
        return
