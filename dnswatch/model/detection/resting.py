"""Resting: the states of clients that have looked up no mail for a while, packed.

A state takes some five kilobytes as it is worked with, and a tenth of that packed.  The few
hundred clients that were asked for last are at hand; whoever else is asked for wakes.
"""

import zlib
from collections import OrderedDict
from collections.abc import Container, Iterator
from typing import Final

import msgspec

from dnswatch.model.detection.baselines import Day, History
from dnswatch.model.detection.client_state import ClientState
from dnswatch.model.detection.shiryaev_roberts import Bounds, Statistic, StatisticStep
from dnswatch.model.detection.volume import Volume
from dnswatch.model.role import Role

AWAKE: Final = 500
"""Clients at hand; 2.5 MB.  To wake and to rest one takes 40 µs."""

_AT_ONCE: Final = 8
"""Clients that are put to rest at a time: as many as one lookup may wake."""


class ClientStates:
    """Client to its state, in an order that `move_to_end` makes."""

    def __init__(self, awake: int = AWAKE) -> None:
        """Know nobody; keep so many at hand."""
        self.limit = awake
        self._states: OrderedDict[bytes, ClientState | bytes] = OrderedDict()
        self._awake: OrderedDict[bytes, None] = OrderedDict()
        "Those at hand; the one asked for longest ago first."

    def __len__(self) -> int:
        """Count the clients."""
        return len(self._states)

    def __iter__(self) -> Iterator[bytes]:
        """Go through the clients."""
        return iter(self._states)

    def __contains__(self, client: object) -> bool:
        """Whether anything is known of a client."""
        return client in self._states

    def __getitem__(self, client: bytes) -> ClientState:
        """Return a client's state, to look at or to change."""
        state = self._states[client]
        if isinstance(state, bytes):
            state = self._states[client] = _unpacked(state)
        self._awake[client] = None
        self._awake.move_to_end(client)
        return state

    def __setitem__(self, client: bytes, state: ClientState) -> None:
        """Know a client by a state."""
        self._states[client] = state
        self._awake[client] = None

    def discard(self, client: bytes) -> None:
        """Forget a client, if it is known."""
        self._states.pop(client, None)
        self._awake.pop(client, None)

    def get(self, client: bytes) -> ClientState | None:
        """Return a client's state, if there is any."""
        return self[client] if client in self._states else None

    def move_to_end(self, client: bytes) -> None:
        """Put a client last."""
        self._states.move_to_end(client)

    def values(self) -> Iterator[ClientState]:
        """Go through all states to look at them: of those that rest these are copies."""
        for state in tuple(self._states.values()):
            yield _unpacked(state) if isinstance(state, bytes) else state

    def changing(self) -> Iterator[ClientState]:
        """Go through all states; each may be changed until the next is taken."""
        for client in tuple(self._states):
            state = self._states[client]
            if isinstance(state, bytes):
                woken = _unpacked(state)
                yield woken
                self._states[client] = _packed(woken)
            else:
                yield state

    def rest(self, watchful: Container[bytes]) -> None:
        """Put to rest who was asked for longest ago, where more are at hand than should be.

        It takes some at a time, and none that is to be watched; nobody may hold a state meanwhile.
        """
        for _ in range(_AT_ONCE):
            if len(self._awake) <= self.limit:
                return
            client = next(iter(self._awake))
            state = self._states[client]
            if client in watchful or isinstance(state, bytes):
                self._awake.move_to_end(client)
            else:
                self._states[client] = _packed(state)
                del self._awake[client]

    def encoded(self, client: bytes) -> bytes:
        """Return a client's state as it is stored."""
        state = self._states[client]
        return _inflated(state) if isinstance(state, bytes) else _encoder.encode(state)


def _packed(state: ClientState) -> bytes:
    packer = zlib.compressobj(1, zdict=_ALIKE)
    return packer.compress(_encoder.encode(state)) + packer.flush()


def _unpacked(packed: bytes) -> ClientState:
    return _decoder.decode(_inflated(packed))


def _inflated(packed: bytes) -> bytes:
    return zlib.decompressobj(zdict=_ALIKE).decompress(packed)


def _typical() -> ClientState:
    """Make up a client, for the sake of what all have in common."""
    bounds, at = Bounds(1.0, 0.6, 0.6, 0.6), 1.8e9
    shares = dict.fromkeys(("continued", "resumed", "recurred", "followed", "failed"), 0.6)
    state = ClientState(b"", Role.CLIENT, History(20_000, 20_000), bounds, 20_000, shares)
    state.statistic, state.volume = Statistic.begin(at, bounds), Volume.begin(at)
    state.days.append(Day(20_000, 1))
    state.steps.append(StatisticStep(at, b"\7example\3com\0", 0.0, bounds, (0.6,) * 5))
    return state


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(ClientState)
_ALIKE: Final = _encoder.encode(_typical())
