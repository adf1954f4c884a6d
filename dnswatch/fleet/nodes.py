"""Nodes: who of the fleet is there, by what each says of itself every second.

A node's relay and its watch each write a key that ends by itself: one that hangs is not waited for.
"""

from typing import Final, NamedTuple

import msgspec

from dnswatch.fleet.engine import FleetEngine

LIFE: Final = 10.0
"""Seconds for which a node counts as there that says nothing."""

EVERY: Final = 1.0
"""Seconds between two times that it says so."""

_NODES: Final = "nodes"
"""The set of all nodes that ever were."""

SKEWED: Final = 0.25
"""Seconds that a node's clock may differ from the engine's; more is told."""


class RelayPulse(msgspec.Struct, frozen=True, array_like=True):
    """What a relay says of its node."""

    boot: int
    "The name of its journal."
    workers: int
    skew: float
    "Its clock, less the engine's, seconds."


class NodeState(NamedTuple):
    """A node that is there."""

    name: str
    relay: RelayPulse | None
    "None where its relay is silent."
    position: tuple[int, int] | None
    "What its store has of the leader's: fence and version; None where its watch is silent, or new."
    is_watching: bool
    "Whether its watch says anything."

    @property
    def workers(self) -> int:
        """How many workers it has."""
        return self.relay.workers if self.relay else 0


_encoder: Final = msgspec.msgpack.Encoder()
_pulses: Final = msgspec.msgpack.Decoder(RelayPulse)
_positions: Final = msgspec.msgpack.Decoder(tuple[int, int] | None)


class Nodes:
    """Who is there; every method may raise `EngineError`."""

    def __init__(self, engine: FleetEngine) -> None:
        """Ask, and tell, that engine."""
        self._engine = engine

    def enter(self, node: str) -> None:
        """Make a node known; once in a connection's life."""
        self._engine.join(self._engine.key(_NODES), node)

    def say(self, node: str, pulse: RelayPulse) -> RelayPulse | None:
        """Say as a relay that a node is there; return what was said of it last."""
        key = self._engine.key("node", node)
        last = self._engine.get(key)
        self._engine.put(key, _encoder.encode(pulse), LIFE)
        return _pulses.decode(last) if last else None

    def say_position(self, node: str, position: tuple[int, int] | None) -> None:
        """Say as a watch what its store has."""
        self._engine.put(self._engine.key("watch", node), _encoder.encode(position), LIFE)

    def take_leave(self, node: str) -> None:
        """Say as a relay that the node is there no more."""
        self._engine.delete(self._engine.key("node", node))

    def living(self) -> list[NodeState]:
        """Return the nodes that are there, in order of their names."""
        names = sorted(self._engine.members(self._engine.key(_NODES)))
        keys = [self._engine.key(kind, name) for name in names for kind in ("node", "watch")]
        told = iter(self._engine.get_all(keys))
        states = []
        for name in names:
            pulse, position = next(told), next(told)
            if pulse is None and position is None:
                continue
            states.append(
                NodeState(
                    name,
                    _pulses.decode(pulse) if pulse else None,
                    _positions.decode(position) if position else None,
                    position is not None,
                )
            )
        return states
