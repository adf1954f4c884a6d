"""The candidate: the watch's process on a node of a fleet.

It keeps its store equal to the leader's, until nobody leads; then the node whose store has most of
it tries to win the lease, and becomes the leader on the spot (`leading`).  One that has lost the
lease ends, and begins here again.
"""

import logging
import os
import select
import socket
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final

from dnswatch import clock
from dnswatch.control import Control
from dnswatch.errors import EngineError, StoreError
from dnswatch.fleet.engine import FleetEngine
from dnswatch.fleet.following import Replica
from dnswatch.fleet.leading import lead
from dnswatch.fleet.lease import LeaderLease
from dnswatch.fleet.nodes import EVERY, Nodes, NodeState
from dnswatch.fleet.orders import send
from dnswatch.fleet.sameness import sign_of
from dnswatch.model.policies.note import Note
from dnswatch.settings import Fleet, Source, combine
from dnswatch.watchdog.process import NICENESS

WAIT: Final = 0.5
"""Seconds that one look at the leader's versions waits for another."""

RETRY: Final = 0.5
"""Seconds between two attempts to reach the engine."""

SAY_EVERY: Final = 60.0
"""Seconds between two lines about a store that cannot be written."""

Obey = Callable[[Source, bytes], bytes]
"""Executes an order that came from another node; with the settings as they are."""

logger: Final = logging.getLogger("dnswatch.fleet")


def main(
    source: Source,
    state: Path,
    control: socket.socket,
    token: str,
    obey: Obey,
    entered: Callable[[Iterable[Note]], bytes],
) -> None:
    """Follow, and lead once that is ours to do, until told to stop; a process of its own.

    `token` is no other server's, and the same for all processes that come one after the other.
    `entered` writes the order by which the leader's log tells of faults here.
    """
    os.nice(NICENESS)
    fleet = combine(source).fleet
    lease = LeaderLease(FleetEngine(fleet), fleet.node, token, clock.elapsed)
    candidate = _Candidate(source, state, fleet, Control(control), lease, entered)
    try:
        leads = candidate.follow()
    finally:
        candidate.close()
    if leads:
        lead(candidate.source, state, fleet, lease, control, obey)


class _Candidate:
    """A node that does not lead."""

    def __init__(
        self,
        source: Source,
        state: Path,
        fleet: Fleet,
        control: Control,
        lease: LeaderLease,
        entered: Callable[[Iterable[Note]], bytes],
    ) -> None:
        self.source = source
        "As it is after the last reload."
        self._control = control
        self._fleet = fleet
        self._engine = FleetEngine(fleet)
        self._nodes = Nodes(self._engine)
        self._lease = lease
        self._entered = entered
        sign = partial(sign_of, combine(source), state)
        self._replica = Replica(state, fleet, self._beat, sign)
        self._say_at = self._trouble_at = 0.0
        self._is_known = False

    def follow(self) -> bool:
        """Follow until we lead; False where the supervisor is gone."""
        while not self._control.is_over:
            self._beat()
            if (news := self._control.news()) is not None:
                self.source = news[0]
            try:
                if self._step():
                    return True
                continue
            except EngineError:
                self._is_known = False  # the relay says so
            except StoreError as error:
                if clock.elapsed() >= self._trouble_at:
                    self._trouble_at = clock.elapsed() + SAY_EVERY
                    logger.error("the fleet's records are not taken over here: %s", error)
            select.select([self._control], [], [], RETRY)
        return False

    def close(self) -> None:
        """Let go of engine and store."""
        self._replica.close()
        self._engine.close()

    def _beat(self) -> None:
        self._control.beat()

    def _step(self) -> bool:
        """Take over what the leader changed; return whether we lead."""
        if not self._is_known:
            self._nodes.enter(self._fleet.node)
            self._is_known = True
        is_led = self._lease.leader() is not None
        is_more = self._replica.catch_up(WAIT if is_led else 0.0, is_led=is_led)
        if clock.elapsed() >= self._say_at:
            self._say_at = clock.elapsed() + EVERY
            self._nodes.say_position(self._fleet.node, self._replica.position)
        if is_led:
            self._tell_faults()
        if is_led or is_more:
            return False
        if not self._may_lead(self._nodes.living()) or not self._win():
            select.select([self._control], [], [], WAIT)
            return False
        return True

    def _tell_faults(self) -> None:
        """Have the leader note what went wrong here; no answer is waited for."""
        if self._control.faults:
            send(self._engine, self._entered(self._control.faults))
            self._control.faults = []

    def _may_lead(self, nodes: list[NodeState]) -> bool:
        """Say whether no node that is there has more of the records."""
        ours = self._replica.position
        others = [node.position for node in nodes if node.name != self._fleet.node]
        return all(theirs is None or (ours is not None and theirs <= ours) for theirs in others)

    def _win(self) -> bool:
        """Try to win the lease, and take over what came at the last moment."""
        position = self._replica.position
        if not self._lease.win(at_least=position.fence + 1 if position else 1):
            return False
        while self._replica.catch_up(is_led=False):
            pass
        if self._replica.position is not None or position is None:
            return True
        self._lease.release()  # another led in between
        return False
