"""Resting: the states of clients that have looked up no mail for a while, packed.

A state takes some five kilobytes as it is worked with, and packed, where little is known yet,
seventy bytes: what it has in common with another one, which is nearly all, is told by reference to
that.  The few hundred clients that were asked for last are at hand; whoever else is asked for
wakes.
"""

import zlib
from collections import OrderedDict
from collections.abc import Container, Iterator
from typing import Final

import msgspec

from dnswatch.model.detection.client_state import ClientState

AWAKE: Final = 500
"""Clients at hand; 2.5 MB.  To wake and to rest one takes 12 µs where little is known."""

_MODEL: Final = 2048
"""Bytes of the state that others refer to: more takes longer to look through than it saves."""

_RAW: Final = -zlib.MAX_WBITS
"""Without header and sum, which take as much as three numbers (RFC 1951)."""

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
        self._packing = _Packing()

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
            state = self._states[client] = self._packing.unpacked(state)
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
            yield self._packing.unpacked(state) if isinstance(state, bytes) else state

    def changing(self) -> Iterator[ClientState]:
        """Go through all states; each may be changed until the next is taken."""
        is_first = True
        for client in tuple(self._states):
            state = self._states[client]
            if isinstance(state, bytes):
                woken = self._packing.unpacked(state)
                yield woken
                if is_first:  # the bounds that all have in common may be of today from now on
                    self._packing.refer_to(woken)
                    is_first = False
                self._states[client] = self._packing.packed(woken)
            else:
                yield state
        self._packing.forget_earlier()

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
                self._states[client] = self._packing.packed(state)
                del self._awake[client]

    def encoded(self, client: bytes) -> bytes:
        """Return a client's state as it is stored."""
        state = self._states[client]
        if isinstance(state, bytes):
            return self._packing.inflated(state)
        return _encoder.encode(state)


class _Packing:
    """How states are packed: by reference to one that was packed before them."""

    def __init__(self) -> None:
        """Refer to none yet."""
        self._number = 0
        self._known: dict[int, bytes] = {}
        "What is referred to, and what was: by number, which stands in front of what is packed."

    def refer_to(self, state: ClientState) -> None:
        """Refer to this one from now on."""
        self._number = (self._number + 1) % 256
        self._known[self._number] = _encoder.encode(state)[:_MODEL]

    def forget_earlier(self) -> None:
        """Forget all that was referred to before: nothing that is packed does so any more."""
        self._known = {number: it for number, it in self._known.items() if number == self._number}

    def packed(self, state: ClientState) -> bytes:
        """Pack a state."""
        if not self._known:
            self.refer_to(state)
        packer = zlib.compressobj(1, wbits=_RAW, zdict=self._known[self._number])
        packed = packer.compress(_encoder.encode(state)) + packer.flush()
        return self._number.to_bytes() + packed

    def inflated(self, packed: bytes) -> bytes:
        """Return a state as it is stored."""
        unpacker = zlib.decompressobj(wbits=_RAW, zdict=self._known[packed[0]])
        return unpacker.decompress(packed[1:])

    def unpacked(self, packed: bytes) -> ClientState:
        """Return a state as it is worked with."""
        return _decoder.decode(self.inflated(packed))


_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final = msgspec.msgpack.Decoder(ClientState)
