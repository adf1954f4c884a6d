"""Replaying: from files to what is kept of them, in one pass."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from dnswatch.model.translations import Translations
from dnswatch.replay.summary import CLIENTS, Summary
from dnswatch.sources.reading import Reading
from dnswatch.sources.stream import Stream

if TYPE_CHECKING:  # what nobody asks for is not loaded: pyarrow takes longer than a small capture
    from dnswatch.replay.folding import Folding
    from dnswatch.sources.dataset import DataSet


class Replay:
    """One pass over some files."""

    def __init__(self, stream: Stream, folding: "Folding | None", data: "DataSet | None") -> None:
        """Read `stream`; keep records and a data set where that is wanted."""
        self.summary = Summary()
        self._stream = stream
        self._folding = folding
        self._data = data
        self._translations = Translations()

    def run(self) -> Iterator[int]:
        """Read all; yield now and then how many bytes of the files were read."""
        for reading in self._stream.readings():
            self._count(reading)
            self._translations.take(reading.lookups, reading.contacts)
            if self._folding is not None:
                self._folding.take(reading.lookups, reading.flows)
            if self._data is not None:
                self._data.observations.add(reading.lookups)
                self._data.flows.add(reading.flows)
            yield self._stream.position
        if self._folding is not None:
            self.summary.learning_until = self._folding.learning_until
        if self.summary.census["flows"]:
            self.summary.translations = self._translations.counts

    def _count(self, reading: Reading) -> None:
        summary = self.summary
        summary.census.update(reading.census)
        if len(summary.clients) < CLIENTS:
            summary.clients.update(seen.client for seen in reading.lookups if seen.client)
        times = [
            ends.at
            for some in (reading.lookups, reading.contacts)
            if some
            for ends in (some[0], some[-1])
        ]
        if times:
            begun = min(times) if summary.begun is None else summary.begun
            summary.begun, summary.ended = begun, max(times)
