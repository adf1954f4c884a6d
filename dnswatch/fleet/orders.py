"""Orders on their way to the leader: given on any node, answered when all nodes can have them.

There is no queue: an order that nobody takes within `PATIENCE` is none, and who gave it is told.
"""

import secrets
from collections.abc import Callable
from pathlib import Path
from time import sleep
from typing import Final, NamedTuple

import msgspec

from dnswatch import clock
from dnswatch.errors import DnswatchError, EngineError, StoreError
from dnswatch.fleet.engine import FleetEngine
from dnswatch.settings import Fleet
from dnswatch.store import Store, replica
from dnswatch.store.replica import Position

PATIENCE: Final = 5.0
"""Seconds in which the leader must take an order, and the records here must show it."""

LAST_WORD: Final = 2.0
"""Seconds more for the answer to an order that was taken at the last moment."""

LOOK: Final = 0.05
"""Seconds between two looks whether the records here show it."""


class SentOrder(msgspec.Struct, frozen=True):
    """An order on its way."""

    name: str
    until: float
    "By the engine's clock, Unix seconds: nobody waits for it any longer."
    data: bytes


class OrderAnswer(msgspec.Struct, frozen=True):
    """What became of it."""

    data: bytes
    fault: str
    "Why it was refused; empty where it was not."
    position: Position
    "A version that has it."


class ObeyedOrder(NamedTuple):
    """An order that was executed, and is to be answered when that is in the stream."""

    name: str
    data: bytes
    fault: str


class OrderDesk:
    """Where the leader takes orders."""

    def __init__(self, engine: FleetEngine, obey: Callable[[bytes], bytes]) -> None:
        """Take them from the engine; `obey` executes one, and returns what to answer."""
        self._engine = engine
        self._obey = obey

    def take(self) -> list[ObeyedOrder]:
        """Execute what was ordered since."""
        done = []
        while (data := self._engine.take(self._engine.key("orders"))) is not None:
            try:
                order = msgspec.msgpack.decode(data, type=SentOrder)
            except msgspec.DecodeError:
                continue  # of another version of dnswatch: whoever gave it gets no answer
            if order.until < self._engine.now():
                continue
            try:
                done.append(ObeyedOrder(order.name, self._obey(order.data), ""))
            except DnswatchError as error:
                done.append(ObeyedOrder(order.name, b"", str(error)))
        return done

    def answer(self, done: list[ObeyedOrder], position: Position) -> None:
        """Answer orders that are in the stream up to a position."""
        for order in done:
            answer = msgspec.msgpack.encode(OrderAnswer(order.data, order.fault, position))
            self._engine.push(self._engine.key("reply", order.name), answer, PATIENCE + LAST_WORD)


def give(state: Path, fleet: Fleet, data: bytes) -> bytes:
    """Have the leader execute an order, and wait until the records in `state` show it.

    Raises `DnswatchError` where it was refused, or nobody took it.
    """
    engine = FleetEngine(fleet)
    try:
        answer = _answer(engine, fleet, data)
    finally:
        engine.close()
    if answer.fault:
        raise DnswatchError(answer.fault)
    _await(state, fleet, answer.position)
    return answer.data


def written(order: SentOrder) -> bytes:
    """Write an order for the leader."""
    return msgspec.msgpack.encode(order)


def send(engine: FleetEngine, data: bytes) -> str:
    """Leave an order for the leader; return its name, by which it is answered."""
    order = SentOrder(secrets.token_hex(16), engine.now() + PATIENCE, data)
    engine.push(engine.key("orders"), written(order), PATIENCE)
    return order.name


def _answer(engine: FleetEngine, fleet: Fleet, data: bytes) -> OrderAnswer:
    try:
        is_led = engine.get(engine.key("lead")) is not None
    except EngineError as error:
        raise EngineError(
            f"orders are refused while this node, '{fleet.node}', is apart from its fleet, and"
            f" nothing was changed: {error}"
        ) from None
    if not is_led:
        raise DnswatchError(
            f"no node of the fleet '{fleet.site}' leads now, and nothing was changed: try again in"
            " some seconds, or start `dnswatch serve`"
        )
    found = engine.await_value(engine.key("reply", send(engine, data)), PATIENCE + LAST_WORD)
    if found is None:
        raise DnswatchError(
            "the fleet's leader gave no answer: see whether the order holds, then give it again"
        )
    return msgspec.msgpack.decode(found, type=OrderAnswer)


def _await(state: Path, fleet: Fleet, position: Position) -> None:
    """Wait until the store shows a version."""
    deadline = clock.elapsed() + PATIENCE
    while not _shows(state, position):
        if clock.elapsed() > deadline:
            raise DnswatchError(
                f"the leader has taken the order, but the records of this node, '{fleet.node}', do"
                " not show it yet: see `dnswatch status`"
            )
        sleep(LOOK)


def _shows(state: Path, position: Position) -> bool:
    try:
        with Store.read(state) as store, store.snapshot() as db:
            here = replica.read(db).position
    except StoreError:
        return False
    return here is not None and here.number >= position.number
