"""Recent: what was seen of each client within a window, and no more than so much of it."""

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Final, Generic, TypeVar

from dnswatch.bay.record import Envelope

CLIENTS: Final = 128
"""Clients that are remembered; above, the one that was silent longest is forgotten."""

PER_CLIENT: Final = 100
"""Things remembered of each; above, its oldest is forgotten: thresholds are below."""

K = TypeVar("K")
V = TypeVar("V")


class Recent(Generic[K, V]):
    """Keys with values, of each client; the same key again takes the place of the old one."""

    def __init__(self, window: float) -> None:
        """Remember for so many seconds."""
        self._window = window
        self._clients: OrderedDict[str, OrderedDict[K, tuple[float, V]]] = OrderedDict()

    def add(self, client: str, key: K, value: V, now: float) -> Mapping[K, V]:
        """Remember something, and return what is known of that client, this included."""
        known = self._clients.setdefault(client, OrderedDict())
        self._clients.move_to_end(client)
        known[key] = (now, value)
        known.move_to_end(key)
        while len(known) > PER_CLIENT:
            known.popitem(last=False)
        while len(self._clients) > CLIENTS:
            self._clients.popitem(last=False)
        self._forget(known, now)
        return {key: value for key, (_, value) in known.items()}

    def all(self, now: float) -> Iterator[tuple[str, K, V]]:
        """Tell what is known of all clients."""
        for client, known in self._clients.items():
            self._forget(known, now)
            for key, (_, value) in known.items():
                yield client, key, value

    def _forget(self, known: OrderedDict[K, tuple[float, V]], now: float) -> None:
        while known and next(iter(known.values()))[0] <= now - self._window:
            known.popitem(last=False)


def people(envelope: Envelope) -> bytes:
    """Name those that a message goes to: a message that is tried again goes to the same."""
    listed = "\n".join(sorted(one.casefold() for one in envelope.recipients))
    return blake2b(listed.encode(errors="surrogatepass"), digest_size=16).digest()
